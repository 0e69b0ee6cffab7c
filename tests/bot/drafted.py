"""Drafts and scenes for pure tests."""

from __future__ import annotations

from typing import Any

from imgvid.bot.offers import Offer, offer
from imgvid.bot.sheet import Scene
from imgvid.catalog import modes
from imgvid.jobs.model import Input
from imgvid.store.drafts import Draft
from imgvid.store.intake import Lane

EVERYTHING = offer(
    [
        Lane(backend="runpod", lane="video", cap=2, facts={}),
        Lane(backend="fal", lane="image", cap=2, facts={}),
        Lane(backend="fal", lane="video", cap=2, facts={}),
    ]
)
IMAGE, VIDEO, EDIT = modes()["image"], modes()["video"], modes()["image-edit"]
PHOTO_VIDEO, WAN = modes()["photo-video"], modes()["wan22-i2v"]


def picture(
    message_id: int = 11, *, width: int | None = 1280, height: int | None = 853, role: str = "image", **more: Any
) -> Input:
    names: dict[str, Any] = {"file_id": f"f{message_id}", "file_unique_id": f"u{message_id}", "kind": "photo", **more}
    return Input(role=role, message_id=message_id, width=width, height=height, **names)


def draft(**changes: Any) -> Draft:
    values: dict[str, Any] = {
        "id": "ab12cd3",
        "user_id": 7,
        "bot_id": 4242,
        "chat_id": 7,
        "thread_id": None,
        "source_message_id": 11,
        "message_id": 12,
        "among": "photo",
    }
    return Draft(**{**values, **changes})


def scene(
    locale: str = "en",
    *,
    offered: Offer = EVERYTHING,
    memory: dict[str, Any] | None = None,
    prices: bool = False,
    private: bool = True,
) -> Scene:
    return Scene(locale=locale, offer=offered, memory=memory or {}, prices=prices, private=private)
