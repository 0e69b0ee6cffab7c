"""A finished file made ready for Telegram: planned, thumbnailed, measured. All of it blocking work for a thread."""

from __future__ import annotations

import threading
from dataclasses import dataclass
from pathlib import Path

from imgvid.jobs.errors import Code
from imgvid.media.carry import Stopped as CarryStopped
from imgvid.media.carry import carry_out
from imgvid.media.limits import VIDEO_LIMITS, VideoLimits
from imgvid.media.plan import Plan, VideoFacts, VideoTooLong, plan
from imgvid.media.video import BadVideo, frames_digest, probe, thumbnail
from imgvid.worker.engines.base import EngineFailed


@dataclass(frozen=True, slots=True, kw_only=True)
class Parcel:
    """What is uploaded, and what the frames that the engine made add up to (before any plan touched them)."""

    path: Path
    facts: VideoFacts
    thumbnail: bytes
    frames_digest: str
    plan: Plan


def pack(made: Path, target: Path, *, stop: threading.Event, limits: VideoLimits = VIDEO_LIMITS) -> Parcel:
    """Make the least change that Telegram needs and measure the result. Raises EngineFailed with the job's code."""
    try:
        decision = plan(probe(made), limits)
        path = carry_out(decision, made, target, stop=stop.is_set)
        facts = probe(path)
        if facts.bytes > limits.max_bytes:
            raise EngineFailed(Code.RESULT_TOO_LARGE, f"{facts.bytes} bytes after {decision.action}")
        return Parcel(
            path=path, facts=facts, thumbnail=thumbnail(path), frames_digest=frames_digest(made), plan=decision
        )
    except VideoTooLong as error:
        raise EngineFailed(Code.RESULT_TOO_LARGE, str(error)) from error
    except BadVideo as error:
        raise EngineFailed(Code.ENGINE_FAILED, f"the engine's file is no video: {error}") from error
    except CarryStopped as error:
        raise EngineFailed(Code.WORKER_FAILED, "stopped while the file was planned") from error
