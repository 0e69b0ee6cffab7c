"""A finished video made ready for Telegram: planned, changed as little as possible, measured. Blocking work."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from imgvid.media.carry import Stop, carry_out, never
from imgvid.media.limits import VIDEO_LIMITS, VideoLimits
from imgvid.media.plan import Plan, VideoFacts, VideoTooLong, plan
from imgvid.media.video import frames_digest, probe, thumbnail


@dataclass(frozen=True, slots=True, kw_only=True)
class Packed:
    """What is uploaded, and what the frames that were made add up to (before any plan touched them)."""

    path: Path
    facts: VideoFacts
    thumbnail: bytes
    frames_digest: str
    plan: Plan


def pack(made: Path, target: Path, *, stop: Stop = never, limits: VideoLimits = VIDEO_LIMITS) -> Packed:
    """Make the least change that Telegram needs, into `target`. Raises VideoTooLong, BadVideo, carry.Stopped, OSError."""
    decision = plan(probe(made), limits)
    path = carry_out(decision, made, target, stop=stop)
    facts = probe(path)
    if facts.bytes > limits.max_bytes:
        raise VideoTooLong(f"{facts.bytes} bytes after {decision.action}")
    return Packed(path=path, facts=facts, thumbnail=thumbnail(path), frames_digest=frames_digest(made), plan=decision)
