"""The stand-in's clock: dates, expiries and the rate model read it; waiting on the wire is real time."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Protocol


class Clock(Protocol):
    """Anything that tells an aware UTC time."""

    def now(self) -> datetime: ...


class SystemClock:
    """The machine's time."""

    def now(self) -> datetime:
        return datetime.now(UTC)


class ShiftedClock:
    """Another clock, moved or held still by the control API."""

    def __init__(self, base: Clock) -> None:
        self._base = base
        self._shift = timedelta(0)
        self._frozen: datetime | None = None

    def now(self) -> datetime:
        return self._frozen if self._frozen is not None else self._base.now() + self._shift

    def advance(self, span: timedelta) -> None:
        self.set(self.now() + span)

    def set(self, moment: datetime) -> None:
        self._shift = moment - self._base.now()
        if self._frozen is not None:
            self._frozen = moment

    def freeze(self, frozen: bool) -> None:
        """Stop at the present moment, or go on from it."""
        now = self.now()
        self._frozen = now if frozen else None
        if not frozen:
            self.set(now)
