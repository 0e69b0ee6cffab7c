"""What follows from a row and one look at its provider: pure, no I/O, no clock of its own.

    proven over          the provider says finished, failed, cancelled: the same message serves what comes next
    not proven over      404, a deadline, a platform that re-runs without end: the message is retired first (DESIGN 7)
    a wish to cancel     beats every retry, never a video that is there

The worker's own report is its word: `delivered` is believed at once (it grants only what the chat shows anyway), any other
outcome only makes us look again soon, unless there is no request to look at.
"""

from __future__ import annotations

import random
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import timedelta

from imgvid.dispatch.actions import (
    Action,
    Again,
    Ask,
    Cancel,
    Close,
    Complete,
    Deaf,
    Expected,
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
from imgvid.dispatch.pace import Pace
from imgvid.dispatch.word import Outcome, Word, read_word
from imgvid.jobs.errors import Code, Fault, meaning
from imgvid.jobs.model import Running
from imgvid.jobs.retry import RERUNS_MAX, Tries, backoff, may_retry
from imgvid.jobs.state import State
from imgvid.providers.base import RemoteState, RemoteStatus

SOON = timedelta(milliseconds=500)  # a worker spoke: its provider says so any moment


@dataclass(frozen=True, slots=True, kw_only=True)
class Judge:
    """Decides over rows by one pace, with one pair of dice for the backoff. A backend without a conduct has workers."""

    pace: Pace
    rng: random.Random
    conducts: Mapping[str, Conduct] = field(default_factory=dict)

    def decide(self, row: Running, look: Look, expected: Expected) -> Action:
        """What to do about a row whose provider was looked at. The row's own `now` is the clock."""
        if _is_being_delivered(row):  # whoever delivers sees a wish to cancel by itself
            return Wait(after=self.pace.delivery_claim)
        word = read_word(row.report)
        if word is not None and word.shows_video:
            return Complete(result=word.output)
        if isinstance(look, RemoteStatus) and look.state.final:
            return self._ended(row, look)
        if isinstance(look, Nameless):
            return self._nameless(row, word)
        if row.cancel_at is not None:
            return self._cancelling(max(timedelta(0), row.now - row.cancel_at))
        return self._open(row, look, word, expected)

    def decide_lease(self, row: Running) -> Action:
        """What to do about a LEASED row whose check has come: its dispatcher died, or the submit's outcome is unknown."""
        if row.submitting_at is None:
            surely = Close(verdict=State.CANCELLED, code=None, over=True)
            return GiveBack() if row.cancel_at is None else surely
        word = read_word(row.report)
        if word is not None or row.cancel_at is not None:
            return self._nameless(row, word)
        left = row.submitting_at + self.pace.unknown_wait - row.now
        if left > timedelta(0):
            return Hold(span=left)
        code = self._conduct(row).unsure
        return self.fail(row, code, over=False, said="no sign of life after an unknown submit")

    def fail(self, row: Running, code: Code, *, over: bool, said: str = "") -> Again | Close:
        """This attempt ended badly: another one, or the end. A platform's silent re-runs count as tries of ours."""
        if row.cancel_at is not None:
            return Close(verdict=State.CANCELLED, code=None, over=over, said=said)
        meant = meaning(code)
        ours = meant.fault is Fault.OURS
        tries = Tries(own=row.tries_own + (not ours), ours=row.tries_ours + row.reruns + ours)
        wait = backoff(tries.own + tries.ours, self.rng) * self.pace.backoff
        if may_retry(meant, tries) and row.now + wait < row.expires_at:
            return Again(code=code, ours=ours, over=over, wait=wait, said=said)
        return Close(verdict=State.FAILED, code=code, over=over, said=said)

    def _conduct(self, row: Running) -> Conduct:
        return self.conducts.get(row.backend, WORKERS)

    def _ended(self, row: Running, status: RemoteStatus) -> Action:
        """The provider says that the attempt is over."""
        if status.fetchable:
            unwanted = Close(verdict=State.CANCELLED, code=None, over=True)
            return Fetch() if row.cancel_at is None or row.state is State.DELIVERING else unwanted
        word = read_word(status.output)
        if word is not None and word.is_of(str(row.id), row.attempt):
            return self._by_word(row, word, over=True)
        said = (status.error or status.raw_state)[:300]
        if status.state is RemoteState.SUCCEEDED:
            return Ask(then=self.fail(row, Code.RESULT_LOST, over=True, said="an output that is not ours"))
        code = status.failure or (Code.WORKER_FAILED if status.state is RemoteState.FAILED else Code.WORKER_LOST)
        margin = self.pace.status_poll * 2  # the platform's clock started a little after ours
        if (
            status.state is RemoteState.TIMED_OUT
            and row.deadline_at is not None
            and row.now >= row.deadline_at - margin
        ):
            code = Code.DEADLINE_EXCEEDED
        return self.fail(row, code, over=True, said=said)

    def _by_word(self, row: Running, word: Word, *, over: bool) -> Action:
        """The worker said how it ended."""
        if word.shows_video:
            return Complete(result=word.output)
        if word.outcome is Outcome.FAILED:
            return self.fail(row, word.code, over=over, said=word.detail)
        if word.reason == "message_gone" and row.message_id is not None:
            return Close(verdict=State.CANCELLED, code=Code.MESSAGE_DELETED, over=over)
        if word.reason == "chat_gone":
            verdict = State.FAILED if row.cancel_at is None else State.CANCELLED
            return Close(verdict=verdict, code=Code.CHAT_UNREACHABLE, over=over, said=word.detail)
        if word.reason == "superseded":  # another run of this attempt writes there: it is not over, whatever was said
            return Ask(then=self.fail(row, Code.RESULT_LOST, over=False, said="superseded"))
        then = self.fail(row, Code.INTERNAL, over=over, said=f"{word.reason}: its message was replaced")
        moved = word.reason == "chat_moved" and word.detail.lstrip("-").isdigit()
        return Moved(new_chat_id=int(word.detail), then=then) if moved else then

    def _nameless(self, row: Running, word: Word | None) -> Action:
        """No request to look at: the worker's word, the wish and the deadline are all there is."""
        if word is not None:
            return self._by_word(row, word, over=False)
        if row.cancel_at is not None:
            return Close(verdict=State.CANCELLED, code=None, over=False)
        if row.deadline_at is not None and row.now >= row.deadline_at:
            return self.fail(row, self._conduct(row).late, over=False)
        return Wait(after=self.pace.status_poll * 6)

    def _cancelling(self, age: timedelta) -> Action:
        """A wish that the provider has not fulfilled yet."""
        if age >= self.pace.cancel_patience:
            return Close(verdict=State.CANCELLED, code=None, over=False, said="the provider did not end it in time")
        return Cancel(after=min(self.pace.status_poll, timedelta(seconds=1) + age / 2))

    def _open(self, row: Running, look: Look, word: Word | None, expected: Expected) -> Action:
        """Nothing says that it is over."""
        if row.deadline_at is not None and row.now >= row.deadline_at:
            return self.fail(row, self._conduct(row).late, over=False)
        match look:
            case Missing():
                return self._missing(row)
            case Deaf():
                return Wait(after=self.pace.status_poll * 2, why=look.why)
            case Nameless():
                return self._nameless(row, word)
            case RemoteStatus():
                wait = self._alive(row, look, expected)
                if isinstance(wait, Wait) and word is not None:
                    return replace(wait, after=SOON)
                return wait

    def _missing(self, row: Running) -> Again | Close | Wait:
        """404: unknown, until it has been so for too long."""
        if row.now - (row.missing_since or row.now) >= self.pace.unknown_wait:
            return self.fail(row, Code.RESULT_LOST, over=False, said="404 for too long")
        return Wait(after=self.pace.status_poll, missing=True)

    def _alive(self, row: Running, status: RemoteStatus, expected: Expected) -> Again | Close | Wait:
        """The provider says that it waits or runs."""
        runs = status.state is RemoteState.RUNNING
        back_in_line = not runs and row.state is State.RUNNING and row.worker is not None
        other_worker = runs and None not in {row.worker, status.worker_id} and status.worker_id != row.worker
        reruns = max(row.reruns + (back_in_line or other_worker), status.retries or 0)
        if reruns > RERUNS_MAX:
            return self.fail(row, Code.WORKER_LOST, over=False, said=f"re-run {reruns} times by the platform")
        elapsed = row.now - (row.leased_at or row.now)
        first_sign = runs and row.state in {State.LEASED, State.SUBMITTED}
        named = runs and row.worker is None and status.worker_id is not None
        phase, percent = read_progress(status.progress)
        return Wait(
            after=self._gap(row, elapsed, expected, runs=runs),
            begins=first_sign or named or other_worker,
            worker=status.worker_id,
            rerun=back_in_line,
            in_line=not runs and row.state is State.SUBMITTED,
            phase=phase,
            percent=percent,
        )

    def _gap(self, row: Running, elapsed: timedelta, expected: Expected, *, runs: bool) -> timedelta:
        rhythm = self._conduct(row).rhythms.get(row.lane)
        if rhythm is not None:
            return rhythm.gap(elapsed)
        return poll_gap(elapsed, expected, self.pace.status_poll) if runs else self.pace.status_poll


def _is_being_delivered(row: Running) -> bool:
    until = row.delivering_until
    return row.state is State.DELIVERING and until is not None and row.now < until


def poll_gap(elapsed: timedelta, expected: Expected, base: timedelta) -> timedelta:
    """Until the next look at a running job: wide before the earliest end that history knows, close around it.

    Without a history it is the operator's interval.
    """
    if expected.early_s is None or expected.late_s is None:
        return base
    elapsed_s = elapsed.total_seconds()
    close_from_s = expected.early_s * 0.8
    if elapsed_s < close_from_s:
        return min(base * 6, max(base, timedelta(seconds=close_from_s - elapsed_s)))
    return base / 2 if elapsed_s <= expected.late_s * 2 else base * 2


def read_progress(report: Mapping[str, object] | None) -> tuple[str | None, int | None]:
    """`{"phase": str, "percent": number}` of a worker's progress, where it told one."""
    phase = report.get("phase") if report else None
    percent = report.get("percent") if report else None
    if not isinstance(phase, str) or not 0 < len(phase) <= 40:
        return None, None
    if isinstance(percent, int | float) and not isinstance(percent, bool) and 0 <= percent <= 100:
        return phase, int(percent)
    return phase, None
