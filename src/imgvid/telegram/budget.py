"""Waiting for a turn to write to Telegram: the thin shell around `flow.Flow`.

    if await budget.turn(chat_id=chat, priority=Priority.POSITION, message_key=str(job_id)):
        ...compose the text now, then write it; on Flood: budget.flooded(...)

One per process. Several processes do not share it; Telegram's own 429 is obeyed whatever the budget says.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable
from datetime import timedelta
from itertools import count

from imgvid.telegram.flow import Flow, Limits, MethodClass, Priority, Wish

__all__ = ["Budget", "Limits", "MethodClass", "Priority"]


class Budget:
    """Hands out turns. `clock` is monotonic seconds; `sleep` waits on that clock."""

    def __init__(
        self,
        *,
        limits: Limits | None = None,
        clock: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
    ) -> None:
        self._flow = Flow(limits=limits or Limits())
        self._clock = clock
        self._sleep = sleep
        self._numbers = count(1)
        self._turns: dict[int, asyncio.Future[bool]] = {}
        self._alarm: asyncio.Task[None] | None = None
        self._alarm_at_s = float("inf")

    async def turn(
        self,
        *,
        chat_id: int,
        priority: Priority,
        message_key: str | None = None,
        method: MethodClass = MethodClass.EDIT,
    ) -> bool:
        """Wait until one write to `chat_id` may go. False when it became pointless meanwhile: do not write.

        Only a POSITION with a `message_key` becomes pointless, by any other write of the same key that waits or
        arrives later. Cancelling the caller gives the place up.
        """
        wish = Wish(
            number=next(self._numbers), chat_id=chat_id, priority=priority, method=method, message_key=message_key
        )
        mine: asyncio.Future[bool] = asyncio.get_running_loop().create_future()
        self._turns[wish.number] = mine
        for number in self._flow.add(wish):
            self._answer(number, granted=False)
        self._advance()
        try:
            return await mine
        finally:
            self._turns.pop(wish.number, None)
            self._flow.remove(wish.number)
            self._rearm()

    def flooded(self, *, chat_id: int, method: MethodClass, retry_after: timedelta) -> None:
        """A 429 came for this chat and method class: nobody's turn for it before `retry_after` is over."""
        self._flow.block(chat_id=chat_id, method=method, until_s=self._clock() + retry_after.total_seconds())
        self._rearm()

    def _advance(self) -> None:
        """Hand out every turn that is due now, then wake up again for the next."""
        while (granted := self._flow.grant(self._clock())) is not None:
            self._answer(granted.number, granted=True)
        self._rearm()

    def _answer(self, number: int, *, granted: bool) -> None:
        turn = self._turns.pop(number, None)
        if turn is not None and not turn.done():
            turn.set_result(granted)

    def _rearm(self) -> None:
        """Keep exactly one alarm for the earliest turn, and none while nobody waits."""
        at_s = self._flow.next_at_s()
        if at_s is None:
            self._disarm()
        elif self._alarm is None or at_s != self._alarm_at_s:
            self._disarm()
            self._alarm_at_s = at_s
            self._alarm = asyncio.get_running_loop().create_task(self._ring(max(0.0, at_s - self._clock())))

    def _disarm(self) -> None:
        if self._alarm is not None:
            self._alarm.cancel()
        self._alarm, self._alarm_at_s = None, float("inf")

    async def _ring(self, after_s: float) -> None:
        await self._sleep(after_s)
        self._alarm, self._alarm_at_s = None, float("inf")  # this very task: nothing is left to cancel
        self._advance()
