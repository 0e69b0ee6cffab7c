"""Steps of an engine become edits of the message, rarely; and an edit's refusal may be the news that ends the run.

The engine never waits: `tell` only remembers the newest step. One task writes it, at most every 12 s, and for good
stops writing to the chat at the first 429 of its run (flood limits are shared with the delivery, facts/telegram.md 0.9).
"""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections.abc import Callable
from datetime import timedelta
from typing import NoReturn

from imgvid import log
from imgvid.telegram.client import Telegram
from imgvid.telegram.errors import (
    ChatGone,
    ChatMigrated,
    Flood,
    MessageGone,
    NotEditable,
    NoText,
    TelegramError,
)
from imgvid.telegram.keyboard import Keyboard
from imgvid.texts import say
from imgvid.texts.card import bar
from imgvid.worker.outcome import Reason, Stopped
from imgvid.worker.report import Reporter
from imgvid.worker.request import Request
from imgvid.worker.stopwatch import Stopwatch

EDIT_EVERY = timedelta(seconds=12)
REPORT_EVERY = timedelta(seconds=5)
_SETTLE_S = 5.0  # how long an edit in flight may finish before it is dropped; the next write comes after it


class StopRun(Exception):
    """The message says that this run has nothing left to do."""

    def __init__(self, stopped: Stopped) -> None:
        super().__init__(str(stopped.reason))
        self.stopped = stopped


class Progress:
    """One run's way from the engine's steps to the chat and the database."""

    def __init__(
        self,
        *,
        telegram: Telegram,
        reporter: Reporter,
        request: Request,
        keyboard: Keyboard | None,
        watch: Stopwatch,
        edit_every: timedelta = EDIT_EVERY,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        """The message was just written by the caller: the first edit waits for `edit_every`."""
        self._telegram, self._reporter, self._request = telegram, reporter, request
        self._keyboard, self._watch, self._clock = keyboard, watch, clock
        self._edit_every_s = edit_every.total_seconds()
        self._edited_at = clock()
        self._reported_at = float("-inf")
        self._reported_phase = ""
        self._step: tuple[str, int | None] = ("sample", None)
        self._shown: str | None = None
        self._news = asyncio.Event()
        self._writing = asyncio.Lock()
        self._muted = False

    async def tell(self, phase: str, percent: int | None = None) -> None:
        """Remember the newest step and start its clock. Returns at once."""
        self._watch.enter(phase)
        self._step = (phase, percent)
        self._news.set()

    async def run(self) -> NoReturn:
        """Write until cancelled. Raises StopRun when the message says that the run is over."""
        while True:
            await self._news.wait()
            self._news.clear()
            await self._report()
            early_s = self._edited_at + self._edit_every_s - self._clock()
            if self._muted:
                continue
            if early_s > 0:
                with contextlib.suppress(TimeoutError):  # a new phase is reported at once, the chat waits for its turn
                    async with asyncio.timeout(min(early_s, REPORT_EVERY.total_seconds())):
                        await self._news.wait()
                self._news.set()
                continue
            async with self._writing:
                await self._edit()

    async def settle(self, writing: asyncio.Task[NoReturn]) -> None:
        """End the writing task so that the next writer is alone: an edit in flight may finish, none is begun."""
        self._muted = True
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(_SETTLE_S), self._writing:
                pass
        writing.cancel()
        with contextlib.suppress(asyncio.CancelledError, StopRun):
            await writing

    async def _report(self) -> None:
        if self._step[0] == self._reported_phase and self._clock() - self._reported_at < REPORT_EVERY.total_seconds():
            return
        self._reported_at, self._reported_phase = self._clock(), self._step[0]
        await self._reporter.progress(self._request.job_id, self._request.attempt, *self._step)

    async def _edit(self) -> None:
        text = step_text(self._request.locale, self._request.shown_id, *self._step)
        if text == self._shown or self._muted:
            return
        self._edited_at = self._clock()
        try:
            await self._telegram.edit_text(
                chat_id=self._request.chat_id,
                message_id=self._request.message_id,
                text=text,
                keyboard=self._keyboard,
            )
            self._shown = text
        except NoText:
            raise StopRun(Stopped(reason=Reason.ALREADY_DELIVERED)) from None
        except (MessageGone, NotEditable):
            raise StopRun(Stopped(reason=Reason.MESSAGE_GONE)) from None
        except ChatGone:
            raise StopRun(Stopped(reason=Reason.CHAT_GONE)) from None
        except ChatMigrated as moved:
            raise StopRun(Stopped(reason=Reason.CHAT_MOVED, detail=str(moved.new_chat_id))) from None
        except Flood as flood:
            self._muted = True
            log.get().info(log.PROGRESS_MUTED, retry_after_s=flood.retry_after.total_seconds())
        except TelegramError as error:
            # Decoration that was lost; the next step is written in its time.
            log.get().info(log.PROGRESS_MUTED, error=str(error), then="next step")


def step_text(locale: str, shown_id: str, phase: str, percent: int | None) -> str:
    """What the message says while an engine is at this step."""
    if phase == "load":
        return say(locale, "loading", id=shown_id)
    if phase in ("decode", "encode"):
        return say(locale, "encoding", id=shown_id)
    if percent is None:
        return say(locale, "generating", id=shown_id)
    percent = min(100, max(0, percent))
    return say(locale, "generating-percent", id=shown_id, percent=percent, bar=bar(percent))
