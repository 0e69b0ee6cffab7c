"""How long an idempotent call is repeated."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from imgvid.telegram.errors import Flood, MessageGone, OutcomeUnknown, TelegramError, Unreachable
from imgvid.telegram.patience import Patience


def _failing(*troubles: TelegramError) -> tuple[Any, list[int]]:
    left, calls = list(troubles), [0]

    async def call() -> str:
        calls[0] += 1
        if left:
            raise left.pop(0)
        return "done"

    return call, calls


@pytest.fixture
def patience(time: Any) -> Patience:
    return Patience(span=timedelta(seconds=60), clock=time.clock, sleep=time.skip)


async def test_it_repeats_through_trouble_and_obeys_retry_after(patience: Patience, time: Any) -> None:
    call, calls = _failing(Unreachable("x"), Flood("x", retry_after=timedelta(seconds=7)), OutcomeUnknown("x"))
    assert await patience.repeat(call) == "done"
    assert calls == [4]
    assert time.slept_s[1] == 7.0


async def test_an_answer_passes_at_once(patience: Patience, time: Any) -> None:
    call, calls = _failing(MessageGone("x"))
    with pytest.raises(MessageGone):
        await patience.repeat(call)
    assert calls == [1]
    assert time.slept_s == []


async def test_it_ends_with_the_last_error_and_never_after_its_span(patience: Patience, time: Any) -> None:
    call, _ = _failing(*[Unreachable(str(n)) for n in range(1000)])
    begun_s = time.clock()
    with pytest.raises(Unreachable):
        await patience.repeat(call)
    assert time.clock() - begun_s <= 60


async def test_a_flood_longer_than_the_span_is_not_waited_for(patience: Patience, time: Any) -> None:
    call, calls = _failing(Flood("x", retry_after=timedelta(seconds=61)))
    with pytest.raises(Flood):
        await patience.repeat(call)
    assert calls == [1]
    assert time.slept_s == []


@given(tries=st.integers(min_value=1, max_value=5000))
def test_waits_stay_within_their_bounds(tries: int) -> None:
    wait_s = Patience().wait_s(Unreachable("x"), tries=tries)
    assert 0.5 <= wait_s <= 15.0
