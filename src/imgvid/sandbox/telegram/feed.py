"""What changed, in order, for whoever watches: the chat page, a Person in a test, a storm's checker."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import datetime

from imgvid.sandbox.telegram.clock import Clock
from imgvid.sandbox.telegram.errors import Impossible
from imgvid.sandbox.telegram.jsons import JsonObject

KEPT = 20_000  # events that can be replayed; a few hundred jobs' worth


@dataclass(frozen=True, slots=True, kw_only=True)
class Event:
    """`more` is rendered when somebody reads the event, so that nobody pays for events that nobody reads."""

    seq: int
    at: datetime
    type: str
    chat_id: int | None
    more: Callable[[], JsonObject]


@dataclass(slots=True)
class _Watcher:
    queue: asyncio.Queue[Event | None]
    chat_id: int | None
    types: frozenset[str]

    def wants(self, event: Event) -> bool:
        return (self.chat_id is None or event.chat_id == self.chat_id) and (not self.types or event.type in self.types)


class Feed:
    """Numbered events, the newest kept; watchers of one chat cost nothing while others are talked in."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._kept: deque[Event] = deque(maxlen=KEPT)
        self._by_chat: dict[int | None, list[_Watcher]] = {}
        self._closed = False
        self.seq = 0

    def emit(self, type: str, chat_id: int | None, more: Callable[[], JsonObject]) -> None:
        self.seq += 1
        event = Event(seq=self.seq, at=self._clock.now(), type=type, chat_id=chat_id, more=more)
        self._kept.append(event)
        watchers = [*self._by_chat.get(None, ()), *(self._by_chat.get(chat_id, ()) if chat_id is not None else ())]
        for watcher in watchers:
            if watcher.wants(event):
                watcher.queue.put_nowait(event)

    def watch(self, *, after: int | None, chat_id: int | None, types: Iterable[str]) -> _Watcher:
        """Begin to watch; what came after `after` is already in the watcher's queue. A None in it means the end.

        Raises Impossible 409 when `after` is older than what is kept.
        """
        watcher = _Watcher(asyncio.Queue(), chat_id, frozenset(types))
        if after is not None and after < self.seq:
            if not self._kept or self._kept[0].seq > after + 1:
                raise Impossible(409, f"events before {self._kept[0].seq if self._kept else self.seq} are forgotten")
            newest = self.seq - after  # seq has no gaps: only the tail needs a look
            for event in list(self._kept)[-newest:]:
                if watcher.wants(event):
                    watcher.queue.put_nowait(event)
        if self._closed:
            watcher.queue.put_nowait(None)
        self._by_chat.setdefault(chat_id, []).append(watcher)
        return watcher

    def leave(self, watcher: _Watcher) -> None:
        watchers = self._by_chat.get(watcher.chat_id, [])
        watchers.remove(watcher)
        if not watchers:
            self._by_chat.pop(watcher.chat_id, None)

    def close(self) -> None:
        self._closed = True
        for watchers in self._by_chat.values():
            for watcher in watchers:
                watcher.queue.put_nowait(None)
