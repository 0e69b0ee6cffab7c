"""What becomes of a chat: blocked, unblocked, kicked, joined, turned into a supergroup."""

from __future__ import annotations

from aiogram import F, Router
from aiogram.enums import ChatType
from aiogram.types import ChatMemberUpdated, Message

from imgvid import log
from imgvid.bot.desk import Desk
from imgvid.bot.gate import allowed
from imgvid.bot.guide import group_help
from imgvid.bot.voice import Sentence
from imgvid.texts import locale_for, say

_OUTSIDE = frozenset({"left", "kicked"})


async def on_my_status(event: ChatMemberUpdated, desk: Desk) -> None:
    chat, status = event.chat, event.new_chat_member.status
    if status in _OUTSIDE:
        why = "blocked" if chat.type == ChatType.PRIVATE else "kicked"
        cancelled = await desk.intake.chat_gone(chat.id, why)
        log.get().info(log.CHAT_GONE, chat=chat.id, reason=why, cancelled=cancelled)
        return
    await desk.intake.chat_back(chat.id)
    if chat.type != ChatType.PRIVATE and event.old_chat_member.status in _OUTSIDE:
        await _greet(event, desk)


async def _greet(event: ChatMemberUpdated, desk: Desk) -> None:
    who, chat_id = event.from_user, event.chat.id
    locale = locale_for(who.language_code)
    if who.id in desk.settings.admin_ids or allowed(desk.settings, user_id=who.id, chat_id=chat_id):
        key, args = group_help(locale, await desk.offers.now())
        text = say(locale, key, **args)
    else:
        text = say(locale, "not-allowed-group", chat=str(chat_id))
    await desk.voice.say(Sentence(chat_id=chat_id, text=text))


async def on_migration(message: Message, desk: Desk) -> None:
    """Told twice, in the old chat and in the new one; safe to repeat."""
    old, new = (
        (message.chat.id, message.migrate_to_chat_id)
        if message.migrate_to_chat_id
        else (message.migrate_from_chat_id, message.chat.id)
    )
    if old is not None and new is not None:
        moved = await desk.intake.chat_migrated(old, new)
        log.get().info(log.CHAT_MIGRATED, chat=old, to=new, jobs=moved)


def router() -> Router:
    made = Router(name="members")
    made.my_chat_member.register(on_my_status)
    made.message.register(on_migration, F.migrate_to_chat_id)
    made.message.register(on_migration, F.migrate_from_chat_id)
    return made
