"""A budget of bytes in memory: results are brought side by side while they fit, and wait for each other otherwise."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager


class Purse:
    """At most `total` bytes at once; who asks for more than all of it gets all of it, alone. First come, first served."""

    def __init__(self, total: int) -> None:
        self._total = self._left = total
        self._waiting: deque[tuple[int, asyncio.Future[None]]] = deque()

    @asynccontextmanager
    async def take(self, wanted: int) -> AsyncIterator[None]:
        """Hold this many bytes inside of the block. Cancelling the wait gives the place up."""
        share = min(wanted, self._total)
        await self._acquire(share)
        try:
            yield
        finally:
            self._left += share
            self._serve()

    async def _acquire(self, share: int) -> None:
        turn: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._waiting.append((share, turn))
        self._serve()
        try:
            await turn
        except asyncio.CancelledError:
            if turn.done() and not turn.cancelled():  # it was granted in the same moment
                self._left += share
            self._serve()
            raise

    def _serve(self) -> None:
        while self._waiting and (self._waiting[0][1].cancelled() or self._waiting[0][0] <= self._left):
            share, turn = self._waiting.popleft()
            if not turn.cancelled():
                self._left -= share
                turn.set_result(None)
