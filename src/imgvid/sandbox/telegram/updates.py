"""The bot's queue of updates: at least once per offset, one poller, types that may be left out, expiry.

Held to tdlib/telegram-bot-api (process_get_updates_query, do_get_updates, fail_query_conflict): `offset` confirms all
below it, a negative one keeps the last N; a second poller makes the first one's wait end in 409; 409s are spaced by 3 s;
the same offset again within 3 s waits at least 3 s, and within 0.5 s gets one update at most. Those spans are real time.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable, Iterable
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime, timedelta

from imgvid.sandbox.telegram.clock import Clock
from imgvid.sandbox.telegram.errors import BY_SET_WEBHOOK, OTHER_POLLER, WEBHOOK_ACTIVE, ApiError
from imgvid.sandbox.telegram.faults import FaultKind, Faults
from imgvid.sandbox.telegram.jsons import JsonObject, dumps

RETENTION = timedelta(hours=24)
QUERY_LIFE = timedelta(seconds=150)  # callback, pre-checkout and shipping queries
MAX_WAIT_S = 50  # Client.h LONG_POLL_MAX_TIMEOUT
CONFLICT_PAUSE_S = 3.0
_UNASKED = frozenset({"chat_member", "message_reaction", "message_reaction_count"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Update:
    id: int
    type: str
    chat_id: int | None
    expires_at: datetime
    text: str  # the whole update as JSON, rendered once


class Updates:
    """What waits for the bot. `arrived` wakes the webhook's sender."""

    def __init__(self, *, clock: Clock, faults: Faults, first_id: int) -> None:
        self._clock, self._faults = clock, faults
        self._waiting: dict[int, Update] = {}
        self._queries: dict[int, datetime] = {}  # the short-lived ones among them
        self._again: list[Update] = []  # confirmed, and delivered once more by a fault
        self._next_id = first_id
        self._poller: asyncio.Future[str | None] | None = None  # None: look again; text: the reason for a 409
        self._previous = (-1, -10.0)  # offset and time of the last call
        self._conflict_free_at = -10.0
        self._closing = asyncio.Event()
        self.allowed: frozenset[str] | None = None
        self.webhook_active = False
        self.arrived = asyncio.Event()

    # -- filling

    def add(self, type: str, body: JsonObject, chat_id: int | None, life: timedelta = RETENTION) -> int | None:
        """Queue an update; its id, or None where the bot did not ask for this type."""
        if type not in self.allowed if self.allowed is not None else type in _UNASKED:
            return None
        update_id = self._next_id
        self._next_id += 1
        text = dumps({"update_id": update_id, type: body})
        expires_at = self._clock.now() + life
        self._waiting[update_id] = Update(id=update_id, type=type, chat_id=chat_id, expires_at=expires_at, text=text)
        if life < RETENTION:
            self._queries[update_id] = expires_at
        self._wake(None)
        self.arrived.set()
        return update_id

    def allow(self, types: Iterable[str] | None) -> None:
        """None leaves it as it is; an empty list means all but the three that must be asked for."""
        if types is not None:
            self.allowed = frozenset(types) or None

    @property
    def pending(self) -> int:
        self._expire()
        return len(self._waiting)

    def _expire(self) -> None:
        now = self._clock.now()
        for update_id in [key for key, expires_at in self._queries.items() if expires_at <= now]:
            self._forget(update_id)
        stale: list[int] = []
        for update in self._waiting.values():
            if update.expires_at > now and update.id not in self._queries:
                break  # in order of arrival, and all but queries live equally long
            if update.expires_at <= now:
                stale.append(update.id)
        for update_id in stale:
            self._forget(update_id)

    def _forget(self, update_id: int) -> Update:
        self._queries.pop(update_id, None)
        return self._waiting.pop(update_id)

    # -- polling

    async def poll(self, *, offset: int, limit: int, timeout_s: int) -> list[Update]:
        """getUpdates. Raises ApiError 409."""
        if self.webhook_active:
            raise await self.conflict(WEBHOOK_ACTIVE)
        now = time.monotonic()
        before, at = self._previous
        if offset == before and timeout_s < 3 and now < at + 3.0:
            timeout_s = 3
        if offset == before and now < at + 0.5:
            limit = 1
        self._previous = (offset, now)
        self._confirm(offset)
        found = self._pick(offset, limit)
        if found or timeout_s == 0 or self._closing.is_set():
            return found
        return await self._wait(offset, limit, min(timeout_s, MAX_WAIT_S))

    async def _wait(self, offset: int, limit: int, timeout_s: int) -> list[Update]:
        self._wake(OTHER_POLLER)
        deadline = time.monotonic() + timeout_s
        while True:
            mine: asyncio.Future[str | None] = asyncio.get_running_loop().create_future()
            self._poller = mine
            with suppress(TimeoutError):
                async with asyncio.timeout(deadline - time.monotonic()):
                    reason = await mine
                    if reason:
                        raise await self.conflict(reason)
            if self._poller is mine:
                self._poller = None
            found = self._pick(offset, limit)
            if found or time.monotonic() >= deadline or self._closing.is_set():
                return found

    def _wake(self, reason: str | None) -> None:
        if self._poller is not None and not self._poller.done():
            self._poller.set_result(reason)
            self._poller = None

    async def conflict(self, reason: str) -> ApiError:
        """The 409 to raise: at once when the last was 3 s ago, else after 3 s."""
        now = time.monotonic()
        if now >= self._conflict_free_at:
            self._conflict_free_at = now + CONFLICT_PAUSE_S
        else:
            with suppress(TimeoutError):
                async with asyncio.timeout(CONFLICT_PAUSE_S):
                    await self._closing.wait()
        return ApiError(409, reason)

    def _confirm(self, offset: int) -> None:
        self._expire()
        if offset < 0:
            for update_id in list(self._waiting)[:offset]:
                self._done(update_id)
        confirmed: list[int] = []
        for update_id in self._waiting:
            if update_id >= self._start(offset):
                break
            confirmed.append(update_id)
        for update_id in confirmed:
            self._done(update_id)

    def _start(self, offset: int) -> int:
        """The first id that this offset asks for. TQueue does not take an offset far in the future seriously."""
        return offset if 0 < offset <= self._next_id + 10 else 0

    def _done(self, update_id: int) -> None:
        update = self._forget(update_id)
        if self._faults.of_update(FaultKind.DUPLICATE_UPDATE, update.chat_id) is not None:
            self._again.append(update)

    def _pick(self, offset: int, limit: int) -> list[Update]:
        again, self._again = self._again, []
        found = again
        start = self._start(offset)
        for update in self._waiting.values():
            if len(found) >= limit:
                break
            if update.id >= start:
                found.append(update)
        if len(found) > 1 and self._faults.of_update(FaultKind.REORDER_UPDATES, found[0].chat_id) is not None:
            found.reverse()
        return found

    # -- webhook and end

    def take_over(self) -> None:
        """A webhook was set: whoever polls gets 409."""
        self._wake(BY_SET_WEBHOOK)

    async def deliver(self, push: Callable[[Update], Awaitable[bool]]) -> bool:
        """Push the oldest update; True and gone when the receiver took it, False when there is none or it did not."""
        self._expire()
        update = self._again[0] if self._again else next(iter(self._waiting.values()), None)
        if update is None:
            self.arrived.clear()
            return False
        if not await push(update):
            return False
        if self._again and self._again[0] is update:
            self._again.pop(0)
        elif update.id in self._waiting:
            self._done(update.id)
        return True

    def drop_all(self) -> None:
        self._waiting.clear()
        self._queries.clear()
        self._again.clear()

    def close(self) -> None:
        self._closing.set()
        self._wake(None)
