"""Results that the dispatcher fetches and brings: what a 50 MB video costs it in memory, ten at a time, and a picture in time.

Memory counts the dispatcher's own pages at their peak and the files that it holds in memory (memfd), which belong to no
process's size; the child that plans a video is told apart. The stand-in's own time is from its taking a request until that
is COMPLETED.
"""

from __future__ import annotations

import asyncio
import statistics
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from imgvid.catalog import modes
from imgvid.sandbox.demo.hand import Hand
from imgvid.sandbox.demo.house import House, open_house
from imgvid.sandbox.demo.logbook import Logbook
from imgvid.sandbox.demo.story import read_stories
from imgvid.sandbox.fal.order import Order
from imgvid.sandbox.telegram import Person, Sim
from tests.bench.memory import descendants
from tests.bench.processes import MIB, memory_mib
from tests.bench.table import Figure
from tests.support.postgres import Server

VIDEO_BYTES = 49_900_000  # Telegram takes 50 000 000
TOGETHER, PICTURES = 10, 20
OWN_MIB, OVER_S = 80, 0.3
SETTINGS = {
    "PENDING_PER_PERSON": "100", "CHAT_JOBS_PER_MINUTE": "100", "IN_FLIGHT_PER_PERSON": "20", "FAL_MAX_IN_FLIGHT": "20",
    "LOG_LEVEL": "WARNING",
}  # fmt: skip


@dataclass
class Watch:
    """The highest of what was seen, in MiB."""

    files: float = 0
    child: float = 0
    whole: float = 0

    def look(self, pid: int) -> None:
        own, files = memory_mib(pid), sum(memory_files(pid)) / MIB
        self.files, self.whole = max(self.files, files), max(self.whole, own + files)
        for child in descendants(pid):
            with suppress(OSError, LookupError):
                self.child = max(self.child, memory_mib(child))


def memory_files(pid: int) -> Iterator[int]:
    """Bytes of every memory file that a process holds."""
    for link in Path(f"/proc/{pid}/fd").iterdir():
        with suppress(OSError):
            if str(link.readlink()).startswith("/memfd:"):
                yield link.stat().st_size


@asynccontextmanager
async def watched(pid: int) -> AsyncIterator[Watch]:
    watch = Watch()

    async def look() -> None:
        while True:
            watch.look(pid)
            await asyncio.sleep(0.01)

    task = asyncio.create_task(look())
    try:
        yield watch
    finally:
        task.cancel()
        with suppress(asyncio.CancelledError):
            await task


async def ask(person: Person, mode: str, **choices: str) -> None:
    hand = Hand(person=person, mode=modes()[mode])
    await hand.make(await hand.set(await hand.open("a lighthouse", None), choices))


async def until_done(house: House, person: Person, count: int) -> None:
    async with asyncio.timeout(600):
        while True:
            stories = await read_stories(house.dsn, chat_id=person.chat_id, limit=count)
            lost = [one for one in stories if one["state"] in ("FAILED", "CANCELLED")]
            assert not lost, lost
            if len([one for one in stories if one["state"] == "COMPLETED"]) == count:
                return
            await asyncio.sleep(0.2)


async def heavy(house: House, sim: Sim, pid: int, count: int) -> Watch:
    """So many 50 MB videos asked for at once."""
    person = await sim.person(f"Heavy {count}")
    async with watched(pid) as watch:
        for _ in range(count):
            await ask(person, "video", seconds="4")
        await until_done(house, person, count)
    return watch


def at_fal_s(order: Order) -> float:
    """From taken to COMPLETED."""
    times = {str(one["status"]): datetime.fromisoformat(str(one["at"])) for one in order.history}
    return (times["COMPLETED"] - datetime.fromisoformat(str(order.history[0]["at"]))).total_seconds()


async def pictures(house: House, sim: Sim) -> list[float]:
    """Seconds of each job beyond what the stand-in took."""
    over = []
    for number in range(PICTURES):
        person = await sim.person(f"Picture {number}")
        known = set(house.outside.fal.orders)
        await ask(person, "image")
        await until_done(house, person, 1)
        (story,) = await read_stories(house.dsn, chat_id=person.chat_id)
        (new,) = set(house.outside.fal.orders) - known
        over.append(story["total_s"] - at_fal_s(house.outside.fal.orders[new]))
    return over


async def measure(server: Server) -> list[Figure]:
    """`server` is not used: the house brings its own."""
    async with (
        open_house(port=0, logbook=Logbook(), settings=SETTINGS, backends=("fal",)) as house,
        Sim(house.outside.url) as sim,
    ):
        fal, pid = house.outside.fal, house.children["dispatcher"].pid
        assert pid is not None
        fal.rules = fal.rules.changed({"picture_s": 0.0, "video_s": 0.0, "concurrency": 20})
        over = await pictures(house, sim)
        fal.rules = fal.rules.changed({"video_bytes": VIDEO_BYTES})
        one = await heavy(house, sim, pid, 1)
        ten = await heavy(house, sim, pid, TOGETHER)
        own = memory_mib(pid, "VmHWM")
    limit = OWN_MIB + 2 * VIDEO_BYTES / MIB
    return [
        Figure(name="a picture, beyond the stand-in's own time, median", value=f"{statistics.median(over):.2f} s",
               yardstick=f"{PICTURES} pictures, p95 {sorted(over)[-2]:.2f} s", must=f"<= {OVER_S} s",
               holds=statistics.median(over) <= OVER_S),
        Figure(name="a 50 MB video: dispatcher and its files, peak", value=f"{one.whole:.0f} MiB",
               yardstick=f"files {one.files:.0f} MiB of it; the planning child {one.child:.0f} MiB",
               must=f"<= {limit:.0f} MiB", holds=one.whole <= limit),
        Figure(name=f"{TOGETHER} of them at a time: the same", value=f"{ten.whole:.0f} MiB",
               yardstick=f"files {ten.files:.0f} MiB of it; the planning child {ten.child:.0f} MiB",
               must=f"<= {limit:.0f} MiB", holds=ten.whole <= limit),
        Figure(name="the dispatcher alone, peak", value=f"{own:.0f} MiB", must=f"<= {OWN_MIB} MiB", holds=own <= OWN_MIB),
    ]  # fmt: skip
