"""/start, /help, /ping, /privacy, and the commands that do not exist."""

from __future__ import annotations

from aiogram import F, Router
from aiogram.filters import Command
from aiogram.types import Message

from imgvid.bot import guide
from imgvid.bot.card_rows import menu
from imgvid.bot.desk import Desk
from imgvid.bot.talk import Talk


async def on_start(_message: Message, talk: Talk, desk: Desk) -> None:
    offer = await desk.offers.now()
    if not talk.private:
        key, args = guide.group_help(talk.locale, offer)
        await talk.say(talk.words(key, **args))
        return
    studio = offer.modes and not offer.is_plain
    await talk.say(talk.words(guide.start(offer)), keyboard=menu(talk.locale, offer.groups) if studio else None)


async def on_help(_message: Message, talk: Talk, desk: Desk) -> None:
    offer = await desk.offers.now()
    key, args = guide.help_text(talk.locale, offer)
    text = talk.words(key, **args)
    if not talk.private:
        key, args = guide.group_help(talk.locale, offer)
        text = f"{text}\n\n{talk.words(key, **args)}"
    await talk.say(text)


async def on_ping(_message: Message, talk: Talk) -> None:
    await talk.say(talk.words("ping"))


async def on_privacy(_message: Message, talk: Talk, desk: Desk) -> None:
    settings = desk.settings
    offer = await desk.offers.now()
    days = {"row_days": settings.keep_rows_days.days, "prompt_days": settings.keep_prompts_days.days}
    text = talk.words("privacy", makes=offer.makes, **days)
    await talk.say("\n\n".join([text, *(talk.words(key) for key in guide.privacy(offer))]))


def router() -> Router:
    made = Router(name="commands")
    made.message.register(on_start, F.text, Command("start", ignore_case=True))
    made.message.register(on_help, F.text, Command("help", ignore_case=True))
    made.message.register(on_ping, F.text, Command("ping", ignore_case=True))
    made.message.register(on_privacy, F.text, Command("privacy", ignore_case=True))
    return made


def unknown_router() -> Router:
    """Included after every other router that knows a command."""
    made = Router(name="unknown commands")
    made.message.register(on_help, F.text.regexp(r"^/[A-Za-z]"))
    return made
