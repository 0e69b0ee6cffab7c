"""Sends what the bot says, and knows what Telegram's refusals of it mean.

flood (retry_after)        the update is settled, the wait is sat out up to 30 s, said once more, then dropped
migrated                   the chat's jobs move, said to the new chat
blocked, kicked, no right  nobody can be told: dropped
network, 5xx, HTML         raised: the update's next try says it again (a sentence twice beats silence)
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, replace

from aiogram import Bot
from aiogram.exceptions import (
    TelegramAPIError,
    TelegramBadRequest,
    TelegramForbiddenError,
    TelegramMigrateToChat,
    TelegramNetworkError,
    TelegramRetryAfter,
    TelegramServerError,
)
from aiogram.types import ReplyParameters

from imgvid import log
from imgvid.bot.keyboards import markup
from imgvid.store.intake import Intake
from imgvid.telegram.keyboard import Keyboard

LONGEST_FLOOD_S = 30
ALERT_MAX = 200  # Bot API, answerCallbackQuery.text
_DEAF = ("chat not found", "not enough rights", "have no rights", "need administrator rights", "topic_closed", "thread")
_UNCHANGED = "message is not modified"
_PASSING = (TelegramNetworkError, TelegramServerError, TelegramRetryAfter)


@dataclass(frozen=True, slots=True, kw_only=True)
class Sentence:
    """What is said where."""

    chat_id: int
    text: str
    thread_id: int | None = None
    reply_to: int | None = None
    keyboard: Keyboard | None = None


class Voice:
    """Sentences to chats. `sleep` is given by tests that do not want to wait."""

    def __init__(
        self, *, bot: Bot, intake: Intake, sleep: Callable[[float], Awaitable[object]] = asyncio.sleep
    ) -> None:
        self._bot, self._intake, self._sleep = bot, intake, sleep

    async def say(self, sentence: Sentence, *, settle: Callable[[], None] = lambda: None) -> int | None:
        """Send a sentence; answers its message id, None when nobody can be told. Raises what may pass by the next try."""
        try:
            return await self._send(sentence)
        except TelegramMigrateToChat as moved:
            await self._intake.chat_migrated(sentence.chat_id, moved.migrate_to_chat_id)
            return await self._send(replace(sentence, chat_id=moved.migrate_to_chat_id, reply_to=None))
        except TelegramRetryAfter as flood:
            settle()
            return await self._say_after(flood, sentence)
        except (TelegramForbiddenError, TelegramBadRequest) as refusal:
            if not _is_deaf(refusal):
                raise
            log.get().info(log.ANSWER_DROPPED, chat=sentence.chat_id, reason=refusal.message)
            return None

    async def _say_after(self, flood: TelegramRetryAfter, sentence: Sentence) -> int | None:
        reason = flood.message
        if flood.retry_after <= LONGEST_FLOOD_S:
            await self._sleep(flood.retry_after)
            try:
                return await self._send(sentence)
            except TelegramAPIError as again:
                reason = again.message
        log.get().info(log.ANSWER_DROPPED, chat=sentence.chat_id, reason=reason)
        return None

    async def _send(self, sentence: Sentence) -> int:
        sent = await self._bot.send_message(
            sentence.chat_id,
            sentence.text,
            message_thread_id=sentence.thread_id,
            reply_parameters=reply_to_message(sentence.reply_to),
            reply_markup=markup(sentence.keyboard) if sentence.keyboard else None,
        )
        return sent.message_id

    async def rewrite(self, chat_id: int, message_id: int, text: str, keyboard: Keyboard | None = None) -> bool:
        """Replace a text of the bot's own (menus and cards, never a job's message). Raises what may pass by the next try.

        False: there is no such text any more. A flood limit is no reason to say it elsewhere.
        """
        try:
            await self._bot.edit_message_text(
                text, chat_id=chat_id, message_id=message_id, reply_markup=markup(keyboard) if keyboard else None
            )
        except (TelegramForbiddenError, TelegramBadRequest) as refusal:
            if not is_unchanged(refusal):
                log.get().info(log.ANSWER_DROPPED, chat=chat_id, reason=refusal.message)
                return False
        except TelegramMigrateToChat as moved:  # the message stays behind
            await self._intake.chat_migrated(chat_id, moved.migrate_to_chat_id)
            return False
        except TelegramRetryAfter as flood:
            log.get().info(log.ANSWER_DROPPED, chat=chat_id, reason=flood.message)
        return True

    async def answer_press(self, callback_id: str, text: str, *, alert: bool = False) -> None:
        """The little answer to a press, which also ends the button's spinner. A late or repeated one is nobody's loss."""
        try:
            await self._bot.answer_callback_query(callback_id, text=text[:ALERT_MAX], show_alert=alert)
        except TelegramAPIError as error:
            if isinstance(error, _PASSING):
                log.get().info(log.ANSWER_DROPPED, reason=error.message)

    async def take_away(self, chat_id: int, message_id: int) -> None:
        """Remove a message of ours; where that is not possible any more (48 h), its buttons."""
        try:
            await self._bot.delete_message(chat_id, message_id)
        except TelegramBadRequest:
            try:
                await self._bot.edit_message_reply_markup(chat_id=chat_id, message_id=message_id, reply_markup=None)
            except TelegramAPIError as error:
                log.get().info(log.ANSWER_DROPPED, chat=chat_id, reason=error.message)
        except TelegramAPIError as error:
            log.get().info(log.ANSWER_DROPPED, chat=chat_id, reason=error.message)


def reply_to_message(message_id: int | None) -> ReplyParameters | None:
    """A reply that is sent all the same when the message has gone."""
    if message_id is None:
        return None
    return ReplyParameters(message_id=message_id, allow_sending_without_reply=True)


def is_unchanged(error: Exception) -> bool:
    """Whether an edit was refused because the message says all that already: an edit that did succeed."""
    return isinstance(error, TelegramBadRequest) and _UNCHANGED in error.message


def _is_deaf(refusal: TelegramAPIError) -> bool:
    told = refusal.message.lower()
    return isinstance(refusal, TelegramForbiddenError) or any(part in told for part in _DEAF)
