"""The bot's face: command menus, name and descriptions in each language. Best effort: people are answered without it."""

from __future__ import annotations

from collections.abc import Awaitable, Callable

from aiogram import Bot
from aiogram.exceptions import AiogramError, TelegramRetryAfter
from aiogram.types import BotCommand

from imgvid import log
from imgvid.bot.addressing import COMMANDS
from imgvid.texts import LOCALES, Locale, say

Step = tuple[str, Callable[[], Awaitable[object]]]


def menu(locale: str) -> list[BotCommand]:
    """The command menu in one language."""
    return [BotCommand(command=name, description=say(locale, f"command-{name}")) for name in COMMANDS]


def _steps(bot: Bot, locale: Locale) -> list[Step]:
    """English stands for every language that has none of its own (no language_code)."""
    code = None if locale is Locale.EN else locale.value
    name, about, short = (say(locale, key) for key in ("bot-name", "bot-description", "bot-short-description"))

    async def set_name() -> None:
        if (await bot.get_my_name(language_code=code)).name != name:  # few changes a day are allowed
            await bot.set_my_name(name=name, language_code=code)

    return [
        (f"commands ({locale})", lambda: bot.set_my_commands(menu(locale), language_code=code)),
        (f"description ({locale})", lambda: bot.set_my_description(description=about, language_code=code)),
        (f"about ({locale})", lambda: bot.set_my_short_description(short_description=short, language_code=code)),
        (f"name ({locale})", set_name),
    ]


async def set_up(bot: Bot) -> None:
    """Set it all. What Telegram refuses is skipped and said; after a flood limit the rest waits for the next start."""
    for locale in LOCALES:
        for what, step in _steps(bot, locale):
            try:
                await step()
            except TelegramRetryAfter as flood:
                log.get().info(log.PROFILE_SKIPPED, what=what, reason=flood.message, next="at the next start")
                return
            except AiogramError as error:
                log.get().info(log.PROFILE_SKIPPED, what=what, reason=type(error).__name__)
