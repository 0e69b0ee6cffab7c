"""Is this message meant for us, and what is left of its words without our name? Pure.

In a private chat everything is. In a group only commands of ours, mentions of our name, and replies to our messages.
"""

from __future__ import annotations

from enum import StrEnum

from aiogram.enums import ChatType
from aiogram.types import Message, MessageEntity

from imgvid.bot.telegram import Me
from imgvid.catalog import Group

COMMANDS = ("start", "help", "my", "status", "cancel", "language", "privacy", "deletemydata", "ping")
"""As the menu shows them, in this order."""
MAKERS = {
    "image": Group.IMAGE,
    "video": Group.VIDEO,
    "photovideo": Group.PHOTO_VIDEO,
    "edit": Group.PHOTO_IMAGE,
}
"""In the menu where something of the group is on offer. In reply to a picture, or in its caption, each does what mentioning the
bot does, also where mentions are not delivered."""
VIDEO = "video"
"""The one that a picture knew before there were others: it is ours whatever is on offer."""


class Address(StrEnum):
    """Why a message is for us."""

    PRIVATE = "private"
    COMMAND = "command"
    MENTION = "mention"
    REPLY = "reply"


def words(message: Message) -> str:
    """Text or caption."""
    return message.text or message.caption or ""


def _entities(message: Message) -> list[MessageEntity]:
    return list((message.entities if message.text else message.caption_entities) or ())


def command(message: Message) -> tuple[str, str | None] | None:
    """A leading command: its name in lower case, and the bot that it names in lower case, if any."""
    text = words(message)
    if not text.startswith("/") or not text[1:2].isalpha():
        return None
    name, _at, bot = text.split(maxsplit=1)[0][1:].partition("@")
    return name.lower(), bot.lower() or None


def maker(message: Message) -> Group | None:
    """What a leading command asks to be made, if it is one of those."""
    asked = command(message)
    return MAKERS.get(asked[0]) if asked is not None else None


def is_bare(message: Message, name: str) -> bool:
    """Whether the message begins with this command, and names no bot: it may be meant for another one of the group."""
    return command(message) == (name, None)


def _is_mention(entity: MessageEntity, text: str, me: Me) -> bool:
    if entity.type == "text_mention":
        return entity.user is not None and entity.user.id == me.id
    return entity.type == "mention" and entity.extract_from(text).lower() == f"@{me.username.lower()}"


def addressed(message: Message, me: Me) -> Address | None:
    """Why this message is for us; None: it is not."""
    if message.chat.type == ChatType.PRIVATE:
        return Address.PRIVATE
    asked = command(message)
    if asked is not None:
        name, bot = asked
        known = name in COMMANDS or name in MAKERS
        return Address.COMMAND if bot == me.username.lower() or (bot is None and known) else None
    text = words(message)
    if any(_is_mention(entity, text, me) for entity in _entities(message)):
        return Address.MENTION
    replied = message.reply_to_message
    if replied is not None and replied.from_user is not None and replied.from_user.id == me.id:
        return Address.REPLY
    return None


def prompt(message: Message, me: Me) -> str | None:
    """The words without a leading command and without our name; None when nothing is left."""
    text = words(message)
    units = text.encode("utf-16-le")  # entities count UTF-16 code units
    for entity in sorted(_entities(message), key=lambda one: -one.offset):
        if _is_mention(entity, text, me):
            units = units[: entity.offset * 2] + units[(entity.offset + entity.length) * 2 :]
    rest = units.decode("utf-16-le", errors="replace")
    if command(message) is not None:
        rest = rest.split(maxsplit=1)[1] if len(rest.split(maxsplit=1)) > 1 else ""
    return " ".join(line for line in rest.split(" ") if line).strip() or None
