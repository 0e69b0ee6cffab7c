"""The table of transitions: closed, reachable, and terminal states are never left."""

from __future__ import annotations

import pytest

from imgvid.jobs.state import OPEN, TERMINAL, TRANSITIONS, Event, IllegalTransition, State, step


def test_terminal_states_are_never_left() -> None:
    assert {state for state, _ in TRANSITIONS} == OPEN
    for state in TERMINAL:
        for event in Event:
            with pytest.raises(IllegalTransition):
                step(state, event)


def test_every_state_is_reached_and_every_open_job_can_end() -> None:
    reached, frontier = {State.QUEUED}, [State.QUEUED]
    while frontier:
        here = frontier.pop()
        for (state, _), then in TRANSITIONS.items():
            if state is here and then not in reached:
                reached.add(then)
                frontier.append(then)
    assert reached == set(State)
    for state in OPEN:
        assert step(state, Event.COMPLETE) is State.COMPLETED


def test_only_closing_becomes_a_told_verdict() -> None:
    told = {
        (state, then)
        for (state, event), then in TRANSITIONS.items()
        if event in {Event.TOLD_FAILED, Event.TOLD_CANCELLED}
    }
    assert told == {(State.CLOSING, State.FAILED), (State.CLOSING, State.CANCELLED)}
