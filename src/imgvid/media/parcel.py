"""A result on its way into a chat: what it is, how it is shown, and the bytes, which are never on a disk.

Pictures are planned here and decoded only where they must change; videos in a process of their own (media/film.py).

    photo       PNG or JPEG within Telegram's limits for photos: sent as it is, without metadata
    document    asked for as a file, or of a shape that no photo may have: its own format, without metadata
    a new JPEG  anything else: WebP, AVIF, too heavy for a photo
"""

from __future__ import annotations

import hashlib
import io
from collections.abc import Iterator
from dataclasses import dataclass, replace
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Any

from imgvid.jobs.errors import Code
from imgvid.media.limits import PHOTO_LIMITS, ImageLimits, PhotoLimits
from imgvid.media.memory import MemoryFile
from imgvid.media.strip import Stripped, Unreadable, strip

if TYPE_CHECKING:
    from PIL import Image

_TYPES = {"PNG": ("image/png", "image.png"), "JPEG": ("image/jpeg", "image.jpg"), "WEBP": ("image/webp", "image.webp")}
_QUALITIES = (95, 85, 75)  # Telegram makes a JPEG of its own out of every photo: the first is more than it keeps
_MAX_FILE_BYTES = 50_000_000  # facts/telegram.md 1.2: any file by multipart
# Ours to trust in shape, not in size: a model's picture may be tiny or long, and is decoded only where it must change.
_RESULT_LIMITS = ImageLimits(max_bytes=_MAX_FILE_BYTES, min_side_px=1, max_ratio=float("inf"))


class Shown(StrEnum):
    """How a chat shows it; the words are Telegram's."""

    PHOTO = "photo"
    VIDEO = "video"
    DOCUMENT = "document"


class Unfit(Exception):
    """A result that cannot be sent. `code` is the job's failure; the text is for the log."""

    def __init__(self, code: Code, said: str) -> None:
        super().__init__(said)
        self.code = code


@dataclass(frozen=True, slots=True, kw_only=True)
class Parcel:
    """What is sent. Sizes are pixels and bytes; `digest` names the content (of a video: its decoded frames).

    A MemoryFile belongs to the holder of the parcel, who closes it after the upload.
    """

    shown: Shown
    content: bytes | MemoryFile
    media_type: str
    filename: str
    width: int
    height: int
    digest: str
    steps: tuple[str, ...] = ()  # what was done to it and why, for the log and the recipe
    duration_s: float | None = None
    thumbnail: bytes | None = None

    @property
    def source(self) -> bytes | Path:
        """What an upload reads: the bytes, or a path to them."""
        return self.content if isinstance(self.content, bytes) else self.content.path

    @property
    def size(self) -> int:
        return len(self.content) if isinstance(self.content, bytes) else self.content.size

    def close(self) -> None:
        """Give the memory back; harmless when repeated."""
        if isinstance(self.content, MemoryFile):
            self.content.close()


def plan_image(data: bytes, *, as_file: bool = False, limits: PhotoLimits = PHOTO_LIMITS) -> Parcel:
    """Choose how a picture is shown and make it so. Milliseconds where nothing is decoded, else a second. Raises Unfit."""
    if not data:
        raise Unfit(Code.NO_MEDIA, "an empty file")
    try:
        plain = strip(data)
    except Unreadable as unreadable:
        return _made_anew(data, as_file, limits, why=str(unreadable))
    if as_file or not limits.takes_shape(plain.width, plain.height):
        if len(plain.data) <= _MAX_FILE_BYTES:
            return _as_it_is(plain, Shown.DOCUMENT, len(data))
    elif plain.format != "WEBP" and len(plain.data) <= limits.max_bytes:
        return _as_it_is(plain, Shown.PHOTO, len(data))
    return _made_anew(data, as_file, limits, why=f"{plain.format} of {len(plain.data)} bytes")


def _as_it_is(plain: Stripped, shown: Shown, before: int) -> Parcel:
    media_type, filename = _TYPES[plain.format]
    return Parcel(
        shown=shown,
        content=plain.data,
        media_type=media_type,
        filename=filename,
        width=plain.width,
        height=plain.height,
        digest=hashlib.sha256(plain.data).hexdigest(),
        steps=("keep",) if len(plain.data) == before else ("strip", f"dropped:{before - len(plain.data)}"),
    )


def _made_anew(data: bytes, as_file: bool, limits: PhotoLimits, *, why: str) -> Parcel:
    """Decode and encode: losslessly for a file, as JPEG for a photo, smaller until it fits."""
    from imgvid.media.image import ImageError, open_picture

    try:
        picture = open_picture(data, _RESULT_LIMITS)
    except ImageError as error:
        raise Unfit(Code.NO_MEDIA, f"the result is no picture: {error}") from error
    as_file = as_file or not limits.takes_shape(picture.width, picture.height)
    for encoded in _encodings(picture.image, lossless=as_file):
        if len(encoded) <= (_MAX_FILE_BYTES if as_file else limits.max_bytes):
            made = _as_it_is(strip(encoded), Shown.DOCUMENT if as_file else Shown.PHOTO, len(encoded))
            return replace(made, steps=("reencode", why))
    raise Unfit(Code.RESULT_TOO_LARGE, f"{picture.width} x {picture.height} pixels do not fit in any way")


def _encodings(image: Image.Image, *, lossless: bool) -> Iterator[bytes]:
    """The same pixels, smaller each time. Nothing of the old file's metadata is among them."""
    ways: list[dict[str, Any]] = [{"format": "PNG"}]
    if not lossless:
        ways = [{"format": "JPEG", "quality": quality, "subsampling": 0} for quality in _QUALITIES]
    for way in ways:
        buffer = io.BytesIO()
        image.save(buffer, **way)
        yield buffer.getvalue()


__all__ = ["Parcel", "Shown", "Unfit", "plan_image"]
