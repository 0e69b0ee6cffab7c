"""/image, /video, /photovideo, /edit, and the same as buttons under /start: a card that asks for what is missing."""

from __future__ import annotations

from aiogram import F, Router
from aiogram.filters import Filter
from aiogram.types import CallbackQuery, Message

from imgvid.bot import card_keys
from imgvid.bot.addressing import maker, prompt
from imgvid.bot.card_keys import MenuPress
from imgvid.bot.desk import Desk
from imgvid.bot.opening import begun, blank, open_card, words_problem
from imgvid.bot.reading import Usable, read_message
from imgvid.bot.talk import Talk
from imgvid.catalog import Group


class AsksFor(Filter):
    """Lets pass a command that makes something on offer out of nothing but words, and hands on its group."""

    async def __call__(self, message: Message, desk: Desk) -> bool | dict[str, Group]:
        group = maker(message)
        if group is None or isinstance(read_message(message, desk.me), Usable):
            return False
        return {"group": group} if group in (await desk.offers.now()).groups else False


async def on_command(message: Message, group: Group, talk: Talk, desk: Desk) -> None:
    origin = f"m:{desk.me.id}:{talk.chat_id}:{talk.message_id}"
    await _begin(group, prompt(message, desk.me), origin, talk, desk)


async def on_press(callback: CallbackQuery, talk: Talk, desk: Desk) -> None:
    press = card_keys.unpack(callback.data or "")
    offer = await desk.offers.now()
    if not isinstance(press, MenuPress) or press.group not in offer.groups:
        await desk.voice.answer_press(callback.id, talk.words("alert-mode-gone"), alert=True)
        return
    await _begin(press.group, None, f"c:{desk.me.id}:{callback.id}", talk, desk)
    await desk.voice.answer_press(callback.id, "")


async def _begin(group: Group, words: str | None, origin: str, talk: Talk, desk: Desk) -> None:
    offer = await desk.offers.now()
    offered = offer.among(group)
    if offer.plain is not None and offered == (offer.plain,):  # the next photo is queued at once: nothing to set
        await talk.say(talk.words("ask-image"))
        return
    wrong = words_problem(words, offered) if words else None
    if wrong is not None:
        await talk.refuse(wrong.key, wrong.args)
        return
    pressed = origin.startswith("c:")
    source = None if pressed and talk.private else talk.message_id
    draft = blank(talk, bot_id=desk.me.id, among=group, source=source, words=words)
    await open_card(origin, begun(draft, offer, talk), talk, desk)


def router() -> Router:
    made = Router(name="menu")
    made.message.register(on_command, F.text, AsksFor())
    made.callback_query.register(on_press, F.data.startswith("n:"))
    return made
