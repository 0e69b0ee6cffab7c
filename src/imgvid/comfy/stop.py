"""Ending one prompt on a server, and how patient to be with one. No websocket: a dispatcher may use it."""

from __future__ import annotations

import asyncio
import time
from dataclasses import dataclass

from imgvid.comfy.client import Comfy, Place
from imgvid.comfy.errors import Stuck


@dataclass(frozen=True, slots=True, kw_only=True)
class Pace:
    """How long to wait for what, in seconds."""

    connect_s: float = 10.0  # for the socket's first frame
    quiet_s: float = 15.0  # without a frame on a healthy socket, until the server is asked
    poll_s: float = 1.0  # between two questions once a socket was lost
    gone_s: float = 5.0  # of no answer at all, until the server counts as gone
    late_s: float = 5.0  # for the history entry after the last frame; measured: milliseconds
    stop_s: float = 90.0  # for a cancelled prompt to end: a GPU kernel or an encoder is not interrupted
    stop_look_s: float = 0.05  # between two looks at it meanwhile


async def stop_prompt(server: Comfy, prompt_id: str, pace: Pace | None = None) -> None:
    """Cancel one prompt and wait until it has ended. Idempotent. Raises Stuck, ServerGone and other ComfyErrors."""
    pace = pace or Pace()
    give_up_at = time.monotonic() + pace.stop_s
    ask_again_at = 0.0
    while True:
        now = time.monotonic()
        if now >= ask_again_at:  # asked again: a prompt may have moved from waiting to running in between
            await server.cancel(prompt_id)
            ask_again_at = now + max(pace.poll_s, pace.stop_look_s)
        if await server.place(prompt_id) is Place.ABSENT:
            return
        if now >= give_up_at:
            raise Stuck(f"told to stop {pace.stop_s:.0f} s ago and still running")
        await asyncio.sleep(pace.stop_look_s)


async def through_cancels(task: asyncio.Task[None]) -> None:
    """Wait for the end of a task whatever happens to the waiter, who is cancelled only then: a second cancel must not
    leave a prompt running."""
    cancelled: asyncio.CancelledError | None = None
    while not task.done():
        try:
            await asyncio.wait({task})
        except asyncio.CancelledError as error:
            cancelled = error
    if cancelled is not None:
        raise cancelled
    task.result()
