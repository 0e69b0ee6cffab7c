"""How long will it take: ranges from our own history, rounded so that a person can use them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta

COLD_START = timedelta(seconds=60)  # until our own history knows better


@dataclass(frozen=True, slots=True, kw_only=True)
class Range:
    """p50 to p90 of what is left, in whole minutes for people (never 0)."""

    low: timedelta
    high: timedelta

    @property
    def low_min(self) -> int:
        return max(1, round(self.low.total_seconds() / 60))

    @property
    def high_min(self) -> int:
        return max(self.low_min, -(-int(self.high.total_seconds()) // 60))


def quantile(values: Sequence[float], share: float) -> float:
    """Linear-interpolated quantile of unsorted, non-empty values."""
    ordered = sorted(values)
    place = share * (len(ordered) - 1)
    low = int(place)
    high = min(low + 1, len(ordered) - 1)
    return ordered[low] + (ordered[high] - ordered[low]) * (place - low)


def expected(
    *, runs_s: Sequence[float], fallback: timedelta, ahead: int, cap: int, cold: bool, boots_s: Sequence[float] = ()
) -> Range:
    """What is left for a job with `ahead` jobs before it on a backend that runs `cap` at once.

    `runs_s` are seconds from lease to finish of the mode's last completed jobs; with fewer than three the mode's own
    expected time (`fallback`) stands in, with half of it as margin.
    """
    if len(runs_s) >= 3:
        p50, p90 = quantile(runs_s, 0.5), quantile(runs_s, 0.9)
    else:
        p50, p90 = fallback.total_seconds(), fallback.total_seconds() * 1.5
    rounds = ahead // max(1, cap)
    boot = (quantile(boots_s, 0.5) if boots_s else COLD_START.total_seconds()) if cold else 0.0
    low = rounds * p50 + p50 + boot
    high = rounds * p90 + p90 + boot * 1.5
    return Range(low=timedelta(seconds=low), high=timedelta(seconds=max(low, high)))
