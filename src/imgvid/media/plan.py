"""What must be done to a video so that Telegram shows it as one: decided from its facts alone.

KEEP        it is right as it is: the very file is sent
REMUX       the streams are right, the container is not: copied, faststart, metadata gone
ADD_AUDIO   the same, and a silent track is added: without one Telegram makes an animation of it
REENCODE    the video stream itself has to change; never done when the file already fits
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from imgvid.media.limits import VIDEO_LIMITS, VideoLimits

_LEAST_KBPS = 100  # below this a picture is mush; such a video is refused instead


@dataclass(frozen=True, slots=True, kw_only=True)
class VideoFacts:
    """What a video file is. Times in seconds, sizes in pixels and bytes."""

    container: str  # "mp4" as Telegram wants it (no QuickTime, not fragmented), else the demuxer's name
    faststart: bool
    codec: str
    profile: str
    pix_fmt: str
    width: int
    height: int
    fps: float
    frames: int
    duration_s: float
    audio_codec: str | None
    tags: tuple[str, ...]  # names of metadata that tell something about how the file was made
    extra_streams: int
    bytes: int


class Action(StrEnum):
    KEEP = "keep"
    REMUX = "remux"
    ADD_AUDIO = "add_audio"
    REENCODE = "reencode"


class Audio(StrEnum):
    """What happens to the sound: as it is, encoded anew as AAC, or a silent track."""

    COPY = "copy"
    ENCODE = "encode"
    SILENT = "silent"


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """One decision. `max_kbps` bounds the video stream of a re-encode and is 0 otherwise; the sides are even."""

    action: Action
    audio: Audio
    width: int
    height: int
    max_kbps: int
    crf: int
    audio_kbps: int
    reasons: tuple[str, ...]


class VideoTooLong(Exception):
    """No bitrate that one could look at makes this video fit: `result_too_large`."""


def plan(facts: VideoFacts, limits: VideoLimits = VIDEO_LIMITS) -> Plan:
    """Choose the least that makes `facts` a Telegram video within `limits`. Raises VideoTooLong."""
    audio = _audio(facts)
    stream = _stream_reasons(facts, limits)
    box = _container_reasons(facts)
    if stream:
        action = Action.REENCODE
    elif audio is Audio.SILENT:
        action = Action.ADD_AUDIO
    elif box or audio is Audio.ENCODE:
        action = Action.REMUX
    else:
        action = Action.KEEP
    reasons = stream + box + (() if audio is Audio.COPY else (f"audio:{facts.audio_codec or 'none'}",))
    return Plan(
        action=action,
        audio=audio,
        width=facts.width - facts.width % 2,
        height=facts.height - facts.height % 2,
        max_kbps=_kbps(facts, limits) if action is Action.REENCODE else 0,
        crf=limits.crf,
        audio_kbps=limits.audio_kbps,
        reasons=reasons,
    )


def _audio(facts: VideoFacts) -> Audio:
    if facts.audio_codec is None:
        return Audio.SILENT
    return Audio.COPY if facts.audio_codec == "aac" else Audio.ENCODE


def _stream_reasons(facts: VideoFacts, limits: VideoLimits) -> tuple[str, ...]:
    reasons = []
    if facts.codec != "h264":
        reasons.append(f"codec:{facts.codec}")
    if facts.pix_fmt != "yuv420p":
        reasons.append(f"pix_fmt:{facts.pix_fmt}")
    if facts.width % 2 or facts.height % 2:
        reasons.append("odd_sides")
    # A silent track costs 2 kbit/s and an index; a file this close to the limit is encoded anew.
    spare = 0 if facts.audio_codec else 64_000 + int(facts.duration_s * 1_000)
    if facts.bytes + spare > limits.max_bytes:
        reasons.append("too_heavy")
    return tuple(reasons)


def _container_reasons(facts: VideoFacts) -> tuple[str, ...]:
    reasons = []
    if facts.container != "mp4":
        reasons.append(f"container:{facts.container}")
    elif not facts.faststart:
        reasons.append("no_faststart")
    if facts.tags:
        reasons.append("metadata")
    if facts.extra_streams:
        reasons.append("extra_streams")
    return tuple(reasons)


def _kbps(facts: VideoFacts, limits: VideoLimits) -> int:
    """The most the video stream may take: budget by duration (facts/models.md 7), never above what a phone shows."""
    budget = int(limits.budget_bytes * 8 / 1000 / max(facts.duration_s, 1.0)) - limits.audio_kbps
    if budget < _LEAST_KBPS:
        raise VideoTooLong(f"{facts.duration_s:.0f} s leave {budget} kbit/s for the picture")
    return min(budget, limits.max_kbps)
