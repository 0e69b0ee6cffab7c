"""A finished file made ready for Telegram, and what its failures mean for the job. Blocking work for a thread."""

from __future__ import annotations

import threading
from pathlib import Path

from imgvid.jobs.errors import Code
from imgvid.media.carry import Stopped as CarryStopped
from imgvid.media.limits import VIDEO_LIMITS, VideoLimits
from imgvid.media.pack import Packed as Parcel
from imgvid.media.pack import pack as pack_video
from imgvid.media.plan import VideoTooLong
from imgvid.media.video import BadVideo
from imgvid.worker.engines.base import EngineFailed


def pack(made: Path, target: Path, *, stop: threading.Event, limits: VideoLimits = VIDEO_LIMITS) -> Parcel:
    """Make the least change that Telegram needs and measure the result. Raises EngineFailed with the job's code."""
    try:
        return pack_video(made, target, stop=stop.is_set, limits=limits)
    except VideoTooLong as error:
        raise EngineFailed(Code.RESULT_TOO_LARGE, str(error)) from error
    except BadVideo as error:
        raise EngineFailed(Code.ENGINE_FAILED, f"the engine's file is no video: {error}") from error
    except CarryStopped as error:
        raise EngineFailed(Code.WORKER_FAILED, "stopped while the file was planned") from error


__all__ = ["Parcel", "pack"]
