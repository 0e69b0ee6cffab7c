"""What operators look at: whole jobs and their requests. It only ever reads."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import asyncpg

from imgvid.jobs.state import State
from imgvid.store.pool import Database, fields


@dataclass(frozen=True, slots=True, kw_only=True)
class Record:
    """A job with all that its row knows."""

    id: UUID
    short: str
    origin: str | None
    user_id: int
    chat_id: int
    message_id: int | None
    thread_id: int | None
    locale: str
    mode: str
    lane: str
    backend: str
    params: Mapping[str, Any] = field(repr=False)
    prompt: str | None = field(repr=False)
    seed: int
    inputs: tuple[Mapping[str, Any], ...] = field(repr=False)
    state: State
    verdict: str | None
    error_code: str | None
    attempt: int
    tries_own: int
    tries_ours: int
    reruns: int
    worker: str | None
    phase: str | None
    percent: int | None
    cancel_at: datetime | None
    run_at: datetime
    ready_at: datetime | None
    run_for: timedelta
    deadline_at: datetime | None
    expires_at: datetime
    created_at: datetime
    finished_at: datetime | None
    result: Mapping[str, Any] | None
    now: datetime  # the database's clock when the row was read


@dataclass(frozen=True, slots=True, kw_only=True)
class RequestRecord:
    """One request that a provider was, or may have been, asked for."""

    backend: str
    request_id: str | None  # None: the submit's answer was lost
    attempt: int
    learned_at: datetime
    missing_since: datetime | None
    place_until: datetime | None
    over_at: datetime | None
    outcome: str | None
    sweep_at: datetime | None


def _record(row: asyncpg.Record) -> Record:
    values = fields(row, Record.__dataclass_fields__)
    return Record(**{**values, "state": State(values["state"]), "inputs": tuple(values["inputs"])})


class RecordStore:
    """Read-only; raises StoreUnavailable."""

    def __init__(self, database: Database) -> None:
        self._db = database

    async def one(self, short: str) -> Record | None:
        """A job by its short id, or None."""
        row = await self._db.row("record", short)
        return _record(row) if row else None

    async def newest(self, *, states: Collection[State] | None, limit: int) -> list[Record]:
        """The newest jobs of these states (None: all), newest first."""
        wanted = None if states is None else [str(state) for state in states]
        return [_record(row) for row in await self._db.rows("records", wanted, limit)]

    async def requests(self, job_id: UUID) -> list[RequestRecord]:
        """The job's requests, oldest first."""
        names = RequestRecord.__dataclass_fields__
        return [RequestRecord(**fields(row, names)) for row in await self._db.rows("requests_of", job_id)]
