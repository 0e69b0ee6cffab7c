"""One person in the running house: sends photos, breaks things, and judges what everybody was left with."""

from __future__ import annotations

import asyncio
import io
import re
from collections import Counter
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import asyncpg
import httpx
from PIL import Image

from imgvid.sandbox.telegram import Person, Shown, Sim
from imgvid.worker.workspace import Root, Workspace
from tests.faults.town import Town

MOVING = frozenset({"video", "animation"})
TERMINAL = ("COMPLETED", "FAILED", "CANCELLED")
# What no person should ever read: classes, braces, paths, empty values.
UNREADABLE = re.compile(
    r"Traceback|Exception|[a-z]Error\b|\bNone\b|\bnull\b|[{}<>]|/tmp|/dev/|\b0x[0-9a-f]{6,}|error_|-s-"
)
WITHIN_S = 50.0


async def until(look: Callable[[], Awaitable[Any]], *, within_s: float = WITHIN_S, what: str = "the condition") -> Any:
    """Look until it is true; the answer. A database that is being restarted is looked at again."""
    try:
        async with asyncio.timeout(within_s):
            while True:
                try:
                    if found := await look():
                        return found
                except (OSError, asyncpg.PostgresError):
                    pass
                await asyncio.sleep(0.05)
    except TimeoutError:
        raise AssertionError(f"waited {within_s:g} s for {what}") from None


def photo(colour: tuple[int, int, int] = (40, 120, 200)) -> bytes:
    out = io.BytesIO()
    Image.new("RGB", (640, 480), colour).save(out, "JPEG", quality=90)
    return out.getvalue()


