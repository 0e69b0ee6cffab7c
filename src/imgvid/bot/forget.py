"""/deletemydata: one question, then everything of the person is cancelled and wiped."""

from __future__ import annotations

from aiogram import F, Router
from aiogram.filters import Command
from aiogram.types import CallbackQuery, Message

from imgvid.bot import keyboards
from imgvid.bot.desk import Desk
from imgvid.bot.talk import Talk


async def on_wish(_message: Message, talk: Talk) -> None:
    await talk.say(talk.words("delete-confirm"), keyboard=keyboards.forget(talk.locale, talk.user_id))


async def on_answer(callback: CallbackQuery, talk: Talk, desk: Desk) -> None:
    press = keyboards.unpack(callback.data or "")
    if not isinstance(press, keyboards.ForgetPress):
        return
    if press.user_id != talk.user_id:
        await desk.voice.answer_press(callback.id, talk.words("alert-not-yours"), alert=True)
        return
    key = "delete-kept"
    if press.sure:
        await desk.intake.wish_forget(talk.user_id)
        key = "delete-waiting"
    await desk.voice.answer_press(callback.id, "")
    await desk.voice.rewrite(talk.chat_id, talk.message_id, talk.words(key))


def router() -> Router:
    made = Router(name="forget")
    made.message.register(on_wish, F.text, Command("deletemydata", ignore_case=True))
    made.callback_query.register(on_answer, F.data.startswith("f:"))
    return made
