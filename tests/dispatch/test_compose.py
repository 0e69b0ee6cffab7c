"""What a chat should read: which text, when, and never one too many."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from imgvid.dispatch.compose import Kind, Line, Nothing, Situation, compose, settling
from imgvid.dispatch.pace import Pace
from imgvid.jobs.errors import Code
from imgvid.jobs.eta import Range
from imgvid.jobs.model import Owed
from imgvid.jobs.state import State
from imgvid.telegram.budget import Priority
from imgvid.texts import LOCALES

NOW = datetime(2026, 11, 21, 12, tzinfo=UTC)
PACE = Pace()
S = timedelta(seconds=1)
ETA = Range(low=timedelta(minutes=4), high=timedelta(minutes=7))


def row(**changes: Any) -> Owed:
    base = Owed(
        id=UUID(int=1),
        short="ab12cd3",
        attempt=0,
        state=State.QUEUED,
        verdict=None,
        error_code=None,
        mode="wan22-i2v",
        lane="video",
        backend="runpod",
        user_id=1,
        chat_id=1,
        locale="en",
        message_id=10,
        source_message_id=9,
        thread_id=None,
        told="placeholder",
        told_at=NOW - 3 * S,
        told_position=None,
        retiring=None,
        deleting=False,
        again_at=None,
        ping_claimed_at=None,
        failures=0,
        claimed_until=NOW + 60 * S,
        token=True,
        tries_own=0,
        tries_ours=0,
        run_at=NOW - 10 * S,
        ready_at=NOW - 3 * S,
        leased_at=None,
        started_at=None,
        cancel_at=None,
        created_at=NOW - 10 * S,
        finished_at=None,
        prompt=None,
        result=None,
        phase=None,
        now=NOW,
    )
    return replace(base, **changes)


def said(of: Owed, **around: Any) -> Line | Nothing:
    return compose(of, Situation(**around), PACE)


def line(of: Owed, **around: Any) -> Line:
    found = said(of, **around)
    assert isinstance(found, Line), found
    return found


def test_a_missing_placeholder_comes_first() -> None:
    found = line(row(message_id=None, told=None), paused=True)
    assert (found.kind, found.priority) == (Kind.PLACEHOLDER, Priority.FINAL)


def test_the_place_in_the_line() -> None:
    found = line(row(), ahead=3, eta=ETA)
    assert (found.kind, found.key, found.position) == (Kind.WAIT, "position@0", 4)
    assert "Number 4" in found.text
    assert found.look_again == PACE.position_every


@pytest.mark.parametrize(
    ("of", "around"),
    [
        (row(), {"ahead": 20, "eta": ETA}),  # too far back for a number
        (row(), {"ahead": 3, "eta": ETA, "queue_told_at": NOW - 59 * S}),  # one queue text per chat and minute
        (row(), {"ahead": 0, "eta": ETA, "next_up": True}),  # leased any moment
        (row(ready_at=None, run_at=NOW + 5 * S), {"ahead": 0, "eta": ETA}),  # waits for its time
        (row(told="position@0", told_position=4), {"ahead": 3, "eta": ETA}),  # said already
        (row(told="position@0", told_position=4), {"ahead": 9, "eta": ETA}),  # never a larger number
        (row(told="behind@0", told_position=2, token=False), {"own_ahead": 2}),
        (row(told="paused@0"), {"paused": True}),  # told once
        (row(state=State.LEASED), {}),
        (row(state=State.RUNNING, attempt=1), {"eta": ETA}),  # the worker writes
        (row(state=State.SUBMITTED, attempt=1, leased_at=NOW - 2 * S), {"eta": ETA}),  # a warm worker may begin
        (row(state=State.SUBMITTED, attempt=1, leased_at=NOW - 60 * S, told="booting#1"), {"eta": ETA}),
        (
            row(state=State.SUBMITTED, attempt=1, leased_at=NOW - 60 * S, told="starved#1"),
            {"eta": ETA, "starved": True},
        ),
        (row(state=State.SUBMITTED, attempt=1, leased_at=NOW - 60 * S, cancel_at=NOW), {"eta": ETA}),
        (row(state=State.COMPLETED, finished_at=NOW), {}),  # it was quick
        (row(state=State.COMPLETED, created_at=NOW - 90 * S, finished_at=NOW, ping_claimed_at=NOW), {}),
        (row(state=State.CANCELLED, verdict="CANCELLED", told="repeated", again_at=NOW - S), {}),
        (row(state=State.CANCELLED, verdict="CANCELLED", told="closing", again_at=NOW - S, message_id=None), {}),
    ],
)
def test_silence(of: Owed, around: dict[str, Any]) -> None:
    assert isinstance(said(of, **around), Nothing)


def test_a_shorter_line_is_worth_a_text() -> None:
    assert line(row(told="position@0", told_position=4), ahead=1, eta=ETA).position == 2


def test_behind_ones_own_job() -> None:
    found = line(row(token=False, ready_at=None), own_ahead=2)
    assert (found.key, found.position) == ("behind@0", 2)
    assert "2 earlier videos" in found.text


def test_a_pause_is_told_over_everything_else() -> None:
    assert line(row(told="position@0", told_position=1), paused=True, ahead=0).key == "paused@0"
    assert line(row(), starved=True, ahead=0).key == "starved@0"


def test_a_retry_rewrites_what_the_last_run_left_behind_once() -> None:
    again = row(attempt=1, tries_ours=1, told="booting#1", ready_at=None, run_at=NOW + 5 * S)
    found = line(again)
    assert found.key == "retry@1"
    assert isinstance(said(replace(again, told="retry@1")), Nothing)
    assert line(replace(again, told="retry@1", tries_own=1)).key == "retry@2"
    given_back = row(attempt=1, told="position@0", told_position=2)
    assert isinstance(said(given_back, ahead=1, eta=ETA), Nothing), "nothing went wrong for its person"


def test_at_the_provider() -> None:
    waits = row(state=State.SUBMITTED, attempt=2, tries_ours=1, told="retry@1", leased_at=NOW - 60 * S)
    assert line(waits, eta=ETA).key == "booting#2"
    assert line(replace(waits, told="booting#2"), eta=ETA, starved=True).key == "starved#2"


def test_the_end() -> None:
    failed = row(state=State.CLOSING, verdict="FAILED", error_code=Code.ENGINE_FAILED, attempt=1)
    found = line(failed)
    assert (found.kind, found.priority) == (Kind.CLOSE, Priority.FAILURE)
    assert "ab12cd3" in found.text
    cancelled = row(state=State.CLOSING, verdict="CANCELLED")
    assert line(cancelled).priority is Priority.CANCEL
    deleted = line(replace(cancelled, error_code=Code.MESSAGE_DELETED)).text
    assert deleted != line(cancelled).text
    assert line(replace(cancelled, message_id=None)).text == deleted, "a message that was written and is lost"
    assert line(replace(cancelled, message_id=None, told=None)).text == line(cancelled).text, "it never had one"


@pytest.mark.parametrize(
    ("changes", "left"),
    [
        ({"verdict": "CANCELLED", "started_at": None}, 0 * S),
        ({"verdict": "CANCELLED", "told": "generating"}, PACE.settle),
        ({"verdict": "CANCELLED", "told": "closing", "told_at": NOW - 4 * S}, PACE.settle - 4 * S),
        ({"verdict": "CANCELLED", "told": "closing", "told_at": NOW - PACE.settle}, 0 * S),
        ({"verdict": "FAILED", "error_code": Code.DEADLINE_EXCEEDED}, PACE.settle),
        ({"verdict": "FAILED", "error_code": Code.ENGINE_FAILED}, 0 * S),
    ],
)
def test_the_end_of_a_stopped_run_waits_for_an_upload_under_way(changes: dict[str, Any], left: timedelta) -> None:
    ends = row(**{"state": State.CLOSING, "attempt": 1, "started_at": NOW - 60 * S, **changes})
    assert settling(ends, PACE) == left
    if ends.told == "closing" and left:
        assert said(ends) == Nothing(look_again=left)
    else:
        assert line(ends).kind is Kind.CLOSE


def test_retiring_comes_before_everything() -> None:
    waits = row(retiring=10, message_id=None, attempt=1, tries_ours=1)
    assert line(waits, paused=True).kind is Kind.RETIRE
    ends = replace(waits, state=State.CLOSING, verdict="CANCELLED")
    assert line(ends).text == line(replace(ends, retiring=None, message_id=10)).text


def test_the_closing_text_is_said_once_more_when_it_is_time() -> None:
    over = row(state=State.FAILED, verdict="FAILED", error_code="internal", told="closing", again_at=NOW + 30 * S)
    assert said(over) == Nothing(look_again=30 * S)
    assert line(replace(over, again_at=NOW)).kind is Kind.REPEAT


def test_a_long_job_gets_a_reply() -> None:
    done = row(state=State.COMPLETED, created_at=NOW - 60 * S, finished_at=NOW - 10 * S)
    assert line(done).kind is Kind.READY


situations = st.builds(
    Situation,
    paused=st.booleans(),
    starved=st.booleans(),
    own_ahead=st.integers(0, 5),
    ahead=st.none() | st.integers(0, 21),
    next_up=st.booleans(),
    eta=st.none() | st.just(ETA),
    queue_told_at=st.none() | st.integers(-200, 0).map(lambda seconds: NOW + seconds * S),
)
owed = st.builds(
    row,
    state=st.sampled_from(State),
    locale=st.sampled_from([*LOCALES, "xx"]),
    attempt=st.integers(0, 3),
    tries_own=st.integers(0, 2),
    tries_ours=st.integers(0, 2),
    message_id=st.none() | st.just(10),
    retiring=st.none() | st.just(8),
    told=st.none() | st.sampled_from(["placeholder", "position@0", "behind@1", "paused@2", "booting#1", "closing"]),
    told_position=st.none() | st.integers(1, 20),
    token=st.booleans(),
    ready_at=st.none() | st.just(NOW),
    leased_at=st.none() | st.integers(-100, 0).map(lambda seconds: NOW + seconds * S),
    again_at=st.none() | st.integers(-100, 100).map(lambda seconds: NOW + seconds * S),
    cancel_at=st.none() | st.just(NOW),
    verdict=st.sampled_from(["FAILED", "CANCELLED"]),
    error_code=st.none() | st.sampled_from([*Code, "unheard_of"]),
)


@given(owed, situations)
def test_whatever_the_row(of: Owed, around: Situation) -> None:
    found = compose(of, around, PACE)
    if isinstance(found, Nothing):
        assert of.state is not State.CLOSING, "a decided job is always told"
        assert found.look_again is None or found.look_again > timedelta(0)
        return
    assert found.text
    assert (of.short in found.text) or found.kind is Kind.READY
    if found.kind in {Kind.WAIT, Kind.REPEAT}:
        assert of.message_id is not None, "only a message that is there is edited"
    if found.key.startswith("position"):
        assert 1 <= (found.position or 0) <= 20
        if of.told == "position@0" and of.told_position is not None and not (of.tries_own or of.tries_ours):
            assert (found.position or 0) < of.told_position
    if found.kind is Kind.WAIT:
        after = replace(of, told=found.key, told_position=found.position)
        assert isinstance(compose(after, around, PACE), Nothing), "nothing is told twice"


# -- jobs that no worker speaks for


def test_while_it_is_made_we_say_so_once_and_not_for_a_moment() -> None:
    running = row(state=State.RUNNING, attempt=1, mode="image", leased_at=NOW - 9 * S, started_at=NOW - S)
    early = said(running, narrated=True, eta=ETA)
    assert early == Nothing(look_again=PACE.narrate_after - S)
    lasting = replace(running, started_at=NOW - 9 * S)
    line = said(lasting, narrated=True, eta=ETA)
    assert isinstance(line, Line)
    assert (line.kind, line.key) == (Kind.WAIT, "working#1")
    assert "picture" in line.text
    assert "4–7 min" in line.text
    assert said(replace(lasting, told="working#1"), narrated=True, eta=ETA) == Nothing()
    assert said(replace(lasting, cancel_at=NOW), narrated=True, eta=ETA) == Nothing()
    assert said(lasting, eta=ETA) == Nothing(), "a worker writes there"
    video = said(replace(lasting, mode="video"), narrated=True, eta=ETA)
    assert isinstance(video, Line)
    assert "video" in video.text


def test_in_line_at_a_service_no_gpu_is_spoken_of() -> None:
    waiting = row(state=State.SUBMITTED, attempt=2, leased_at=NOW - 60 * S, mode="image")
    line = said(waiting, narrated=True, eta=ETA)
    assert isinstance(line, Line)
    assert "service" in line.text
    assert "GPU" not in line.text
