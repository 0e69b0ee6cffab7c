"""What follows from a look: tables for what is promised, properties for what must never happen."""

from __future__ import annotations

import random
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from imgvid.dispatch.actions import (
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
    Missing,
    Moved,
    Nameless,
    Wait,
)
from imgvid.dispatch.conduct import Conduct, Rhythm
from imgvid.dispatch.decide import Judge, poll_gap, read_progress
from imgvid.dispatch.pace import Pace
from imgvid.jobs.errors import Code
from imgvid.jobs.model import Running
from imgvid.jobs.retry import OUR_TRIES, RERUNS_MAX
from imgvid.jobs.state import State
from imgvid.providers.base import RemoteState, RemoteStatus

NOW = datetime(2026, 11, 21, 12, tzinfo=UTC)
PACE = Pace()
JOB = UUID("01a1fc37-f311-7e97-81a8-726b594e6f2f")
S = timedelta(seconds=1)


def row(**changes: Any) -> Running:
    base = Running(
        id=JOB,
        short="ab12cd3",
        attempt=2,
        state=State.RUNNING,
        mode="wan22-i2v",
        lane="video",
        backend="runpod",
        chat_id=1,
        message_id=10,
        locale="en",
        request_id="ep1/x",
        worker="w1",
        phase=None,
        reruns=0,
        tries_own=0,
        tries_ours=0,
        cancel_at=None,
        submitting_at=NOW - 60 * S,
        leased_at=NOW - 60 * S,
        started_at=NOW - 50 * S,
        deadline_at=NOW + 600 * S,
        expires_at=NOW + timedelta(hours=10),
        check_at=None,
        next_poll_at=NOW,
        now=NOW,
        report=None,
        missing_since=None,
    )
    return replace(base, **changes)


def judge() -> Judge:
    return Judge(pace=PACE, rng=random.Random(1))


def decide(of: Running, look: Any, expected: Expected | None = None) -> Any:
    return judge().decide(of, look, expected or Expected())


def ended(outcome: str, state: RemoteState = RemoteState.SUCCEEDED, **more: Any) -> RemoteStatus:
    return RemoteStatus(state=state, output={"outcome": outcome, "job_id": str(JOB), "attempt": 2, **more})


RUNNING = RemoteStatus(state=RemoteState.RUNNING, worker_id="w1")
WAITING = RemoteStatus(state=RemoteState.QUEUED)
BARE = {state: RemoteStatus(state=state) for state in RemoteState}
WISHED = row(cancel_at=NOW - S)


@pytest.mark.parametrize("of", [row(), WISHED, row(deadline_at=NOW - S)])
@pytest.mark.parametrize("look", [ended("delivered"), ended("stopped", reason="already_delivered")])
def test_a_video_that_is_there_completes_whatever_was_wished(of: Running, look: RemoteStatus) -> None:
    assert isinstance(decide(of, look), Complete)


@pytest.mark.parametrize("look", [RUNNING, WAITING, Missing(), Deaf(why="x"), Nameless(), BARE[RemoteState.FAILED]])
def test_a_workers_word_that_it_delivered_is_believed_at_once(look: Any) -> None:
    word = {"outcome": "delivered", "file": {"file_id": "f"}}
    assert decide(row(report=word), look) == Complete(result=word)


def test_any_other_word_only_makes_us_look_soon() -> None:
    action = decide(row(report={"outcome": "failed", "code": "engine_failed"}), RUNNING)
    assert isinstance(action, Wait)
    assert action.after < S


def test_without_a_request_the_word_decides_but_proves_nothing() -> None:
    failed = row(request_id=None, report={"outcome": "failed", "code": "engine_failed"})
    action = decide(failed, Nameless())
    assert isinstance(action, Again)
    assert (action.over, action.ours) == (False, False)


@pytest.mark.parametrize(
    ("look", "code", "ours"),
    [
        (ended("failed", RemoteState.FAILED, code="out_of_memory"), Code.OUT_OF_MEMORY, False),
        (ended("failed", RemoteState.FAILED, code="of_the_future"), Code.WORKER_FAILED, False),
        (BARE[RemoteState.FAILED], Code.WORKER_FAILED, False),
        (BARE[RemoteState.TIMED_OUT], Code.WORKER_LOST, True),
        (BARE[RemoteState.CANCELLED], Code.WORKER_LOST, True),
    ],
)
def test_proven_over_is_tried_again_in_the_same_message(look: RemoteStatus, code: Code, ours: bool) -> None:
    action = decide(row(), look)
    assert isinstance(action, Again)
    assert (action.code, action.ours, action.over) == (code, ours, True)
    assert decide(WISHED, look) == Close(
        verdict=State.CANCELLED, code=None, over=True, said=decide(row(), look).said or ""
    )


