"""Our own getUpdates loop: at least once, side by side across chats, in order within one.

aiogram's polling confirms updates while their handlers still run, or stands in line (measured: facts/telegram.md 4.3).
Here the offset is the lowest update that is not finished, so a killed bot gets all of them again. An update is finished
when its handler is done, or as soon as what it asked for is in the database.

    getUpdates(offset = lowest unfinished) ─▶ new ones into the lanes ─▶ short pause until they are finished ─▶ again

A call with an unchanged offset brings the same updates once more, and within 0.5 s one update at most
(tdlib/telegram-bot-api, process_get_updates_query), so the loop waits for progress, at most that long.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from imgvid import log
from imgvid.bot.attempts import Attempts, RawUpdate, raw_update
from imgvid.bot.lanes import Lanes
from imgvid.bot.waiting import before, pause
from imgvid.bot.window import Window

ALLOWED_UPDATES = ("message", "callback_query", "my_chat_member")
LIMIT = 100  # Bot API, getUpdates
POLL_S = 30  # the server takes at most 50
SAME_OFFSET_S = 0.5  # the server gives one update at most to a call that repeats its offset sooner
GRACE_S = 0.005  # an insert takes a few milliseconds; beyond that the next call is worth more than the wait
DRAIN = timedelta(seconds=10)
BACKOFF_S = (0.5, 1.0, 2.0, 5.0)

Fetch = Callable[[int, int, int], Awaitable[Sequence[Mapping[str, Any]]]]
"""`fetch(offset, limit, timeout_s)`: getUpdates, each update as it came. Raises PollFailed or PollRefused."""


class PollFailed(Exception):
    """getUpdates did not work this time; again after `retry_after_s` (None: our own growing pause)."""

    def __init__(self, reason: str, *, retry_after_s: float | None = None) -> None:
        super().__init__(reason)
        self.retry_after_s = retry_after_s


class PollRefused(Exception):
    """getUpdates will not work for this process: another one polls with this token, or the token is not valid."""


@dataclass(slots=True)
class _Called:
    """The last call: its offset and when it began (monotonic seconds)."""

    offset: int = -1
    at_s: float = float("-inf")


class Poller:
    """The loop. `run` returns when told to stop, after the running handlers; raises PollRefused."""

    def __init__(self, *, fetch: Fetch, attempts: Attempts, bound: int) -> None:
        self._fetch, self._attempts, self._bound = fetch, attempts, bound
        self._window = Window()
        self._moved = asyncio.Event()
        self._called = _Called()
        self._failures = 0

    async def run(self, stop: asyncio.Event, *, drain: timedelta = DRAIN) -> None:
        """Poll until `stop`; then finish what runs within `drain`, leave the rest unconfirmed, confirm what is done."""
        refused: PollRefused | None = None
        async with asyncio.TaskGroup() as group:
            lanes = Lanes(work=self._work, spawn=group.create_task)
            try:
                while not stop.is_set():
                    await self._round(lanes, stop)
            except PollRefused as error:
                refused = error
            cut = await lanes.close(within=drain)
            if cut:
                log.get().warning(log.UPDATES_LEFT, count=cut, next="delivered again to the next process")
        if refused is not None:
            raise refused
        await self._confirm()

    async def _round(self, lanes: Lanes[RawUpdate], stop: asyncio.Event) -> None:
        if lanes.busy >= self._bound:
            await before(stop, lanes.below(self._bound))
            return
        await self._wait_for_progress(stop)
        if stop.is_set():
            return
        limit = min(LIMIT, self._window.held + self._bound - lanes.busy)
        batch = await self._call(stop, limit)
        fresh = [update for update in map(raw_update, batch) if self._window.take(update.id)]
        for update in sorted(fresh, key=lambda one: one.id):
            lanes.put(update.id if update.chat_id is None else update.chat_id, update)
        if fresh:
            await before(stop, self._settled_within(GRACE_S))

    async def _call(self, stop: asyncio.Event, limit: int) -> Sequence[Mapping[str, Any]]:
        offset = self._window.offset
        self._called = _Called(offset, time.monotonic())
        try:
            batch = await before(stop, _coroutine(self._fetch(offset, limit, POLL_S)))
        except PollFailed as failure:
            await self._back_off(failure, stop)
            return ()
        if self._failures:
            log.get().info(log.UPDATES_RECOVERED, failures=self._failures)
            self._failures = 0
        return batch or ()

    async def _back_off(self, failure: PollFailed, stop: asyncio.Event) -> None:
        seconds = failure.retry_after_s or BACKOFF_S[min(self._failures, len(BACKOFF_S) - 1)]
        if self._failures == 0:
            log.get().warning(log.UPDATES_LOST, reason=str(failure), next="again until it works", pause_s=seconds)
        self._failures += 1
        await pause(stop, seconds)

    async def _wait_for_progress(self, stop: asyncio.Event) -> None:
        """The offset has moved, or nothing is in hand, or the server counts a repeated offset as a new question."""
        while self._window.held and self._window.offset == self._called.offset and not stop.is_set():
            left_s = self._called.at_s + SAME_OFFSET_S - time.monotonic()
            if left_s <= 0:
                return
            self._moved.clear()
            await before(stop, _or_timeout(self._moved.wait(), left_s))

    async def _settled_within(self, seconds: float) -> None:
        deadline_s = time.monotonic() + seconds
        while self._window.held and (left_s := deadline_s - time.monotonic()) > 0:
            self._moved.clear()
            await _or_timeout(self._moved.wait(), left_s)

    async def _work(self, update: RawUpdate) -> None:
        def settle() -> None:
            self._window.finish(update.id)
            self._moved.set()

        if await self._attempts.run(update, settle):
            settle()

    async def _confirm(self) -> None:
        """One last call, so that what is done is not delivered again. Its answer is left alone."""
        if self._window.offset in (0, self._called.offset):
            return
        try:
            async with asyncio.timeout(5):
                await self._fetch(self._window.offset, 1, 0)
        except (PollFailed, PollRefused, TimeoutError) as error:
            log.get().info(
                log.UPDATES_UNCONFIRMED, reason=str(error), next="delivered again, and known by their origin"
            )


async def _coroutine(work: Awaitable[Sequence[Mapping[str, Any]]]) -> Sequence[Mapping[str, Any]]:
    return await work


async def _or_timeout(work: Awaitable[object], seconds: float) -> None:
    try:
        await asyncio.wait_for(work, seconds)
    except TimeoutError:
        return
