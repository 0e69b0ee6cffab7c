"""What surrounds a waiting job: pauses, its place in the line, how long it will take. Asked only as far as a text needs it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime

from imgvid.dispatch.compose import POSITIONS, Situation
from imgvid.dispatch.conduct import WORKERS, Conduct
from imgvid.dispatch.health import Health
from imgvid.dispatch.history import History
from imgvid.dispatch.pace import Pace
from imgvid.jobs.model import Backend, Owed
from imgvid.jobs.state import State
from imgvid.store.backends import BackendStore
from imgvid.store.chat import ChatStore

_REMEMBERED_S = 1.0


class Around:
    """Gathers a `Situation`; backends are read at most once a second."""

    def __init__(
        self,
        *,
        chat: ChatStore,
        backends: BackendStore,
        history: History,
        health: Health,
        pace: Pace,
        conducts: Mapping[str, Conduct],
    ) -> None:
        self._chat, self._backends, self._history, self._conducts = chat, backends, history, conducts
        self._health, self._pace = health, pace
        self._known: list[Backend] = []
        self._read_at = float("-inf")

    async def of(self, row: Owed) -> Situation:
        """The situation of a row that waits; an empty one for every other."""
        if row.message_id is None or row.retiring is not None:
            return Situation()
        narrated = self._conducts.get(row.backend, WORKERS).narrated
        if row.state is State.SUBMITTED or (row.state is State.RUNNING and narrated):
            eta = await self._history.eta(row.mode, ahead=0, cap=1, cold=not narrated)
            return Situation(starved=row.backend in self._health.starved, eta=eta, narrated=narrated)
        return await self._waiting(row) if row.state is State.QUEUED else Situation()

    async def _waiting(self, row: Owed) -> Situation:
        backend = await self._backend(row)
        so_far = Situation(
            paused=backend is not None and self._worth_telling(backend.paused_until, row.now),
            starved=row.backend in self._health.starved,
            queue_told_at=await self._chat.queue_told_at(row.chat_id),
        )
        if not row.token:
            return replace(so_far, own_ahead=await self._chat.own_ahead(row.user_id, row.lane, row.id))
        if row.ready_at is None or so_far.paused or so_far.starved or backend is None:
            return so_far
        ahead = await self._chat.ahead_of(row.id)
        if ahead >= POSITIONS:
            return replace(so_far, ahead=ahead)
        eta = await self._history.eta(
            row.mode, ahead=ahead + backend.in_flight, cap=backend.cap, cold=backend.in_flight == 0
        )
        return replace(so_far, ahead=ahead, eta=eta, next_up=ahead == 0 and backend.in_flight < backend.cap)

    def _worth_telling(self, paused_until: datetime | None, now: datetime) -> bool:
        if paused_until is None:
            return False
        forever = paused_until.tzinfo is None  # asyncpg's 'infinity' has no time zone
        return forever or paused_until - now >= self._pace.pause_worth_telling

    async def _backend(self, row: Owed) -> Backend | None:
        now = self._health.clock()
        if now - self._read_at > _REMEMBERED_S:
            self._known = await self._backends.all()
            self._read_at = now
        return next((one for one in self._known if (one.backend, one.lane) == (row.backend, row.lane)), None)
