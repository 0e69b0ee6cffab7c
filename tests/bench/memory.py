"""Memory over 100 jobs through the whole house, and the start of the command line.

Peaks are VmHWM, what the kernel saw at most. The size after import is a process of the same interpreter that imports what the
process imports, and does nothing else.
"""

from __future__ import annotations

import asyncio
import io
import subprocess
import sys
import time
from datetime import timedelta
from pathlib import Path

import asyncpg
from PIL import Image

from imgvid.sandbox.demo.house import House, open_house
from imgvid.sandbox.demo.logbook import Logbook
from imgvid.sandbox.telegram import Person, Sim
from tests.bench.processes import memory_mib
from tests.bench.table import Figure
from tests.support.postgres import Server

JOBS, PEOPLE = 100, 10
LIMITS_MIB = {"bot": 190, "dispatcher": 80, "worker": 200}
RATIO = 1.5
IMPORTS = {
    "dispatcher": "imgvid.wire, imgvid.dispatch.loop",
    "worker": "imgvid.wire, imgvid.worker.handler, imgvid.worker.engines.preview, runpod",
}
HELP_S = 0.5
_WITHIN_S = 1200.0


def after_import(modules: str) -> float:
    """MiB of a fresh process that has imported these."""
    program = f"import {modules}\nprint(next(line.split()[1] for line in open('/proc/self/status') if 'VmRSS' in line))"
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    return int(done.stdout) / 1024


def help_s() -> float:
    """Seconds of the fastest of three `imgvid dispatcher --help`."""
    command = [str(Path(sys.executable).with_name("imgvid")), "dispatcher", "--help"]
    spans = []
    for _ in range(3):
        began = time.perf_counter()
        subprocess.run(command, capture_output=True, check=True)
        spans.append(time.perf_counter() - began)
    return min(spans)


def picture(number: int) -> bytes:
    """A photo as Telegram's clients send it: 1280 px, with something in it."""
    out = io.BytesIO()
    wide = Image.linear_gradient("L").resize((1280, 853)).convert("RGB")
    tint = Image.new("RGB", wide.size, (number * 37 % 256, number * 91 % 256, number * 53 % 256))
    Image.blend(wide, tint, 0.4).save(out, "JPEG", quality=90)
    return out.getvalue()


def descendants(pid: int) -> list[int]:
    """All processes below one."""
    children: dict[int, list[int]] = {}
    for stat in Path("/proc").glob("[0-9]*/stat"):
        try:
            fields = stat.read_text().rpartition(")")[2].split()
        except OSError:
            continue  # it has just ended
        children.setdefault(int(fields[1]), []).append(int(stat.parent.name))
    found, look = [], [pid]
    while look:
        below = children.get(look.pop(), [])
        found += below
        look += below
    return found


def workers(house: House) -> list[int]:
    """The worker processes themselves: of each guard's descendants the one with the highest peak (the other pings)."""
    guards = [host.pid for host in house.outside.cloud.hosts.values()]
    return [max(below, key=lambda pid: memory_mib(pid, "VmHWM")) for pid in guards if (below := descendants(pid))]


async def finished(dsn: str) -> int:
    connection = await asyncpg.connect(dsn, timeout=5)
    try:
        return int(await connection.fetchval("SELECT count(*) FROM jobs WHERE state = 'COMPLETED'"))
    finally:
        await connection.close()


async def hundred(house: House, sim: Sim) -> None:
    """Ten people send ten photos each; wait until the last is a video."""
    people: list[Person] = [await sim.person(f"Bench {number}") for number in range(PEOPLE)]
    for turn in range(JOBS // PEOPLE):
        await asyncio.gather(*(person.send_photo(picture(turn), caption="waves") for person in people))
    async with asyncio.timeout(_WITHIN_S):
        while await finished(house.dsn) < JOBS:
            await asyncio.sleep(0.5)


async def peaks() -> dict[str, float]:
    """MiB of each process at its highest."""
    settings = {"PENDING_PER_PERSON": str(JOBS), "CHAT_JOBS_PER_MINUTE": str(JOBS), "LOG_LEVEL": "WARNING"}
    stays = timedelta(seconds=_WITHIN_S)
    async with (
        open_house(port=0, logbook=Logbook(), settings=settings, idle_timeout=stays) as house,
        Sim(house.outside.url) as sim,
    ):
        await hundred(house, sim)
        found = {name: memory_mib(pid, "VmHWM") for name in ("bot", "dispatcher") if (pid := house.children[name].pid)}
        found["worker"] = max(memory_mib(pid, "VmHWM") for pid in workers(house))
        return found


async def measure(server: Server) -> list[Figure]:
    """`server` is not used: the house brings its own."""
    imported = {name: after_import(modules) for name, modules in IMPORTS.items()}
    peak = await peaks()
    figures = [
        Figure(name=f"{name}, peak", value=f"{peak[name]:.0f} MiB", yardstick=f"{JOBS} jobs of {PEOPLE} people",
               must=f"<= {limit} MiB", holds=peak[name] <= limit)
        for name, limit in LIMITS_MIB.items()
    ]  # fmt: skip
    figures += [
        Figure(name=f"{name}, peak by size after import", value=f"{peak[name] / size:.2f}", yardstick=f"{size:.0f} MiB",
               must=f"<= {RATIO}", holds=peak[name] <= RATIO * size)
        for name, size in imported.items()
    ]  # fmt: skip
    took = help_s()
    return [
        *figures,
        Figure(name="imgvid dispatcher --help", value=f"{took:.2f} s", must=f"< {HELP_S} s", holds=took < HELP_S),
    ]
