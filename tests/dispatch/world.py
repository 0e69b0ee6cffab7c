"""A small world on real sockets: Telegram, RunPod, PostgreSQL, a person, a bot that only inserts, and workers made by hand."""

from __future__ import annotations

import asyncio
import functools
import io
import itertools
import json
import random
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from datetime import timedelta
from typing import Any
from uuid import UUID

import asyncpg
import av
import httpx
import numpy as np

from imgvid.dispatch.health import Health
from imgvid.dispatch.loop import Dispatcher, Parts
from imgvid.dispatch.pace import Pace
from imgvid.dispatch.pack import pack
from imgvid.dispatch.revive import Scaling
from imgvid.dispatch.served import Served
from imgvid.jobs.model import Input, Limits, NewJob
from imgvid.providers.runpod import RunpodProvider
from imgvid.sandbox.runpod import Cloud
from imgvid.sandbox.telegram import Person, Sim
from imgvid.store.backends import BackendStore
from imgvid.store.intake import Intake
from imgvid.store.pool import Database, open_pool
from imgvid.telegram.budget import Budget
from imgvid.telegram.client import Telegram
from imgvid.telegram.flow import Limits as FlowLimits
from imgvid.telegram.flow import Rate
from imgvid.telegram.keyboard import while_open
from imgvid.telegram.message import Look, Place, look
from imgvid.telegram.outgoing import Outgoing
from imgvid.telegram.patience import Patience
from imgvid.texts import say

TOKEN = "4242:not-a-secret"
KEY = "rpa_test_key_0123456789"
LIMITS = Limits(pending_per_person=50, queued=100_000, per_chat_minute=100_000)
FREELY = FlowLimits(
    chat=Rate(spacing=timedelta(milliseconds=1), burst=50),
    group=Rate(spacing=timedelta(milliseconds=1), burst=50),
    everything=Rate(spacing=timedelta(microseconds=100), burst=500),
)
ONCE = Patience(span=timedelta(0))


def ms(milliseconds: float) -> timedelta:
    return timedelta(milliseconds=milliseconds)


QUICK = Pace(
    poll=ms(100),
    lease=ms(400),
    submit_hold=timedelta(seconds=10),
    unknown_wait=ms(400),
    status_poll=ms(100),
    poll_hold=timedelta(seconds=2),
    cancel_patience=ms(600),
    chat_hold=timedelta(seconds=3),
    chat_call=timedelta(seconds=2),
    turn_wait=timedelta(seconds=2),
    settle=ms(150),
    again=ms(300),
    booting_after=ms(300),
    position_every=ms(400),
    pause_first=ms(700),
    pause_top=ms(700),
    pause_worth_telling=ms(100),
    breaker_first=ms(200),
    breaker_top=ms(200),
    busy_wait=ms(100),
    starved_after=ms(200),
    starved_look=ms(100),
    revive_after=ms(200),
    revive_every=ms(300),
    orphan_look=ms(150),
    positions_look=ms(100),
    tidy_look=ms(100),
    backoff=0.1,
    stop_within=timedelta(seconds=3),
)


@functools.cache
def clip(shade: int = 60) -> bytes:
    """A short MP4 with a sound track."""
    out = io.BytesIO()
    with av.open(out, "w", format="mp4") as container:
        video = container.add_stream("libx264", rate=24)
        video.width, video.height, video.pix_fmt = 160, 96, "yuv420p"
        sound = container.add_stream("aac", rate=48000)
        for number in range(12):
            pixels = np.full((96, 160, 3), (shade + number) % 256, np.uint8)
            container.mux(video.encode(av.VideoFrame.from_ndarray(pixels, format="rgb24")))
        container.mux(video.encode())
        frame = av.AudioFrame.from_ndarray(np.zeros((1, 24000), np.float32), format="fltp", layout="mono")
        frame.sample_rate = 48000
        container.mux(sound.encode(frame))
        container.mux(sound.encode())
    return out.getvalue()


@dataclass(frozen=True)
class Placed:
    """A job as the bot placed it."""

    id: UUID
    short: str
    chat_id: int
    message_id: int | None


