"""One write to a chat: its turn in the flood budget, one try, and what the answer means. The row repeats, we do not."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from datetime import timedelta
from typing import TypeVar

from imgvid.dispatch.pace import Pace
from imgvid.telegram.budget import Budget, MethodClass, Priority
from imgvid.telegram.client import Telegram
from imgvid.telegram.errors import Flood, TopicGone
from imgvid.telegram.keyboard import Keyboard
from imgvid.telegram.message import Place, Seen, Taken, probe, take_away
from imgvid.telegram.patience import Patience

T = TypeVar("T")
_ONCE = Patience(span=timedelta(0))


class Scribe:
    """The dispatcher's pen. Raises what `telegram.errors` says; a Flood is remembered by the budget first."""

    def __init__(self, *, telegram: Telegram, budget: Budget, pace: Pace) -> None:
        self._telegram, self._budget, self._pace = telegram, budget, pace

    async def turn(
        self, chat_id: int, priority: Priority, *, key: str | None = None, method: MethodClass = MethodClass.EDIT
    ) -> bool:
        """Wait for a turn to write. False: it became pointless, or none came in time."""
        try:
            async with asyncio.timeout(self._pace.turn_wait.total_seconds()):
                return await self._budget.turn(chat_id=chat_id, priority=priority, message_key=key, method=method)
        except TimeoutError:
            return False

    async def show(self, place: Place, text: str, keyboard: Keyboard | None) -> Seen:
        """Make the message show `text`, and tell what stands there."""
        return await self._heeding(
            place.chat_id,
            MethodClass.EDIT,
            lambda: probe(self._telegram, place=place, text=text, keyboard=keyboard, patience=_ONCE),
        )

    async def remove(self, place: Place) -> Taken:
        """Take the message away; GONE is the fence."""
        return await self._heeding(
            place.chat_id, MethodClass.DELETE, lambda: take_away(self._telegram, place=place, patience=_ONCE)
        )

    async def send(
        self,
        chat_id: int,
        text: str,
        keyboard: Keyboard | None = None,
        *,
        thread_id: int | None = None,
        reply_to: int | None = None,
    ) -> int:
        """Send a new text once; in a topic that is gone, to the chat itself. Answers its message id."""

        async def to(thread: int | None) -> int:
            return await self._telegram.send_text(
                chat_id=chat_id, text=text, keyboard=keyboard, thread_id=thread, reply_to=reply_to
            )

        async def write() -> int:
            try:
                return await to(thread_id)
            except TopicGone:
                return await to(None)

        return await self._heeding(chat_id, MethodClass.SEND, write)

    async def _heeding(self, chat_id: int, method: MethodClass, call: Callable[[], Awaitable[T]]) -> T:
        try:
            return await call()
        except Flood as flood:
            self._budget.flooded(chat_id=chat_id, method=method, retry_after=flood.retry_after)
            raise
