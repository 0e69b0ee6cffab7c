"""Messages as Telegram sends them, for pure tests."""

from __future__ import annotations

from typing import Any

from aiogram.types import Message

from imgvid.bot.telegram import Me

ME = Me(id=4242, username="imgvid_demo_bot")
EVA = {"id": 7, "is_bot": False, "first_name": "Eva", "language_code": "sk"}
BOT = {"id": 4242, "is_bot": True, "first_name": "Bot", "username": "imgvid_demo_bot"}
GROUP = {"id": -100, "type": "supergroup", "title": "Friends"}
PRIVATE = {"id": 7, "type": "private", "first_name": "Eva"}
PHOTO = [
    {"file_id": "s", "file_unique_id": "us", "width": 90, "height": 60},
    {"file_id": "y", "file_unique_id": "uy", "width": 1280, "height": 853, "file_size": 200_000},
    {"file_id": "m", "file_unique_id": "um", "width": 320, "height": 213},
]


def message(*, group: bool = False, sender: dict[str, Any] = EVA, **content: Any) -> Message:
    chat = GROUP if group else PRIVATE
    return Message.model_validate({"message_id": 11, "date": 1_790_000_000, "chat": chat, "from": sender, **content})


def raw(**content: Any) -> dict[str, Any]:
    return {"message_id": 5, "date": 1_790_000_000, "chat": GROUP, "from": EVA, **content}


def entity(kind: str, text: str, part: str, **more: Any) -> dict[str, Any]:
    """An entity around `part` of `text`, counted as Telegram does, in UTF-16 code units."""
    offset = len(text[: text.index(part)].encode("utf-16-le")) // 2
    return {"type": kind, "offset": offset, "length": len(part.encode("utf-16-le")) // 2, **more}


def document(mime_type: str | None, *, name: str | None = None, size: int = 1000) -> dict[str, Any]:
    return {"file_id": "d", "file_unique_id": "ud", "mime_type": mime_type, "file_name": name, "file_size": size}
