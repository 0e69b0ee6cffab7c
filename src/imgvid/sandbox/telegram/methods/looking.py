"""getMe, getFile, getChat and its members."""

from __future__ import annotations

from imgvid.sandbox.telegram.errors import bad
from imgvid.sandbox.telegram.jsons import JsonObject
from imgvid.sandbox.telegram.methods.call import Call, Method
from imgvid.sandbox.telegram.model import Chat, ChatType, User
from imgvid.sandbox.telegram.render import chat_json, me_json, user_json

_REACTIONS_EVERYWHERE: JsonObject = {"type": "all"}


async def get_me(call: Call) -> object:
    return me_json(call.world)


async def get_file(call: Call) -> object:
    """A link for at least an hour. `file_size` is what the file weighs where that is known."""
    world = call.world
    named, path = world.files.link(call.params.text("file_id"))
    letter = named.letter
    size = next((one.bytes for one in world.files.sizes(named.file) if one.letter == letter), None) if letter else None
    told = size if letter else named.file.size
    return {
        "file_id": call.params.text("file_id"),
        "file_unique_id": world.files.unique_id(named.file, letter),
        **({"file_size": told} if told is not None else {}),
        "file_path": path,
    }


async def get_chat(call: Call) -> object:
    chat = call.world.chat_for_bot(call.params.fields.get("chat_id"), write=False)
    more: JsonObject = {"accent_color_id": 0, "max_reaction_count": 11}
    more |= {"accepted_gift_types": dict.fromkeys(_GIFTS, False)}
    return chat_json(chat) | more


_GIFTS = ("unlimited_gifts", "limited_gifts", "unique_gifts", "premium_subscription", "gifts_from_channels")


def _member(chat: Chat, user: User | None) -> JsonObject:
    if user is None:
        raise bad("user not found")
    status = "creator" if chat.members and next(iter(chat.members)) == user.id else "member"
    return {"user": user_json(user), "status": status, **({"is_anonymous": False} if status == "creator" else {})}


async def get_chat_member(call: Call) -> object:
    world = call.world
    chat = world.chat_for_bot(call.params.fields.get("chat_id"), write=False)
    user_id = call.params.integer("user_id")
    if user_id == world.bot.id:
        return {"user": user_json(world.bot), "status": "member"}
    user = chat.members.get(user_id)
    if user is None and (known := world.people.get(user_id)) is not None:
        return {"user": user_json(known), "status": "left"}
    return _member(chat, user)


async def get_chat_administrators(call: Call) -> object:
    chat = call.world.chat_for_bot(call.params.fields.get("chat_id"), write=False)
    if chat.type is ChatType.PRIVATE:
        raise bad("there are no administrators in the private chat")
    return [_member(chat, user) for user in list(chat.members.values())[:1]]


async def get_chat_member_count(call: Call) -> object:
    chat = call.world.chat_for_bot(call.params.fields.get("chat_id"), write=False)
    return len(chat.members) + 1


METHODS = [
    Method(name="getMe", run=get_me),
    Method(name="getFile", run=get_file),
    Method(name="getChat", run=get_chat),
    Method(name="getChatMember", run=get_chat_member),
    Method(name="getChatAdministrators", run=get_chat_administrators),
    Method(name="getChatMemberCount", run=get_chat_member_count),
]
