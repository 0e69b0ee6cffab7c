"""Requests at a provider that no row waits for: wish their end, look until they are over, and free their places."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from datetime import timedelta

from imgvid import log
from imgvid.dispatch.crew import NOW, Clockwork, Crew
from imgvid.dispatch.gate import Gates, reason_of
from imgvid.dispatch.letgo import let_go
from imgvid.dispatch.pace import Pace
from imgvid.providers.base import NotFound, Provider, ProviderError, RequestId
from imgvid.store.backends import BackendStore, Orphan

_SIDE_BY_SIDE = 4  # RunPod takes 100 cancels in 10 s, 20 at once (facts/runpod.md 1)


class OrphanSweeper:
    """Only ids that were learned are touched; what a provider runs for others is none of our business."""

    def __init__(
        self,
        *,
        backends: BackendStore,
        providers: Mapping[str, Provider],
        gates: Gates,
        pace: Pace,
        clockwork: Clockwork,
    ) -> None:
        self._backends, self._providers, self._gates = backends, providers, gates
        self._pace, self._clockwork = pace, clockwork

    async def run(self, stop: asyncio.Event) -> None:
        async with Crew(size=_SIDE_BY_SIDE, health=self._clockwork.health) as crew:
            await self._clockwork.rounds("orphans", lambda: self._round(crew, stop), topic="orphan", stop=stop)

    async def _round(self, crew: Crew, stop: asyncio.Event) -> timedelta | None:
        limit = await crew.room()
        if stop.is_set():
            return NOW
        orphans = await self._backends.claim_sweeps(limit, hold=self._pace.orphan_look)
        for orphan in orphans:
            crew.go(self.sweep(orphan), request=orphan.request_id, attempt=orphan.attempt)
        if await self._backends.expire_places():
            log.get().info(log.PLACES_EXPIRED, next="their capacity is free again")
        return NOW if len(orphans) == limit else None

    async def sweep(self, orphan: Orphan) -> None:
        """One look at one request, and a wish for its end while it goes on. Safe to repeat."""
        provider = self._providers.get(orphan.backend)
        if provider is None or orphan.request_id is None:
            return
        request = RequestId(orphan.request_id)
        try:
            status = await provider.status(request)
            if status.state.final:
                await self._over(orphan, status.state)
                return
            await provider.cancel(request)
        except NotFound:
            # Unknown, not ended: a place that it may still take is kept until the attempt's own end.
            if orphan.age >= self._pace.orphan_forgotten:
                await self._over(orphan, "not_found")
            return
        except ProviderError as error:
            if reason_of(error) is not None:
                await self._gates.shut(orphan.backend, error)
            log.get().info(log.CANCEL_UNHEARD, request=request, said=str(error), next="wished again at the next look")
            return
        log.get().info(log.ORPHAN_CANCELLED, request=request, attempt=orphan.attempt, next="looked at until it is over")
        self._clockwork.wake_in("orphan", self._pace.orphan_look)

    async def _over(self, orphan: Orphan, outcome: str) -> None:
        if await self._backends.request_over(orphan.id, outcome):
            log.get().info(
                log.ORPHAN_OVER,
                request=orphan.request_id,
                attempt=orphan.attempt,
                outcome=outcome,
                next="its place is free",
            )
            await let_go(self._providers.get(orphan.backend), orphan.request_id)
