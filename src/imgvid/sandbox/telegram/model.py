"""The nouns of a chat: people, chats, messages with their whole history, and the files they show."""

from __future__ import annotations

from asyncio import Future
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum

from imgvid.sandbox.telegram.jsons import JsonObject


class Kind(StrEnum):
    TEXT = "text"
    PHOTO = "photo"
    VIDEO = "video"
    ANIMATION = "animation"
    DOCUMENT = "document"
    AUDIO = "audio"
    VOICE = "voice"
    VIDEO_NOTE = "video_note"
    STICKER = "sticker"
    LIVE_PHOTO = "live_photo"
    INVOICE = "invoice"
    SERVICE = "service"


MOVING = frozenset({Kind.VIDEO, Kind.ANIMATION})
WITH_CAPTION = frozenset(
    {Kind.PHOTO, Kind.VIDEO, Kind.ANIMATION, Kind.DOCUMENT, Kind.AUDIO, Kind.VOICE, Kind.LIVE_PHOTO}
)


class ChatType(StrEnum):
    PRIVATE = "private"
    GROUP = "group"
    SUPERGROUP = "supergroup"


class Standing(StrEnum):
    """What the bot may do in a chat."""

    NEW = "new"  # the person has not written yet: the bot may not begin
    MEMBER = "member"
    BLOCKED = "blocked"
    KICKED = "kicked"
    DEACTIVATED = "deactivated"
    MIGRATED = "migrated"


@dataclass(frozen=True, slots=True, kw_only=True)
class User:
    id: int
    first_name: str
    last_name: str | None = None
    username: str | None = None
    language_code: str | None = None
    is_bot: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class File:
    """One stored file. `size` is what the API tells (bytes); `blob` is the SHA-256 of what is really there."""

    unique: str
    kind: Kind
    blob: str
    size: int
    mime: str = "application/octet-stream"
    name: str | None = None
    width: int = 0
    height: int = 0
    duration: int = 0
    audio: bool | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Content:
    """What a message shows. Two equal contents are "not modified". `text` is the text or the caption, plain."""

    kind: Kind
    text: str = ""
    entities: tuple[JsonObject, ...] = ()
    file: File | None = None
    thumbnail: File | None = None
    cover: File | None = None
    still: File | None = None  # a live photo's picture
    spoiler: bool = False
    caption_above: bool = False
    fields: JsonObject = field(default_factory=dict)  # a service message's or an invoice's own Bot API fields


@dataclass(frozen=True, slots=True, kw_only=True)
class Markup:
    """An inline keyboard as the Bot API has it, or some other markup, which makes a message uneditable."""

    rows: tuple[tuple[JsonObject, ...], ...] = ()
    inline: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class Version:
    at: datetime
    method: str
    content: Content
    markup: Markup | None


@dataclass(slots=True, kw_only=True)
class Message:
    chat_id: int
    id: int
    sender: User
    date: datetime
    content: Content
    markup: Markup | None = None
    reply_to: int | None = None
    group: str | None = None
    protected: bool = False
    edited_at: datetime | None = None
    deleted_at: datetime | None = None
    history: list[Version] = field(default_factory=list)
    reactions: dict[int, tuple[str, ...]] = field(default_factory=dict)
    upload: Future[str] | None = None  # a media edit under way: its result is why it was cancelled

    @property
    def alive(self) -> bool:
        return self.deleted_at is None

    @property
    def videos(self) -> int:
        """How many of its versions showed a video."""
        return sum(version.content.kind in MOVING for version in self.history)


@dataclass(slots=True, kw_only=True)
class Chat:
    id: int
    type: ChatType
    title: str
    username: str | None = None
    members: dict[int, User] = field(default_factory=dict)
    bot: Standing = Standing.MEMBER
    migrated_to: int | None = None
    messages: dict[int, Message] = field(default_factory=dict)
    last_id: int = 0
    used_at: datetime | None = None
    action: tuple[str, datetime] | None = None  # what the bot seems to do, and until when


@dataclass(slots=True, kw_only=True)
class Callback:
    """A press on an inline button. Answered once, within 150 s (tdlib/telegram-bot-api add_update CallbackQuery)."""

    id: str
    chat_id: int
    message_id: int
    user: User
    data: str
    at: datetime
    answered: bool = False
    text: str = ""
    alert: bool = False
