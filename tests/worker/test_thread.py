"""Blocking work never outlives the one who waits for it."""

from __future__ import annotations

import asyncio
import threading

import pytest

from imgvid.worker.thread import in_thread


async def test_a_result_and_an_error_pass() -> None:
    assert await in_thread(lambda: 5) == 5
    with pytest.raises(ZeroDivisionError):
        await in_thread(lambda: 1 // 0)


async def test_a_cancel_waits_for_the_thread_even_if_it_comes_twice() -> None:
    began, go, ended = threading.Event(), threading.Event(), threading.Event()

    def work() -> None:
        began.set()
        go.wait(10)
        ended.set()
        raise ValueError("abandoned")

    asked = asyncio.Event()
    task = asyncio.create_task(in_thread(work, on_cancel=asked.set))
    await asyncio.to_thread(began.wait, 10)
    task.cancel()
    await asked.wait()
    task.cancel()
    await asyncio.wait({task}, timeout=0.02)
    assert not task.done()
    assert not ended.is_set()
    go.set()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert ended.is_set()
