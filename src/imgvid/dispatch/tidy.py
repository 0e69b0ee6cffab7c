"""What is done now and then: places in the line are looked at, people who asked for it are wiped, old rows go."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from datetime import timedelta

from imgvid import log
from imgvid.dispatch.crew import NOW, Clockwork
from imgvid.dispatch.lease import Target
from imgvid.dispatch.pace import Pace
from imgvid.dispatch.scribe import Scribe
from imgvid.store.backends import BackendStore
from imgvid.store.chat import ChatStore
from imgvid.telegram.budget import MethodClass, Priority
from imgvid.telegram.errors import TelegramError
from imgvid.texts import say

_BATCH = 200


class Positions:
    """The first 20 of each lane are owed a look at their place, at most once a minute each."""

    def __init__(self, *, chat: ChatStore, targets: Sequence[Target], pace: Pace, clockwork: Clockwork) -> None:
        self._chat, self._targets, self._pace, self._clockwork = chat, tuple(targets), pace, clockwork

    async def run(self, stop: asyncio.Event) -> None:
        await self._clockwork.rounds("positions", self._round, topic="positions", stop=stop)

    async def _round(self) -> timedelta | None:
        for target in self._targets:
            await self._chat.owe_positions(target.backend, target.lane)
        return self._pace.positions_look


class Tidier:
    """Retention and /deletemydata, in batches so small that nobody waits for them."""

    def __init__(self, *, backends: BackendStore, scribe: Scribe, pace: Pace, clockwork: Clockwork) -> None:
        self._backends, self._scribe, self._pace, self._clockwork = backends, scribe, pace, clockwork

    async def run(self, stop: asyncio.Event) -> None:
        await self._clockwork.rounds("tidy", self._round, topic="forget", stop=stop)

    async def _round(self) -> timedelta | None:
        forgotten = await self._backends.wipe_forgotten()
        if forgotten is not None:
            await self._say_done(*forgotten)
            return NOW
        touched = await self._backends.prune(prompts=self._pace.keep_prompts, rows=self._pace.keep_rows, limit=_BATCH)
        if touched:
            log.get().info(
                log.OLD_ROWS_PRUNED, rows=touched, next="the next batch" if touched >= _BATCH else "in a while"
            )
        return NOW if touched >= _BATCH else self._pace.tidy_look

    async def _say_done(self, user_id: int, locale: str) -> None:
        """One sentence to the person's own chat (its id is the person's). Best effort: nothing is kept to repeat it."""
        log.get().info(log.PERSON_WIPED, next="the person is told")
        try:
            await self._scribe.turn(user_id, Priority.FINAL, method=MethodClass.SEND)
            await self._scribe.send(user_id, say(locale, "delete-done"))
        except TelegramError as error:
            log.get().warning(log.WIPE_UNTOLD, said=str(error), next="nothing: nothing about the person is kept")
