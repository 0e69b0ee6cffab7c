"""/language: which one the bot speaks with a person; it beats the one of the person's app."""

from __future__ import annotations

from aiogram import F, Router
from aiogram.exceptions import TelegramAPIError
from aiogram.filters import Command
from aiogram.types import BotCommandScopeChat, CallbackQuery, Message

from imgvid import log
from imgvid.bot import keyboards
from imgvid.bot.desk import Desk
from imgvid.bot.setup import menu
from imgvid.bot.talk import Talk
from imgvid.texts import Locale, say


async def on_language(_message: Message, talk: Talk) -> None:
    await talk.say(talk.words("language-choose"), keyboard=keyboards.languages())


async def on_choice(callback: CallbackQuery, talk: Talk, desk: Desk) -> None:
    press = keyboards.unpack(callback.data or "")
    if not isinstance(press, keyboards.LanguagePress):
        return
    await desk.intake.choose_locale(talk.user_id, press.locale)
    await desk.voice.answer_press(callback.id, say(press.locale, "alert-language"))
    if talk.private:  # in a group the question stays for the others
        await desk.voice.rewrite(talk.chat_id, talk.message_id, say(press.locale, "language-chosen"))
        await _translate_menu(talk.chat_id, press.locale, desk)


async def _translate_menu(chat_id: int, locale: Locale, desk: Desk) -> None:
    """The app's language rules the menu until the person chose another one here. Best effort."""
    offer = await desk.offers.now()
    try:
        await desk.bot.set_my_commands(menu(locale, offer), scope=BotCommandScopeChat(chat_id=chat_id))
    except TelegramAPIError as error:
        log.get().info(log.PROFILE_SKIPPED, what="menu of a chat", reason=error.message)


def router() -> Router:
    made = Router(name="language")
    made.message.register(on_language, F.text, Command("language", ignore_case=True))
    made.callback_query.register(on_choice, F.data.startswith("l:"))
    return made
