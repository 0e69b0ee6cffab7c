"""How long an idempotent call is repeated before the caller hears of the trouble."""

from __future__ import annotations

import asyncio
import random
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from datetime import timedelta
from typing import TypeVar

from imgvid.telegram.errors import Flood, OutcomeUnknown, TelegramError, Unreachable

T = TypeVar("T")


@dataclass(frozen=True, slots=True, kw_only=True)
class Patience:
    """Repeat for `span` at most, with waits that double from `first_wait` to `top_wait` and jitter upwards by half.

    A 429's retry_after is obeyed to the second. A wait that would end after `span` is not begun.
    """

    span: timedelta = timedelta(seconds=60)
    first_wait: timedelta = timedelta(milliseconds=500)
    top_wait: timedelta = timedelta(seconds=10)
    clock: Callable[[], float] = time.monotonic  # seconds
    sleep: Callable[[float], Awaitable[None]] = asyncio.sleep
    rng: random.Random = field(default_factory=random.Random)

    def wait_s(self, error: TelegramError, *, tries: int) -> float:
        """Seconds to wait after the `tries`-th failure in a row (counted from 1)."""
        if isinstance(error, Flood):
            return error.retry_after.total_seconds()
        doubled = self.first_wait.total_seconds() * 2.0 ** min(tries - 1, 20)
        return min(doubled, self.top_wait.total_seconds()) * (1 + self.rng.random() / 2)

    async def repeat(self, call: Callable[[], Awaitable[T]]) -> T:
        """The result of an idempotent `call`, repeated through Flood, Unreachable and OutcomeUnknown.

        Any other error is an answer and passes at once; when the patience ends, the last error passes.
        """
        ends = self.clock() + self.span.total_seconds()
        tries = 0
        while True:
            try:
                return await call()
            except (Flood, Unreachable, OutcomeUnknown) as error:
                tries += 1
                wait_s = self.wait_s(error, tries=tries)
                if self.clock() + wait_s > ends:
                    raise
            await self.sleep(wait_s)
