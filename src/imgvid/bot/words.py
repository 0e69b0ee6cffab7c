"""Words alone, in a private chat: what shall I make of them?"""

from __future__ import annotations

from aiogram import F, Router
from aiogram.filters import Filter
from aiogram.types import Message

from imgvid.bot.addressing import command, prompt
from imgvid.bot.desk import Desk
from imgvid.bot.offers import WORDS
from imgvid.bot.opening import begun, blank, open_card, words_problem
from imgvid.bot.reading import NO_PICTURE, read_message
from imgvid.bot.talk import Talk


class WordsAlone(Filter):
    """Lets pass words that something on offer can be made of."""

    async def __call__(self, message: Message, desk: Desk) -> bool:
        if command(message) is not None or read_message(message, desk.me) != NO_PICTURE:
            return False
        return bool((await desk.offers.now()).among(WORDS))


async def on_words(message: Message, talk: Talk, desk: Desk) -> None:
    offer, words = await desk.offers.now(), prompt(message, desk.me)
    wrong = words_problem(words, offer.among(WORDS)) if words else None
    if wrong is not None:
        await talk.refuse(wrong.key, wrong.args)
        return
    draft = blank(talk, bot_id=desk.me.id, among=WORDS, source=talk.message_id, words=words)
    await open_card(f"m:{desk.me.id}:{talk.chat_id}:{talk.message_id}", begun(draft, offer, talk), talk, desk)


def router() -> Router:
    """Included after everything that knows what a text is for."""
    made = Router(name="words")
    made.message.register(on_words, F.text, WordsAlone())
    return made
