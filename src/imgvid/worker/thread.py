"""Blocking work beside the event loop that nobody outlives: a cancel waits until the thread has let go."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import TypeVar

T = TypeVar("T")


async def in_thread(work: Callable[[], T], *, on_cancel: Callable[[], None] | None = None) -> T:
    """Run `work` in a thread. When the caller is cancelled, CancelledError is raised only after `work` has ended.

    So a folder can be wiped right after a cancel: no thread still writes into it. Work that takes longer than about a
    second comes in pieces, or looks at a flag that `on_cancel` sets (`Stop` in media/carry.py).
    """
    future = asyncio.get_running_loop().run_in_executor(None, work)
    try:
        return await asyncio.shield(future)
    except asyncio.CancelledError:
        if on_cancel is not None:
            on_cancel()
        await _ended(future)
        raise


async def _ended(future: asyncio.Future[T]) -> None:
    while not future.done():
        try:
            await asyncio.wait({future})
        except asyncio.CancelledError:
            continue  # cancelled twice: the thread is still there, and so are we; the first cancel is raised later
    if not future.cancelled():
        future.exception()  # the cancel is the news; an error of abandoned work is none
