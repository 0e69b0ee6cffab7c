"""Planning a finished video without loading a codec: the work is done in a child process (media/darkroom.py).

The bytes travel as memory files that the child inherits, so they are never on a disk and never copied through a pipe.
The child ends with the answer, with the time limit, with a cancel, and with this process.
"""

from __future__ import annotations

import asyncio
import base64
import json
import os
import sys
from asyncio.subprocess import DEVNULL, PIPE, Process
from collections.abc import Mapping
from dataclasses import asdict
from datetime import timedelta
from typing import Any

from imgvid.jobs.errors import Code
from imgvid.media.limits import VIDEO_LIMITS, VideoLimits
from imgvid.media.memory import MemoryFile
from imgvid.media.parcel import Parcel, Shown, Unfit

PLAN_WITHIN = timedelta(minutes=5)  # a re-encode of 20 s at 1080p60 takes one minute of two slow cores
_KEPT_ENVIRONMENT = ("PATH", "LANG", "LC_ALL", "LD_LIBRARY_PATH", "PYTHONPATH")  # what a Python needs; no secrets


async def plan_video(
    made: MemoryFile, *, within: timedelta = PLAN_WITHIN, limits: VideoLimits = VIDEO_LIMITS
) -> Parcel:
    """Make the least change that Telegram needs. `made` stays the caller's, who closes it and the parcel.

    A video that fits is not touched: the parcel's content is then `made` itself. Raises Unfit.
    """
    target = MemoryFile("planned")
    try:
        told = await _develop(made, target, within, limits)
        parcel = _parcel(told, made, target)
    except BaseException:
        target.close()
        raise
    if parcel.content is made:
        target.close()
    return parcel


async def _develop(made: MemoryFile, target: MemoryFile, within: timedelta, limits: VideoLimits) -> dict[str, Any]:
    """Run the child and read its one line."""
    child = await asyncio.create_subprocess_exec(
        sys.executable,
        "-m",
        "imgvid.media.darkroom",
        str(made.fd),
        str(target.fd),
        str(os.getpid()),
        json.dumps(asdict(limits)),
        stdin=DEVNULL,
        stdout=PIPE,
        stderr=DEVNULL,  # FFmpeg's own words may quote the file's
        pass_fds=(made.fd, target.fd),
        env={name: os.environ[name] for name in _KEPT_ENVIRONMENT if name in os.environ},
    )
    try:
        async with asyncio.timeout(within.total_seconds()):
            line, _ = await child.communicate()
    except TimeoutError:
        raise Unfit(Code.INTERNAL, f"a video was not planned within {within.total_seconds():g} s") from None
    finally:
        await _end(child)
    try:
        told = json.loads(line)
    except ValueError:
        told = None
    if child.returncode != 0 or not isinstance(told, dict):
        raise Unfit(Code.INTERNAL, f"the process that plans videos ended with {child.returncode}")
    return told


async def _end(child: Process) -> None:
    """Leave no process behind, also when we are cancelled: killed it ends at once, so it is waited for."""
    if child.returncode is not None:
        return
    child.kill()
    ended = asyncio.ensure_future(child.communicate())
    try:
        await asyncio.shield(ended)
    except asyncio.CancelledError:
        await ended
        raise


def _parcel(told: Mapping[str, Any], made: MemoryFile, target: MemoryFile) -> Parcel:
    """What the child's line says. Raises Unfit."""
    if "failure" in told:
        raise Unfit(Code(told["failure"]), told["said"])
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
