"""Rows whose lease, deadline or expiry has come: nobody else may be left to care for them."""

from __future__ import annotations

import asyncio
from datetime import timedelta

from imgvid.dispatch.actions import Close
from imgvid.dispatch.crew import NOW, Clockwork, Crew
from imgvid.dispatch.decide import Judge
from imgvid.dispatch.gate import pause_code
from imgvid.dispatch.pace import Pace
from imgvid.dispatch.reconcile import Reconciler
from imgvid.jobs.errors import Code
from imgvid.jobs.model import Running
from imgvid.jobs.state import State
from imgvid.store.backends import BackendStore
from imgvid.store.jobs import JobStore

CHECKS = 8


class Sweeper:
    """Looks at overdue rows: a dead dispatcher's lease, an unknown submit, an attempt or a job out of time."""

    def __init__(
        self,
        *,
        jobs: JobStore,
        backends: BackendStore,
        reconciler: Reconciler,
        pace: Pace,
        clockwork: Clockwork,
        judge: Judge,
        size: int = CHECKS,
    ) -> None:
        self._jobs, self._backends, self._reconciler = jobs, backends, reconciler
        self._pace, self._clockwork, self._judge, self._size = pace, clockwork, judge, size

    async def run(self, stop: asyncio.Event) -> None:
        async with Crew(size=self._size, health=self._clockwork.health) as crew:
            await self._clockwork.rounds("sweep", lambda: self._round(crew, stop), topic="check", stop=stop)

    async def _round(self, crew: Crew, stop: asyncio.Event) -> timedelta | None:
        limit = await crew.room()
        if stop.is_set():
            return NOW
        rows = await self._jobs.claim_checks(limit, hold=self._pace.poll_hold)
        for row in rows:
            crew.go(self.check(row), job=row.short, attempt=row.attempt, state=row.state)
        return NOW if len(rows) == limit else None

    async def check(self, row: Running) -> None:
        """What an overdue row comes to. Safe to repeat."""
        match row.state:
            case State.QUEUED:
                if row.now >= row.expires_at:
                    await self._expire(row)
            case State.LEASED:
                await self._reconciler.do(row, self._judge.decide_lease(row))
            case State.SUBMITTED | State.RUNNING | State.DELIVERING:
                await self._reconciler.follow(row)
            case _:
                return

    async def _expire(self, row: Running) -> None:
        """It waited for a whole day: say why, if its backend stands still for a reason that we know."""
        paused = {one.backend: one.pause_reason for one in await self._backends.all()}
        code = pause_code(paused.get(row.backend)) or Code.QUEUE_TIMEOUT
        await self._reconciler.do(row, Close(verdict=State.FAILED, code=code, over=True))
