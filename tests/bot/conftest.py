"""The real bot between a served Telegram stand-in and a real PostgreSQL."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from typing import Any, TypeVar

import pytest

from imgvid.bot.app import run_bot
from imgvid.config import BotSettings, read
from imgvid.sandbox.telegram import Person, Sim, serve
from imgvid.store.backends import BackendStore
from imgvid.store.pool import Database

TOKEN = "4242:not-a-secret-at-all"
NO_PAUSES = (0.0, 0.0)
T = TypeVar("T")


@pytest.fixture
async def url() -> AsyncIterator[str]:
    async with serve(token=TOKEN, seed=7, username="imgvid_demo_bot") as served:
        yield served.url


@pytest.fixture
async def sim(url: str) -> AsyncIterator[Sim]:
    async with Sim(url) as opened:
        yield opened


@pytest.fixture
def settings(url: str, dsn: str) -> BotSettings:
    environ = {
        "DATABASE_URL": dsn,
        "TELEGRAM_BOT_TOKEN": TOKEN,
        "TELEGRAM_API_URL": url,
        "CHAT_JOBS_PER_MINUTE": "1000",
        "ALBUM_WAIT_S": "0.2",
    }
    return read(BotSettings, environ)


@dataclass
class Running:
    """A bot in this process. `stop` is what SIGTERM sets."""

    task: asyncio.Task[int]
    stop: asyncio.Event

    async def kill(self) -> None:
        """As near to kill -9 as one process allows: cancelled wherever it stands."""
        self.task.cancel()
        await asyncio.wait([self.task])


@dataclass
class Stage:
    """What a test of the bot holds in its hands."""

    sim: Sim
    database: Database
    settings: BotSettings

    @asynccontextmanager
    async def bot(self, **changes: Any) -> AsyncIterator[Running]:
        """The bot's process body as a task, stopped in the end as SIGTERM does it."""
        stop = asyncio.Event()
        body = run_bot(replace(self.settings, **changes), stop, retry_pauses_s=NO_PAUSES)
        running = Running(task=asyncio.create_task(body), stop=stop)
        try:
            yield running
        finally:
            stop.set()
            await asyncio.wait([running.task])
            if not running.task.cancelled():
                running.task.result()

    async def person(self, name: str = "Eva", language: str = "en") -> Person:
        return await self.sim.person(name, language=language)

    async def jobs(self) -> list[Any]:
        async with self.database._pool.acquire() as connection:
            return list(
                await connection.fetch(
                    "SELECT j.*, n.origin, c.message_id, c.source_message_id, c.thread_id FROM jobs j "
                    "JOIN job_names n ON n.job_id = j.id JOIN job_chat c ON c.job_id = j.id ORDER BY j.id"
                )
            )

    async def rows(self, query: str, *args: Any) -> list[Any]:
        async with self.database._pool.acquire() as connection:
            return list(await connection.fetch(query, *args))

    async def until(self, look: Callable[[], Awaitable[T | None]], what: str = "", timeout_s: float = 10) -> T:
        """The first true answer, asked again as often as the database may have changed."""
        try:
            async with asyncio.timeout(timeout_s):
                while not (found := await look()):
                    await asyncio.sleep(0.01)
                return found
        except TimeoutError:
            raise TimeoutError(f"waited in vain for {what or look}; jobs: {await self.jobs()}") from None

    async def attached(self, count: int = 1) -> list[Any]:
        """Until this many jobs have their message; all jobs."""

        async def look() -> list[Any] | None:
            found = await self.jobs()
            return found if sum(job["message_id"] is not None for job in found) >= count else None

        return await self.until(look, f"{count} placeholders")

    async def offer(self, *lanes: str, vram_gb: int | None = None) -> None:
        """What a dispatcher writes at its start: `fal/image`, `runpod/video`, … Before the bot starts."""
        facts = {} if vram_gb is None else {"vram_gb": vram_gb}
        for lane in lanes:
            backend, _, name = lane.partition("/")
            await BackendStore(self.database).ensure(backend, name, 2, facts)

    async def drafts(self) -> list[Any]:
        return await self.rows("SELECT * FROM drafts ORDER BY created_at, id")

    async def confirmed(self) -> None:
        """Until the bot has asked for what comes after everything that was sent so far."""

        async def look() -> bool:
            answer: Any = await self.sim.get(f"/bot{TOKEN}/getWebhookInfo")
            return bool(answer["result"]["pending_update_count"] == 0)

        await self.until(look, "an empty queue of updates")


@pytest.fixture
def stage(sim: Sim, database: Database, settings: BotSettings) -> Stage:
    return Stage(sim=sim, database=database, settings=settings)
