"""Three tries for an update; then it is noted without its content, answered with one sentence, and confirmed.

A database that is away is not the update's fault: it waits for as long as that takes, uses up no try, and confirms nothing.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from functools import partial
from typing import Any

from imgvid import log
from imgvid.bot.waiting import pause
from imgvid.store.pool import StoreUnavailable

TRIES = 3
PAUSES_S = (0.5, 2.0)  # before the second and the third try: long enough for a proxy's hiccup, short for a person
STORE_PAUSE_S = 0.2
STORE_PAUSE_MAX_S = 5.0

_BY_CHAT = ("message", "my_chat_member")


@dataclass(frozen=True, slots=True, kw_only=True)
class RawUpdate:
    """One update as it came. `kind` is its type's name; `chat_id` orders it, None where it has no chat and no person."""

    id: int
    kind: str
    chat_id: int | None
    language_code: str | None
    body: Mapping[str, Any]


def raw_update(body: Mapping[str, Any]) -> RawUpdate:
    """What must be known of an update even if nothing else of it can be understood. Raises KeyError without an id."""
    kind = next((key for key in body if key != "update_id"), "empty")
    event = body.get(kind)
    chat_id: int | None = None
    language: str | None = None
    if isinstance(event, Mapping):
        sender = event.get("from")
        within = event if kind in _BY_CHAT else event.get("message")
        place = within.get("chat") if isinstance(within, Mapping) else None
        for holder in (place, sender):
            if chat_id is None and isinstance(holder, Mapping) and isinstance(holder.get("id"), int):
                chat_id = holder["id"]
        if isinstance(sender, Mapping) and isinstance(sender.get("language_code"), str):
            language = sender["language_code"]
    return RawUpdate(id=int(body["update_id"]), kind=kind, chat_id=chat_id, language_code=language, body=body)


Settle = Callable[[], None]
"""Says that an update needs no second delivery: what it asked for is in the database."""


class Attempts:
    """Runs the handler for one update at a time of a chat.

    `handle(update, settle)` may raise anything; `give_up(update, error)` notes and says it, and may raise StoreUnavailable.
    """

    def __init__(
        self,
        *,
        handle: Callable[[RawUpdate, Settle], Awaitable[None]],
        give_up: Callable[[RawUpdate, Exception], Awaitable[None]],
        stop: asyncio.Event,
        pauses_s: tuple[float, ...] = PAUSES_S,
    ) -> None:
        self._handle, self._give_up, self._stop, self._pauses_s = handle, give_up, stop, pauses_s

    async def run(self, update: RawUpdate, settle: Settle) -> bool:
        """True when the update may be confirmed, False when it is left for the next process."""
        for number in range(1, TRIES + 1):
            try:
                if not await self._while_store_is_away(partial(self._handle, update, settle)):
                    return False
            except Exception as error:  # the loop's edge: one bad update stops nobody else's
                next_step = "again" if number < TRIES else "noted, said, confirmed"
                log.get().warning(
                    log.UPDATE_FAILED,
                    update=update.id,
                    kind=update.kind,
                    tried=number,
                    error=type(error).__name__,
                    at=where(error),
                    next=next_step,
                )
                if number == TRIES:
                    return await self._while_store_is_away(partial(self._give_up, update, error))
                if await pause(self._stop, self._pauses_s[number - 1]):
                    return False
            else:
                return True
        return True

    async def _while_store_is_away(self, work: Callable[[], Awaitable[None]]) -> bool:
        """Do the work, again and again while the database is away; False when told to stop meanwhile."""
        seconds = STORE_PAUSE_S
        while True:
            try:
                await work()
            except StoreUnavailable:
                if await pause(self._stop, seconds):
                    return False
                seconds = min(STORE_PAUSE_MAX_S, seconds * 2)
            else:
                return True


def where(error: BaseException) -> str:
    """File and line that raised, for the log: never the error's text, which may repeat what a person wrote."""
    trace = error.__traceback__
    while trace is not None and trace.tb_next is not None:
        trace = trace.tb_next
    if trace is None:
        return "?"
    return f"{trace.tb_frame.f_code.co_filename.rsplit('/', 1)[-1]}:{trace.tb_lineno}"
