"""An endpoint that may have no worker at all: noticed while accepted jobs stay in line, told, and repaired once.

RunPod sets workers.max to 0 after a week without a job, and leaves it there. Jobs are accepted all the same. So while one
waits longer than a warm worker needs, the endpoint's limit is read: at most once in `revive_every`, by the first who looks.
The repair is claimed in the backend's row: one for all dispatchers, and none again before a job of this backend has begun
(whoever keeps setting it to 0, an operator perhaps, means it).
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from datetime import timedelta
from typing import Protocol

from imgvid import log
from imgvid.dispatch.crew import Clockwork
from imgvid.dispatch.pace import Pace
from imgvid.providers.base import ProviderError, Unauthorized
from imgvid.providers.runpod_scaling import WorkerLimits
from imgvid.store.backends import BackendStore

_BY_HAND = "raise max workers by hand: `imgvid endpoint apply`, or the console"


class Scaling(Protocol):
    """What a backend that scales by itself can be asked."""

    async def look(self) -> WorkerLimits: ...

    async def put_back(self, seen: WorkerLimits, most: int) -> int: ...


class Reviver:
    """`workers` is what the limit is set back to; 0: it is only told."""

    def __init__(
        self,
        *,
        backends: BackendStore,
        scalings: Mapping[str, Scaling],
        workers: int,
        pace: Pace,
        clockwork: Clockwork,
    ) -> None:
        self._backends, self._workers = backends, workers
        self._scalings, self._pace, self._clockwork = dict(scalings), pace, clockwork
        self._asked_at: dict[str, float] = {}

    async def run(self, stop: asyncio.Event) -> None:
        await self._clockwork.rounds("revive", self.look, topic="revive", stop=stop)

    async def look(self) -> timedelta | None:
        """One round over all backends whose jobs wait at the provider."""
        for backend in await self._backends.end_revivals():
            log.get().info(
                log.BACKEND_HEALTHY, backend=backend, next="the next time it is set to 0 it is repaired again"
            )
        for line in await self._backends.in_line():
            if line.oldest_s >= self._pace.revive_after.total_seconds() and self._due(line.backend):
                await self._ask(line.backend, line.waiting)
        return self._pace.starved_look

    def _due(self, backend: str) -> bool:
        """Once in a while, and as often as was said to on-call."""
        if backend not in self._scalings:
            return False
        now = self._clockwork.health.clock()
        if now - self._asked_at.get(backend, float("-inf")) < self._pace.revive_every.total_seconds():
            return False
        self._asked_at[backend] = now
        return True

    async def _ask(self, backend: str, waiting: int) -> None:
        scaling = self._scalings[backend]
        try:
            seen = await scaling.look()
        except Unauthorized as error:
            del self._scalings[backend]  # said once, never asked again by this process
            log.get().warning(log.SCALING_HIDDEN, backend=backend, said=str(error), next="max workers is not watched")
            return
        except ProviderError as error:
            log.get().info(log.SCALING_UNREAD, backend=backend, said=str(error), next="read again in a while")
            return
        if seen.most > 0:
            return
        mends = self._workers > 0 and await self._backends.claim_revival(backend)
        log.get().error(
            log.BACKEND_ZEROED,
            backend=backend,
            waiting=waiting,
            next=f"set back to {self._workers}, once" if mends else _BY_HAND,
        )
        if mends:
            await self._mend(backend, scaling, seen)

    async def _mend(self, backend: str, scaling: Scaling, seen: WorkerLimits) -> None:
        try:
            holds = await scaling.put_back(seen, self._workers)
        except ProviderError as error:
            log.get().error(log.BACKEND_NOT_REVIVED, backend=backend, said=str(error), next=_BY_HAND)
            return
        if holds > 0:
            log.get().warning(
                log.BACKEND_REVIVED, backend=backend, workers_max=holds, next="a worker starts for what waits"
            )
        else:
            log.get().error(log.BACKEND_NOT_REVIVED, backend=backend, said="workers.max is still 0", next=_BY_HAND)