def test_what_is_not_worth_a_retry_ends_at_once() -> None:
    action = decide(row(), ended("failed", RemoteState.FAILED, code="bad_image", detail="cut in half"))
    assert action == Close(verdict=State.FAILED, code=Code.BAD_IMAGE, over=True, said="cut in half")


def test_tries_are_counted_by_cause_and_re_runs_are_ours() -> None:
    assert isinstance(decide(row(tries_own=1), BARE[RemoteState.FAILED]), Close)
    assert isinstance(decide(row(tries_ours=OUR_TRIES), BARE[RemoteState.FAILED]), Again)
    assert isinstance(decide(row(tries_ours=OUR_TRIES - 2), BARE[RemoteState.TIMED_OUT]), Again)
    assert isinstance(decide(row(tries_ours=OUR_TRIES - 2, reruns=1), BARE[RemoteState.TIMED_OUT]), Close)
    late = decide(row(expires_at=NOW + S), BARE[RemoteState.TIMED_OUT])
    assert late == Close(verdict=State.FAILED, code=Code.WORKER_LOST, over=True, said="")


def test_success_without_our_output_asks_the_message() -> None:
    for output in (None, {}, {"value": 3}, {"outcome": "delivered", "attempt": 1}, {"outcome": "stopped"}):
        action = decide(row(), RemoteStatus(state=RemoteState.SUCCEEDED, output=output))
        assert isinstance(action, Ask), output
        assert isinstance(action.then, Again)
        assert (action.then.code, action.then.over) == (Code.RESULT_LOST, True)


def test_a_deleted_message_is_a_cancel_unless_we_replaced_it() -> None:
    gone = ended("stopped", reason="message_gone")
    assert decide(row(), gone) == Close(verdict=State.CANCELLED, code=Code.MESSAGE_DELETED, over=True)
    assert isinstance(decide(row(message_id=None), gone), Again)


def test_the_chats_fate() -> None:
    gone = decide(row(), ended("stopped", reason="chat_gone"))
    assert (gone.verdict, gone.code) == (State.FAILED, Code.CHAT_UNREACHABLE)
    assert decide(WISHED, ended("stopped", reason="chat_gone")).verdict is State.CANCELLED
    moved = decide(row(), ended("stopped", reason="chat_moved", detail="-1001"))
    assert isinstance(moved, Moved)
    assert (moved.new_chat_id, moved.then.over) == (-1001, True)
    assert isinstance(decide(row(), ended("stopped", reason="chat_moved", detail="somewhere")), Again)


def test_superseded_means_that_another_run_writes() -> None:
    action = decide(row(), ended("stopped", reason="superseded"))
    assert isinstance(action, Ask)
    assert action.then.over is False


@pytest.mark.parametrize("look", [RUNNING, WAITING, Missing(), Deaf(why="x")])
def test_a_wish_is_sent_and_waited_for_only_so_long(look: Any) -> None:
    assert isinstance(decide(WISHED, look), Cancel)
    patient = row(cancel_at=NOW - PACE.cancel_patience)
    action = decide(patient, look)
    assert (action.verdict, action.over) == (State.CANCELLED, False)


@pytest.mark.parametrize("look", [RUNNING, WAITING, Missing(), Deaf(why="x"), Nameless()])
def test_out_of_time_and_not_proven_over(look: Any) -> None:
    action = decide(row(deadline_at=NOW), look)
    assert isinstance(action, Again)
    assert (action.code, action.over) == (Code.DEADLINE_EXCEEDED, False)


def test_a_timeout_at_the_deadline_says_so() -> None:
    assert decide(row(deadline_at=NOW + S), BARE[RemoteState.TIMED_OUT]).code is Code.DEADLINE_EXCEEDED


