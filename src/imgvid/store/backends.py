"""Backends: caps, pauses, the breaker's count, depth; and requests that no row owns."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any
from uuid import UUID

from imgvid.jobs.model import Backend
from imgvid.store.pool import Database, fields

FOREVER = timedelta(days=36500)  # a pause that only a person ends


@dataclass(frozen=True, slots=True, kw_only=True)
class Orphan:
    """A request at a provider that no row waits for."""

    id: int
    backend: str
    request_id: str | None
    job_id: UUID | None
    attempt: int
    age: timedelta


@dataclass(frozen=True, slots=True, kw_only=True)
class Depth:
    lane: str
    backend: str
    ready: int
    queued: int
    oldest_s: float | None


@dataclass(frozen=True, slots=True, kw_only=True)
class InLine:
    """Accepted by the provider and not begun."""

    backend: str
    waiting: int
    oldest_s: float


class BackendStore:
    def __init__(self, database: Database) -> None:
        self._db = database

    async def ensure(self, backend: str, lane: str, cap: int, facts: Mapping[str, Any] | None = None) -> None:
        """The row exists with this cap and these facts (None: as they are), such as `{"vram_gb": 48}`. Safe from many dispatchers."""
        await self._db.run("ensure_backend", backend, lane, cap, None if facts is None else dict(facts))

    async def shut_others(self, backends: Sequence[str]) -> None:
        """No new jobs for backends that are not among these."""
        await self._db.run("shut_others", list(backends))

    async def set_lane(self, lane: str, per_user_in_flight: int) -> None:
        await self._db.run("set_lane", lane, per_user_in_flight)

    async def all(self) -> list[Backend]:
        return [Backend(**fields(row, Backend.__dataclass_fields__)) for row in await self._db.rows("all_backends")]

    async def pause(self, backend: str, span: timedelta, reason: str) -> bool:
        """Stand still for `span` (never shortens a pause). Answers whether this is news: say it once, loudly.

        No news: it is paused already, or it was paused for the same reason and nothing has succeeded since.
        """
        return bool(await self._db.value("pause_backend", backend, span, reason))

    async def resume(self, backend: str) -> None:
        await self._db.run("resume_backend", backend)

    async def count_failure(self, backend: str, lane: str, job_id: UUID) -> int:
        """How many distinct jobs failed in a row."""
        failing: int | None = await self._db.value("count_failure", backend, lane, job_id)
        return failing or 0

    async def count_success(self, backend: str) -> str | None:
        """Something was accepted: failures in a row are forgotten; answers the reason of a pause that ended with it."""
        reason: str | None = await self._db.value("count_success", backend)
        return reason

    async def owe_starved(self, backend: str) -> None:
        """Accepted jobs of a backend without workers are owed a look, those that were not told."""
        await self._db.run("owe_starved", backend)

    async def claim_revival(self, backend: str) -> bool:
        """Whether the caller may give the backend its workers back: once, until a job of it has begun again."""
        return bool(await self._db.value("claim_revival", backend))

    async def end_revivals(self) -> list[str]:
        """Backends whose jobs have begun since their workers were given back; each is answered once."""
        return sorted({row["backend"] for row in await self._db.rows("end_revivals")})

    async def owe_pause(self, backend: str) -> None:
        await self._db.run("owe_pause", backend)

    async def depth(self) -> list[Depth]:
        return [Depth(**fields(row, Depth.__dataclass_fields__)) for row in await self._db.rows("depth")]

    async def in_line(self) -> list[InLine]:
        return [InLine(**fields(row, InLine.__dataclass_fields__)) for row in await self._db.rows("in_line")]

    async def claim_sweeps(self, limit: int, *, hold: timedelta) -> list[Orphan]:
        """Requests to cancel and to look at again until they are over."""
        return [
            Orphan(**fields(row, Orphan.__dataclass_fields__))
            for row in await self._db.rows("claim_sweeps", limit, hold)
        ]

    async def request_over(self, orphan_id: int, outcome: str) -> bool:
        changed: bool = await self._db.value("request_over", orphan_id, outcome)
        return changed

    async def expire_places(self) -> int:
        freed: int = await self._db.value("expire_places")
        return freed

    async def wipe_forgotten(self) -> tuple[int, str] | None:
        """Wipe one person who asked for it and has no open job; answers user id and language, None: nobody waits."""
        row = await self._db.row("wipe_forgotten")
        return (row["user_id"], row["locale"]) if row else None

    async def prune(self, *, prompts: timedelta, rows: timedelta, limit: int = 200) -> int:
        """One small batch of retention; answers how many rows it touched."""
        touched: int = await self._db.value("prune", prompts, rows, limit)
        return touched
