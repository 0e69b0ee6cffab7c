"""Waiting that ends when the process is told to stop."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine
from contextlib import suppress
from typing import Any, TypeVar

Result = TypeVar("Result")


async def before(stop: asyncio.Event, work: Coroutine[Any, Any, Result]) -> Result | None:
    """What `work` answers, or None when `stop` is set first; `work` is cancelled then."""
    task = asyncio.create_task(work)
    told = asyncio.create_task(stop.wait())
    try:
        await asyncio.wait({task, told}, return_when=asyncio.FIRST_COMPLETED)
        return task.result() if task.done() else None
    finally:
        for one in (task, told):
            if not one.done():
                one.cancel()
                with suppress(asyncio.CancelledError):
                    await one


async def pause(stop: asyncio.Event, seconds: float) -> bool:
    """Wait; True when told to stop meanwhile."""
    with suppress(TimeoutError):
        await asyncio.wait_for(stop.wait(), seconds)
    return stop.is_set()
