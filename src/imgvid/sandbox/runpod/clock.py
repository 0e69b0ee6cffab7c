"""The stand-in's time: real seconds plus what the control API moved it on, and a bell for held polls."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from datetime import UTC, datetime


def _anchored() -> Callable[[], float]:
    """Epoch seconds that never step back: the wall clock once, monotonic from then on."""
    started, mark = time.time(), time.monotonic()
    return lambda: started + time.monotonic() - mark


class Clock:
    """Epoch seconds. `source` is injectable; `advance` only ever moves on."""

    def __init__(self, source: Callable[[], float] | None = None) -> None:
        self._source = source or _anchored()
        self.advanced_s = 0.0

    def now(self) -> float:
        return self._source() + self.advanced_s

    def advance(self, seconds: float) -> None:
        if seconds < 0:
            raise ValueError("time only moves on")
        self.advanced_s += seconds


class Bell:
    """Wakes everyone who waits at this moment; who comes later waits for the next ring."""

    def __init__(self) -> None:
        self._event = asyncio.Event()

    def ring(self) -> None:
        self._event.set()
        self._event = asyncio.Event()

    async def wait(self, seconds: float) -> bool:
        """True when it rang within `seconds`."""
        event = self._event
        try:
            async with asyncio.timeout(seconds):
                await event.wait()
        except TimeoutError:
            return False
        return True


def iso(at: float) -> str:
    return datetime.fromtimestamp(at, UTC).isoformat(timespec="milliseconds")
