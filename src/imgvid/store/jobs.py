"""What the dispatcher may do to jobs: every write-back names `(id, attempt)`; zero rows changed means somebody moved on."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import asyncpg

from imgvid.jobs.model import Claimed, HistoryEvent, Leased, Running
from imgvid.jobs.state import State
from imgvid.store.pool import Database, fields

_LEASED = tuple(Leased.__dataclass_fields__)
_RUNNING = tuple(Running.__dataclass_fields__)
_CLAIMED = tuple(Claimed.__dataclass_fields__)


@dataclass(frozen=True, slots=True, kw_only=True)
class Accepted:
    """What became of a provider's accept: is the row still ours, and is a cancel wished for?"""

    owned: bool
    cancel_wished: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Renewed:
    """Whether a delivery is still ours, and whether its person wishes for a cancel."""

    ours: bool
    wished: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Run:
    """One completed job of the past, for the ETA. Seconds."""

    run_s: float
    boot_s: float | None


def leased(record: asyncpg.Record) -> Leased:
    values = fields(record, _LEASED)
    return Leased(**{**values, "inputs": tuple(values["inputs"])})


def running(record: asyncpg.Record) -> Running:
    values = fields(record, _RUNNING)
    return Running(**{**values, "state": State(values["state"])})


class JobStore:
    """The dispatcher's side of the queue. Booleans answer "this call changed the row"; False is a lost race, not an error."""

    def __init__(self, database: Database) -> None:
        self._db = database

    async def promote_due(self, limit: int = 200) -> timedelta | None:
        """Make rows ready whose time has come; answers how long until the next one, None if none waits."""
        row = await self._db.row("promote_due", limit)
        assert row is not None
        return None if row["next_in_s"] is None else timedelta(seconds=row["next_in_s"])

    async def lease(
        self, *, backend: str, lane: str, limit: int, by: str, span: timedelta, run_for: timedelta | None = None
    ) -> list[Leased]:
        """Claim up to `limit` ready jobs, oldest first, never above the backend's cap; each gets a new attempt number.

        `run_for` bounds the attempt instead of the job's own bound.
        """
        return [leased(row) for row in await self._db.rows("lease", backend, lane, limit, by, span, run_for)]

    async def begin_submit(self, job_id: UUID, attempt: int, *, span: timedelta) -> bool:
        """From here on the provider may know of the attempt. False: send nothing (moved on, or a cancel is wished for)."""
        changed: bool = await self._db.value("begin_submit", job_id, attempt, span)
        return changed

    async def accept(self, job_id: UUID, attempt: int, request_id: str, *, poll_in: timedelta) -> Accepted:
        """Store the provider's id. Not owned: cancel the id in your hand; the sweep knows it too."""
        row = await self._db.row("accept", [job_id], [attempt], [request_id], poll_in)
        assert row is not None
        return Accepted(owned=row["owned"], cancel_wished=row["cancel_wished"])

    async def begin_run(self, job_id: UUID, attempt: int, worker: str | None) -> bool:
        changed: bool = await self._db.value("begin_run", job_id, attempt, worker)
        return changed

    async def progress(self, job_id: UUID, attempt: int, phase: str, percent: int | None) -> bool:
        changed: bool = await self._db.value("progress", job_id, attempt, phase, percent)
        return changed

    async def count_rerun(self, job_id: UUID, attempt: int) -> int:
        """Count a silent re-run by the platform; answers how many this attempt had (0: moved on)."""
        reruns: int | None = await self._db.value("count_rerun", job_id, attempt)
        return reruns or 0

    async def claim_delivery(self, job_id: UUID, attempt: int, *, by: str, span: timedelta) -> Claimed | None:
        """Bring the result to the chat from here on; None: another dispatcher does, or the row has moved on."""
        row = await self._db.row("claim_delivery", job_id, attempt, by, span)
        if row is None:
            return None
        values = fields(row, _CLAIMED)
        return Claimed(**{**values, "inputs": tuple(values["inputs"])})

    async def renew_delivery(self, job_id: UUID, attempt: int, *, by: str, span: timedelta) -> Renewed:
        row = await self._db.row("renew_delivery", job_id, attempt, by, span)
        assert row is not None
        return Renewed(ours=row["ours"], wished=row["wished"])

    async def release_delivery(self, job_id: UUID, attempt: int, *, by: str, wait: timedelta) -> bool:
        """It could not be done now: looked at again after `wait`, by anybody."""
        changed: bool = await self._db.value("release_delivery", job_id, attempt, by, wait)
        return changed

    async def give_back(self, job_id: UUID, attempt: int, *, wait: timedelta, why: str) -> bool:
        """Back to the queue, surely not accepted: uses up no try."""
        return await self._requeue(job_id, attempt, "none", wait, over=True, why=why)

    async def retry(self, job_id: UUID, attempt: int, *, ours: bool, wait: timedelta, over: bool, why: str) -> bool:
        """Back to the queue for another attempt.

        `over` = the provider proved that this attempt has ended. Otherwise its message is retired first and its place is
        kept until it is over. Refused (False) when a cancel is wished for: a wish beats every retry.
        """
        return await self._requeue(job_id, attempt, "ours" if ours else "own", wait, over=over, why=why)

    async def _requeue(self, job_id: UUID, attempt: int, cause: str, wait: timedelta, *, over: bool, why: str) -> bool:
        changed: bool = await self._db.value("requeue", job_id, attempt, cause, wait, over, why)
        return changed

    async def close(
        self,
        job_id: UUID,
        attempt: int,
        *,
        verdict: State,
        code: str | None,
        over: bool,
        detail: Mapping[str, Any] | None = None,
    ) -> bool:
        """Decide the job: FAILED with a code, or CANCELLED. Frees token and place; the chat is owed the text."""
        changed: bool = await self._db.value("close_job", job_id, attempt, verdict, code, over, dict(detail or {}))
        return changed

    async def close_wished(self, job_id: UUID, attempt: int, *, over: bool) -> bool:
        """End a leased attempt as CANCELLED if its person wishes so; False otherwise."""
        return bool(await self._db.value("close_wished", job_id, attempt, over))

    async def request_missing(self, job_id: UUID, attempt: int) -> None:
        """The provider does not know the attempt's request; `Running.missing_since` counts from the first time."""
        await self._db.run("request_missing", job_id, attempt)

    async def request_seen(self, job_id: UUID, attempt: int) -> None:
        """The provider knows it after all."""
        await self._db.run("request_seen", job_id, attempt)

    async def complete(self, job_id: UUID, attempt: int, result: Mapping[str, Any]) -> bool:
        """The chat shows the result. Idempotent; a stale attempt changes nothing."""
        return bool(await self._db.rows("complete", [job_id], [attempt], [dict(result)]))

    async def claim_polls(self, limit: int, *, hold: timedelta) -> list[Running]:
        """Rows whose provider is to be asked now; each claim holds for `hold`."""
        return [running(row) for row in await self._db.rows("claim_polls", limit, hold)]

    async def plan_poll(self, job_id: UUID, attempt: int, after: timedelta, *, claim: datetime | None) -> None:
        """Plan the next look. `claim` is the row's `next_poll_at`: a look that was asked for meanwhile stays."""
        await self._db.run("plan_poll", job_id, attempt, after, claim)

    async def claim_checks(self, limit: int, *, hold: timedelta) -> list[Running]:
        """Rows whose lease, deadline or expiry has come; each claim holds for `hold`."""
        return [running(row) for row in await self._db.rows("claim_checks", limit, hold)]

    async def hold_lease(self, job_id: UUID, attempt: int, span: timedelta) -> None:
        """Keep an attempt of unknown outcome untouched for `span`."""
        await self._db.run("hold_lease", job_id, attempt, span)

    async def give_back_leases(self, by: str) -> int:
        """A clean stop: give back what this dispatcher leased and surely has not sent."""
        return len(await self._db.rows("give_back_leases", by))

    async def note(
        self, job_id: UUID, attempt: int, event: str, state: State, detail: Mapping[str, Any] | None = None
    ) -> None:
        """Append a notable fact to the job's story."""
        await self._db.run("note_event", job_id, attempt, event, state, dict(detail or {}))

    async def story(self, job_id: UUID) -> list[HistoryEvent]:
        """The job's events, oldest first."""
        return [
            HistoryEvent(
                at=row["at"], attempt=row["attempt"], event=row["event"], state=row["state"], detail=row["detail"] or {}
            )
            for row in await self._db.rows("events_of", job_id)
        ]

    async def runs(self, mode: str, limit: int = 50) -> list[Run]:
        """The mode's last completed jobs, newest first."""
        return [
            Run(run_s=row["run_s"], boot_s=row["boot_s"]) for row in await self._db.rows("run_history", mode, limit)
        ]
