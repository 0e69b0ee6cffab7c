"""A backend that takes jobs and starts none: said to on-call once in a while, to the waiting people once."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from datetime import timedelta

from imgvid import log
from imgvid.dispatch.crew import Clockwork
from imgvid.dispatch.gate import Gates, reason_of
from imgvid.dispatch.pace import Pace
from imgvid.providers.base import Provider, ProviderError
from imgvid.store.backends import BackendStore


class StarvationWatch:
    """Asks a backend's health only while its accepted jobs wait longer than a cold start takes."""

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
        self._said_at: dict[str, float] = {}

    async def run(self, stop: asyncio.Event) -> None:
        await self._clockwork.rounds("starved", self.look, topic="starved", stop=stop)

    async def look(self) -> timedelta | None:
        """One round over all backends."""
        waiting = {
            line.backend: line.waiting
            for line in await self._backends.in_line()
            if line.oldest_s >= self._pace.starved_after.total_seconds()
        }
        starved = self._clockwork.health.starved
        for backend in starved - set(waiting):
            self._recovered(backend)
        for backend, count in waiting.items():
            await self._ask(backend, count)
        return self._pace.starved_look

    async def _ask(self, backend: str, waiting: int) -> None:
        provider = self._providers.get(backend)
        if provider is None:
            return
        try:
            health = await provider.health()
        except ProviderError as error:
            if reason_of(error) is not None:
                await self._gates.shut(backend, error)
            return
        if not health.starved:
            self._recovered(backend)
            return
        self._clockwork.health.starved.add(backend)
        now = self._clockwork.health.clock()
        if now - self._said_at.get(backend, float("-inf")) >= self._pace.starved_every.total_seconds():
            self._said_at[backend] = now
            log.get().error(
                log.BACKEND_STARVED,
                backend=backend,
                waiting=waiting,
                in_queue=health.in_queue,
                next="jobs keep waiting at the provider; raise its max workers",
            )
        await self._backends.owe_starved(backend)
        self._clockwork.wakeups.wake("chat")

    def _recovered(self, backend: str) -> None:
        starved = self._clockwork.health.starved
        if backend in starved:
            starved.discard(backend)
            self._said_at.pop(backend, None)
            log.get().info(log.BACKEND_FED, backend=backend, next="its jobs begin")
