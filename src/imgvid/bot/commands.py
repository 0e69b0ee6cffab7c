"""/start, /help, /ping, /privacy, and the commands that do not exist."""

from __future__ import annotations

from aiogram import F, Router
from aiogram.filters import Command
from aiogram.types import Message

from imgvid.bot.desk import Desk
from imgvid.bot.talk import Talk


async def on_start(_message: Message, talk: Talk) -> None:
    await talk.say(talk.words("start") if talk.private else talk.words("help-group"))


async def on_help(_message: Message, talk: Talk) -> None:
    text = talk.words("help")
    await talk.say(text if talk.private else f"{text}\n\n{talk.words('help-group')}")


async def on_ping(_message: Message, talk: Talk) -> None:
    await talk.say(talk.words("ping"))


async def on_privacy(_message: Message, talk: Talk, desk: Desk) -> None:
    settings = desk.settings
    text = talk.words("privacy", row_days=settings.keep_rows_days.days, prompt_days=settings.keep_prompts_days.days)
    await talk.say(text)


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
