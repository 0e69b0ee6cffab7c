"""The life of a job: one table, repeated in SQL as guards (`sql/schema/`), and a test walks every pair in both.

              lease             accept             begin              fetch
    QUEUED ─────────▶ LEASED ─────────▶ SUBMITTED ─────────▶ RUNNING ─────────▶ DELIVERING
      ▲ ▲               │  │                │                    │                  │
      │ └── give back ──┘  │                │                    │                  │ complete
      └──── retry ─────────┴────────────────┴────────────────────┴──────────────────┤
                                                                                    ▼
    close, from every open state ──▶ CLOSING ── told ──▶ FAILED | CANCELLED      COMPLETED
                                        └── complete: the chat says "no text to edit" ──▲

A worker's sign of life may overtake the accept (its answer was lost), so LEASED knows `begin` and `complete` too; and a
retired message that turns out to be a video completes its job from QUEUED.
"""

from __future__ import annotations

from enum import StrEnum


class State(StrEnum):
    QUEUED = "QUEUED"  # waits; nothing has been sent for this attempt
    LEASED = "LEASED"  # a dispatcher holds it; the provider may or may not know of it
    SUBMITTED = "SUBMITTED"  # the provider gave a request id
    RUNNING = "RUNNING"  # a worker began
    DELIVERING = "DELIVERING"  # a dispatcher fetches the result and brings it to the chat
    CLOSING = "CLOSING"  # decided, capacity freed, the person is owed the text
    COMPLETED = "COMPLETED"  # the chat shows the result
    FAILED = "FAILED"  # the person was told
    CANCELLED = "CANCELLED"  # the person was told


class Event(StrEnum):
    LEASE = "lease"
    GIVE_BACK = "give_back"  # surely not accepted: no try is used up
    ACCEPT = "accept"
    BEGIN = "begin"
    FETCH = "fetch"
    RETRY = "retry"  # the attempt is over or retired, and may be tried again
    COMPLETE = "complete"  # the chat shows the video, whatever we were about to do
    CLOSE_FAILED = "close_failed"
    CLOSE_CANCELLED = "close_cancelled"
    TOLD_FAILED = "told_failed"
    TOLD_CANCELLED = "told_cancelled"


OPEN = frozenset({State.QUEUED, State.LEASED, State.SUBMITTED, State.RUNNING, State.DELIVERING, State.CLOSING})
ATTEMPTING = frozenset({State.LEASED, State.SUBMITTED, State.RUNNING, State.DELIVERING})
TERMINAL = frozenset({State.COMPLETED, State.FAILED, State.CANCELLED})

TRANSITIONS: dict[tuple[State, Event], State] = {
    (State.QUEUED, Event.LEASE): State.LEASED,
    (State.LEASED, Event.GIVE_BACK): State.QUEUED,
    (State.LEASED, Event.ACCEPT): State.SUBMITTED,
    (State.LEASED, Event.BEGIN): State.RUNNING,
    (State.SUBMITTED, Event.BEGIN): State.RUNNING,
    (State.SUBMITTED, Event.FETCH): State.DELIVERING,
    (State.RUNNING, Event.FETCH): State.DELIVERING,
    (State.DELIVERING, Event.FETCH): State.DELIVERING,  # a crashed claim fetches again
    **{(state, Event.RETRY): State.QUEUED for state in ATTEMPTING},
    **{(state, Event.COMPLETE): State.COMPLETED for state in OPEN},
    **{(state, Event.CLOSE_FAILED): State.CLOSING for state in OPEN - {State.CLOSING}},
    **{(state, Event.CLOSE_CANCELLED): State.CLOSING for state in OPEN - {State.CLOSING}},
    (State.CLOSING, Event.TOLD_FAILED): State.FAILED,
    (State.CLOSING, Event.TOLD_CANCELLED): State.CANCELLED,
}


class IllegalTransition(Exception):
    """This event cannot happen in this state. Raised by pure code; in SQL the same is zero rows changed."""


def step(state: State, event: Event) -> State:
    """The state after `event`. Raises IllegalTransition."""
    try:
        return TRANSITIONS[state, event]
    except KeyError:
        raise IllegalTransition(f"{event} cannot happen in {state}") from None
