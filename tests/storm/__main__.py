"""`python -m tests.storm [--kills N] [--each N] [--seed N]`: the storm, its table, its verdict. Exit 0: all that must hold does."""

from __future__ import annotations

import argparse
import asyncio
import random
import statistics
import sys
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

import asyncpg
import httpx

from imgvid.sandbox.demo.house import IDLE_TIMEOUT, House, open_house
from imgvid.sandbox.demo.logbook import Line, Logbook
from imgvid.sandbox.telegram import Sim
from imgvid.worker.workspace import Root, Workspace
from tests.storm.killer import Killer
from tests.storm.people import Crowd
from tests.storm.verdict import judge_chats, judge_files, judge_jobs

PEOPLE = 10
OPEN_PER_PERSON = 2
GAP_IN_JOBS = 4.0  # mean gap between two kills, in median job times
PLENTY = {"CHAT_JOBS_PER_MINUTE": "1000"}  # a photo that a limit refuses is answered and becomes no job
WEATHER = (  # what a real network adds; it also makes LEASED and CLOSING last long enough to be hit
    {"method": "editMessageText", "kind": "latency", "seconds": 0.15, "times": 0},
    {"method": "sendMessage", "kind": "latency", "seconds": 0.1, "times": 0},
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """How hard it blows. `each`: how often every (process, state) pair must be hit."""

    kills: int
    each: int
    seed: int
    settle_s: float
    gap_in_jobs: float = GAP_IN_JOBS
    limit_s: float = 7200.0
    people: int = PEOPLE
    idle: timedelta = IDLE_TIMEOUT  # how long a GPU worker waits for its next job
    wait_for_ghosts: bool = True  # also until places of requests that nobody knows have run out: minutes


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """What the storm found; `wrong` is empty when all that must hold does."""

    wrong: list[str]
    report: str
    struck: Mapping[str, int]  # how often each process was killed


def killers(house: House) -> dict[str, Callable[[], bool]]:
    def worker() -> bool:
        kill = house.outside.busiest_worker()
        if kill is not None:
            kill()
        return kill is not None

    return {"worker": worker, **{name: house.children[name].crash for name in ("bot", "dispatcher", "postgres")}}


async def median_job_s(dsn: str) -> float:
    """Seconds from lease to finish of completed jobs; 4 until there are some."""
    try:
        connection = await asyncpg.connect(dsn, timeout=5)
    except (OSError, asyncpg.PostgresError):
        return 4.0
    rows = await connection.fetch(
        """SELECT extract(epoch FROM finished_at - leased_at)::float8 AS s FROM jobs WHERE state = 'COMPLETED'
           ORDER BY finished_at DESC LIMIT 50"""
    )
    await connection.close()
    return statistics.median(row["s"] for row in rows) if rows else 4.0


async def blow(house: House, killer: Killer, plan: Plan, say: Callable[[str], None]) -> None:
    """Kill until both the number and the table are full."""
    until = time.monotonic() + plan.limit_s
    while (killer.kills < plan.kills or killer.wanted(plan.each)) and time.monotonic() < until:
        gap = await median_job_s(house.dsn) * plan.gap_in_jobs
        await asyncio.sleep(killer.rng.expovariate(1 / gap))
        try:
            struck = await killer.strike(each=plan.each, patience_s=gap)
        except (OSError, asyncpg.PostgresError, TimeoutError):
            continue  # PostgreSQL is just coming back from the last one
        if struck:
            say(f"kill {killer.kills}: {struck[0]} while some job was {', '.join(sorted(struck[1])) or 'nothing'}")


async def settled(dsn: str, limit_s: float, *, ghosts_too: bool) -> bool:
    """Whether every job became terminal within the limit, and no ghost holds a place any more."""
    until = time.monotonic() + limit_s
    while time.monotonic() < until:
        try:
            connection = await asyncpg.connect(dsn, timeout=5)
            left = await connection.fetchval("SELECT count(*) FROM jobs WHERE finished_at IS NULL")
            ghosts = await connection.fetchval("SELECT count(*) FROM provider_requests WHERE place_until IS NOT NULL")
            await connection.close()
            if left == 0 and (ghosts == 0 or not ghosts_too):
                return True
        except (OSError, asyncpg.PostgresError):
            pass
        await asyncio.sleep(0.5)
    return False


async def workers_gone(house: House, *, limit_s: float) -> None:
    """Wait until the idle GPUs were scaled to zero."""
    async with asyncio.timeout(limit_s):
        while house.outside.cloud.hosts:
            await asyncio.sleep(0.2)


def next_start(jobs: Path) -> None:
    """What the next start of a worker on each machine does: purge what a killed one left."""
    for slot in sorted(path for path in jobs.iterdir() if path.is_dir()):
        Workspace(Root(path=slot, is_tmpfs=True)).close()


async def storm(plan: Plan, say: Callable[[str], None]) -> Outcome:
    rng = random.Random(plan.seed)
    lines: list[Line] = []  # all of them: the logbook itself keeps the newest
    logbook = Logbook(echo=lines.append)
    began = time.monotonic()
    async with (
        open_house(port=0, logbook=logbook, settings=PLENTY, idle_timeout=plan.idle) as house,
        Sim(house.outside.url) as sim,
    ):
        async with httpx.AsyncClient(base_url=house.outside.url) as http:
            for fault in WEATHER:
                (await http.post("/sim/faults", json=fault)).raise_for_status()
        crowd = Crowd(
            people=[await sim.person(f"Storm {n}", language=("en", "sk", "ru")[n % 3]) for n in range(plan.people)],
            rng=rng,
        )
        killer = Killer(dsn=house.dsn, kill=killers(house), rng=rng)
        stop = asyncio.Event()
        living = asyncio.create_task(crowd.live(sim, stop, open_per_person=OPEN_PER_PERSON))
        await blow(house, killer, plan, say)
        stop.set()
        await living
        say("the storm is over; waiting for every job to end")
        house.outside.board.calm()
        all_ended = await settled(house.dsn, plan.settle_s, ghosts_too=plan.wait_for_ghosts)
        wrong, states = await judge_jobs(house.dsn, crowd)
        async with httpx.AsyncClient(base_url=house.outside.url) as http:
            summary = (await http.get("/sim/summary")).json()
        wrong += [] if all_ended else ["not every job ended in time"]
        wrong += await judge_chats(house.dsn, crowd, summary)
        await workers_gone(house, limit_s=60)
        next_start(house.jobs)
        wrong += judge_files(house.jobs)
        missing = killer.wanted(plan.each)
        wrong += [f"never hit {plan.each} times: {name} while {state}" for name, state in missing]
    report = (
        f"{killer.table()}\n\n{killer.kills} kills, {len(crowd.sent)} photos from {plan.people} people, {dict(states)}, "
        f"{summary['videos_shown']} videos shown, {time.monotonic() - began:.0f} s, seed {plan.seed}"
    )
    if wrong:
        Path("storm.log").write_text("\n".join(f"{line.at:.3f} {line.source}: {line.text}" for line in lines))
    return Outcome(wrong=wrong, report=report, struck=killer.struck)


def main() -> int:
    parser = argparse.ArgumentParser(prog="scripts/storm", description=__doc__)
    parser.add_argument("--kills", type=int, default=80, help="at least so many (default 80)")
    parser.add_argument("--each", type=int, default=2, help="every (process, state) pair at least so often (default 2)")
    parser.add_argument("--seed", type=int, default=random.randrange(1_000_000))
    parser.add_argument(
        "--settle", type=float, default=300.0, help="seconds until every job must have ended (default 300)"
    )
    parser.add_argument(
        "--gap", type=float, default=GAP_IN_JOBS, help="mean gap between kills, in median job times (default 4)"
    )
    options = parser.parse_args()
    plan = Plan(
        kills=options.kills, each=options.each, seed=options.seed, settle_s=options.settle, gap_in_jobs=options.gap
    )
    outcome = asyncio.run(storm(plan, lambda text: print(text, file=sys.stderr, flush=True)))
    print(outcome.report)
    for sentence in outcome.wrong:
        print(f"WRONG: {sentence}")
    print(
        "all that must hold does"
        if not outcome.wrong
        else f"{len(outcome.wrong)} things are wrong; the whole log is in storm.log"
    )
    return 1 if outcome.wrong else 0


if __name__ == "__main__":
    sys.exit(main())
