"""Planning a finished video without loading a codec: the work is done in a child process (media/develop.py)."""

from __future__ import annotations

import base64
from dataclasses import asdict
from datetime import timedelta

from imgvid.media.develop import develop
from imgvid.media.limits import VIDEO_LIMITS, VideoLimits
from imgvid.media.memory import MemoryFile
from imgvid.media.parcel import Parcel, Shown

PLAN_WITHIN = timedelta(minutes=5)  # a re-encode of 20 s at 1080p60 takes one minute of two slow cores


async def plan_video(
    made: MemoryFile, *, within: timedelta = PLAN_WITHIN, limits: VideoLimits = VIDEO_LIMITS
) -> Parcel:
    """Make the least change that Telegram needs. `made` stays the caller's, who closes it and the parcel.

    A video that fits is not touched: the parcel's content is then `made` itself. Raises Unfit.
    """
    target = MemoryFile("planned")
    try:
        told = await develop("film", asdict(limits), (made, target), within=within)
    except BaseException:
        target.close()
        raise
    if told["kept"]:
        target.close()
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
