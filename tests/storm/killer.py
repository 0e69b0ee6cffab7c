"""Kills a process while some job is in a wanted state, and keeps the table of what was hit."""

from __future__ import annotations

import asyncio
import random
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field

import asyncpg

STATES = (
    "QUEUED",
    "LEASED",
    "SUBMITTED",
    "RUNNING",
    "CLOSING",
)  # DELIVERING belongs to backends whose result is fetched
PROCESSES = ("bot", "dispatcher", "worker", "postgres")


@dataclass(slots=True, kw_only=True)
class Killer:
    """`kill[name]()` answers whether it hit a living process."""

    dsn: str
    kill: dict[str, Callable[[], bool]]
    rng: random.Random
    hits: Counter[tuple[str, str]] = field(default_factory=Counter)
    struck: Counter[str] = field(default_factory=Counter)
    kills: int = 0

    def wanted(self, each: int) -> list[tuple[str, str]]:
        """The pairs that were hit fewer than `each` times."""
        return [(name, state) for name in PROCESSES for state in STATES if self.hits[name, state] < each]

    async def states_now(self, connection: asyncpg.Connection) -> set[str]:
        rows = await connection.fetch("SELECT DISTINCT state FROM jobs WHERE finished_at IS NULL")
        return {row["state"] for row in rows}

    async def strike(self, *, each: int, patience_s: float) -> tuple[str, set[str]] | None:
        """Wait for a moment that is still wanted, then kill. After `patience_s` any process will do. None: nothing to hit."""
        spared = [name for name in PROCESSES if not self.struck[name]] or PROCESSES  # each process once, first of all
        missing = self.wanted(each) or [(name, state) for name in spared for state in STATES]
        target, state = self.rng.choice(missing)
        until = time.monotonic() + patience_s
        connection = await asyncpg.connect(self.dsn, timeout=10)
        try:
            while True:
                now = await self.states_now(connection)
                if state in now or time.monotonic() > until:
                    break
                await asyncio.sleep(0.002)
            if not self.kill[target]():
                return None
        finally:
            connection.terminate()
        self.kills += 1
        self.struck[target] += 1
        for one in now:
            self.hits[target, one] += 1
        return target, now

    def table(self) -> str:
        lines = ["| killed while some job was | " + " | ".join(STATES) + " |", "|---" * (len(STATES) + 1) + "|"]
        lines += [
            f"| {name} | " + " | ".join(str(self.hits[name, state]) for state in STATES) + " |" for name in PROCESSES
        ]
        return "\n".join(lines)