def test_a_404_is_unknown_until_the_wait_is_over() -> None:
    first = decide(row(), Missing())
    assert (first.missing, first.after) == (True, PACE.status_poll)
    assert isinstance(decide(row(missing_since=NOW - PACE.unknown_wait + S), Missing()), Wait)
    action = decide(row(missing_since=NOW - PACE.unknown_wait), Missing())
    assert (action.code, action.over) == (Code.RESULT_LOST, False)


def test_signs_of_life() -> None:
    assert decide(row(state=State.SUBMITTED, worker=None), RUNNING).begins
    assert not decide(row(), RUNNING).begins
    assert decide(row(worker=None), RUNNING).begins  # its name was not known yet
    assert decide(row(worker="w0"), RUNNING).begins  # another one: counted by begin_run
    assert not decide(row(), RemoteStatus(state=RemoteState.RUNNING)).begins
    assert decide(row(state=State.SUBMITTED, worker=None), WAITING).in_line
    assert decide(row(), WAITING).rerun
    assert not decide(row(worker=None), WAITING).rerun  # counted already


@pytest.mark.parametrize(
    ("of", "look"),
    [
        (row(reruns=RERUNS_MAX), WAITING),
        (row(reruns=RERUNS_MAX, worker="w0"), RUNNING),
        (row(), RemoteStatus(state=RemoteState.RUNNING, worker_id="w1", retries=RERUNS_MAX + 1)),
    ],
)
def test_a_platform_that_re_runs_without_end_is_left(of: Running, look: RemoteStatus) -> None:
    action = decide(of, look)
    assert (action.code, action.over) == (Code.WORKER_LOST, False)


def test_leases() -> None:
    def leased(**changes: Any) -> Any:
        return judge().decide_lease(row(state=State.LEASED, request_id=None, worker=None, **changes))

    assert leased(submitting_at=None) == GiveBack()
    assert leased(submitting_at=None, cancel_at=NOW) == Close(verdict=State.CANCELLED, code=None, over=True)
    assert leased(submitting_at=NOW - 10 * S) == Hold(span=PACE.unknown_wait - 10 * S)
    unknown = leased(submitting_at=NOW - PACE.unknown_wait)
    assert (type(unknown), unknown.over, unknown.ours) == (Again, False, True)
    assert leased(cancel_at=NOW) == Close(verdict=State.CANCELLED, code=None, over=False)
    assert isinstance(leased(report={"outcome": "delivered"}), Complete)


looks = st.one_of(
    st.builds(
        RemoteStatus,
        state=st.sampled_from(RemoteState),
        output=st.none()
        | st.fixed_dictionaries(
            {"outcome": st.sampled_from(["delivered", "stopped", "failed", "?"])},
            optional={
                "reason": st.sampled_from(
                    ["already_delivered", "message_gone", "superseded", "chat_gone", "chat_moved", "?"]
                ),
                "code": st.sampled_from([*Code, "?"]),
                "attempt": st.integers(1, 3),
                "detail": st.none() | st.text(max_size=5) | st.integers(),
            },
        ),
        worker_id=st.none() | st.sampled_from(["w1", "w2"]),
        retries=st.none() | st.integers(0, 9),
    ),
    st.just(Missing()),
    st.just(Deaf(why="x")),
    st.just(Nameless()),
)
moments = st.none() | st.integers(-2000, 100).map(lambda seconds: NOW + seconds * S)
rows = st.builds(
    row,
    state=st.sampled_from([State.LEASED, State.SUBMITTED, State.RUNNING]),
    cancel_at=moments,
    deadline_at=moments,
    missing_since=moments,
    worker=st.none() | st.sampled_from(["w1", "w2"]),
    reruns=st.integers(0, 9),
    tries_own=st.integers(0, 3),
    tries_ours=st.integers(0, 9),
    message_id=st.none() | st.just(10),
    report=st.none() | st.fixed_dictionaries({"outcome": st.sampled_from(["delivered", "failed", "nonsense"])}),
)


@given(rows, looks)
def test_whatever_comes(of: Running, look: Any) -> None:
    action = decide(of, look)
    then = action.then if isinstance(action, Ask | Moved) else action
    if of.cancel_at is not None:
        assert not isinstance(then, Again | Wait), "a wish beats every retry, and is never just waited for"
    if isinstance(then, Again | Close) and then.over:
        assert isinstance(look, RemoteStatus), "only the provider proves an attempt over"
        assert look.state.final
    if isinstance(then, Close) and then.verdict is State.CANCELLED:
        assert of.cancel_at is not None or then.code is Code.MESSAGE_DELETED, "nobody is cancelled unasked"
    if isinstance(action, Wait | Cancel):
        assert timedelta(0) < action.after <= PACE.status_poll * 6


