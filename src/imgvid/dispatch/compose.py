"""What a chat should read now: pure, from the row as it is and the situation around it.

    RETIRE       the old attempt is not proven over: its message is asked, taken away, and this text is sent fresh
    PLACEHOLDER  the job has no message yet: this text becomes it
    WAIT         which wait it is
    CLOSE        the end without a video
    REPEAT       the same once more, in case a late write of a dead run came after it
    READY        the short reply to a result that took long: edits raise no notification

`told` remembers the last text as `<word>@<tries>` while queued and `<word>#<attempt>` while the provider has it, so that a
new try is told again and nothing is told twice.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import StrEnum
from typing import assert_never

from imgvid.catalog import Makes, modes
from imgvid.dispatch.pace import Pace
from imgvid.jobs.errors import Code
from imgvid.jobs.eta import Range
from imgvid.jobs.model import Owed
from imgvid.jobs.state import ATTEMPTING, State
from imgvid.telegram.budget import Priority
from imgvid.telegram.keyboard import Keyboard, after_end, while_open
from imgvid.texts import eta, failure, say

POSITIONS = 20  # further back a number only discourages


class Kind(StrEnum):
    RETIRE = "retire"
    PLACEHOLDER = "placeholder"
    WAIT = "wait"
    CLOSE = "close"
    REPEAT = "repeat"
    READY = "ready"


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """One text to write, and how."""

    kind: Kind
    key: str  # what `told` remembers
    text: str
    keyboard: Keyboard | None
    priority: Priority
    position: int | None = None
    look_again: timedelta | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Nothing:
    """Nothing to say; `look_again` None: not before something happens."""

    look_again: timedelta | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Situation:
    """What the row itself does not know."""

    paused: bool = False  # long enough to be worth a text
    starved: bool = False
    own_ahead: int = 0  # the person's own jobs that come first
    ahead: int | None = None  # ready rows before this one, counted up to 21; None: not in line
    next_up: bool = False  # first in line and there is room: it is leased any moment
    eta: Range | None = None
    queue_told_at: datetime | None = None  # when this chat last heard of a place in the line
    narrated: bool = False  # no worker writes to this chat: we say how far it is


def compose(row: Owed, around: Situation, pace: Pace) -> Line | Nothing:
    """The next text for this chat, or none."""
    if row.state in {State.QUEUED, State.CLOSING} and row.retiring is not None:
        return _retire(row)
    line: Line | Nothing = Nothing()  # from accept on the worker writes
    match row.state:
        case State.QUEUED:
            line = _placeholder(row) if row.message_id is None else _queued(row, around, pace)
        case State.SUBMITTED:
            line = _submitted(row, around, pace)
        case State.RUNNING if around.narrated:
            line = _working(row, around, pace)
        case State.CLOSING:
            left = settling(row, pace)
            line = Nothing(look_again=left) if row.told == "closing" and left else closing(row)
        case State.FAILED | State.CANCELLED:
            line = _repeat(row)
        case State.COMPLETED:
            line = _ready(row, pace)
        case State.LEASED | State.RUNNING | State.DELIVERING:
            pass
        case _:
            assert_never(row.state)
    return line


def closing(row: Owed, *, deleted: bool = False) -> Line:
    """The end without a video; `deleted`: the person took the job's message away (a message that was written and is lost
    says so too)."""
    cancelled = row.verdict == State.CANCELLED
    if cancelled:
        lost = row.message_id is None and row.retiring is None and row.told is not None
        deleted = deleted or lost or row.error_code == Code.MESSAGE_DELETED
        text = _words(row, "cancelled-deleted" if deleted else "cancelled")
    else:
        text = failure(row.locale, row.error_code or Code.INTERNAL, row.short, makes=_makes(row))
    return Line(
        kind=Kind.CLOSE,
        key="closing",
        text=text,
        keyboard=after_end(row.locale, row.short),
        priority=Priority.CANCEL if cancelled else Priority.FAILURE,
    )


def settling(row: Owed, pace: Pace) -> timedelta:
    """How long the end must still wait for an upload that may be under way: a platform that stopped a run says so at once,
    while Telegram may hold all of its video. Zero for ends that the run itself reported, and for runs that never began."""
    stopped = row.verdict == State.CANCELLED or row.error_code in {Code.WORKER_LOST, Code.DEADLINE_EXCEEDED}
    if not stopped or row.started_at is None:
        return timedelta(0)
    told_at = row.told_at if row.told == "closing" and row.told_at is not None else row.now
    return max(timedelta(0), told_at + pace.settle - row.now)


def _makes(row: Owed) -> Makes:
    mode = modes().get(row.mode)
    return Makes.VIDEO if mode is None else mode.makes


def _words(row: Owed, key: str, **args: str | int | float) -> str:
    """A text about this job in its person's language."""
    return say(row.locale, key, id=row.short, makes=_makes(row), **args)


def tries(row: Owed) -> int:
    """Attempts that ended badly so far."""
    return row.tries_own + row.tries_ours


def _retire(row: Owed) -> Line:
    if row.state is State.CLOSING:
        return replace(closing(row), kind=Kind.RETIRE)
    return Line(
        kind=Kind.RETIRE,
        key=f"retry@{tries(row)}",
        text=_words(row, "waiting-fresh"),
        keyboard=while_open(row.locale, row.short),
        priority=Priority.FAILURE,
    )


