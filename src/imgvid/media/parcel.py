"""A result on its way into a chat: what it is, how it is shown, and the bytes, which are never on a disk.

Videos are planned by media/film.py. Pictures are planned here, and decoded (in a child process) only where they must
change:

    photo       PNG or JPEG within Telegram's limits for photos: sent as it is, without metadata
    document    asked for as a file, or of a shape that no photo may have: its own format, without metadata
    made anew   anything else: a JPEG as a photo (WebP, AVIF, too heavy), a PNG as a file
"""

from __future__ import annotations

import hashlib
from dataclasses import asdict, dataclass, replace
from datetime import timedelta
from enum import StrEnum
from pathlib import Path
from typing import Any

from imgvid.jobs.errors import Code
from imgvid.media.develop import Unfit, develop
from imgvid.media.limits import PHOTO_LIMITS, ImageLimits, PhotoLimits
from imgvid.media.memory import MemoryFile
from imgvid.media.strip import Stripped, Unreadable, strip

MAX_FILE_BYTES = 50_000_000  # facts/telegram.md 1.2: any file by multipart
ENCODE_WITHIN = timedelta(seconds=60)
_TYPES = {"PNG": ("image/png", "image.png"), "JPEG": ("image/jpeg", "image.jpg"), "WEBP": ("image/webp", "image.webp")}
_QUALITIES = (95, 85, 75)  # Telegram makes a JPEG of its own out of every photo: the first is more than it keeps
# A model's picture may be tiny or long; how much it may unpack to is bounded as for everybody's.
_RESULT_LIMITS = ImageLimits(max_bytes=MAX_FILE_BYTES, min_side_px=1, max_ratio=1e6)


class Shown(StrEnum):
    """How a chat shows it; the words are Telegram's."""

    PHOTO = "photo"
    VIDEO = "video"
    DOCUMENT = "document"


@dataclass(frozen=True, slots=True, kw_only=True)
class Parcel:
    """What is sent. Sizes are pixels and bytes; `digest` names the content (of a video: the frames that were made).

    A MemoryFile belongs to the holder of the parcel, who closes it after the upload.
    """

    shown: Shown
    content: bytes | MemoryFile
    media_type: str
    filename: str
    width: int
    height: int
    digest: str
    steps: tuple[str, ...]  # what was done to it and why, for the log and the recipe
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


async def plan_picture(data: bytes | bytearray, *, as_file: bool = False, limits: PhotoLimits = PHOTO_LIMITS) -> Parcel:
    """Choose how a picture is shown and make it so: at once where nothing is decoded, else in a second. Raises Unfit."""
    if not data:
        raise Unfit(Code.NO_MEDIA, "an empty file")
    try:
        plain = strip(data)
    except Unreadable as unreadable:
        return await _made_anew(data, as_file, limits, why=str(unreadable))
    kept = keep(plain, as_file=as_file, limits=limits)
    if kept is not None:
        dropped = len(data) - len(plain.data)
        return replace(kept, steps=("strip", f"dropped:{dropped}")) if dropped else kept
    as_file = as_file or not limits.takes_shape(plain.width, plain.height)
    return await _made_anew(data, as_file, limits, why=f"{plain.format} of {len(plain.data)} bytes")


def keep(plain: Stripped, *, as_file: bool, limits: PhotoLimits = PHOTO_LIMITS) -> Parcel | None:
    """The picture as it is, where Telegram takes it so; None where it has to be made anew. Pure."""
    if as_file or not limits.takes_shape(plain.width, plain.height):
        return _parcel(plain, Shown.DOCUMENT) if len(plain.data) <= MAX_FILE_BYTES else None
    fits = plain.format != "WEBP" and len(plain.data) <= limits.max_bytes
    return _parcel(plain, Shown.PHOTO) if fits else None


def _parcel(plain: Stripped, shown: Shown, *steps: str) -> Parcel:
    media_type, filename = _TYPES[plain.format]
    return Parcel(
        shown=shown,
        content=plain.data,
        media_type=media_type,
        filename=filename,
        width=plain.width,
        height=plain.height,
        digest=hashlib.sha256(plain.data).hexdigest(),
        steps=steps or ("keep",),
    )


async def _made_anew(data: bytes | bytearray, as_file: bool, limits: PhotoLimits, *, why: str) -> Parcel:
    """Decoded and encoded: losslessly for a file, as JPEG for a photo, smaller until it fits."""
    ways: list[tuple[dict[str, Any], int]] = [({"format": "PNG"}, MAX_FILE_BYTES)]
    if not as_file:
        ways = [({"format": "JPEG", "quality": one, "subsampling": 0}, limits.max_bytes) for one in _QUALITIES]
    with MemoryFile.holding(data) as made, MemoryFile("anew") as target:
        order = {"limits": asdict(_RESULT_LIMITS), "ways": ways}
        await develop("picture", order, (made, target), within=ENCODE_WITHIN)
        plain = strip(target.path.read_bytes())
    as_file = as_file or not limits.takes_shape(plain.width, plain.height)
    return _parcel(plain, Shown.DOCUMENT if as_file else Shown.PHOTO, "reencode", why)


__all__ = ["MAX_FILE_BYTES", "Parcel", "Shown", "Unfit", "keep", "plan_picture"]
