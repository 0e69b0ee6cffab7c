"""Bot API JSON: users, chats, messages and files as the bot gets them (https://core.telegram.org/bots/api#message)."""

from __future__ import annotations

from datetime import datetime

from imgvid.sandbox.telegram.jsons import JsonObject
from imgvid.sandbox.telegram.model import Chat, ChatType, Content, File, Kind, Message, User
from imgvid.sandbox.telegram.world import World


def unix(moment: datetime) -> int:
    return int(moment.timestamp())


def user_json(user: User) -> JsonObject:
    shown: JsonObject = {"id": user.id, "is_bot": user.is_bot, "first_name": user.first_name}
    for name in ("last_name", "username", "language_code"):
        if (value := getattr(user, name)) is not None:
            shown[name] = value
    return shown


def me_json(world: World) -> JsonObject:
    return user_json(world.bot) | {
        "can_join_groups": True,
        "can_read_all_group_messages": not world.privacy,
        "supports_inline_queries": False,
        "can_connect_to_business": False,
        "has_main_web_app": False,
    }


def chat_json(chat: Chat) -> JsonObject:
    shown: JsonObject = {"id": chat.id, "type": chat.type.value}
    if chat.type is not ChatType.PRIVATE:
        return shown | {"title": chat.title}
    person = chat.members[chat.id]
    shown |= {"first_name": person.first_name}
    shown |= {"last_name": person.last_name} if person.last_name else {}
    return shown | ({"username": person.username} if person.username else {})


def message_json(message: Message, world: World, *, with_reply: bool = True) -> JsonObject:
    """A message; the one it replies to comes along without its own reply, as on the real service."""
    chat = world.chats[message.chat_id]
    shown: JsonObject = {
        "message_id": message.id,
        "from": user_json(message.sender),
        "chat": chat_json(chat),
        "date": unix(message.date),
    }
    if message.edited_at is not None:
        shown["edit_date"] = unix(message.edited_at)
    replied = chat.messages.get(message.reply_to) if message.reply_to is not None else None
    if with_reply and replied is not None and replied.alive:
        shown["reply_to_message"] = message_json(replied, world, with_reply=False)
    if message.group is not None:
        shown["media_group_id"] = message.group
    if message.protected:
        shown["has_protected_content"] = True
    shown |= content_json(message.content, world)
    if message.markup is not None and message.markup.inline:
        shown["reply_markup"] = {"inline_keyboard": [list(row) for row in message.markup.rows]}
    return shown


def content_json(content: Content, world: World) -> JsonObject:
    shown: JsonObject = {}
    if content.kind is Kind.TEXT:
        shown["text"] = content.text
        shown |= {"entities": list(content.entities)} if content.entities else {}
        return shown
    if content.file is not None:
        shown |= media_json(content, content.file, world)
        shown |= {"has_media_spoiler": True} if content.spoiler else {}
    if content.text:
        shown["caption"] = content.text
        shown |= {"caption_entities": list(content.entities)} if content.entities else {}
        shown |= {"show_caption_above_media": True} if content.caption_above else {}
    return shown | content.fields


def photo_json(file: File, world: World) -> list[JsonObject]:
    """All sizes, smallest first. A size has `file_size` (optional in the Bot API) once it was made."""
    return [
        {
            "file_id": size.file_id,
            "file_unique_id": size.unique,
            "width": size.width,
            "height": size.height,
            **({"file_size": size.bytes} if size.bytes is not None else {}),
        }
        for size in world.files.sizes(file)
    ]


def media_json(content: Content, file: File, world: World) -> JsonObject:
    """The field (or, as for animations, the two fields) that carry a message's file."""
    if file.kind is Kind.PHOTO:
        return {"photo": photo_json(file, world)}
    shown = _file_json(content, file, world)
    match file.kind:
        case Kind.ANIMATION:  # both, for old bots: https://core.telegram.org/bots/api#message
            plain = {key: value for key, value in shown.items() if key not in {"width", "height", "duration"}}
            return {"animation": shown, "document": plain}
        case Kind.LIVE_PHOTO:
            still = {"photo": photo_json(content.still, world)} if content.still is not None else {}
            return {"live_photo": shown | still, **still}
        case _:
            return {file.kind.value: shown}


def _file_json(content: Content, file: File, world: World) -> JsonObject:
    shown: JsonObject = {
        "file_id": world.files.file_id(file),
        "file_unique_id": world.files.unique_id(file),
        "file_size": file.size,
    }
    if content.thumbnail is not None:
        shown["thumbnail"] = photo_json(content.thumbnail, world)[-1]
    if content.cover is not None and file.kind is Kind.VIDEO:
        shown["cover"] = photo_json(content.cover, world)
    sized: JsonObject = {"width": file.width, "height": file.height}
    match file.kind:
        case Kind.VIDEO | Kind.ANIMATION | Kind.LIVE_PHOTO:
            shown |= {**sized, "duration": file.duration, "mime_type": file.mime}
        case Kind.VIDEO_NOTE:
            shown |= {"length": file.width, "duration": file.duration}
        case Kind.AUDIO | Kind.VOICE:
            shown |= {"duration": file.duration, "mime_type": file.mime}
        case Kind.STICKER:
            animated, video = file.mime == "application/x-tgsticker", file.mime == "video/webm"
            shown |= {**sized, "type": "regular", "is_animated": animated, "is_video": video}
        case _:
            shown["mime_type"] = file.mime
    named = file.kind in {Kind.VIDEO, Kind.ANIMATION, Kind.DOCUMENT, Kind.AUDIO}
    return shown | ({"file_name": file.name} if named and file.name else {})
