"""How the dispatcher itself is doing: what /health of a later round will show, and when the database was lost."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import timedelta

from imgvid import log
from imgvid.store.listen import Listener


@dataclass(slots=True, kw_only=True)
class Health:
    """Kept by the loops, read by whoever asks. Moments are seconds of `clock`."""

    clock: Callable[[], float] = time.monotonic
    rounds: dict[str, float] = field(default_factory=dict)  # loop -> when its last round finished
    listener: Listener | None = None
    store_lost_at: float | None = None
    starved: set[str] = field(default_factory=set)  # backends whose jobs wait without a worker

    def finished(self, name: str, *, began: float) -> None:
        """One round of this loop is done, so the database answered after `began`."""
        self.rounds[name] = self.clock()
        if self.store_lost_at is not None and began > self.store_lost_at:
            log.get().info(log.DATABASE_RECOVERED, away_s=round(self.clock() - self.store_lost_at, 1))
            self.store_lost_at = None

    def store_lost(self, error: Exception) -> None:
        """Say once that the database is away; jobs wait, nothing is lost."""
        if self.store_lost_at is None:
            self.store_lost_at = self.clock()
            log.get().warning(log.DATABASE_LOST, reason=str(error), next="every loop retries until it answers")

    def stale(self, *, within: timedelta) -> list[str]:
        """Loops that finished no round within this span."""
        since = self.clock() - within.total_seconds()
        return sorted(name for name, at in self.rounds.items() if at < since)

    @property
    def listening(self) -> bool:
        """Whether wake-ups arrive; without them the loops poll."""
        return self.listener is not None and self.listener.alive