@dataclass
class World:
    dsn: str
    database: Database
    sim: Sim
    cloud: Cloud
    telegram: Telegram
    runpod: httpx.AsyncClient  # RunPod's control API, with the key
    http: httpx.AsyncClient
    numbers: itertools.count[int] = field(default_factory=lambda: itertools.count(1))
    scalings: dict[str, Scaling] = field(default_factory=dict)  # of dispatchers that are started from here on

    @property
    def intake(self) -> Intake:
        return Intake(self.database)

    # -- the bot

    async def order(self, person: Person, *, placeholder: bool = True, **changes: Any) -> Placed:
        """Insert a job and send its placeholder, as the bot does."""
        number = next(self.numbers)
        values: dict[str, Any] = {
            "origin": f"m:1:{person.chat_id}:{number}",
            "user_id": person.user_id,
            "chat_id": person.chat_id,
            "thread_id": None,
            "source_message_id": None,
            "locale": "en",
            "mode": "wan22-i2v",
            "lane": "video",
            "backend": "runpod",
            "params": {},
            "prompt": "waves",
            "seed": number,
            "inputs": (Input(role="image", file_id="f", file_unique_id="u", kind="photo", message_id=number),),
            "run_for": timedelta(seconds=30),
            "expires_in": timedelta(hours=1),
        }
        put = await self.intake.enqueue(NewJob(**{**values, **changes}), LIMITS)
        assert put.job_id is not None, put
        assert put.short is not None
        message_id = None
        if placeholder:
            text = say("en", "waiting-placed", id=put.short)
            message_id = await self.telegram.send_text(
                chat_id=person.chat_id, text=text, keyboard=while_open("en", put.short)
            )
            assert await self.intake.attach_message(put.job_id, message_id) == message_id
        return Placed(id=put.job_id, short=put.short, chat_id=person.chat_id, message_id=message_id)

    # -- dispatchers

    @asynccontextmanager
    async def dispatchers(
        self, *, count: int = 1, cap: int = 4, pace: Pace = QUICK, listener_dsn: str | None = None, **changes: Any
    ) -> AsyncIterator[list[Running]]:
        """Several dispatchers, stopped in order at the end; a crash of one fails the test."""
        await BackendStore(self.database).ensure("runpod", "video", cap)
        running = [
            await self.start(f"d{number}", pace=replace(pace, **changes), dsn=listener_dsn or self.dsn)
            for number in range(count)
        ]
        try:
            yield running
        finally:
            for one in running:
                await one.end()

    async def start(self, name: str, *, pace: Pace, dsn: str) -> Running:
        database = Database(await open_pool(self.dsn, size=6, name=name))
        http = httpx.AsyncClient(trust_env=False)
        provider = RunpodProvider(
            client=http, api_url=self.cloud.url + "/v2", api_key=KEY, endpoint_id="ep1", retry_wait=ms(10)
        )
        health = Health()
        parts = Parts(
            database=database,
            dsn=dsn,
            telegram=Telegram(token=TOKEN, api_url=self.sim.url, http=http, call_timeout=pace.chat_call),
            served=(
                Served(backend="runpod", lanes={"video": 4}, provider=provider, scaling=self.scalings.get("runpod")),
            ),
            pack=pack,
            by=name,
            pace=pace,
            rng=random.Random(7),
            health=health,
        )
        stop = asyncio.Event()
        task = asyncio.create_task(Dispatcher(parts, budget=Budget(limits=FREELY)).run(stop))
        return Running(stop=stop, task=task, database=database, http=http, health=health)

    # -- looking

    async def sql(self, statement: str, *args: Any) -> Any:
        connection = await asyncpg.connect(self.dsn)
        try:
            return await connection.fetchval(statement, *args)
        finally:
            await connection.close()

    async def state(self, job: Placed) -> str:
        found: str = await self.sql("SELECT state FROM jobs WHERE id = $1", job.id)
        return found

    async def in_state(self, job: Placed, *states: str, within_s: float = 10) -> str:
        async def there() -> str | None:
            state = await self.state(job)
            return state if state in states else None

        return await until(there, within_s=within_s, what=f"{job.short} to be {' or '.join(states)}")

    async def events(self, job: Placed) -> list[str]:
        rows: str = await self.sql(
            "SELECT string_agg(event, ' ' ORDER BY id) FROM job_events WHERE job_id = $1", job.id
        )
        return rows.split()

    async def message_id(self, job: Placed) -> int | None:
        found: int | None = await self.sql("SELECT message_id FROM job_chat WHERE job_id = $1", job.id)
        return found

    async def says(self, person: Person, key: str, *, within_s: float = 10, **args: Any) -> Any:
        """Until a message of the bot's shows the first line of this text; the message."""
        return await self.shows(person, first_line(key, **args), within_s=within_s)

    async def shows(self, person: Person, words: str, *, within_s: float = 10) -> Any:
        """Until a message of the bot's that stands in the chat shows these words; the message."""

        def found(messages: list[Any]) -> Any:
            return next((m for m in messages if m.by == "bot" and not m.deleted and words in m.text), None)

        return await person.wait_for(found, timeout_s=within_s)

    async def bot_messages(self, person: Person) -> list[Any]:
        return [m for m in await person.messages() if m.by == "bot" and not m.deleted]

    async def fault(self, **fault: Any) -> dict[str, Any]:
        answer = await self.runpod.post("/sim/faults", json=fault)
        assert answer.status_code == 200, answer.text
        return answer.json()

    async def remote_jobs(self) -> list[dict[str, Any]]:
        return list((await self.runpod.get("/sim/jobs")).json()["jobs"])

    def worker(self, name: str = "w1") -> Worker:
        return Worker(name=name, world=self)


