"""What chats are owed and were told: one claim per message write."""

from __future__ import annotations

from datetime import datetime, timedelta
from uuid import UUID

import asyncpg

from imgvid.jobs.model import Owed
from imgvid.jobs.state import State
from imgvid.store.pool import Database, fields

_OWED = tuple(Owed.__dataclass_fields__)


def owed(record: asyncpg.Record) -> Owed:
    values = fields(record, _OWED)
    return Owed(**{**values, "state": State(values["state"])})


class ChatStore:
    """The announcer's side of the store."""

    def __init__(self, database: Database) -> None:
        self._db = database

    async def claim(self, limit: int, *, span: timedelta) -> list[Owed]:
        """Chats that are owed something; each is ours for `span`."""
        return [owed(row) for row in await self._db.rows("claim_owed", limit, span)]

    async def read(self, job_id: UUID) -> Owed | None:
        """The same row again: compose from what is true after a wait. None: wiped meanwhile."""
        row = await self._db.row("read_owed", job_id)
        return owed(row) if row else None

    async def said(
        self, job_id: UUID, key: str, *, position: int | None, look_again: timedelta | None, claim: datetime | None
    ) -> None:
        """Remember what the chat was told; `look_again` plans the next look, None: not before something happens.

        `claim` is the row's `claimed_until`: where it changed meanwhile, what became due since stays due.
        """
        await self._db.run("said", job_id, key, position, look_again, claim)

    async def owe_later(self, job_id: UUID, after: timedelta, *, claim: datetime | None) -> int:
        """The write did not go through: again after `after`; answers how often it failed in a row."""
        failures: int | None = await self._db.value("owe_later", job_id, after, claim)
        return failures or 0

    async def look_again(self, job_id: UUID, after: timedelta | None, *, claim: datetime | None) -> None:
        """Nothing to say now; look after `after`, None: not before something happens."""
        await self._db.run("look_again", job_id, after, claim)

    async def owe_now(self, job_id: UUID) -> None:
        """The chat is owed a look now."""
        await self._db.run("owe_now", job_id)

    async def begin_delete(self, job_id: UUID) -> None:
        """The retiring message's delete may be sent from here on: "not found" is ours then."""
        await self._db.run("begin_delete", job_id)

    async def replace_message(self, job_id: UUID, message_id: int, *, retired: int | None) -> int | None:
        """Store a fresh message where none is stored; answers the id that holds."""
        held: int | None = await self._db.value("replace_message", job_id, message_id, retired)
        return held

    async def lose_message(self, job_id: UUID, message_id: int) -> None:
        await self._db.run("lose_message", job_id, message_id)

    async def claim_ping(self, job_id: UUID) -> bool:
        """Claim the short "ready" reply, before it is sent: at most once."""
        return bool(await self._db.value("claim_ping", job_id))

    async def told(self, job_id: UUID, attempt: int, *, again: timedelta, how: str) -> bool:
        """CLOSING becomes its verdict; the text is said once more after `again`."""
        changed: bool = await self._db.value("told", job_id, attempt, again, how)
        return changed

    async def owe_positions(self, backend: str, lane: str) -> None:
        """The first 20 in line are owed a look at their place, at most once a minute each."""
        await self._db.run("owe_positions", backend, lane)

    async def ahead_of(self, job_id: UUID) -> int:
        """Ready rows before this one in its lane, counted up to 21."""
        ahead: int = await self._db.value("ahead_of", job_id)
        return ahead

    async def own_ahead(self, user_id: int, lane: str, job_id: UUID) -> int:
        """How many of the person's own open jobs come first."""
        ahead: int = await self._db.value("own_ahead", user_id, lane, job_id)
        return ahead

    async def queue_told_at(self, chat_id: int) -> datetime | None:
        """When the chat last heard of a place in the line."""
        at: datetime | None = await self._db.value("queue_told_at", chat_id)
        return at
