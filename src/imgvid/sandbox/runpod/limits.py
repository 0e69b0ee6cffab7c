"""The queue API's documented rate limits, per endpoint and operation; more is answered 429."""

from __future__ import annotations

from collections import defaultdict, deque
from dataclasses import dataclass

from imgvid.sandbox.runpod.faults import Op

WINDOW_S = 10.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Limit:
    per_window: int
    at_once: int | None


# RunPod's operation reference; the part that grows with running workers is left out.
LIMITS = {
    Op.RUN: Limit(per_window=1000, at_once=200),
    Op.STATUS: Limit(per_window=2000, at_once=400),
    Op.STREAM: Limit(per_window=2000, at_once=400),
    Op.CANCEL: Limit(per_window=100, at_once=20),
    Op.PURGE_QUEUE: Limit(per_window=2, at_once=None),
}


class RateLimits:
    """Counts calls of the last ten seconds and calls in flight. Times are the stand-in's clock."""

    def __init__(self) -> None:
        self._recent: dict[tuple[str, Op], deque[float]] = defaultdict(deque)
        self._in_flight: dict[tuple[str, Op], int] = defaultdict(int)

    def enter(self, endpoint: str, op: Op, now: float) -> bool:
        """False: one too many. True: the caller owes a `leave`."""
        limit, recent = LIMITS.get(op), self._recent[endpoint, op]
        while recent and now - recent[0] >= WINDOW_S:
            recent.popleft()
        if limit is not None and len(recent) >= limit.per_window:
            return False
        if limit is not None and limit.at_once is not None and self._in_flight[endpoint, op] >= limit.at_once:
            return False
        if limit is not None:
            recent.append(now)
        self._in_flight[endpoint, op] += 1
        return True

    def leave(self, endpoint: str, op: Op) -> None:
        self._in_flight[endpoint, op] -= 1
