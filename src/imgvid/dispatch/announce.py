"""What chats have not been told: claim one, wait for its turn, read it again, write what is true now, remember it."""

from __future__ import annotations

import asyncio
import random
from datetime import timedelta
from typing import assert_never

from imgvid import log
from imgvid.dispatch.around import Around
from imgvid.dispatch.compose import Kind, Line, Nothing, closing, compose, settling
from imgvid.dispatch.crew import NOW, Clockwork, Crew
from imgvid.dispatch.pace import Pace
from imgvid.dispatch.retire import Retirer
from imgvid.dispatch.scribe import Scribe
from imgvid.jobs.errors import Code
from imgvid.jobs.model import Owed
from imgvid.jobs.state import State
from imgvid.store.chat import ChatStore
from imgvid.store.intake import Intake
from imgvid.store.jobs import JobStore
from imgvid.telegram.budget import MethodClass
from imgvid.telegram.errors import (
    BadToken,
    ChatGone,
    ChatMigrated,
    Flood,
    OutcomeUnknown,
    Refused,
    Superseded,
    TelegramError,
    Unreachable,
)
from imgvid.telegram.message import Place, Seen, Taken

WRITES = 32  # side by side: chats that answer slowly must not hold the others up
REFUSALS_MAX = 8  # a text that Telegram refuses this often in a row is given up
_WAIT_TOP_S = 300.0


