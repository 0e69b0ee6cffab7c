"""What we upload into a message, and what the message holds afterwards."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import Any


class Kind(StrEnum):
    """How Telegram files a media. A silent MP4 may come back as an animation (facts/telegram.md, trap 3)."""

    VIDEO = "video"
    ANIMATION = "animation"
    DOCUMENT = "document"
    PHOTO = "photo"


_MIME = {Kind.VIDEO: "video/mp4", Kind.ANIMATION: "video/mp4", Kind.PHOTO: "image/jpeg"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Outgoing:
    """A media to put into a message.

    `source` is a file to stream from or the bytes themselves (at most 50 MB; photos 10 MB). `width` and `height` are
    pixels, `duration_s` whole seconds are sent (Telegram takes integers, at least 1). `thumbnail` is a JPEG, below
    200 kB and within 320 x 320 pixels, ignored by Telegram otherwise.
    """

    source: Path | bytes
    kind: Kind = Kind.VIDEO
    width: int | None = None
    height: int | None = None
    duration_s: float | None = None
    thumbnail: Path | bytes | None = None
    has_spoiler: bool = False
    filename: str = "video.mp4"

    @property
    def mime(self) -> str:
        return _MIME.get(self.kind, "application/octet-stream")

    def as_input_media(self, *, part: str, caption: str, thumbnail_part: str | None) -> dict[str, object]:
        """The Bot API's InputMedia, whose bytes travel in the multipart parts named here."""
        media: dict[str, object] = {"type": str(self.kind), "media": f"attach://{part}", "caption": caption}
        if thumbnail_part is not None and self.kind is not Kind.PHOTO:
            media["thumbnail"] = f"attach://{thumbnail_part}"
        if self.kind in {Kind.VIDEO, Kind.ANIMATION}:
            if self.width is not None and self.height is not None:
                media |= {"width": self.width, "height": self.height}
            if self.duration_s is not None:
                media["duration"] = max(1, round(self.duration_s))
        if self.kind is Kind.VIDEO:
            media["supports_streaming"] = True
        if self.has_spoiler and self.kind is not Kind.DOCUMENT:
            media["has_spoiler"] = True
        return media


@dataclass(frozen=True, slots=True, kw_only=True)
class Delivered:
    """The media that a message holds; a file_id keeps its kind for good and is ours alone (per bot)."""

    file_id: str
    file_unique_id: str
    kind: Kind


def delivered_in(message: object) -> Delivered | None:
    """The media of a Bot API Message; None where it has none (a text) or is no Message."""
    if not isinstance(message, dict):
        return None
    for kind in (Kind.VIDEO, Kind.ANIMATION, Kind.PHOTO, Kind.DOCUMENT):  # an animation also carries a document
        found = _file(message.get(kind.value))
        if found is not None:
            return Delivered(
                file_id=str(found["file_id"]), file_unique_id=str(found.get("file_unique_id", "")), kind=kind
            )
    return None


def _file(value: Any) -> Mapping[str, Any] | None:
    """The file object itself; of a photo's sizes the largest."""
    if isinstance(value, list):
        sizes = [size for size in value if isinstance(size, dict) and "file_id" in size]
        return max(sizes, key=lambda size: int(size.get("width", 0)) * int(size.get("height", 0)), default=None)
    return value if isinstance(value, dict) and "file_id" in value else None
