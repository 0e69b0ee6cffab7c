"""What a message is to us: a picture to make a video of, something that we cannot use, or nothing at all. Pure.

Only what the message itself says is looked at; the worker sniffs the bytes. What is surely useless is refused here, with
a sentence that says what to send instead.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from aiogram.enums import ChatType
from aiogram.types import Document, Message, PhotoSize, Sticker

from imgvid.bot.addressing import prompt
from imgvid.bot.telegram import Me
from imgvid.media.limits import IMAGE_LIMITS

_MEGAPIXEL = 1_000_000
_NAMES = (".jpg", ".jpeg", ".png", ".webp", ".heic", ".heif", ".avif", ".bmp")
_IMAGE_TYPES = frozenset(
    f"image/{kind}" for kind in ("jpeg", "jpg", "pjpeg", "png", "webp", "heic", "heif", "avif", "bmp", "x-ms-bmp")
)
_UNTOLD_TYPES = frozenset({"", "application/octet-stream"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Picture:
    """A picture by reference."""

    file_id: str
    file_unique_id: str
    kind: str  # photo | document, as jobs.model.Input has it
    message_id: int
    has_spoiler: bool
    width: int | None = None  # pixels; of a file Telegram tells none
    height: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Usable:
    """A picture with what was said to it. `album` is the media group's id."""

    picture: Picture
    prompt: str | None
    album: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Unusable:
    """The text that says what to send instead, and its variables."""

    key: str
    args: Mapping[str, str | int | float] = field(default_factory=dict)


NO_PICTURE = Unusable(key="reject-text")
"""Words in a private chat, and nothing else."""


def _size_problem(width: int, height: int) -> Unusable | None:
    short, long = sorted((width, height))
    if short <= 0:
        return None  # not told; the worker will see
    if long > short * IMAGE_LIMITS.max_ratio:
        return Unusable(key="reject-ratio", args={"ratio": round(IMAGE_LIMITS.max_ratio)})
    if short < IMAGE_LIMITS.min_side_px:
        return Unusable(key="reject-small", args={"min_px": IMAGE_LIMITS.min_side_px})
    if width * height > IMAGE_LIMITS.max_pixels:
        return Unusable(key="reject-large", args={"max_mpx": IMAGE_LIMITS.max_pixels / _MEGAPIXEL})
    return None


def _is_image(document: Document) -> bool:
    told = (document.mime_type or "").lower()
    if told in _IMAGE_TYPES:
        return True
    return told in _UNTOLD_TYPES and (document.file_name or "").lower().endswith(_NAMES)


def _read_document(document: Document, message: Message) -> Picture | Unusable:
    told = (document.mime_type or "").lower()
    if not _is_image(document):
        group = told.partition("/")[0]
        by_type = {"image/gif": "reject-animation", "video": "reject-video", "audio": "reject-audio"}
        return Unusable(key=by_type.get(told) or by_type.get(group, "reject-document"))
    if (document.file_size or 0) > IMAGE_LIMITS.max_bytes:
        return Unusable(key="reject-heavy")
    return _picture(document, "document", message)


def _read_photo(sizes: list[PhotoSize], message: Message) -> Picture | Unusable:
    best = max(sizes, key=lambda size: size.width * size.height)
    if (best.file_size or 0) > IMAGE_LIMITS.max_bytes:
        return Unusable(key="reject-heavy")
    return _size_problem(best.width, best.height) or _picture(best, "photo", message)


def _read_sticker(sticker: Sticker, message: Message) -> Picture | Unusable:
    if sticker.is_animated or sticker.is_video:
        return Unusable(key="reject-sticker")
    return _size_problem(sticker.width, sticker.height) or _picture(sticker, "document", message)


def _picture(file: PhotoSize | Document | Sticker, kind: str, message: Message) -> Picture:
    return Picture(
        file_id=file.file_id,
        file_unique_id=file.file_unique_id,
        kind=kind,
        message_id=message.message_id,
        has_spoiler=bool(message.has_media_spoiler),
        width=None if isinstance(file, Document) else file.width or None,
        height=None if isinstance(file, Document) else file.height or None,
    )


def read_picture(message: Message) -> Picture | Unusable | None:
    """The picture of a message; None when it carries no file that could be one."""
    if message.animation is not None:  # carries a `document` too, for old clients
        return Unusable(key="reject-animation")
    if message.photo:  # a live photo carries both; the photo is what we take
        return _read_photo(message.photo, message)
    if message.document is not None:
        return _read_document(message.document, message)
    if message.sticker is not None:
        return _read_sticker(message.sticker, message)
    return None


_REFUSALS = {
    "video": "reject-video",
    "video_note": "reject-video-note",
    "voice": "reject-audio",
    "audio": "reject-audio",
    "live_photo": "reject-other",
    "paid_media": "reject-other",
    "story": "reject-other",
    "checklist": "reject-other",
    "contact": "reject-other",
    "dice": "reject-other",
    "game": "reject-other",
    "poll": "reject-other",
    "venue": "reject-other",
    "location": "reject-other",
    "gift": "reject-other",
    "unique_gift": "reject-other",
    "giveaway": "reject-other",
    "rich_message": "reject-text",
    "web_app_data": "reject-other",
    "unknown": "reject-other",
}
"""By content type; types that are not here are service messages, which nobody wrote and nobody wants an answer to."""


def is_said(message: Message) -> bool:
    """Whether a person said something, as opposed to a service message (pinned, joined, renamed, …)."""
    return message.content_type in _REFUSALS or message.content_type in {
        "text",
        "photo",
        "document",
        "sticker",
        "animation",
    }


def read_message(message: Message, me: Me) -> Usable | Unusable | None:
    """The whole reading. Text in reply to a picture is a picture with a prompt."""
    if not is_said(message):
        return None
    found = read_picture(message)
    if found is None and message.text is not None:
        replied = message.reply_to_message
        found = read_picture(replied) if replied is not None else None
        if found is None:
            return NO_PICTURE if message.chat.type == ChatType.PRIVATE else Unusable(key="help-group")
    if isinstance(found, Picture):
        album = message.media_group_id if found.message_id == message.message_id else None
        return Usable(picture=found, prompt=prompt(message, me), album=album)
    return found or Unusable(key=_REFUSALS.get(message.content_type, "reject-other"))
