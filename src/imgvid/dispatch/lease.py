"""Who is next: ready jobs are claimed up to the free capacity, and rows whose time has come become ready."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from datetime import timedelta

from imgvid import log
from imgvid.dispatch.crew import NOW, Clockwork, Crew
from imgvid.dispatch.pace import Pace
from imgvid.jobs.model import Leased
from imgvid.jobs.state import State
from imgvid.store.jobs import JobStore

SUBMITS = 16  # side by side; RunPod takes 200 (facts/runpod.md 1), a person's VPS wants fewer sockets


@dataclass(frozen=True, slots=True, kw_only=True)
class Target:
    """A lane of a backend that this dispatcher serves."""

    backend: str
    lane: str
    run_for: timedelta | None = None  # bound of one attempt; None: the job's own


class Leaser:
    """Claims ready jobs for the configured targets and hands each to `submit`."""

    def __init__(
        self,
        *,
        jobs: JobStore,
        submit: Callable[[Target, Leased], Awaitable[None]],
        targets: Sequence[Target],
        by: str,
        pace: Pace,
        clockwork: Clockwork,
        size: int = SUBMITS,
    ) -> None:
        self._jobs, self._submit, self._targets = jobs, submit, tuple(targets)
        self._by, self._pace, self._clockwork, self._size = by, pace, clockwork, size

    async def run(self, stop: asyncio.Event) -> None:
        """Lease until `stop`, then wait for the submits under way."""
        async with Crew(size=self._size, health=self._clockwork.health) as crew:
            await self._clockwork.rounds("lease", lambda: self._round(crew, stop), topic="ready", stop=stop)

    async def _round(self, crew: Crew, stop: asyncio.Event) -> timedelta | None:
        more = False
        for target in self._targets:
            limit = await crew.room()
            if stop.is_set():
                return NOW
            leased = await self._jobs.lease(
                backend=target.backend,
                lane=target.lane,
                limit=limit,
                by=self._by,
                span=self._pace.lease,
                run_for=target.run_for or self._pace.run_for,
            )
            for job in leased:
                log.get().info(
                    log.JOB_LEASED,
                    job=job.short,
                    attempt=job.attempt,
                    state=State.LEASED,
                    next="submit to the provider",
                )
                crew.go(self._hand_over(target, job), job=job.short, attempt=job.attempt, state=State.LEASED)
            more = more or len(leased) == limit
        return NOW if more else None

    async def _hand_over(self, target: Target, job: Leased) -> None:
        await self._submit(target, job)


class Promoter:
    """Makes rows ready whose `run_at` has come: albums that were waited for, attempts after a backoff."""

    def __init__(self, *, jobs: JobStore, clockwork: Clockwork) -> None:
        self._jobs, self._clockwork = jobs, clockwork

    async def run(self, stop: asyncio.Event) -> None:
        await self._clockwork.rounds("promote", self._round, topic="later", stop=stop)

    async def _round(self) -> timedelta | None:
        next_in = await self._jobs.promote_due()
        if next_in is None:
            return None
        return min(max(next_in, timedelta(milliseconds=5)), timedelta(seconds=5))