@dataclass
class Running:
    """One dispatcher in this process."""

    stop: asyncio.Event
    task: asyncio.Task[None]
    database: Database
    http: httpx.AsyncClient
    health: Health

    async def end(self) -> None:
        """SIGTERM. Safe to repeat."""
        if self.stop.is_set():
            return
        self.stop.set()
        try:
            await self.task
        finally:
            await self.http.aclose()
            await self.database.close()

    async def kill(self) -> None:
        """kill -9, as far as one process can play it: nothing more is written, sockets are cut."""
        self.stop.set()
        self.task.cancel()
        await asyncio.gather(self.task, return_exceptions=True)
        await self.http.aclose()
        await self.database.close()


@dataclass
class Worker:
    """A worker by hand: speaks the worker protocol and edits the message, as the real one does."""

    name: str
    world: World

    def _url(self, path: str) -> str:
        return f"{self.world.cloud.url}/v2/ep1/{path}"

    async def take(self) -> dict[str, Any]:
        """The next job; waits for one."""
        while True:
            answer = await self.world.http.get(
                self._url(f"job-take/{self.name}?gpu=X"), headers={"Authorization": KEY}, timeout=30
            )
            if answer.status_code == 200:
                return dict(answer.json())

    async def done(self, job: dict[str, Any], **result: Any) -> None:
        await self.world.http.post(
            self._url(f"job-done/{self.name}/{job['id']}?gpu=X"),
            content=json.dumps(result),
            headers={"Authorization": KEY},
        )

    def place(self, job: dict[str, Any]) -> Place:
        return Place(chat_id=job["input"]["chat_id"], message_id=job["input"]["message_id"])

    async def look(self, job: dict[str, Any], key: str = "generating") -> Look:
        text = say("en", key, id=job["input"]["short"])
        return await look(self.world.telegram, place=self.place(job), text=text, patience=ONCE)

    async def upload(self, job: dict[str, Any], shade: int = 60) -> None:
        place = self.place(job)
        await self.world.telegram.edit_media(
            chat_id=place.chat_id, message_id=place.message_id, media=Outgoing(source=clip(shade)), caption="done"
        )

    def output(self, job: dict[str, Any], outcome: str, **more: Any) -> dict[str, Any]:
        given = job["input"]
        return {"v": 1, "outcome": outcome, "job_id": given["job_id"], "attempt": given["attempt"], **more}

    async def work(self, job: dict[str, Any]) -> str:
        """The pipeline in short; answers the outcome that was reported."""
        reasons = {Look.DELIVERED: "already_delivered", Look.GONE: "message_gone", Look.CHAT_GONE: "chat_gone"}
        seen = await self.look(job)
        if seen is not Look.GO:
            await self.done(job, output=self.output(job, "stopped", reason=reasons[seen]))
            return reasons[seen]
        await self.upload(job)
        await self.done(job, output=self.output(job, "delivered", file={"kind": "video"}))
        return "delivered"

    @asynccontextmanager
    async def always(self) -> AsyncIterator[None]:
        """Take and do whatever comes."""

        async def loop() -> None:
            while True:
                await self.work(await self.take())

        task = asyncio.create_task(loop())
        try:
            yield
        finally:
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)


def first_line(key: str, **args: Any) -> str:
    return say("en", key, **{"id": "", **args}).splitlines()[0]


async def until(look: Callable[[], Awaitable[Any]], *, within_s: float = 10, what: str = "the condition") -> Any:
    """Look until it is true; the answer."""
    try:
        async with asyncio.timeout(within_s):
            while not (found := await look()):
                await asyncio.sleep(0.02)
    except TimeoutError:
        raise AssertionError(f"waited {within_s:g} s for {what}") from None
    return found
