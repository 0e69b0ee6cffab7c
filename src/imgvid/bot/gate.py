"""The middleware before every handler: is this meant for us, may they use us, who are they, which language?

Its order matters: a group's own talk leaves no trace, and a stranger leaves no row.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Awaitable, Callable
from dataclasses import replace
from typing import Any

from aiogram import BaseMiddleware
from aiogram.enums import ChatType
from aiogram.types import CallbackQuery, Message, TelegramObject, User

from imgvid.bot.addressing import VIDEO, addressed, command, is_bare, maker
from imgvid.bot.offers import Offers
from imgvid.bot.quiet import Quiet
from imgvid.bot.reading import is_said
from imgvid.bot.talk import Talk
from imgvid.bot.telegram import Me
from imgvid.bot.voice import Voice
from imgvid.config import BotSettings
from imgvid.store.intake import Intake
from imgvid.texts import locale_for

Handler = Callable[[TelegramObject, dict[str, Any]], Awaitable[Any]]


def allowed(settings: BotSettings, *, user_id: int, chat_id: int) -> bool:
    """Everybody while both lists are empty; else the listed people anywhere, everybody in a listed chat, and admins."""
    if not settings.allowed_chats and not settings.allowed_users:
        return True
    return user_id in settings.allowed_users or user_id in settings.admin_ids or chat_id in settings.allowed_chats


class Albums:
    """Albums whose captioned picture was meant for us: the others of a group's album carry no mention. Bounded."""

    def __init__(self, *, remember: int = 500) -> None:
        self._ours: OrderedDict[tuple[int, str], None] = OrderedDict()
        self._remember = remember

    def add(self, chat_id: int, album: str) -> None:
        self._ours[chat_id, album] = None
        while len(self._ours) > self._remember:
            self._ours.popitem(last=False)

    def __contains__(self, key: tuple[int, str]) -> bool:
        return key in self._ours


class Gate(BaseMiddleware):
    """Outer middleware for messages and presses; handlers behind it get `talk`."""

    def __init__(
        self, *, settings: BotSettings, intake: Intake, offers: Offers, voice: Voice, quiet: Quiet, me: Me
    ) -> None:
        self._settings, self._intake, self._offers = settings, intake, offers
        self._voice, self._quiet, self._me = voice, quiet, me
        self._albums = Albums()

    async def __call__(self, handler: Handler, event: TelegramObject, data: dict[str, Any]) -> Any:
        if isinstance(event, Message):
            if event.migrate_to_chat_id or event.migrate_from_chat_id:
                return await handler(event, data)
            if not await self._is_for_us(event) or event.from_user is None:
                return None
            thread_id = event.message_thread_id if event.is_topic_message else None
            talk = self._stranger(event.from_user, event, thread_id, data)
        elif isinstance(event, CallbackQuery) and event.message is not None:
            pressed = event.message
            in_topic = isinstance(pressed, Message) and pressed.is_topic_message
            thread_id = pressed.message_thread_id if isinstance(pressed, Message) and in_topic else None
            talk = self._stranger(event.from_user, pressed, thread_id, data)
        else:
            return None
        if not talk.admin and not allowed(self._settings, user_id=talk.user_id, chat_id=talk.chat_id):
            return await self._turn_away(event, talk)
        person = await self._intake.see_person(talk.user_id, talk.locale)
        data["talk"] = replace(talk, locale=person.locale, memory=person.settings)
        return await handler(event, data)

    async def _is_for_us(self, message: Message) -> bool:
        if not is_said(message) or await self._is_for_another_bot(message):
            return False
        album = message.media_group_id
        if addressed(message, self._me) is not None:
            if album and message.chat.type != ChatType.PRIVATE:
                self._albums.add(message.chat.id, album)
            return True
        return album is not None and (message.chat.id, album) in self._albums

    async def _is_for_another_bot(self, message: Message) -> bool:
        """A group's /image without our name, while we make no images."""
        group = maker(message)
        if group is None or message.chat.type == ChatType.PRIVATE or is_bare(message, VIDEO):
            return False
        named = command(message)
        bare = named is not None and named[1] is None
        return bare and group not in (await self._offers.now()).groups

    def _stranger(self, user: User, place: Any, thread_id: int | None, data: dict[str, Any]) -> Talk:
        return Talk(
            user_id=user.id,
            chat_id=place.chat.id,
            thread_id=thread_id,
            message_id=place.message_id,
            private=place.chat.type == ChatType.PRIVATE,
            admin=user.id in self._settings.admin_ids,
            locale=locale_for(user.language_code),
            voice=self._voice,
            quiet=self._quiet,
            settle=data["settle"],
        )

    async def _turn_away(self, event: TelegramObject, talk: Talk) -> None:
        if isinstance(event, CallbackQuery):
            await self._voice.answer_press(event.id, talk.words("not-allowed", user=str(talk.user_id)), alert=True)
        elif talk.private:
            await talk.refuse("not-allowed", {"user": str(talk.user_id)})
        else:
            await talk.refuse("not-allowed-group", {"chat": str(talk.chat_id)})
