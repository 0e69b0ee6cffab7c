"""Which updates are in hand and which offset may be confirmed. Pure bookkeeping, no I/O.

Telegram confirms everything below an offset, so the offset is the lowest update that is not finished. Until that moves,
every call delivers the same updates again: they are known here and not begun a second time.
"""

from __future__ import annotations

from collections import deque


class Window:
    """Updates between the confirmed ones and the newest seen."""

    def __init__(self, *, remember: int = 2000) -> None:
        self._finished: dict[int, bool] = {}  # in hand: update id -> finished
        self._confirmable = 0
        self._recent: deque[int] = deque(maxlen=remember)
        self._recent_ids: set[int] = set()

    @property
    def offset(self) -> int:
        """The next call's offset: the lowest unfinished update, else the one after the last; 0 before the first."""
        return min(self._finished, default=self._confirmable)

    @property
    def held(self) -> int:
        """Updates that a call with `offset` would deliver again."""
        return len(self._finished)

    def take(self, update_id: int) -> bool:
        """Take an update in hand; False when it already is, or was finished lately (a second delivery)."""
        if update_id in self._finished or update_id in self._recent_ids:
            return False
        self._finished[update_id] = False
        return True

    def finish(self, update_id: int) -> None:
        """It needs no second delivery any more. Safe to repeat."""
        if update_id not in self._finished:
            return
        self._finished[update_id] = True
        while self._finished and self._finished[lowest := min(self._finished)]:
            del self._finished[lowest]
            self._confirmable = lowest + 1  # ids start anew at random after a quiet week, so it may also fall
            self._remember(lowest)

    def _remember(self, update_id: int) -> None:
        if len(self._recent) == self._recent.maxlen:
            self._recent_ids.discard(self._recent[0])
        self._recent.append(update_id)
        self._recent_ids.add(update_id)
