"""The bot as a process: builds the parts, polls until it is told to stop."""

from __future__ import annotations

import asyncio
from typing import Any

from aiogram import Bot, Dispatcher
from aiogram.exceptions import AiogramError
from aiogram.types import Update

from imgvid import log
from imgvid.bot import (
    answers,
    buttons,
    card_presses,
    commands,
    forget,
    jobs,
    language,
    members,
    menu,
    other,
    photos,
    words,
)
from imgvid.bot.attempts import PAUSES_S, Attempts, RawUpdate, Settle, where
from imgvid.bot.desk import Desk
from imgvid.bot.easel import Easel
from imgvid.bot.gate import Gate
from imgvid.bot.offers import Offers
from imgvid.bot.quiet import Quiet
from imgvid.bot.reception import Reception
from imgvid.bot.setup import keep_up
from imgvid.bot.telegram import Me, fetcher, introduce, open_bot, warm_up
from imgvid.bot.updates import Poller, PollRefused
from imgvid.bot.voice import Sentence, Voice
from imgvid.bot.waiting import before
from imgvid.config import BotSettings
from imgvid.store.drafts import DraftStore
from imgvid.store.intake import Intake
from imgvid.store.pool import Database, open_pool_patiently
from imgvid.texts import locale_for, say

EXIT_REFUSED_BY_TELEGRAM = 1
POOL_SIZE = 8  # an update holds a connection for a few milliseconds; 50 photos a second need one or two
SPARE_CONNECTIONS = 8  # the long poll, menus, and late answers to presses


def build_dispatcher(desk: Desk, gate: Gate) -> Dispatcher:
    """aiogram's dispatcher without its state machine: the database remembers."""
    dispatcher = Dispatcher(disable_fsm=True, desk=desk)
    dispatcher.message.outer_middleware(gate)
    dispatcher.callback_query.outer_middleware(gate)
    dispatcher.include_routers(
        members.router(),
        commands.router(),
        menu.router(),
        jobs.router(),
        language.router(),
        forget.router(),
        answers.router(),
        photos.router(),
        words.router(),
        commands.unknown_router(),
        other.router(),
        card_presses.router(),
        buttons.router(),
    )
    return dispatcher


class Handling:
    """One update through aiogram, and what is done about one that cannot be handled."""

    def __init__(self, *, bot: Bot, dispatcher: Dispatcher, intake: Intake, voice: Voice) -> None:
        self._bot, self._dispatcher, self._intake, self._voice = bot, dispatcher, intake, voice

    async def handle(self, update: RawUpdate, settle: Settle) -> None:
        """Raises whatever the handler raises, and pydantic's ValidationError for an update that is none."""
        event = Update.model_validate(dict(update.body), context={"bot": self._bot})
        await self._dispatcher.feed_update(self._bot, event, settle=settle)

    async def give_up(self, update: RawUpdate, error: Exception) -> None:
        """Note its kind and the error's class, say one sentence, never the content. Raises StoreUnavailable."""
        kind = type(error).__name__
        await self._intake.note_failed_update(self._bot.id, update.id, update.kind, kind)
        log.get().error(log.UPDATE_GIVEN_UP, update=update.id, kind=update.kind, error=kind, at=where(error))
        if update.chat_id is None or update.kind == "my_chat_member":
            return
        words = say(locale_for(update.language_code), "trouble")
        try:
            await self._voice.say(Sentence(chat_id=update.chat_id, text=words))
        except AiogramError as silence:
            log.get().info(log.ANSWER_DROPPED, chat=update.chat_id, reason=type(silence).__name__)


async def run_bot(settings: BotSettings, stop: asyncio.Event, *, retry_pauses_s: tuple[float, ...] = PAUSES_S) -> int:
    """Poll until `stop` is set. Exit code 0; 1 when Telegram refuses this process (another poller, a bad token)."""
    pool = await before(stop, open_pool_patiently(settings.database_url, size=POOL_SIZE, name="imgvid bot"))
    if pool is None:
        return 0
    database = Database(pool)
    bot = open_bot(
        token=settings.telegram_bot_token,
        api_url=settings.telegram_api_url,
        connections=settings.bot_concurrency + SPARE_CONNECTIONS,
    )
    try:
        return await _poll(settings, stop, bot=bot, database=database, retry_pauses_s=retry_pauses_s)
    except PollRefused as refused:
        log.get().error(log.UPDATES_REFUSED, reason=str(refused), next="exit; one bot process per token")
        return EXIT_REFUSED_BY_TELEGRAM
    finally:
        await bot.session.close()
        await database.close()


def build_handling(
    settings: BotSettings, stop: asyncio.Event, *, bot: Bot, me: Me, database: Database, offers: Offers
) -> Handling:
    """The handlers with everything that they use."""
    intake, drafts = Intake(database), DraftStore(database)
    voice, quiet = Voice(bot=bot, intake=intake), Quiet()
    desk = Desk(
        bot=bot,
        me=me,
        intake=intake,
        drafts=drafts,
        offers=offers,
        easel=Easel(voice=voice, drafts=drafts, offers=offers, prices=settings.show_prices),
        voice=voice,
        reception=Reception(bot=bot, intake=intake, settings=settings, stop=stop),
        settings=settings,
    )
    gate = Gate(settings=settings, intake=intake, offers=offers, voice=voice, quiet=quiet, me=me)
    return Handling(bot=bot, dispatcher=build_dispatcher(desk, gate), intake=intake, voice=voice)


async def _poll(
    settings: BotSettings, stop: asyncio.Event, *, bot: Bot, database: Database, retry_pauses_s: tuple[float, ...]
) -> int:
    warm_up()
    me = await introduce(bot, stop)
    if me is None:
        return 0
    offers = Offers(intake=Intake(database))
    handling = build_handling(settings, stop, bot=bot, me=me, database=database, offers=offers)
    attempts = Attempts(handle=handling.handle, give_up=handling.give_up, stop=stop, pauses_s=retry_pauses_s)
    poller = Poller(fetch=fetcher(bot), attempts=attempts, bound=settings.bot_concurrency)
    log.get().info(log.BOT_READY, bot=me.username, chats_side_by_side=settings.bot_concurrency)
    face: asyncio.Task[Any] = asyncio.create_task(keep_up(bot, offers, stop))
    try:
        await poller.run(stop)
    finally:
        face.cancel()
        await asyncio.gather(face, return_exceptions=True)
    return 0
