"""How loops run: rounds that outlive a lost database, and bounded work side by side."""

from __future__ import annotations

import asyncio
import contextlib
import random
from collections.abc import Awaitable, Callable, Coroutine
from datetime import timedelta
from types import TracebackType
from typing import Any, Self, TypeVar

from imgvid import log
from imgvid.dispatch.health import Health
from imgvid.store.listen import Wakeups
from imgvid.store.pool import StoreUnavailable

T = TypeVar("T")
NOW = timedelta(0)


class Crew:
    """At most `size` pieces of one loop's work at once.

    A piece that fails says so and is forgotten: its row's claim runs out and the row is looked at again. Leaving the block
    waits for what is under way; cancelling it cancels that too.
    """

    def __init__(self, *, size: int, health: Health) -> None:
        self._free = size
        self._health = health
        self._changed = asyncio.Event()
        self._group = asyncio.TaskGroup()

    async def __aenter__(self) -> Self:
        await self._group.__aenter__()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self._group.__aexit__(kind, error, trace)

    async def room(self) -> int:
        """How much more may be begun now; waits until something may."""
        while self._free == 0:
            self._changed.clear()
            await self._changed.wait()
        return self._free

    @property
    def is_full(self) -> bool:
        return self._free <= 0

    def go(self, work: Coroutine[Any, Any, None], **about: object) -> None:
        """Begin a piece; `about` (job, attempt, state) goes into the line that a failure writes."""
        self._free -= 1
        self._group.create_task(self._guarded(work, about))

    async def _guarded(self, work: Coroutine[Any, Any, None], about: dict[str, object]) -> None:
        try:
            await work
        except StoreUnavailable as error:
            self._health.store_lost(error)
        except Exception as error:  # the edge of a loop: one row must not stop the others
            log.get().error(
                log.WORK_CRASHED,
                **about,
                error=f"{type(error).__name__}: {error}",
                exc_info=error,
                next="its claim runs out and it is looked at again",
            )
        finally:
            self._free += 1
            self._changed.set()


class Clockwork:
    """What every loop needs to go round: wake-ups, a poll with jitter under them, and where to say that it is alive."""

    def __init__(self, *, wakeups: Wakeups, health: Health, poll: timedelta, rng: random.Random) -> None:
        self.wakeups, self.health = wakeups, health
        self._poll, self._rng = poll, rng

    async def rounds(
        self,
        name: str,
        one: Callable[[], Awaitable[timedelta | None]],
        *,
        topic: str,
        stop: asyncio.Event,
    ) -> None:
        """Run `one` until `stop`. It answers how long to wait at most for the topic (None: the poll interval).

        A lost database is waited for; any other exception is a bug and passes, which ends the process.
        """
        pause_s = 0.2
        while not stop.is_set():
            began = self.health.clock()
            try:
                wait = await one()
            except StoreUnavailable as error:
                self.health.store_lost(error)
                await sleep_unless(stop, timedelta(seconds=pause_s))
                pause_s = min(5.0, pause_s * 2)
                continue
            pause_s = 0.2
            self.health.finished(name, began=began)
            wait = self._jittered() if wait is None else wait
            if wait > NOW and not stop.is_set():
                await self.wakeups.wait(topic, at_most=wait)

    def wake_in(self, topic: str, after: timedelta) -> None:
        """Wake the topic in this process after a while: a planned look need not wait for the poll."""
        if after < self._poll:
            asyncio.get_running_loop().call_later(max(0.0, after.total_seconds()), self.wakeups.wake, topic)

    def _jittered(self) -> timedelta:
        """The poll interval, a quarter more or less: copies do not look in step."""
        return self._poll * (0.75 + self._rng.random() / 2)


async def sleep_unless(stop: asyncio.Event, span: timedelta) -> None:
    """Sleep, or return at once when the process is to stop."""
    with contextlib.suppress(TimeoutError):
        async with asyncio.timeout(span.total_seconds()):
            await stop.wait()


async def patiently(call: Callable[[], Awaitable[T]], *, within: timedelta, health: Health) -> T:
    """The result of a store call, repeated while the database is away. Raises the last StoreUnavailable after `within`.

    For what must not be forgotten: a provider's answer in our hands. Every statement of ours may be repeated.
    """
    loop = asyncio.get_running_loop()
    ends, pause_s = loop.time() + within.total_seconds(), 0.1
    while True:
        try:
            return await call()
        except StoreUnavailable as error:
            health.store_lost(error)
            if loop.time() + pause_s > ends:
                raise
        await asyncio.sleep(pause_s)
        pause_s = min(2.0, pause_s * 2)