@dataclass(slots=True, kw_only=True)
class Case:
    """A person's side of one test."""

    town: Town
    sim: Sim
    runpod: httpx.AsyncClient
    person: Person
    sent: list[int] = field(default_factory=list)

    # -- doing

    async def send(self, **own: Any) -> int:
        """Send a photo; the id of the person's message."""
        shown = await self.person.send_photo(photo(), **own)
        self.sent.append(shown.message_id)
        return shown.message_id

    async def send_file(self, data: bytes, *, name: str, mime_type: str) -> int:
        shown = await self.person.send_document(data, name=name, mime_type=mime_type)
        self.sent.append(shown.message_id)
        return shown.message_id

    async def fault(self, kind: str, *, method: str = "*", here: bool = True, **own: object) -> int:
        """A fault of Telegram's, for this person's chat alone where `here`."""
        return await self.sim.fault(kind, method=method, **({"chat_id": self.person.chat_id} if here else {}), **own)

    async def hits(self, fault: int) -> int:
        """How often a fault of Telegram's has struck."""
        return int((await self.sim.fault_state(fault))["hit"] or 0)

    async def runpod_fault(self, op: str, kind: str, **own: object) -> None:
        (await self.runpod.post("/sim/faults", json={"op": op, "kind": kind, **own})).raise_for_status()

    async def starve(self, workers: int = 0) -> None:
        """So many GPUs are to be had at RunPod."""
        (await self.runpod.patch("/sim/endpoints/demo", json={"workers_max": workers})).raise_for_status()

    async def cancel(self) -> None:
        """Press Cancel under the job's message, as soon as it has the button."""
        shown = await self.person.bot_message(lambda one: one.kind == "text" and one.button("Cancel") is not None)
        await self.person.press(shown.message_id, "Cancel")

    async def crash(self, name: str) -> None:
        """kill -9 (PostgreSQL: an immediate stop) of a process that runs."""
        await self.until(
            lambda: self.town.call(lambda house: house.children[name].crash()), what=f"{name} to be killed"
        )

    # -- looking

    async def until(self, look: Callable[[], Awaitable[Any]], *, within_s: float = WITHIN_S, what: str) -> Any:
        """Look until it is true; the answer. A wait in vain tells the whole story."""
        try:
            return await until(look, within_s=within_s, what=what)
        except AssertionError as in_vain:
            raise AssertionError(f"{in_vain}\n{await self.story()}") from None

    async def sql(self, statement: str, *args: Any) -> list[asyncpg.Record]:
        connection = await asyncpg.connect(self.town.house.dsn, timeout=5)
        try:
            return list(await connection.fetch(statement, *args))
        finally:
            connection.terminate()

    async def jobs(self) -> list[asyncpg.Record]:
        """This chat's jobs, oldest first."""
        return await self.sql(
            """SELECT j.*, c.message_id, c.source_message_id, c.told FROM jobs AS j JOIN job_chat AS c ON c.job_id = j.id
               WHERE j.chat_id = $1 ORDER BY j.id""",
            self.person.chat_id,
        )

    async def in_state(self, *states: str, within_s: float = WITHIN_S, nth: int = 0) -> asyncpg.Record:
        """The n-th job once it is in one of these states."""

        async def look() -> asyncpg.Record | None:
            rows = await self.jobs()
            return rows[nth] if len(rows) > nth and rows[nth]["state"] in states else None

        return await self.until(look, within_s=within_s, what=f"job {nth} to be {' or '.join(states)}")

    async def ended(self, *, jobs: int = 1, within_s: float = WITHIN_S) -> list[asyncpg.Record]:
        """All jobs, once there are so many and each is terminal."""

        async def look() -> list[asyncpg.Record] | None:
            rows = await self.jobs()
            return rows if len(rows) >= jobs and all(row["state"] in TERMINAL for row in rows) else None

        return await self.until(look, within_s=within_s, what=f"{jobs} jobs to end")

    async def remote(self) -> list[dict[str, Any]]:
        """RunPod's jobs of this chat, oldest first, forgotten ones too."""
        everything = (await self.runpod.get("/sim/jobs")).json()["jobs"]
        return [one for one in everything if one["input"]["chat_id"] == self.person.chat_id]

    async def running_worker(self, *, nth: int = -1) -> str:
        """The worker that runs the newest request, once one does."""

        async def look() -> str | None:
            found = await self.remote()
            runs = [run for run in found[nth]["runs"] if run.get("outcome") is None] if found else []
            return runs[-1]["worker"] if runs else None

        return await self.until(look, what="a worker to take the job")

    async def kill_worker(self, name: str) -> None:
        (await self.runpod.post(f"/sim/workers/{name}/kill")).raise_for_status()

    async def file_of(self, job: Mapping[str, Any], name: str) -> Path:
        """A file in the job's folder, once it is there."""

        async def look() -> Path | None:
            return next(iter(self.town.house.jobs.glob(f"**/{job['id']}/{name}")), None)

        return await self.until(look, what=f"{name} in the folder of job {job['short']}")

    async def texts(self) -> list[Shown]:
        return [one for one in await self.person.messages() if one.by == "bot" and one.alive and one.kind == "text"]

    async def story(self) -> str:
        """Everything there is to know, for a failure: the chat, the events, the house's lines about these jobs."""
        rows = await self.jobs()
        lines = [f"{one.message_id} {one.kind} {one.alive} {one.text!r}" for one in await self.person.messages()]
        for row in rows:
            events = await self.sql(
                "SELECT at, attempt, event, state, detail FROM job_events WHERE job_id = $1 ORDER BY id", row["id"]
            )
            lines += [
                f"{e['at']:%M:%S.%f} {e['attempt']} {e['event']} {e['state']} {e['detail'] or ''}" for e in events
            ]
        names = {row["short"] for row in rows} | {str(row["id"]) for row in rows}
        lines += [
            f"{line.source}: {line.text}"
            for line in self.town.logbook.after(0, limit=4000)
            if any(name in line.text for name in names) or line.source == "demo"
        ]
        return "\n".join(lines)

    # -- judging

    async def judge(self, *states: str, videos: int | None = None, stale: int = 0) -> list[asyncpg.Record]:
        """What holds for everybody at the end: one job per photo, each in its state and told, as many videos as completed
        jobs, readable texts, nothing left behind. `stale`: lines of text that may stand there twice."""
        rows = await self.ended(jobs=len(states))
        try:
            assert [row["state"] for row in rows] == list(states)
            assert Counter(row["source_message_id"] for row in rows) == Counter(self.sent)
            await self._judge_chat(rows, videos=states.count("COMPLETED") if videos is None else videos, stale=stale)
        except AssertionError as wrong:
            raise AssertionError(f"{wrong}\n{await self.story()}") from None
        for row in rows:
            await self.nothing_left(row)
        await self.until(self._places_free, within_s=20, what="the backend's places to be free")
        return rows

    async def _judge_chat(self, rows: list[asyncpg.Record], *, videos: int, stale: int) -> None:
        summary = await self.sim.summary(self.person.chat_id)
        assert (summary["videos"], summary["videos_ever"], summary["video_replacements"]) == (videos, videos, 0)
        spoken = [one for one in await self.person.messages() if one.by == "bot"]
        for one in spoken:
            for text in {one.text, *(step.text for step in one.history)}:
                assert not UNREADABLE.search(text), f"nobody should read {text!r}"
        for row in rows:
            naming = [one for one in spoken if one.alive and row["short"] in one.text]
            assert 1 <= len(naming) <= 1 + stale, f"{row['short']} is named by {[one.text for one in naming]}"
            last = next(one for one in naming if one.message_id == row["message_id"])
            assert last.button("Cancel") is None, f"{row['short']} has ended and offers Cancel"
            assert (last.kind in MOVING) == (row["state"] == "COMPLETED"), f"{row['short']} shows {last.kind}"

    async def nothing_left(self, row: asyncpg.Record) -> None:
        """No file of the job, in folders of living workers and, after the next start there, of dead ones."""

        async def clean() -> bool:
            left = list(self.town.house.jobs.glob(f"**/{row['id']}"))
            for folder in left:
                await asyncio.to_thread(next_start, folder.parent)
            return not left

        await self.until(clean, within_s=15, what=f"the folder of job {row['short']} to be gone")

    async def _places_free(self) -> bool:
        (found,) = await self.sql(
            """SELECT (SELECT sum(in_flight) FROM backends) AS used,
                      (SELECT count(*) FROM provider_requests WHERE place_until IS NOT NULL)
                      + (SELECT count(*) FROM jobs WHERE place) AS owned"""
        )
        return bool(found["used"] == found["owned"])


def next_start(slot: Path) -> None:
    """What a worker's start on this machine does with a dead one's files; nothing while a worker lives there."""
    beside = Workspace(Root(path=slot, is_tmpfs=True))  # takes a place beside a living worker, else the slot itself
    beside.close()
