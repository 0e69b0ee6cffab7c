"""How the bot's place in a chat changes: blocked, kicked, back again, members that come and go, a group that grows."""

from __future__ import annotations

from imgvid.sandbox.telegram.errors import Impossible
from imgvid.sandbox.telegram.jsons import JsonObject
from imgvid.sandbox.telegram.model import Chat, ChatType, Content, Kind, Message, Standing, User
from imgvid.sandbox.telegram.render import chat_json, message_json, unix, user_json
from imgvid.sandbox.telegram.world import World

_PRIVATE = {"block": Standing.BLOCKED, "unblock": Standing.MEMBER, "deactivate": Standing.DEACTIVATED}
_GROUP = {"kick": Standing.KICKED, "add": Standing.MEMBER}


def change_standing(world: World, chat: Chat, user: User, action: str) -> None:
    """Block, unblock, deactivate, kick, add: the bot gets `my_chat_member`. Raises Impossible."""
    table = _PRIVATE if chat.type is ChatType.PRIVATE else _GROUP
    if action not in table:
        raise Impossible(400, f"in a {chat.type} chat the actions are {', '.join(table)}")
    if chat.bot is Standing.MIGRATED:
        raise Impossible(409, f"chat {chat.id} became {chat.migrated_to}")
    before, chat.bot = chat.bot, table[action]
    if action != "deactivate" and before is not chat.bot:
        world.updates.add("my_chat_member", _member_update(world, chat, user, before), chat.id)
    world.chat_changed(chat)


def _member_update(world: World, chat: Chat, user: User, before: Standing) -> JsonObject:
    def member(standing: Standing) -> JsonObject:
        gone = standing is not Standing.MEMBER
        return {
            "user": user_json(world.bot),
            "status": "kicked" if gone else "member",
            **({"until_date": 0} if gone else {}),
        }

    return {
        "chat": chat_json(chat),
        "from": user_json(user),
        "date": unix(world.now()),
        "old_chat_member": member(before),
        "new_chat_member": member(chat.bot),
    }


def change_member(world: World, chat: Chat, user: User, action: str) -> None:
    """Somebody joins or leaves a group: a service message that the bot sees. Raises Impossible."""
    if chat.type is ChatType.PRIVATE or action not in {"join", "leave"}:
        raise Impossible(400, "people join or leave a group")
    if (action == "join") == (user.id in chat.members):
        raise Impossible(409, f"user {user.id} is {'already' if action == 'join' else 'not'} a member")
    if action == "join":
        chat.members[user.id] = user
        fields: JsonObject = {"new_chat_members": [user_json(user)]}
    else:
        del chat.members[user.id]
        fields = {"left_chat_member": user_json(user)}
    _service(world, chat, user, fields)
    world.chat_changed(chat)


def migrate(world: World, chat: Chat) -> Chat:
    """A group becomes a supergroup with a new id; both sides say so. Raises Impossible 409."""
    if chat.type is not ChatType.GROUP or chat.bot is Standing.MIGRATED:
        raise Impossible(409, "only a living basic group can become a supergroup")
    grown = world.add_group(title=chat.title, type=ChatType.SUPERGROUP, members=list(chat.members.values()))
    grown.bot, grown.username = chat.bot, chat.username
    sender = next(iter(chat.members.values()))
    _service(world, chat, sender, {"migrate_to_chat_id": grown.id})
    chat.bot, chat.migrated_to = Standing.MIGRATED, grown.id
    _service(world, grown, sender, {"migrate_from_chat_id": chat.id})
    world.chat_changed(chat)
    return grown


def _service(world: World, chat: Chat, sender: User, fields: JsonObject) -> Message:
    message = world.post(chat, sender, Content(kind=Kind.SERVICE, fields=fields), method="service")
    if chat.bot is Standing.MEMBER:
        world.updates.add("message", message_json(message, world), chat.id)
    return message
