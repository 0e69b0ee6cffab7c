"""May it be tried again, and when: pure decisions over a job's counted tries."""

from __future__ import annotations

import random
from dataclasses import dataclass
from datetime import timedelta

from imgvid.jobs.errors import Fault, Meaning

OWN_TRIES = 2  # a job that fails by itself twice will fail a third time
OUR_TRIES = 6  # a provider outage is ridden out; the deadline bounds it anyway
RERUNS_MAX = 4  # a platform's silent re-runs within one request (runpod.md: "sometimes endlessly")


@dataclass(frozen=True, slots=True, kw_only=True)
class Tries:
    """How many attempts ended badly, by cause."""

    own: int
    ours: int


def may_retry(meaning: Meaning, tries: Tries) -> bool:
    """Whether an attempt that ended with `meaning` may be followed by another. `tries` includes the ended one."""
    if not meaning.retry:
        return False
    if meaning.fault is Fault.OURS:
        return tries.ours < OUR_TRIES
    return tries.own < OWN_TRIES


def backoff(tries: int, rng: random.Random) -> timedelta:
    """Wait before attempt `tries` + 1: 2 s doubling to 120 s, with full jitter above half, so that no herd forms."""
    ceiling = min(120.0, 2.0 * 2 ** min(tries, 10))
    return timedelta(seconds=ceiling / 2 + rng.random() * ceiling / 2)
