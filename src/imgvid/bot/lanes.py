"""One line per chat: in order within it, side by side with the others."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable, Coroutine
from datetime import timedelta
from typing import Any, Generic, TypeVar

Item = TypeVar("Item")
Spawn = Callable[[Coroutine[Any, Any, None]], asyncio.Task[None]]


class Lanes(Generic[Item]):
    """Runs `work(item)` for each item put in. `work` must not raise: an error of it is the process's error.

    `spawn` is the owner's `TaskGroup.create_task`; a lane is one task that lives while its chat has items.
    """

    def __init__(self, *, work: Callable[[Item], Awaitable[None]], spawn: Spawn) -> None:
        self._work, self._spawn = work, spawn
        self._waiting: dict[int, deque[Item]] = {}
        self._tasks: set[asyncio.Task[None]] = set()
        self._free = asyncio.Condition()
        self._busy = 0
        self._closed = False

    @property
    def busy(self) -> int:
        """Items taken in and not done, running or waiting behind another of their chat."""
        return self._busy

    def put(self, chat: int, item: Item) -> None:
        """Take an item in; it runs when every earlier one of its chat is done."""
        self._busy += 1
        line = self._waiting.get(chat)
        if line is not None:
            line.append(item)
            return
        self._waiting[chat] = deque([item])
        task = self._spawn(self._serve(chat))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def below(self, bound: int) -> None:
        """Wait until fewer than `bound` items are in hand."""
        async with self._free:
            await self._free.wait_for(lambda: self._busy < bound)

    async def close(self, *, within: timedelta) -> int:
        """Begin nothing more, let what runs finish within the span, cancel the rest; answers how many were cut off."""
        self._closed = True
        cut: set[asyncio.Task[None]] = set()
        if self._tasks:
            _done, cut = await asyncio.wait(self._tasks, timeout=within.total_seconds())
            for task in cut:
                task.cancel()
        return len(cut)

    async def _serve(self, chat: int) -> None:
        line = self._waiting[chat]
        try:
            while line and not self._closed:
                await self._work(line.popleft())
                async with self._free:
                    self._busy -= 1
                    self._free.notify_all()
        finally:
            del self._waiting[chat]