class Announcer:
    """The dispatcher's voice. Every write has a claim of its own; what fails is owed again, later."""

    def __init__(
        self,
        *,
        jobs: JobStore,
        chat: ChatStore,
        intake: Intake,
        scribe: Scribe,
        around: Around,
        pace: Pace,
        clockwork: Clockwork,
        rng: random.Random,
        size: int = WRITES,
    ) -> None:
        self._jobs, self._chat, self._intake, self._scribe, self._around = jobs, chat, intake, scribe, around
        self._pace, self._clockwork, self._rng, self._size = pace, clockwork, rng, size
        self._retirer = Retirer(jobs=jobs, chat=chat, scribe=scribe)

    async def run(self, stop: asyncio.Event) -> None:
        async with Crew(size=self._size, health=self._clockwork.health) as crew:
            await self._clockwork.rounds("announce", lambda: self._round(crew, stop), topic="chat", stop=stop)

    async def _round(self, crew: Crew, stop: asyncio.Event) -> timedelta | None:
        limit = await crew.room()
        if stop.is_set():
            return NOW
        rows = await self._chat.claim(limit, span=self._pace.chat_hold)
        for row in rows:
            crew.go(self.tell(row), job=row.short, attempt=row.attempt, state=row.state)
        return NOW if len(rows) == limit else None

    async def tell(self, row: Owed) -> None:
        """Say to one chat what it should read. Safe to repeat and to be cut off."""
        line = compose(row, await self._around.of(row), self._pace)
        if isinstance(line, Line):
            method = MethodClass.SEND if line.kind in {Kind.PLACEHOLDER, Kind.READY} else MethodClass.EDIT
            if not await self._scribe.turn(row.chat_id, line.priority, key=str(row.id), method=method):
                await self._later(row, self._pace.poll)
                return
            again = await self._chat.read(row.id)
            if again is None or again.claimed_until != row.claimed_until:
                return  # wiped, or owed something newer that somebody else has claimed
            row = again
            line = compose(row, await self._around.of(row), self._pace)
        if isinstance(line, Nothing):
            await self._later(row, line.look_again)
            return
        try:
            await self._write(row, line)
        except TelegramError as error:
            await self._trouble(row, error)

    async def _later(self, row: Owed, after: timedelta | None) -> None:
        await self._chat.look_again(row.id, after, claim=row.claimed_until)
        if after is not None:
            self._clockwork.wake_in("chat", after)

    async def _write(self, row: Owed, line: Line) -> None:
        match line.kind:
            case Kind.RETIRE:
                await self._retire(row, line)
            case Kind.PLACEHOLDER:
                await self._retirer.send_fresh(row, line, retired=None)
            case Kind.WAIT:
                await self._wait(row, line)
            case Kind.CLOSE:
                await self._close(row, line)
            case Kind.REPEAT:
                await self._repeat(row, line)
            case Kind.READY:
                await self._ready(row, line)
            case _:
                assert_never(line.kind)

    async def _wait(self, row: Owed, line: Line) -> None:
        """Which wait it is, into a message that must be there."""
        seen = await self._scribe.show(_place(row), line.text, line.keyboard)
        match seen:
            case Seen.TEXT:
                await self._chat.said(
                    row.id, line.key, position=line.position, look_again=line.look_again, claim=row.claimed_until
                )
                log.get().info(log.CHAT_TOLD, **_about(row), text=line.key, next="the wait goes on")
            case Seen.VIDEO:
                await self._overtaken(row)
            case Seen.GONE:
                await self._deleted(row)
            case Seen.CHAT_GONE:
                await self._chat_gone(row, "refused an edit")

    async def _close(self, row: Owed, line: Line) -> None:
        """The closing text: CLOSING becomes its verdict when the chat took it."""
        if row.message_id is None:
            await self._close_fresh(row, line)
            return
        match await self._scribe.show(_place(row), line.text, line.keyboard):
            case Seen.TEXT:
                await self._settle(row, line)
            case Seen.VIDEO:
                await self._overtaken(row)
            case Seen.GONE if row.told == line.key:  # the person read it and took it away
                await self._told(row, "edited")
            case Seen.GONE:
                await self._chat.lose_message(row.id, row.message_id)
                await self._close_fresh(row, closing(row, deleted=True))
            case Seen.CHAT_GONE:
                await self._chat_gone(row, "refused the closing text")

    async def _settle(self, row: Owed, line: Line) -> None:
        """The person has read the end. It stays open a moment longer where a video may still land in the message."""
        left = settling(row, self._pace)
        if not left:
            await self._told(row, "edited")
            return
        await self._chat.said(row.id, line.key, position=None, look_again=left, claim=row.claimed_until)
        self._clockwork.wake_in("chat", left)
        log.get().info(log.CHAT_TOLD, **_about(row), text=line.key, next="looked at once more, then it has ended")

    async def _close_fresh(self, row: Owed, line: Line) -> None:
        if await self._retirer.send_fresh(row, line, retired=None):
            await self._told(row, "sent")

    async def _retire(self, row: Owed, line: Line) -> None:
        match await self._retirer.retire(row, line):
            case Seen.VIDEO:
                await self._overtaken(row)
            case Seen.GONE if row.state is State.QUEUED:
                await self._deleted(row)
            case Seen.CHAT_GONE:
                await self._chat_gone(row, "refused while its message was retired")
            case Taken.STUCK if row.state is State.QUEUED:
                # No fence, so no new attempt. The old message shows the text; it will show the end as well.
                await self._jobs.close(row.id, row.attempt, verdict=State.FAILED, code=Code.DELIVERY_FAILED, over=True)
                log.get().error(log.MESSAGE_STUCK, **_about(row), next="failed: no second attempt without a fence")
            case Taken.STUCK | None if row.state is State.CLOSING:
                await self._told(row, "retired")
            case _:
                return

    async def _repeat(self, row: Owed, line: Line) -> None:
        seen = await self._scribe.show(_place(row), line.text, line.keyboard)
        if seen is Seen.VIDEO:
            log.get().warning(log.VIDEO_AFTER_END, **_about(row), next="nothing: the person has the video after all")
        await self._chat.said(row.id, line.key, position=row.told_position, look_again=None, claim=row.claimed_until)

    async def _ready(self, row: Owed, line: Line) -> None:
        """At most once: claimed before it is sent, so one that gets lost is not sent again."""
        if await self._chat.claim_ping(row.id):
            await self._scribe.send(row.chat_id, line.text, thread_id=row.thread_id, reply_to=row.message_id)
            log.get().info(log.CHAT_TOLD, **_about(row), text=line.key, next="nothing")
        await self._chat.look_again(row.id, None, claim=row.claimed_until)

    async def _told(self, row: Owed, how: str) -> None:
        if await self._chat.told(row.id, row.attempt, again=self._pace.again, how=how):
            log.get().info(
                log.JOB_TOLD,
                **{**_about(row), "state": row.verdict},
                how=how,
                code=row.error_code,
                outcome=str(row.verdict).lower(),
                next="the text is said once more" if how != "undeliverable" else "nothing",
            )

    async def _overtaken(self, row: Owed) -> None:
        """The message shows a video: whatever we were about to say, the job is done."""
        if await self._jobs.complete(row.id, row.attempt, {"overtaken": True}):
            log.get().info(
                log.JOB_COMPLETED, **_about(row), outcome="completed", how="seen in the chat", next="nothing"
            )
        else:
            await self._later(row, self._pace.poll)

    async def _deleted(self, row: Owed) -> None:
        """The person deleted the job's message: that is a cancel."""
        if row.state is not State.QUEUED or not await self._jobs.close(
            row.id, row.attempt, verdict=State.CANCELLED, code=Code.MESSAGE_DELETED, over=True
        ):
            await self._intake.wish_cancel(row.id, row.user_id)
        log.get().info(log.MESSAGE_DELETED, **_about(row), next="cancelled, told in one short text")
        if row.message_id is not None:
            await self._chat.lose_message(row.id, row.message_id)

    async def _chat_gone(self, row: Owed, why: str) -> None:
        """Nobody to tell: this job fails as undeliverable, the chat's other jobs are cancelled."""
        if row.state is State.CLOSING:
            await self._told(row, "undeliverable")
        elif row.state is State.QUEUED:
            await self._jobs.close(row.id, row.attempt, verdict=State.FAILED, code=Code.CHAT_UNREACHABLE, over=True)
        cancelled = await self._intake.chat_gone(row.chat_id, why)
        log.get().warning(log.CHAT_GONE, **_about(row), cancelled=cancelled, next="its jobs end, untold")

    async def _trouble(self, row: Owed, error: TelegramError) -> None:
        """A write that did not go through: what can be concluded, and when to try again."""
        match error:
            case ChatGone():
                await self._chat_gone(row, error.description)
            case ChatMigrated():
                await self._intake.chat_migrated(row.chat_id, error.new_chat_id)
                log.get().info(log.CHAT_MIGRATED, **_about(row), next="its jobs get fresh messages there")
            case Flood():
                await self._chat.owe_later(row.id, error.retry_after, claim=row.claimed_until)
                log.get().warning(
                    log.CHAT_FLOODED,
                    **_about(row),
                    wait_s=error.retry_after.total_seconds(),
                    next="said after the wait",
                )
            case BadToken():
                await self._chat.owe_later(row.id, self._backoff(row), claim=row.claimed_until)
                log.get().error(
                    log.TOKEN_REFUSED, **_about(row), said=str(error), next="tried again; a person must act"
                )
            case Unreachable() | OutcomeUnknown() | Superseded():
                await self._owe_later(row, error)
            case Refused():
                await self._refused(row, error)
            case _:
                await self._owe_later(row, error)

    async def _owe_later(self, row: Owed, error: TelegramError) -> None:
        wait = self._backoff(row)
        failures = await self._chat.owe_later(row.id, wait, claim=row.claimed_until)
        self._clockwork.wake_in("chat", wait)
        line = log.get().warning if failures == 1 else log.get().info
        line(
            log.CHAT_UNTOLD,
            **_about(row),
            said=str(error),
            failures=failures,
            wait_s=wait.total_seconds(),
            next="said later",
        )

    async def _refused(self, row: Owed, error: Refused) -> None:
        """Telegram refuses this very text: a bug of ours, tried a few times because descriptions change."""
        if row.failures + 1 < REFUSALS_MAX:
            await self._owe_later(row, error)
            return
        log.get().error(log.TEXT_REFUSED, **_about(row), said=str(error), next="given up: this text is not said")
        if row.state is State.CLOSING:
            await self._told(row, "refused")
        else:
            await self._chat.look_again(row.id, None, claim=row.claimed_until)

    def _backoff(self, row: Owed) -> timedelta:
        """1 s doubling to 5 min, with jitter."""
        ceiling = min(_WAIT_TOP_S, 2.0 ** min(row.failures, 10))
        return timedelta(seconds=ceiling * (0.5 + self._rng.random() / 2))


def _place(row: Owed) -> Place:
    assert row.message_id is not None
    return Place(chat_id=row.chat_id, message_id=row.message_id)


def _about(row: Owed) -> dict[str, object]:
    return {"job": row.short, "attempt": row.attempt, "state": row.state}
