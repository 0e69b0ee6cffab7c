"""aiogram's client as the bot uses it: raw getUpdates, patient introductions, and what Telegram's errors let us conclude."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, TypeVar

from aiogram import Bot
from aiogram.client.session.aiohttp import AiohttpSession
from aiogram.client.telegram import TelegramAPIServer
from aiogram.exceptions import (
    AiogramError,
    ClientDecodeError,
    TelegramAPIError,
    TelegramConflictError,
    TelegramNotFound,
    TelegramRetryAfter,
    TelegramUnauthorizedError,
)
from aiogram.methods import Response, SendMessage, TelegramMethod
from aiogram.types import Message, Update

from imgvid import log
from imgvid.bot.updates import ALLOWED_UPDATES, BACKOFF_S, Fetch, PollFailed, PollRefused
from imgvid.bot.waiting import before, pause

CALL_S = 20  # one Bot API call without files; a longer one has an unknown outcome
POLL_SLACK_S = 15  # beyond the long poll's own time
FAILURES = (AiogramError, OSError, ValueError, LookupError)
"""What a call may raise: aiogram's errors, and what aiohttp raises over a proxy's page in an odd encoding."""
Result = TypeVar("Result")


@dataclass(frozen=True, slots=True, kw_only=True)
class Me:
    """The bot itself."""

    id: int
    username: str


class _RawUpdates(TelegramMethod[list[dict[str, Any]]]):
    """getUpdates without aiogram's types: one update that they cannot read must not hold back the others."""

    __returning__ = list[dict[str, Any]]
    __api_method__ = "getUpdates"

    offset: int
    limit: int
    timeout: int
    allowed_updates: list[str]


def open_bot(*, token: str, api_url: str, connections: int) -> Bot:
    """A client that never waits for a connection of its own. Close `bot.session` when done."""
    session = AiohttpSession(api=TelegramAPIServer.from_base(api_url), limit=connections, timeout=CALL_S)
    return Bot(token, session=session)


def warm_up() -> None:
    """Build the validators that every photo needs before the first one comes: 0.3 s, once (see lean.py)."""
    Update.model_validate({"update_id": 0})
    Response[Message].model_validate({"ok": True})
    SendMessage(chat_id=0, text="").model_dump(warnings=False)


def fetcher(bot: Bot) -> Fetch:
    """getUpdates over `bot`, its errors mapped to PollFailed and PollRefused."""

    async def fetch(offset: int, limit: int, timeout_s: int) -> Sequence[Mapping[str, Any]]:
        question = _RawUpdates(offset=offset, limit=limit, timeout=timeout_s, allowed_updates=list(ALLOWED_UPDATES))
        try:
            return await bot(question, request_timeout=timeout_s + POLL_SLACK_S)
        except FAILURES as error:
            raise conclude(error) from error

    return fetch


def conclude(error: Exception) -> PollFailed | PollRefused:
    """What an error of getUpdates, getMe or deleteWebhook means for this process."""
    told = error.message if isinstance(error, TelegramAPIError) else type(error).__name__
    match error:
        case TelegramConflictError():
            return PollRefused(f"another process polls with this bot token, or a webhook is set: {told}")
        case TelegramUnauthorizedError():
            return PollRefused(f"Telegram does not accept TELEGRAM_BOT_TOKEN: {told}")
        case TelegramNotFound():
            return PollRefused(f"TELEGRAM_API_URL or TELEGRAM_BOT_TOKEN is wrong: {told}")
        case TelegramRetryAfter():
            return PollFailed(told, retry_after_s=error.retry_after)
        case ClientDecodeError():
            told = "the answer was no Bot API JSON (a proxy's page?)"
    return PollFailed(told)


async def introduce(bot: Bot, stop: asyncio.Event) -> Me | None:
    """Take polling over (webhook away, nothing dropped) and learn our own name, for as long as that takes.

    None: told to stop first. Raises PollRefused.
    """
    if await _patiently(lambda: bot.delete_webhook(drop_pending_updates=False), stop) is None:
        return None
    user = await _patiently(bot.me, stop)
    return Me(id=user.id, username=user.username or "") if user else None


async def _patiently(call: Callable[[], Awaitable[Result]], stop: asyncio.Event) -> Result | None:
    async def once() -> Result:
        return await call()

    failures = 0
    while not stop.is_set():
        try:
            return await before(stop, once())
        except FAILURES as error:
            meaning = conclude(error)
            if isinstance(meaning, PollRefused):
                raise meaning from error
            seconds = meaning.retry_after_s or BACKOFF_S[min(failures, len(BACKOFF_S) - 1)]
            if not failures:
                log.get().warning(log.UPDATES_LOST, reason=str(meaning), next="again until it works", pause_s=seconds)
            failures += 1
            await pause(stop, seconds)
    return None
