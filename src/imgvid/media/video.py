"""A finished video: what it is, its first picture, and what its frames add up to.

`plan` (pure, media/plan.py) decides what Telegram needs, `carry_out` (media/carry.py) does it.

    BadVideo      the file cannot be read as a video
"""

from __future__ import annotations

import hashlib
import io
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import av
import av.error
from PIL import Image

from imgvid.media.atoms import read_layout
from imgvid.media.limits import THUMBNAIL_BYTES, THUMBNAIL_SIDE_PX
from imgvid.media.plan import VideoFacts

# What every MP4 says about itself and nobody minds; anything else tells how the file was made (ComfyUI's SaveVideo
# writes the whole prompt and workflow, facts/models.md 7).
_PLAIN_TAGS = frozenset({"major_brand", "minor_version", "compatible_brands", "handler_name", "vendor_id", "language"})
_PLAIN_ENCODERS = ("Lavf", "Lavc")
_THUMBNAIL_AT_S = 0.5


class BadVideo(Exception):
    """The file cannot be read as a video. The text is for the log and names no path."""


@contextmanager
def foreign_errors(what: str) -> Iterator[None]:
    """FFmpeg's errors carry the path they met; ours carry what was tried."""
    try:
        yield
    except av.error.FFmpegError as error:
        raise BadVideo(f"{what}: {type(error).__name__}") from error


def probe(path: Path) -> VideoFacts:
    """Read what the file is without decoding it, in milliseconds. Raises BadVideo, OSError."""
    layout = read_layout(path)
    with foreign_errors("probe"), av.open(str(path)) as container:
        if not container.streams.video:
            raise BadVideo("no video stream")
        video = container.streams.video[0]
        audio = container.streams.audio[0] if container.streams.audio else None
        fps = float(video.average_rate or video.guessed_rate or 0)
        tags = [*container.metadata.items()]
        for stream in container.streams:
            tags += stream.metadata.items()
        return VideoFacts(
            container="mp4" if layout.is_mp4 else container.format.name,
            faststart=layout.is_faststart,
            codec=video.codec_context.name,
            profile=str(video.codec_context.profile or ""),
            pix_fmt=str(video.codec_context.pix_fmt or ""),
            width=video.codec_context.width,
            height=video.codec_context.height,
            fps=fps,
            frames=video.frames,
            duration_s=_duration_s(container, video),
            audio_codec=audio.codec_context.name if audio is not None else None,
            tags=tuple(sorted({name for name, value in tags if _tells(name, value)})),
            extra_streams=len(container.streams) - 1 - (audio is not None),
            bytes=path.stat().st_size,
        )


def thumbnail(path: Path) -> bytes:
    """A JPEG for Telegram: within 320 x 320 px and 200 kB, from half a second in. Raises BadVideo."""
    picture = _frame_at(path, _THUMBNAIL_AT_S)
    picture.thumbnail((THUMBNAIL_SIDE_PX, THUMBNAIL_SIDE_PX), Image.Resampling.LANCZOS)
    for quality in (85, 60, 30):
        buffer = io.BytesIO()
        picture.save(buffer, format="JPEG", quality=quality)
        if buffer.tell() <= THUMBNAIL_BYTES:
            break
    return buffer.getvalue()


def frames_digest(path: Path) -> str:
    """sha256 over every decoded frame: its size, format and visible pixels, in order. Raises BadVideo.

    Container, metadata, sound and timestamps do not count, so a remux keeps the digest and a re-encode changes it.
    """
    digest = hashlib.sha256()
    with foreign_errors("digest"), av.open(str(path)) as container:
        for frame in container.decode(video=0):
            digest.update(f"{frame.width}x{frame.height}:{frame.format.name};".encode())
            digest.update(frame.to_ndarray().tobytes())
    return digest.hexdigest()


def _tells(name: str, value: str) -> bool:
    if name.lower() == "encoder":
        return not value.startswith(_PLAIN_ENCODERS)
    return name.lower() not in _PLAIN_TAGS


def _duration_s(container: av.container.InputContainer, video: av.video.stream.VideoStream) -> float:
    if video.duration is not None and video.time_base is not None:
        return float(video.duration * video.time_base)
    return (container.duration or 0) / av.time_base


def _frame_at(path: Path, at_s: float) -> Image.Image:
    """The first frame at or after `at_s`, or the last one of a shorter video."""
    found: Image.Image | None = None
    with foreign_errors("thumbnail"), av.open(str(path)) as container:
        last = None
        for frame in container.decode(video=0):
            last = frame
            if frame.time is not None and frame.time >= at_s:
                break
        if last is not None:
            found = Image.fromarray(last.to_ndarray(format="rgb24"))
    if found is None:
        raise BadVideo("no frame can be decoded")
    return found
