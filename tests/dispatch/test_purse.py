"""A budget of bytes: never overdrawn, first come first served, and given back whatever happens."""

from __future__ import annotations

import asyncio

import pytest
from hypothesis import given
from hypothesis import strategies as st

from imgvid.dispatch.purse import Purse


async def settled() -> None:
    """Let every task that can go on do so."""
    for _ in range(50):
        await asyncio.sleep(0)


@given(
    st.lists(st.tuples(st.integers(0, 150), st.sampled_from(["work", "raise", "cancel"])), max_size=12),
)
def test_it_is_never_overdrawn_and_everybody_has_a_turn(wishes: list[tuple[int, str]]) -> None:
    async def play() -> None:
        purse, spent, most, served = Purse(100), 0, 0, 0

        async def spend(wanted: int, how: str) -> None:
            nonlocal spent, most, served
            async with purse.take(wanted):
                spent += min(wanted, 100)
                most = max(most, spent)
                served += 1
                try:
                    for _ in range(3):
                        await asyncio.sleep(0)
                finally:
                    spent -= min(wanted, 100)
                if how == "raise":
                    raise ValueError

        tasks = [asyncio.create_task(spend(wanted, how)) for wanted, how in wishes]
        await asyncio.sleep(0)
        for task, (_, how) in zip(tasks, wishes, strict=True):
            if how == "cancel":
                task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        assert most <= 100
        assert served >= sum(how != "cancel" for _, how in wishes)
        async with asyncio.timeout(1), purse.take(100):
            pass  # all of it is there again

    asyncio.run(play())


async def test_first_come_first_served() -> None:
    purse, order = Purse(10), []

    async def spend(name: str, wanted: int, until: asyncio.Event) -> None:
        async with purse.take(wanted):
            order.append(name)
            await until.wait()

    first, rest = asyncio.Event(), asyncio.Event()
    rest.set()
    tasks = [
        asyncio.create_task(spend("small", 6, first)),
        asyncio.create_task(spend("large", 1000, rest)),
        asyncio.create_task(spend("tiny", 1, rest)),
    ]
    await settled()
    assert order == ["small"], "the tiny one would fit, but the large one came first and must not wait for ever"
    first.set()
    await asyncio.gather(*tasks)
    assert order == ["small", "large", "tiny"]


async def test_who_gives_up_leaves_his_place() -> None:
    purse = Purse(10)
    async with purse.take(10):
        waiting = asyncio.create_task(purse.take(5).__aenter__())
        await settled()
        waiting.cancel()
        with pytest.raises(asyncio.CancelledError):
            await waiting
    async with purse.take(10):
        pass
