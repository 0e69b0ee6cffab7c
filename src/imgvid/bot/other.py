"""Everything that a video cannot be made of gets a sentence that says what to send instead."""

from __future__ import annotations

from aiogram import Router
from aiogram.types import Message

from imgvid.bot.desk import Desk
from imgvid.bot.guide import group_help
from imgvid.bot.reading import Unusable, read_message
from imgvid.bot.talk import Talk


async def on_anything(message: Message, talk: Talk, desk: Desk) -> None:
    reading = read_message(message, desk.me)
    if not isinstance(reading, Unusable):
        return
    offer = await desk.offers.now()
    if not offer.modes:
        await talk.refuse("reject-nothing")
    elif reading.key == "help-group":
        await talk.refuse(*group_help(talk.locale, offer))
    else:
        await talk.refuse(reading.key, {"makes": offer.makes, **reading.args})


def router() -> Router:
    """Included last of those that take messages."""
    made = Router(name="other")
    made.message.register(on_anything)
    return made
