from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from imgvid.bot.window import Window


def test_the_offset_is_the_lowest_unfinished_update() -> None:
    window = Window()
    assert window.offset == 0
    assert all(window.take(number) for number in (10, 11, 12))
    assert (window.offset, window.held) == (10, 3)
    window.finish(11)
    assert (window.offset, window.held) == (10, 3)
    window.finish(10)
    assert (window.offset, window.held) == (12, 1)
    window.finish(12)
    assert (window.offset, window.held) == (13, 0)


def test_a_second_delivery_is_known_in_hand_and_after() -> None:
    window = Window()
    assert window.take(10)
    assert not window.take(10)
    window.finish(10)
    assert not window.take(10)
    assert window.offset == 11


def test_ids_that_start_anew_are_taken_and_confirmed() -> None:
    window = Window()
    window.take(900_000)
    window.finish(900_000)
    assert window.take(5)
    assert window.offset == 5
    window.finish(5)
    assert window.offset == 6


def test_what_was_finished_long_ago_is_forgotten() -> None:
    window = Window(remember=3)
    for number in range(1, 6):
        window.take(number)
        window.finish(number)
    assert window.take(2)
    assert not window.take(5)


@given(st.permutations(range(20)), st.integers(0, 20))
def test_nothing_unfinished_is_ever_confirmed(order: list[int], done: int) -> None:
    window = Window()
    for number in range(20):
        window.take(number)
    for number in order[:done]:
        window.finish(number)
    left = order[done:]
    assert window.offset == (min(left) if left else 20)
