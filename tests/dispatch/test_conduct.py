"""How often a request is looked at."""

from __future__ import annotations

from datetime import timedelta

from hypothesis import given
from hypothesis import strategies as st

from imgvid.dispatch.conduct import Rhythm

RHYTHM = Rhythm(first=timedelta(milliseconds=100), top=timedelta(seconds=2))


def test_soon_at_first_then_in_growing_gaps() -> None:
    assert RHYTHM.gap(timedelta(0)) == timedelta(milliseconds=100)
    assert RHYTHM.gap(timedelta(seconds=4)) == timedelta(seconds=1)
    assert RHYTHM.gap(timedelta(hours=1)) == timedelta(seconds=2)


@given(st.floats(0, 400))
def test_a_result_is_told_at_most_a_quarter_late(ready_after_s: float) -> None:
    age, looks = 0.0, 0
    while age < ready_after_s:
        age += RHYTHM.gap(timedelta(seconds=age)).total_seconds()
        looks += 1
    assert age - ready_after_s <= max(0.1, ready_after_s * 0.25)
    assert looks <= 25 + ready_after_s / 2
