"""The bot's face: command menus, name and descriptions in each language. Best effort: people are answered without it."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable

from aiogram import Bot
from aiogram.exceptions import AiogramError, TelegramRetryAfter
from aiogram.types import BotCommand

from imgvid import log
from imgvid.bot.addressing import COMMANDS, MAKERS
from imgvid.bot.guide import makers
from imgvid.bot.offers import Offer, Offers
from imgvid.bot.waiting import pause
from imgvid.catalog import Makes
from imgvid.store.pool import StoreUnavailable
from imgvid.texts import LOCALES, Locale, say

BEFORE_MAKERS = 2  # /start and /help come first
LOOK_S = 5.0  # seconds between two looks at what is on offer; the database is asked less often (offers.py)
Step = tuple[str, Callable[[], Awaitable[object]]]


def menu(locale: str, offer: Offer | None = None) -> list[BotCommand]:
    """The command menu in one language: help first, then what can be made, then the rest. No offer: none is known yet."""
    makes = offer.makes if offer is not None else Makes.VIDEO
    fixed = [BotCommand(command=name, description=say(locale, f"command-{name}", makes=makes)) for name in COMMANDS]
    making = [
        BotCommand(command=name, description=say(locale, f"about-group-{MAKERS[name]}"))
        for name in (makers(offer) if offer is not None else ())
    ]
    return [*fixed[:BEFORE_MAKERS], *making, *fixed[BEFORE_MAKERS:]]


def _steps(bot: Bot, locale: Locale, offer: Offer) -> list[Step]:
    """English stands for every language that has none of its own (no language_code)."""
    code = None if locale is Locale.EN else locale.value
    name, about, short = (
        say(locale, key, makes=offer.makes) for key in ("bot-name", "bot-description", "bot-short-description")
    )

    async def set_name() -> None:
        if (await bot.get_my_name(language_code=code)).name != name:  # few changes a day are allowed
            await bot.set_my_name(name=name, language_code=code)

    return [
        (f"commands ({locale})", lambda: bot.set_my_commands(menu(locale, offer), language_code=code)),
        (f"description ({locale})", lambda: bot.set_my_description(description=about, language_code=code)),
        (f"about ({locale})", lambda: bot.set_my_short_description(short_description=short, language_code=code)),
        (f"name ({locale})", set_name),
    ]


async def keep_up(bot: Bot, offers: Offers, stop: asyncio.Event) -> None:
    """Set it all now, and again whenever something else is on offer. Until told to stop."""
    shown: tuple[object, ...] | None = None
    while not stop.is_set():
        try:
            offer = await offers.now()
        except StoreUnavailable:
            await pause(stop, LOOK_S)
            continue
        if (offer.groups, offer.makes) != shown:
            shown = (offer.groups, offer.makes)
            await set_up(bot, offer)
        await pause(stop, LOOK_S)


async def set_up(bot: Bot, offer: Offer) -> None:
    """Set it all. What Telegram refuses is skipped and said; after a flood limit the rest waits for the next start."""
    for locale in LOCALES:
        for what, step in _steps(bot, locale, offer):
            try:
                await step()
            except TelegramRetryAfter as flood:
                log.get().info(log.PROFILE_SKIPPED, what=what, reason=flood.message, next="at the next start")
                return
            except AiogramError as error:
                log.get().info(log.PROFILE_SKIPPED, what=what, reason=type(error).__name__)
