"""Taking a job in: enqueue first, then the placeholder, then its id.

    enqueue ─▶ (killed here: announce sends a placeholder after 5 s)
            ─▶ sendMessage ─▶ (killed here: one stale line of text)
                           ─▶ attach_message ─▶ another id is stored: ours is taken away

A send that fails or whose outcome is unknown is left alone: announce sends for every row that has none after 5 s.
"""

from __future__ import annotations

import asyncio
from uuid import UUID

from aiogram import Bot
from aiogram.exceptions import AiogramError, TelegramMigrateToChat

from imgvid import log
from imgvid.bot import orders
from imgvid.bot.keyboards import markup
from imgvid.bot.talk import Talk
from imgvid.bot.voice import is_unchanged, reply_to_message
from imgvid.bot.waiting import pause
from imgvid.catalog import Makes, modes
from imgvid.config import BotSettings
from imgvid.jobs.model import Enqueued, NewJob
from imgvid.store.intake import Intake
from imgvid.store.pool import StoreUnavailable
from imgvid.telegram.keyboard import while_open

TOO_FAST_S = 60  # the database counts a chat's jobs of the last minute
ATTACH_PAUSE_S = 0.5


class Reception:
    """One door for every new job."""

    def __init__(self, *, bot: Bot, intake: Intake, settings: BotSettings, stop: asyncio.Event) -> None:
        self._bot, self._intake, self._settings, self._stop = bot, intake, settings, stop

    async def enqueue(self, job: NewJob, talk: Talk) -> Enqueued:
        """Insert the job. From here on its update needs no second delivery: whatever follows can be made good by announce."""
        put = await self._intake.enqueue(
            job,
            orders.limits(
                talk,
                pending_per_person=self._settings.pending_per_person,
                queued=self._settings.queue_limit,
                per_chat_minute=self._settings.chat_jobs_per_minute,
            ),
        )
        if put.verdict in _TAKEN:
            talk.settle()
        log.get().info(log.JOB_TAKEN, job=put.short, verdict=put.verdict, chat=job.chat_id, user=job.user_id)
        return put

    async def place(self, put: Enqueued, job: NewJob, talk: Talk) -> None:
        """The placeholder of a job that was queued just now."""
        if put.job_id is None or put.short is None:
            return
        try:
            sent = await self._bot.send_message(
                job.chat_id,
                placeholder_text(put, job.mode, talk),
                message_thread_id=job.thread_id,
                reply_parameters=reply_to_message(job.source_message_id),
                reply_markup=markup(while_open(talk.locale, put.short)),
            )
        except TelegramMigrateToChat as moved:
            await self._intake.chat_migrated(job.chat_id, moved.migrate_to_chat_id)
        except AiogramError as error:
            log.get().info(
                log.PLACEHOLDER_LEFT, job=put.short, error=type(error).__name__, next="announce sends one after 5 s"
            )
        else:
            await self._attach(put.job_id, sent.chat.id, sent.message_id, talk)

    async def turn(self, put: Enqueued, talk: Talk, *, mode_id: str, message_id: int) -> None:
        """A card's own message becomes the placeholder of its job, which has none yet."""
        if put.job_id is None or put.short is None:
            return
        try:
            await self._bot.edit_message_text(
                placeholder_text(put, mode_id, talk),
                chat_id=talk.chat_id,
                message_id=message_id,
                reply_markup=markup(while_open(talk.locale, put.short)),
            )
        except TelegramMigrateToChat as moved:
            await self._intake.chat_migrated(talk.chat_id, moved.migrate_to_chat_id)
            return
        except AiogramError as error:
            if not is_unchanged(error):  # a second press: the first one wrote it and was killed
                log.get().info(
                    log.PLACEHOLDER_LEFT, job=put.short, error=type(error).__name__, next="announce sends one after 5 s"
                )
                return
        await self._attach(put.job_id, talk.chat_id, message_id, talk)

    async def _attach(self, job_id: UUID, chat_id: int, message_id: int, talk: Talk) -> None:
        while True:  # the line in the chat is there: its id is worth waiting for
            try:
                holds = await self._intake.attach_message(job_id, message_id)
                break
            except StoreUnavailable:
                if await pause(self._stop, ATTACH_PAUSE_S):
                    return
        if holds != message_id:
            await talk.voice.take_away(chat_id, message_id)


def placeholder_text(put: Enqueued, mode_id: str, talk: Talk) -> str:
    short, mode = put.short or "", modes().get(mode_id)
    makes = mode.makes if mode is not None else Makes.VIDEO
    if put.behind > 0:
        return talk.words("waiting-behind-own", count=put.behind, id=short, makes=makes)
    return talk.words("waiting-placed", id=short, makes=makes)


_TAKEN = frozenset({"queued", "duplicate", "joined"})
_REFUSALS = {
    "album_late": "reject-late",
    "album_full": "reject-third",
    "too_many_pending": "limit-pending",
    "queue_full": "limit-queue",
    "too_fast": "limit-rate",
    "forgetting": "delete-waiting",
}


def refusal(put: Enqueued) -> tuple[str, dict[str, str | int | float]] | None:
    """The text, with its variables, for a verdict that took nothing in; None for one that did, or that was known."""
    if put.verdict in _TAKEN:
        return None
    return _REFUSALS[put.verdict], {"count": put.behind, "seconds": TOO_FAST_S}
