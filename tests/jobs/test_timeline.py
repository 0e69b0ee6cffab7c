"""Phases follow each other without a gap and add up to the wall time, whatever happened in between."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from imgvid.jobs.model import HistoryEvent
from imgvid.jobs.timeline import phases_of, seconds_by_phase, worker_phases

START = datetime(2026, 1, 1, tzinfo=UTC)


def event(at_s: float, name: str, attempt: int = 1, **detail: object) -> HistoryEvent:
    return HistoryEvent(at=START + timedelta(seconds=at_s), attempt=attempt, event=name, state="", detail=detail)


PLAIN = [
    event(0, "job.queued", 0),
    event(0.1, "message.attached", 0),
    event(1, "job.leased"),
    event(1.5, "job.submitted"),
    event(4, "job.began"),
    event(5, "job.phase", phase="sample"),
    event(9, "job.phase", phase="upload"),
    event(10, "job.completed"),
]


def test_a_plain_job() -> None:
    phases = phases_of(PLAIN, now=START + timedelta(hours=1))
    assert [(phase.name, phase.seconds) for phase in phases] == [
        ("queued", 1.0),
        ("submit", 0.5),
        ("boot", 2.5),
        ("prepare", 1.0),
        ("sample", 4.0),
        ("upload", 1.0),
    ]
    assert not any(phase.open for phase in phases)


def test_an_open_job_grows_with_the_clock() -> None:
    phases = phases_of(PLAIN[:3], now=START + timedelta(seconds=7))
    assert phases[-1].open
    assert seconds_by_phase(phases) == {"queued": 1.0, "submit": 6.0}


def test_the_worker_says_where_its_seconds_went() -> None:
    told = {"look": 0.5, "download": 0.5, "sample": 3.0, "pack": 0.5, "upload": 1.0}
    phases = phases_of(PLAIN, now=START, worker=told)
    assert seconds_by_phase(phases) == {
        "queued": 1.0,
        "submit": 0.5,
        "boot": 2.5,
        "prepare": 1.0,
        "sample": 3.0,
        "encode": 0.5,
        "upload": 1.0,
        "finish": 0.5,
    }


def test_a_result_that_was_fetched() -> None:
    """The provider's own work is one stretch; what came after it is told in parts."""
    events = [*PLAIN[:6], event(9, "job.delivering"), event(10, "job.completed")]
    told = worker_phases({"phases": {"upload_s": 0.2, "pack_s": 0.1, "fetch_s": 0.5}})
    assert seconds_by_phase(phases_of(events, now=START, worker=told)) == {
        "queued": 1.0,
        "submit": 0.5,
        "boot": 2.5,
        "prepare": 1.0,
        "sample": 4.0,
        "fetch": 0.5,
        "encode": 0.1,
        "upload": 0.2,
        "finish": 0.2,
    }


def test_a_worker_that_counts_more_than_there_was_is_scaled_down() -> None:
    phases = phases_of(PLAIN, now=START, worker={"sample": 30.0, "upload": 30.0})
    assert sum(phase.seconds for phase in phases) == pytest.approx(10.0)
    assert seconds_by_phase(phases)["sample"] == pytest.approx(3.0)


def test_a_second_attempt_is_told_apart() -> None:
    events = [
        *PLAIN[:6],
        event(8, "job.retried"),
        event(9, "job.leased", 2),
        event(10, "job.began", 2),
        event(12, "job.completed", 2),
    ]
    phases = phases_of(events, now=START, worker={"sample": 2.0})
    assert [(phase.name, phase.attempt) for phase in phases][-4:] == [
        ("sample", 1),
        ("queued", 1),
        ("submit", 2),
        ("sample", 2),
    ]
    assert sum(phase.seconds for phase in phases) == pytest.approx(12.0)


def test_telling_the_end_is_a_phase() -> None:
    events = [PLAIN[0], event(2, "job.closing", 0), event(2.5, "job.told", 0)]
    assert seconds_by_phase(phases_of(events, now=START)) == {"queued": 2.0, "tell": 0.5}


def test_phases_of_a_worker() -> None:
    told = worker_phases({"phases": {"sample_s": 2.5, "new_s": 3, "look_s": 1, "odd": "x"}})
    assert list(told.items()) == [("look", 1.0), ("sample", 2.5), ("new", 3.0)]
    assert worker_phases({}) == {}


NAMES = [
    "job.leased",
    "job.given_back",
    "job.submitted",
    "job.began",
    "job.phase",
    "job.rerun",
    "job.retried",
    "x.other",
]


@given(
    steps=st.lists(st.tuples(st.sampled_from(NAMES), st.floats(0, 50)), max_size=12),
    worker=st.dictionaries(st.sampled_from(["look", "sample", "upload"]), st.floats(0, 100)),
    ended=st.booleans(),
)
def test_no_gap_and_nothing_twice(steps: list[tuple[str, float]], worker: dict[str, float], ended: bool) -> None:
    at, events = 0.0, [event(0, "job.queued", 0)]
    for number, (name, wait) in enumerate(steps):
        at += wait
        events.append(event(at, name, 1 + number // 4, phase="sample"))
    if ended:
        events.append(event(at + 1, "job.completed", events[-1].attempt))
    now = events[-1].at
    phases = phases_of(events, now=now, worker=worker)
    for before, after in pairwise(phases):
        assert after.from_s == pytest.approx(before.from_s + before.seconds, abs=1e-5)
    assert sum(phase.seconds for phase in phases) == pytest.approx((now - START).total_seconds(), abs=1e-5)
