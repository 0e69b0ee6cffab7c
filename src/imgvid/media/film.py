"""Planning a finished video without loading a codec: the work is done in a child process (media/develop.py)."""

from __future__ import annotations

import base64
from contextlib import ExitStack
from dataclasses import asdict
from datetime import timedelta

from imgvid.media.develop import develop
from imgvid.media.limits import VIDEO_LIMITS, VideoLimits
from imgvid.media.memory import MemoryFile
from imgvid.media.parcel import Parcel, Shown

PLAN_WITHIN = timedelta(minutes=5)  # a re-encode of 20 s at 1080p60 takes one minute of two slow cores


async def plan_video(
    made: MemoryFile | bytes | bytearray, *, within: timedelta = PLAN_WITHIN, limits: VideoLimits = VIDEO_LIMITS
) -> Parcel:
    """Make the least change that Telegram needs; the caller closes the parcel.

    A MemoryFile stays the caller's too, and is itself the parcel's content where nothing has to change. Raises Unfit,
    and OSError where the machine has no memory or no process to spare.
    """
    if isinstance(made, MemoryFile):
        return await _planned(made, within, limits)
    with ExitStack() as held:
        memory = held.enter_context(MemoryFile.holding(made))
        parcel = await _planned(memory, within, limits)
        if parcel.content is memory:
            held.pop_all()
        return parcel


async def _planned(made: MemoryFile, within: timedelta, limits: VideoLimits) -> Parcel:
    with ExitStack() as held:
        target = held.enter_context(MemoryFile("planned"))
        told = await develop("film", asdict(limits), (made, target), within=within)
        if not told["kept"]:
            held.pop_all()
    facts = told["facts"]
    return Parcel(
        shown=Shown.VIDEO,
        content=made if told["kept"] else target,
        media_type="video/mp4",
        filename="video.mp4",
        width=facts["width"],
        height=facts["height"],
        duration_s=facts["duration_s"],
        thumbnail=base64.b64decode(told["thumbnail"]),
        digest=told["digest"],
        steps=tuple(told["steps"]),
    )
