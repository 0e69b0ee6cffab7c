"""A clock that only moves when a test says so."""

from __future__ import annotations

import asyncio
import heapq
from itertools import count

import pytest


class FakeTime:
    """Seconds that stand still; `sleep` waits for `advance`."""

    def __init__(self) -> None:
        self.now_s = 1000.0
        self._sleepers: list[tuple[float, int, asyncio.Future[None]]] = []
        self._numbers = count()
        self.slept_s: list[float] = []

    def clock(self) -> float:
        return self.now_s

    async def sleep(self, seconds: float) -> None:
        self.slept_s.append(seconds)
        waiting: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        heapq.heappush(self._sleepers, (self.now_s + seconds, next(self._numbers), waiting))
        await waiting

    async def skip(self, seconds: float) -> None:
        """A sleep that moves the clock itself: for code under test that waits alone."""
        self.slept_s.append(seconds)
        self.now_s += seconds
        await asyncio.sleep(0)

    async def advance(self, seconds: float) -> None:
        ends = self.now_s + seconds
        await settle()
        while self._sleepers and self._sleepers[0][0] <= ends:
            at, _, waiting = heapq.heappop(self._sleepers)
            if waiting.done():
                continue
            self.now_s = max(self.now_s, at)
            waiting.set_result(None)
            await settle()
        self.now_s = ends


async def settle() -> None:
    """Let every task that can run, run."""
    for _ in range(10):
        await asyncio.sleep(0)


@pytest.fixture
def time() -> FakeTime:
    return FakeTime()
