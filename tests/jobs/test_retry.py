"""Tries and waits are pure."""

from __future__ import annotations

import random
from datetime import timedelta

from hypothesis import given
from hypothesis import strategies as st

from imgvid.jobs.errors import REGISTRY, Code
from imgvid.jobs.eta import expected, quantile
from imgvid.jobs.retry import OUR_TRIES, OWN_TRIES, Tries, backoff, may_retry


def test_few_tries_for_the_jobs_own_failures_more_for_ours() -> None:
    own, ours = REGISTRY[Code.ENGINE_FAILED], REGISTRY[Code.WORKER_LOST]
    assert [may_retry(own, Tries(own=n, ours=9)) for n in range(1, OWN_TRIES + 1)] == [True] * (OWN_TRIES - 1) + [False]
    assert [may_retry(ours, Tries(own=9, ours=n)) for n in range(1, OUR_TRIES + 1)] == [True] * (OUR_TRIES - 1) + [
        False
    ]
    assert not may_retry(REGISTRY[Code.BAD_IMAGE], Tries(own=0, ours=0))


@given(st.integers(0, 1000), st.integers())
def test_backoff_stays_between_one_second_and_two_minutes(tries: int, seed: int) -> None:
    wait = backoff(tries, random.Random(seed))
    assert timedelta(seconds=1) <= wait <= timedelta(seconds=120)


@given(st.lists(st.floats(0, 1e6), min_size=1), st.floats(0, 1))
def test_a_quantile_lies_within_its_values(values: list[float], share: float) -> None:
    assert min(values) <= quantile(values, share) <= max(values)


@given(
    runs=st.lists(st.floats(1, 3600), max_size=20),
    ahead=st.integers(0, 20),
    cap=st.integers(1, 8),
    cold=st.booleans(),
)
def test_an_eta_is_a_range_that_grows_with_the_line(runs: list[float], ahead: int, cap: int, cold: bool) -> None:
    one = expected(runs_s=runs, fallback=timedelta(minutes=5), ahead=ahead, cap=cap, cold=cold)
    more = expected(runs_s=runs, fallback=timedelta(minutes=5), ahead=ahead + cap, cap=cap, cold=cold)
    assert timedelta(0) < one.low <= one.high
    assert one.low_min >= 1
    assert one.high_min >= one.low_min
    assert more.low > one.low