def _wait(row: Owed, word: str, text: str, *, position: int | None = None, look_again: timedelta | None = None) -> Line:
    mark = f"#{row.attempt}" if row.state in ATTEMPTING else f"@{tries(row)}"
    return Line(
        kind=Kind.WAIT,
        key=f"{word}{mark}",
        text=text,
        keyboard=while_open(row.locale, row.short),
        priority=Priority.POSITION,
        position=row.told_position if position is None else position,
        look_again=look_again,
    )


def _placeholder(row: Owed) -> Line:
    return Line(
        kind=Kind.PLACEHOLDER,
        key="placeholder",
        text=_words(row, "waiting-placed"),
        keyboard=while_open(row.locale, row.short),
        priority=Priority.FINAL,  # without it the job cannot be leased
    )


def _queued(row: Owed, around: Situation, pace: Pace) -> Line | Nothing:
    told, _, told_tries = (row.told or "").partition("@")
    if around.paused or around.starved:
        word = "paused" if around.paused else "starved"
        return Nothing() if told == word else _wait(row, word, _words(row, f"waiting-{word}"))
    if tries(row) and told_tries != str(tries(row)):  # the message still shows what the last run wrote
        text = _words(row, "waiting-retry")
        return _wait(row, "retry", text, look_again=pace.position_every)
    return _in_line(row, around, pace, told)


def _in_line(row: Owed, around: Situation, pace: Pace, told: str) -> Line | Nothing:
    """Behind one's own job, or the place in the line: at most once a minute per chat."""
    quiet = _quiet(row, around, pace)
    if quiet is not None:
        return quiet
    if not row.token:
        return _behind(row, around, pace, told)
    return _position(row, around, pace, told)


def _quiet(row: Owed, around: Situation, pace: Pace) -> Nothing | None:
    """Why nothing is said of the line now."""
    if row.token and row.ready_at is None:  # waits for its time
        return Nothing(look_again=max(timedelta(seconds=1), row.run_at - row.now + pace.position_every))
    if around.next_up:
        return Nothing(look_again=pace.positions_look)
    if (row.told or "").startswith("retry") and row.told_at is not None and row.told_at + pace.position_every > row.now:
        return Nothing(look_again=row.told_at + pace.position_every - row.now)
    if row.token and (around.ahead is None or around.ahead >= POSITIONS):
        return Nothing()  # `owe_positions` calls when it comes near
    if around.queue_told_at is not None and around.queue_told_at + pace.position_every > row.now:
        return Nothing(look_again=around.queue_told_at + pace.position_every - row.now)
    return None


def _behind(row: Owed, around: Situation, pace: Pace, told: str) -> Line | Nothing:
    if told == "behind" and row.told_position == around.own_ahead:
        return Nothing(look_again=pace.position_every)
    text = _words(row, "waiting-behind-own", count=max(1, around.own_ahead))
    return _wait(row, "behind", text, position=around.own_ahead, look_again=pace.position_every)


def _position(row: Owed, around: Situation, pace: Pace, told: str) -> Line | Nothing:
    """Never a larger number than the last."""
    place = (around.ahead or 0) + 1
    if told == "position" and row.told_position is not None:
        place = min(place, row.told_position)
    if around.eta is None or (told == "position" and place == row.told_position):
        return Nothing(look_again=pace.position_every)
    text = _words(row, "waiting-position", position=place, eta=eta(row.locale, around.eta))
    return _wait(row, "position", text, position=place, look_again=pace.position_every)


def _submitted(row: Owed, around: Situation, pace: Pace) -> Line | Nothing:
    """Silent, unless it still waits at the provider after a warm worker would have begun."""
    early = row.leased_at is None or row.now - row.leased_at < pace.booting_after
    said = row.told or ""
    if row.message_id is None or row.cancel_at is not None or early or said == f"starved#{row.attempt}":
        return Nothing()
    if around.starved:
        return _wait(row, "starved", _words(row, "waiting-starved"))
    if said == f"booting#{row.attempt}" or around.eta is None:
        return Nothing()
    key = "waiting-service" if around.narrated else "waiting-booting"
    return _wait(row, "booting", _words(row, key, eta=eta(row.locale, around.eta)))


def _working(row: Owed, around: Situation, pace: Pace) -> Line | Nothing:
    """Once: it is being made, and how long that takes."""
    if (
        row.message_id is None
        or row.cancel_at is not None
        or row.told == f"working#{row.attempt}"
        or around.eta is None
    ):
        return Nothing()
    early = (row.started_at or row.now) + pace.narrate_after - row.now
    if early > timedelta(0):
        return Nothing(look_again=early)
    text = _words(row, "generating-eta", eta=eta(row.locale, around.eta))
    return _wait(row, "working", text)


def _repeat(row: Owed) -> Line | Nothing:
    if row.told != "closing" or row.message_id is None or row.again_at is None:
        return Nothing()
    if row.again_at > row.now:
        return Nothing(look_again=row.again_at - row.now)
    return replace(closing(row), kind=Kind.REPEAT, key="repeated", priority=Priority.CANCEL)


def _ready(row: Owed, pace: Pace) -> Line | Nothing:
    took = (row.finished_at or row.now) - row.created_at
    if took < pace.ready_after or row.ping_claimed_at is not None or row.message_id is None:
        return Nothing()
    return Line(kind=Kind.READY, key="ready", text=_words(row, "ready"), keyboard=None, priority=Priority.FINAL)
