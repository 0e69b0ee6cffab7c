"""The control API's JSON of chats and messages, as the package docstring describes it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from imgvid.sandbox.telegram.jsons import JsonObject
from imgvid.sandbox.telegram.model import MOVING, Chat, File, Kind, Markup, Message, User, Version

if TYPE_CHECKING:  # the world draws its own events with these
    from imgvid.sandbox.telegram.world import World

_BUTTON_NAMES = {"callback_data": "data"}


def user_view(user: User) -> JsonObject:
    return {
        "id": user.id,
        "is_bot": user.is_bot,
        "first_name": user.first_name,
        "last_name": user.last_name,
        "username": user.username,
        "language_code": user.language_code,
    }


def chat_view(chat: Chat, world: World) -> JsonObject:
    last = next((message for message in reversed(chat.messages.values()) if message.alive), None)
    acting = chat.action if chat.action is not None and chat.action[1] > world.now() else None
    return {
        "chat_id": chat.id,
        "type": chat.type.value,
        "title": chat.title,
        "username": chat.username,
        "language_code": next((user.language_code for user in chat.members.values()), None),
        "members": [user_view(user) for user in chat.members.values()],
        "bot": chat.bot.value,
        "migrated_to": chat.migrated_to,
        "messages": len(chat.messages),
        "last": message_view(last, world) if last is not None else None,
        "activity": {"action": acting[0], "until": acting[1].isoformat()} if acting is not None else None,
    }


def message_view(message: Message, world: World) -> JsonObject:
    by = "service" if message.content.kind is Kind.SERVICE else "bot" if message.sender.is_bot else "user"
    versions = [version_view(message, number, world) for number in range(len(message.history))]
    return {
        "chat_id": message.chat_id,
        "message_id": message.id,
        "by": by,
        "from": user_view(message.sender),
        "date": message.date.isoformat(),
        "edited": message.edited_at.isoformat() if message.edited_at is not None else None,
        "deleted": message.deleted_at.isoformat() if message.deleted_at is not None else None,
        "kind": message.content.kind.value,
        "text": message.content.text or _service_text(message),
        "entities": list(message.content.entities),
        "reply_to": message.reply_to,
        "media_group_id": message.group,
        "media": versions[-1]["media"],
        "buttons": buttons_view(message.markup),
        "reactions": [
            {"emoji": emoji, "by": user_id} for user_id, listed in message.reactions.items() for emoji in listed
        ],
        "history": versions,
    }


def version_view(message: Message, number: int, world: World) -> JsonObject:
    version: Version = message.history[number]
    content = version.content
    return {
        "at": version.at.isoformat(),
        "method": version.method,
        "kind": content.kind.value,
        "text": content.text,
        "media": _media_view(message, number, content.file, content.spoiler, world) if content.file else None,
        "buttons": buttons_view(version.markup),
    }


def _media_view(message: Message, number: int, file: File, spoiler: bool, world: World) -> JsonObject:
    letter = world.files.sizes(file)[-1].letter if file.kind is Kind.PHOTO else ""
    return {
        "kind": file.kind.value,
        "url": f"/sim/chats/{message.chat_id}/messages/{message.id}/media?version={number}",
        "bytes": file.size,
        "mime_type": file.mime,
        "file_name": file.name,
        "width": file.width,
        "height": file.height,
        "duration": file.duration,
        "audio": file.audio,
        "spoiler": spoiler,
        "file_id": world.files.file_id(file, letter),
        "file_unique_id": world.files.unique_id(file, letter),
    }


def buttons_view(markup: Markup | None) -> list[list[JsonObject]]:
    if markup is None:
        return []
    return [
        [{_BUTTON_NAMES.get(key, key): value for key, value in button.items()} for button in row] for row in markup.rows
    ]


def _service_text(message: Message) -> str:
    return ", ".join(message.content.fields) if message.content.kind is Kind.SERVICE else ""


def summary_view(chat: Chat) -> JsonObject:
    """The invariants' raw numbers: what the bot's messages in this chat show, and ever showed."""
    mine = [message for message in chat.messages.values() if message.sender.is_bot]
    shown = [message for message in mine if message.alive]
    return {
        "chat_id": chat.id,
        "texts": sum(message.content.kind is Kind.TEXT for message in shown),
        "photos": sum(message.content.kind is Kind.PHOTO for message in shown),
        "videos": sum(message.content.kind in MOVING for message in shown),
        "video_messages": [message.id for message in shown if message.content.kind in MOVING],
        "videos_ever": sum(message.videos > 0 for message in mine),
        "video_replacements": sum(replacements(message) for message in mine),
        "bot_messages": len(mine),
        "deleted": len(mine) - len(shown),
        "empty_history": not chat.messages,
    }


def replacements(message: Message) -> int:
    """Edits that put another file where a video was; a new caption or keyboard is none."""
    pairs = zip(message.history, message.history[1:], strict=False)
    return sum(before.content.kind in MOVING and before.content.file != after.content.file for before, after in pairs)
