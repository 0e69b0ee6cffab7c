"""Rows whose provider is to be asked: look, decide (decide.py), do. The same for rows whose deadline has come (sweep.py)."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from datetime import timedelta
from typing import assert_never

from imgvid import log
from imgvid.dispatch.actions import (
    Action,
    Again,
    Ask,
    Cancel,
    Close,
    Complete,
    Deaf,
    Fetch,
    GiveBack,
    Hold,
    Look,
    Missing,
    Moved,
    Nameless,
    Wait,
)
from imgvid.dispatch.conduct import WORKERS, Conduct
from imgvid.dispatch.crew import NOW, Clockwork, Crew
from imgvid.dispatch.decide import Judge
from imgvid.dispatch.gate import Gates, reason_of
from imgvid.dispatch.history import History
from imgvid.dispatch.letgo import let_go
from imgvid.dispatch.pace import Pace
from imgvid.dispatch.scribe import Scribe
from imgvid.jobs.errors import Fault, meaning
from imgvid.jobs.model import Running
from imgvid.jobs.state import State
from imgvid.providers.base import NotFound, Provider, ProviderError, RequestId
from imgvid.store.chat import ChatStore
from imgvid.store.intake import Intake
from imgvid.store.jobs import JobStore
from imgvid.telegram.budget import Priority
from imgvid.telegram.errors import TelegramError
from imgvid.telegram.keyboard import while_open
from imgvid.telegram.message import Place, Seen
from imgvid.texts import say

POLLS = 16


class Reconciler:
    """Follows attempts at their providers until they are over."""

    def __init__(
        self,
        *,
        jobs: JobStore,
        chat: ChatStore,
        intake: Intake,
        providers: Mapping[str, Provider],
        gates: Gates,
        scribe: Scribe,
        history: History,
        pace: Pace,
        clockwork: Clockwork,
        judge: Judge,
        deliver: Callable[[Running], bool],
        conducts: Mapping[str, Conduct],
        size: int = POLLS,
    ) -> None:
        """`deliver` begins to bring a finished result to its chat; False: no hand is free."""
        self._jobs, self._chat, self._intake = jobs, chat, intake
        self._deliver, self._conducts = deliver, conducts
        self._providers, self._gates, self._scribe, self._history = providers, gates, scribe, history
        self._pace, self._clockwork, self._judge, self._size = pace, clockwork, judge, size

    async def run(self, stop: asyncio.Event) -> None:
        async with Crew(size=self._size, health=self._clockwork.health) as crew:
            await self._clockwork.rounds("reconcile", lambda: self._round(crew, stop), topic="poll", stop=stop)

    async def _round(self, crew: Crew, stop: asyncio.Event) -> timedelta | None:
        limit = await crew.room()
        if stop.is_set():
            return NOW
        rows = await self._jobs.claim_polls(limit, hold=self._pace.poll_hold)
        for row in rows:
            crew.go(self.follow(row), job=row.short, attempt=row.attempt, state=row.state)
        return NOW if len(rows) == limit else None

    async def follow(self, row: Running) -> None:
        """One look at one row, and what follows from it. Safe to repeat and to be cut off."""
        look = await self._look(row)
        expected = await self._history.expected(row.mode)
        await self.do(row, self._judge.decide(row, look, expected))

    async def _look(self, row: Running) -> Look:
        if row.request_id is None:
            return Nameless()
        provider = self._providers.get(row.backend)
        if provider is None:
            return Deaf(why=f"backend {row.backend} is not configured")
        try:
            return await provider.status(RequestId(row.request_id))
        except NotFound:
            return Missing()
        except ProviderError as error:
            if reason_of(error) is not None:
                await self._gates.shut(row.backend, error)
            return Deaf(why=str(error))

    async def do(self, row: Running, action: Action) -> None:
        """Carry a decision out."""
        match action:
            case Complete():
                await self._complete(row, action.result)
            case Fetch():
                if not self._deliver(row):
                    await self._plan(row, self._pace.status_poll)
            case Again():
                await self._again(row, action)
            case Close():
                await self._close(row, action)
            case Ask():
                await self._ask(row, action)
            case Moved():
                await self._intake.chat_migrated(row.chat_id, action.new_chat_id)
                log.get().info(log.CHAT_MIGRATED, **_about(row), next="its jobs get fresh messages there")
                await self.do(row, action.then)
            case Cancel():
                await self._cancel(row, action)
            case GiveBack() | Hold():
                await self._leave(row, action)
            case Wait():
                await self._wait(row, action)
            case _:
                assert_never(action)

    async def _leave(self, row: Running, action: GiveBack | Hold) -> None:
        """A lease of another process: back to the queue, or not touched for a while."""
        if isinstance(action, Hold):
            await self._jobs.hold_lease(row.id, row.attempt, action.span)
        elif await self._jobs.give_back(row.id, row.attempt, wait=NOW, why="lease_expired"):
            log.get().warning(log.LEASE_EXPIRED, **_about(row), next="leased again, nothing had been sent")

    async def _complete(self, row: Running, result: Mapping[str, object]) -> None:
        if await self._jobs.complete(row.id, row.attempt, result):
            took = row.now - (row.leased_at or row.now)
            log.get().info(
                log.JOB_COMPLETED,
                **_about(row, State.COMPLETED),
                outcome="completed",
                duration_s=round(took.total_seconds(), 1),
                next="nothing, the result is in the chat",
            )

    async def _again(self, row: Running, action: Again) -> None:
        if await self._jobs.retry(
            row.id, row.attempt, ours=action.ours, wait=action.wait, over=action.over, why=action.code
        ):
            following = "the same message serves the next attempt" if action.over else "its message is retired first"
            log.get().warning(
                log.JOB_RETRIED,
                **_about(row, State.QUEUED),
                code=action.code,
                said=action.said,
                wait_s=action.wait.total_seconds(),
                next=following,
            )
            await self._let_go(row, over=action.over)
        else:  # a wish came in between, or somebody else was faster
            await self._jobs.plan_poll(row.id, row.attempt, NOW, claim=row.next_poll_at)

    async def _close(self, row: Running, action: Close) -> None:
        if await self._jobs.close(
            row.id,
            row.attempt,
            verdict=action.verdict,
            code=action.code,
            over=action.over,
            detail={"said": log.mask(action.said)} if action.said else None,
        ):
            theirs = action.code is not None and meaning(action.code).fault is Fault.PERSON
            line = log.get().info if action.verdict is State.CANCELLED or theirs else log.get().error
            line(
                log.JOB_CLOSING,
                **_about(row, State.CLOSING),
                verdict=action.verdict,
                code=action.code,
                said=action.said,
                next="the chat is told" if action.over else "its message is retired, then the chat is told",
            )
            await self._let_go(row, over=action.over)

    async def _let_go(self, row: Running, *, over: bool) -> None:
        """An attempt that may still run is let go of by the sweep, when it is over."""
        if over:
            await let_go(self._providers.get(row.backend), row.request_id)

    async def _ask(self, row: Running, action: Ask) -> None:
        """The provider's word is unusable: the message knows whether the video is there."""
        if row.message_id is None:
            await self.do(row, action.then)
            return
        place = Place(chat_id=row.chat_id, message_id=row.message_id)
        try:
            if not await self._scribe.turn(row.chat_id, Priority.FINAL):
                await self._jobs.plan_poll(row.id, row.attempt, self._pace.status_poll, claim=row.next_poll_at)
                return
            seen = await self._scribe.show(
                place, say(row.locale, "waiting-retry", id=row.short), while_open(row.locale, row.short)
            )
        except TelegramError as error:
            log.get().warning(
                log.MESSAGE_NOT_ASKED, **_about(row), said=str(error), next="asked again at the next look"
            )
            await self._jobs.plan_poll(row.id, row.attempt, self._pace.status_poll, claim=row.next_poll_at)
            return
        if seen is Seen.VIDEO:
            await self._complete(row, {"overtaken": True})
        else:  # gone or unreachable is found out by whoever writes there next
            await self.do(row, action.then)

    async def _cancel(self, row: Running, action: Cancel) -> None:
        provider = self._providers.get(row.backend)
        if provider is not None and row.request_id is not None:
            try:
                await provider.cancel(RequestId(row.request_id))
            except ProviderError as error:
                log.get().info(log.CANCEL_UNHEARD, **_about(row), said=str(error), next="wished again at the next look")
            else:
                log.get().info(log.CANCEL_SENT, **_about(row), next="looked at until it is over")
        await self._plan(row, action.after)

    async def _wait(self, row: Running, action: Wait) -> None:
        """Write down what was learned and plan the next look."""
        if action.missing:
            await self._jobs.request_missing(row.id, row.attempt)
            if row.missing_since is None:
                log.get().warning(
                    log.REQUEST_MISSING,
                    **_about(row),
                    request=row.request_id,
                    wait_s=self._pace.unknown_wait.total_seconds(),
                    next="asked until the wait is over, then retired",
                )
        elif row.missing_since is not None and not action.why:
            await self._jobs.request_seen(row.id, row.attempt)
        if action.why:
            log.get().info(log.PROVIDER_DEAF, **_about(row), said=action.why, next="asked again")
        if action.rerun:
            reruns = await self._jobs.count_rerun(row.id, row.attempt)
            log.get().warning(log.JOB_RERUN, **_about(row), reruns=reruns, next="followed on, bounded")
        if action.begins and await self._jobs.begin_run(row.id, row.attempt, action.worker):
            by = {"worker": action.worker} if action.worker else {}
            log.get().info(log.JOB_BEGAN, **_about(row, State.RUNNING), **by, next="polled until it ends")
            if self._conducts.get(row.backend, WORKERS).narrated:
                await self._chat.owe_now(row.id)
                self._clockwork.wakeups.wake("chat")
        if action.phase is not None:
            await self._jobs.progress(row.id, row.attempt, action.phase, action.percent)
        if action.in_line and row.leased_at is not None and row.now - row.leased_at >= self._pace.booting_after:
            await self._chat.owe_now(row.id)
            self._clockwork.wakeups.wake("chat")
        await self._plan(row, action.after)

    async def _plan(self, row: Running, after: timedelta) -> None:
        await self._jobs.plan_poll(row.id, row.attempt, after, claim=row.next_poll_at)
        self._clockwork.wake_in("poll", after + timedelta(milliseconds=5))


def _about(row: Running, state: State | None = None) -> dict[str, object]:
    """What every line about a row carries."""
    return {"job": row.short, "attempt": row.attempt, "state": state or row.state}


__all__ = ["POLLS", "Reconciler"]
