from __future__ import annotations

import asyncio
from datetime import timedelta

from imgvid.bot.lanes import Lanes

SOON = timedelta(seconds=5)


async def test_in_order_within_a_chat_and_side_by_side_across() -> None:
    gate, began, done = asyncio.Event(), [], []

    async def work(item: str) -> None:
        began.append(item)
        if item == "a1":
            await gate.wait()
        done.append(item)

    async with asyncio.TaskGroup() as group:
        lanes = Lanes(work=work, spawn=group.create_task)
        for chat, item in ((1, "a1"), (1, "a2"), (2, "b1"), (2, "b2")):
            lanes.put(chat, item)
        await lanes.below(3)  # b1 and b2 are done while a1 stands still
        assert done == ["b1", "b2"]
        assert "a2" not in began
        assert lanes.busy == 2
        gate.set()
        await lanes.below(1)
    assert done == ["b1", "b2", "a1", "a2"]


async def test_a_lane_is_used_again_after_it_ran_dry() -> None:
    done: list[int] = []

    async def work(item: int) -> None:
        done.append(item)

    async with asyncio.TaskGroup() as group:
        lanes = Lanes(work=work, spawn=group.create_task)
        for item in range(3):
            lanes.put(1, item)
            await lanes.below(1)
    assert done == [0, 1, 2]


async def test_closing_finishes_what_runs_and_begins_nothing_more() -> None:
    gate, done = asyncio.Event(), []

    async def work(item: int) -> None:
        await gate.wait()
        done.append(item)

    async with asyncio.TaskGroup() as group:
        lanes = Lanes(work=work, spawn=group.create_task)
        for item in (1, 2):
            lanes.put(7, item)
        await asyncio.sleep(0)
        closing = asyncio.create_task(lanes.close(within=SOON))
        await asyncio.sleep(0)
        gate.set()
        assert await closing == 0
    assert done == [1]


async def test_what_does_not_finish_in_time_is_cut_off() -> None:
    cut = []

    async def work(item: int) -> None:
        try:
            await asyncio.Event().wait()
        except asyncio.CancelledError:
            cut.append(item)
            raise

    async with asyncio.TaskGroup() as group:
        lanes = Lanes(work=work, spawn=group.create_task)
        lanes.put(7, 1)
        await asyncio.sleep(0)
        assert await lanes.close(within=timedelta(0)) == 1
    assert cut == [1]
