"""The flood budget's decisions, with random writers."""

from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st

from imgvid.telegram.flow import Flow, MethodClass, Priority, Wish

WRITES = st.lists(
    st.tuples(
        st.floats(min_value=0, max_value=3, allow_nan=False),  # seconds since the one before
        st.sampled_from([1, 2, 3, -10, -20]),
        st.sampled_from(Priority),
        st.sampled_from([None, "a", "b"]),
    ),
    min_size=1,
    max_size=120,
)


def _wish(
    number: int, *, chat: int = 1, priority: Priority = Priority.FINAL, key: str | None = None,
    method: MethodClass = MethodClass.EDIT,
) -> Wish:  # fmt: skip
    return Wish(number=number, chat_id=chat, priority=priority, method=method, message_key=key)


def _run(writes: list[tuple[float, int, Priority, str | None]]) -> tuple[list[tuple[float, Wish]], set[int], Flow]:
    """Everything that is granted, with its time, until nobody waits."""
    flow, granted, dropped, now = Flow(), [], set(), 0.0

    def drain(until: float) -> float:
        at = now
        while (next_at := flow.next_at_s()) is not None and next_at <= until:
            at = max(at, next_at)
            wish = flow.grant(at)
            assert wish is not None, "the time that was promised brought nothing"
            granted.append((at, wish))
        return until

    for number, (gap, chat, priority, key) in enumerate(writes):
        now = drain(now + gap)
        dropped |= set(flow.add(_wish(number, chat=chat, priority=priority, key=key)))
    drain(now + 100_000)
    return granted, dropped, flow


def _most_within(times: list[float], window_s: float) -> int:
    return max((sum(1 for t in times if start <= t < start + window_s) for start in times), default=0)


@settings(max_examples=60, deadline=None)
@given(writes=WRITES)
def test_no_window_is_ever_overfull_and_nobody_is_forgotten(
    writes: list[tuple[float, int, Priority, str | None]],
) -> None:
    granted, dropped, flow = _run(writes)
    assert not flow.waiting
    assert sorted([w.number for _, w in granted] + list(dropped)) == list(range(len(writes)))
    assert _most_within([t for t, _ in granted], 1.0 - 1e-6) <= 30
    for chat in {w.chat_id for _, w in granted}:
        times = [t for t, w in granted if w.chat_id == chat]
        if chat < 0:
            assert _most_within(times, 60.0 - 1e-6) <= 20
        else:
            assert _most_within(times, 10.0 - 1e-6) <= 12
    assert all(w.priority is Priority.POSITION for w in _wishes(writes) if w.number in dropped)


def _wishes(writes: list[tuple[float, int, Priority, str | None]]) -> list[Wish]:
    return [_wish(n, chat=chat, priority=priority, key=key) for n, (_, chat, priority, key) in enumerate(writes)]


@given(priorities=st.lists(st.sampled_from(Priority), min_size=1, max_size=30))
def test_finals_before_failures_before_cancels_before_positions(priorities: list[Priority]) -> None:
    flow = Flow()
    for number, priority in enumerate(priorities):
        flow.add(_wish(number, priority=priority))
    order, now = [], 0.0
    while (at := flow.next_at_s()) is not None:
        now = max(now, at) + 100  # quiet enough for everybody: only the rank decides
        wish = flow.grant(now)
        assert wish is not None
        order.append((wish.priority, wish.number))
    assert order == sorted(order)


def test_a_burst_then_one_a_second() -> None:
    flow = Flow()
    for number in range(5):
        flow.add(_wish(number))
    assert [flow.grant(0.0) is not None for _ in range(4)] == [True, True, True, False]
    assert flow.next_at_s() == 1.0
    assert flow.grant(1.0) is not None
    assert flow.grant(1.9) is None


def test_positions_leave_the_last_place_of_a_burst_to_a_final() -> None:
    flow = Flow()
    for number in range(3):
        flow.add(_wish(number, priority=Priority.POSITION))
    assert [flow.grant(0.0) is not None for _ in range(3)] == [True, True, False]
    flow.add(_wish(9))
    granted = flow.grant(0.0)
    assert granted is not None
    assert granted.number == 9


def test_a_newer_write_for_the_same_message_drops_a_waiting_position() -> None:
    flow = Flow()
    assert flow.add(_wish(1, priority=Priority.POSITION, key="m")) == ()
    assert flow.add(_wish(2, priority=Priority.POSITION, key="m")) == (1,)
    assert flow.add(_wish(3, priority=Priority.POSITION, key="other")) == ()
    assert flow.add(_wish(4, priority=Priority.FINAL, key="m")) == (2,)
    assert flow.add(_wish(5, priority=Priority.POSITION, key="m")) == (5,), "a position behind a final is pointless"
    assert sorted(flow.waiting) == [3, 4]


def test_nothing_but_a_position_is_ever_dropped() -> None:
    flow = Flow()
    for number, priority in enumerate([Priority.CANCEL, Priority.FAILURE, Priority.FINAL, Priority.FINAL]):
        assert flow.add(_wish(number, priority=priority, key="m")) == ()
    assert len(flow.waiting) == 4


def test_a_429_blocks_its_chat_and_method_class_only() -> None:
    flow = Flow()
    flow.block(chat_id=1, method=MethodClass.EDIT, until_s=30.0)
    flow.block(chat_id=1, method=MethodClass.EDIT, until_s=20.0)  # a shorter one does not undo a longer one
    flow.add(_wish(1))
    flow.add(_wish(2, method=MethodClass.SEND))
    flow.add(_wish(3, chat=2))
    numbers = [wish.number for wish in iter(lambda: flow.grant(0.0), None)]
    assert numbers == [2, 3]
    assert flow.next_at_s() == 30.0
    assert flow.grant(29.9) is None
    assert flow.grant(30.0) is not None
