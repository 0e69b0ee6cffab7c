"""Everything that a video cannot be made of gets a sentence that says what to send instead."""

from __future__ import annotations

from aiogram import Router
from aiogram.types import Message

from imgvid.bot.desk import Desk
from imgvid.bot.reading import Unusable, read_message
from imgvid.bot.talk import Talk


async def on_anything(message: Message, talk: Talk, desk: Desk) -> None:
    reading = read_message(message, desk.me)
    if isinstance(reading, Unusable):
        await talk.refuse(reading.key, reading.args)


def router() -> Router:
    """Included last of those that take messages."""
    made = Router(name="other")
    made.message.register(on_anything)
    return made
