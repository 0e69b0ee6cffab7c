"""What a video's bytes say of themselves: size, length, and whether there is sound. Read with PyAV from memory."""

from __future__ import annotations

import io
from dataclasses import dataclass

import av


@dataclass(frozen=True, slots=True, kw_only=True)
class Clip:
    """Display size in px, length in whole seconds (rounded as clients show it), and the presence of an audio track."""

    width: int
    height: int
    duration: int
    audio: bool


def read_clip(data: bytes) -> Clip | None:
    """The clip in these bytes, or None where they hold no video stream that can be read."""
    try:
        with av.open(io.BytesIO(data), mode="r") as container:
            if not container.streams.video:
                return None
            stream = container.streams.video[0]
            duration_s = (container.duration or 0) / av.time_base
            return Clip(
                width=stream.codec_context.width,
                height=stream.codec_context.height,
                duration=max(1, round(duration_s)),
                audio=bool(container.streams.audio),
            )
    except (av.FFmpegError, ValueError, OSError):
        return None
