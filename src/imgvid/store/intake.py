"""What the bot may ask of the database: insert, attach, wish, forget, and read what a person may see. It writes nothing else."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from uuid import UUID

import asyncpg

from imgvid.jobs.model import Card, Enqueued, Limits, NewJob
from imgvid.jobs.state import State
from imgvid.store.pool import Database, fields

_CARD = tuple(Card.__dataclass_fields__)


@dataclass(frozen=True, slots=True, kw_only=True)
class Person:
    """What we keep of a person: a language and choices."""

    locale: str
    locale_chosen: bool
    settings: Mapping[str, Any]
    forgetting: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Lane:
    """One lane of a backend as the dispatcher wrote it: its cap, and facts such as its GPU's memory."""

    backend: str
    lane: str
    cap: int
    facts: Mapping[str, Any]


def card(record: asyncpg.Record) -> Card:
    values = fields(record, _CARD)
    return Card(**{**values, "state": State(values["state"]), "inputs": tuple(values["inputs"])})


class Intake:
    """The bot's side of the store. Every method may be repeated; inserts are idempotent by origin."""

    def __init__(self, database: Database) -> None:
        self._db = database

    async def enqueue(self, job: NewJob, limits: Limits) -> Enqueued:
        """Insert one job, or say why not (see Enqueued). The same origin twice answers `duplicate` with the first job."""
        row = await self._db.row(
            "enqueue",
            job.origin,
            job.user_id,
            job.chat_id,
            job.thread_id,
            job.source_message_id,
            job.locale,
            job.mode,
            job.lane,
            job.backend,
            dict(job.params),
            job.prompt,
            job.seed,
            [item.as_json() for item in job.inputs],
            job.wait,
            job.run_for,
            job.expires_in,
            job.max_inputs,
            limits.pending_per_person,
            limits.queued,
            limits.per_chat_minute,
        )
        assert row is not None
        return Enqueued(verdict=row["verdict"], job_id=row["job_id"], short=row["short"], behind=row["behind"] or 0)

    async def attach_message(self, job_id: UUID, message_id: int) -> int | None:
        """Store the placeholder's id where none is stored; answers the id that holds (another one: delete yours), None: no such job."""
        held: int | None = await self._db.value("attach_message", job_id, message_id)
        return held

    async def see_person(self, user_id: int, locale: str) -> Person:
        """Upsert the person; `locale` is the client's and holds until the person chose one."""
        row = await self._db.row("see_person", user_id, locale)
        assert row is not None
        return Person(**fields(row, ("locale", "locale_chosen", "settings", "forgetting")))

    async def choose_locale(self, user_id: int, locale: str) -> None:
        await self._db.run("choose_locale", user_id, locale)

    async def choose_settings(self, user_id: int, settings: Mapping[str, Any]) -> None:
        await self._db.run("choose_settings", user_id, dict(settings))

    async def wish_cancel(self, job_id: UUID, user_id: int) -> str:
        """closing (it was waiting) | wished (it is running) | over | unknown | not_yours."""
        verdict: str = await self._db.value("wish_cancel", job_id, user_id)
        return verdict

    async def wish_forget(self, user_id: int) -> int:
        """Begin to wipe the person; answers how many open jobs are cancelled first."""
        open_jobs: int = await self._db.value("wish_forget", user_id)
        return open_jobs

    async def chat_gone(self, chat_id: int, why: str) -> int:
        """Blocked or kicked: cancels the chat's jobs; answers how many."""
        touched: int = await self._db.value("chat_gone", chat_id, why)
        return touched

    async def chat_back(self, chat_id: int) -> None:
        await self._db.run("chat_back", chat_id)

    async def chat_migrated(self, old: int, new: int) -> int:
        touched: int = await self._db.value("chat_migrated", old, new)
        return touched

    async def note_failed_update(self, bot_id: int, update_id: int, kind: str, error: str) -> None:
        """Remember that an update was given up: its kind and the error's class, never its content."""
        await self._db.run("note_failed_update", bot_id, update_id, kind, error)

    async def card(self, short: str) -> Card | None:
        """A job by its short id, or None."""
        row = await self._db.row("card_by_short", short)
        return card(row) if row else None

    async def cards(self, user_id: int, *, limit: int, offset: int) -> tuple[list[Card], int]:
        """A page of the person's jobs, newest first, and how many there are."""
        rows = await self._db.rows("cards_of_person", user_id, limit, offset)
        total: int = await self._db.value("count_of_person", user_id)
        return [card(row) for row in rows], total

    async def ahead_of(self, job_id: UUID) -> int:
        """Ready jobs before this one in its lane, counted up to 21."""
        ahead: int = await self._db.value("ahead_of", job_id)
        return ahead

    async def lanes(self) -> list[Lane]:
        """Every lane of every backend that a dispatcher ever wrote."""
        return [Lane(**fields(row, Lane.__dataclass_fields__)) for row in await self._db.rows("offered_backends")]