@given(st.integers(0, 4000), st.floats(1, 900), st.floats(1, 3))
def test_looks_are_never_wider_than_what_is_left_nor_too_close(elapsed: int, early: float, spread: float) -> None:
    base = timedelta(seconds=5)
    gap = poll_gap(timedelta(seconds=elapsed), Expected(early_s=early, late_s=early * spread), base)
    assert base / 2 <= gap <= base * 6
    if elapsed < early * 0.8:
        microsecond = 1e-6  # a timedelta is rounded to whole ones
        assert elapsed + gap.total_seconds() <= max(early * 0.8, elapsed + base.total_seconds()) + microsecond


def test_progress_is_read_with_suspicion() -> None:
    assert read_progress({"phase": "sample", "percent": 40.9}) == ("sample", 40)
    assert read_progress({"phase": "sample", "percent": True}) == ("sample", None)
    assert read_progress({"phase": "x" * 41, "percent": 1}) == (None, None)
    assert read_progress({"percent": 4}) == read_progress(None) == (None, None)


# -- results that we fetch

FETCHER = Conduct(
    narrated=True,
    rhythms={"image": Rhythm(first=timedelta(milliseconds=100), top=2 * S)},
    late=Code.WAIT_EXCEEDED,
    unsure=Code.PROVIDER_REJECTED,
)
READY = RemoteStatus(state=RemoteState.SUCCEEDED, fetchable=True)


def fetching_judge() -> Judge:
    return Judge(pace=PACE, rng=random.Random(1), conducts={"fal": FETCHER})


def fal(**changes: Any) -> Running:
    return row(**{"backend": "fal", "lane": "image", "worker": None, **changes})


def test_a_finished_result_is_fetched_unless_nobody_wants_it_any_more() -> None:
    decide = fetching_judge().decide
    assert decide(fal(), READY, Expected()) == Fetch()
    assert decide(fal(deadline_at=NOW - S), READY, Expected()) == Fetch(), "it is there: late is better than never"
    wished = decide(fal(cancel_at=NOW), READY, Expected())
    assert wished == Close(verdict=State.CANCELLED, code=None, over=True)


def test_a_row_that_is_being_delivered_is_left_alone() -> None:
    decide = fetching_judge().decide
    busy = fal(state=State.DELIVERING, delivering_until=NOW + S)
    for look in (READY, Missing(), Deaf(why="x"), RemoteStatus(state=RemoteState.FAILED)):
        for changes in ({}, {"cancel_at": NOW - 99 * S}, {"deadline_at": NOW - 99 * S}):
            assert isinstance(decide(replace(busy, **changes), look, Expected()), Wait)
    left = replace(busy, delivering_until=NOW)
    assert decide(left, READY, Expected()) == Fetch()
    assert decide(replace(left, cancel_at=NOW), READY, Expected()) == Fetch(), (
        "an upload may be under way: claimed first"
    )


def test_a_backend_names_its_own_failures() -> None:
    judge = fetching_judge()
    late = judge.decide(fal(deadline_at=NOW - S), RemoteStatus(state=RemoteState.RUNNING), Expected())
    assert late == Close(verdict=State.FAILED, code=Code.WAIT_EXCEEDED, over=False)
    told = RemoteStatus(state=RemoteState.FAILED, failure=Code.CONTENT_POLICY, error="content_policy_violation")
    refused = judge.decide(fal(), told, Expected())
    assert isinstance(refused, Close)
    assert (refused.code, refused.over) == (Code.CONTENT_POLICY, True)
    lease = fal(state=State.LEASED, request_id=None, submitting_at=NOW - 600 * S)
    unsure = judge.decide_lease(lease)
    assert isinstance(unsure, Close)
    assert unsure.code is Code.PROVIDER_REJECTED


def test_its_rhythm_is_kept() -> None:
    judge = fetching_judge()
    for state in (RemoteState.RUNNING, RemoteState.QUEUED):
        young = judge.decide(fal(leased_at=NOW), RemoteStatus(state=state), Expected(early_s=60, late_s=90))
        assert isinstance(young, Wait)
        assert young.after == timedelta(milliseconds=100)
