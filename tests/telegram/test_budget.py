"""Waiting for a turn: futures and one alarm around the pure decisions."""

from __future__ import annotations

import asyncio
from datetime import timedelta
from typing import Any

import pytest

from imgvid.telegram.budget import Budget, MethodClass, Priority


@pytest.fixture
def budget(time: Any) -> Budget:
    return Budget(clock=time.clock, sleep=time.sleep)


def _turns(budget: Budget, number: int, **wish: Any) -> list[asyncio.Task[bool]]:
    return [asyncio.create_task(budget.turn(chat_id=1, **wish)) for _ in range(number)]


def _done(tasks: list[asyncio.Task[bool]]) -> int:
    return sum(task.done() for task in tasks)


async def test_turns_come_with_time(budget: Budget, time: Any) -> None:
    tasks = _turns(budget, 5, priority=Priority.FINAL)
    await time.advance(0)
    assert _done(tasks) == 3
    await time.advance(0.9)
    assert _done(tasks) == 3
    await time.advance(0.1)
    assert _done(tasks) == 4
    await time.advance(1)
    assert await asyncio.gather(*tasks) == [True] * 5


async def test_a_free_turn_needs_no_wait_and_leaves_no_task(budget: Budget, time: Any) -> None:
    assert await budget.turn(chat_id=1, priority=Priority.POSITION, message_key="m")
    assert time.slept_s == []
    assert asyncio.all_tasks() == {asyncio.current_task()} | {t for t in asyncio.all_tasks() if t.done()}


async def test_a_position_is_told_that_it_is_pointless(budget: Budget, time: Any) -> None:
    await asyncio.gather(*_turns(budget, 3, priority=Priority.FINAL))
    old = asyncio.create_task(budget.turn(chat_id=1, priority=Priority.POSITION, message_key="m"))
    await time.advance(0)
    new = asyncio.create_task(budget.turn(chat_id=1, priority=Priority.FINAL, message_key="m"))
    await time.advance(0)
    assert old.done()
    assert not old.result()
    assert not new.done()
    assert not await budget.turn(chat_id=1, priority=Priority.POSITION, message_key="m")
    await time.advance(1)
    assert new.result()


async def test_retry_after_is_obeyed_by_those_who_wait_already(budget: Budget, time: Any) -> None:
    await asyncio.gather(*_turns(budget, 3, priority=Priority.FINAL))
    [waiting] = _turns(budget, 1, priority=Priority.FINAL)
    await time.advance(0.5)
    budget.flooded(chat_id=1, method=MethodClass.EDIT, retry_after=timedelta(seconds=30))
    await time.advance(29.9)
    assert not waiting.done()
    assert await budget.turn(chat_id=1, priority=Priority.FINAL, method=MethodClass.SEND)
    assert await budget.turn(chat_id=2, priority=Priority.FINAL)
    await time.advance(0.2)
    assert waiting.result()


async def test_whoever_is_cancelled_gives_the_place_up(budget: Budget, time: Any) -> None:
    await asyncio.gather(*_turns(budget, 3, priority=Priority.FINAL))
    first, second = _turns(budget, 2, priority=Priority.FINAL)
    await time.advance(0)
    first.cancel()
    await time.advance(1)
    assert first.cancelled()
    assert second.result()


async def test_cancelling_everybody_leaves_nothing_behind(budget: Budget, time: Any) -> None:
    tasks = _turns(budget, 6, priority=Priority.FINAL)
    await time.advance(0)
    for task in tasks:
        task.cancel()
    await time.advance(0)
    assert _done(tasks) == 6  # and the fixture of all tests finds no alarm left


async def test_it_runs_on_the_real_clock() -> None:
    budget = Budget()
    async with asyncio.timeout(10):
        assert await asyncio.gather(*_turns(budget, 4, priority=Priority.FINAL)) == [True] * 4
