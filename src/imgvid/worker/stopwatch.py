"""Where the seconds of a run go: exactly one phase at a time, so that the phases add up to the whole."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping


class Stopwatch:
    """Counts wall time by phase; a phase that is entered again goes on counting."""

    def __init__(self, *, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._began = self._since = clock()
        self._phase: str | None = None
        self._spans: dict[str, float] = {}

    def enter(self, phase: str) -> None:
        """End the current phase and begin this one."""
        now = self._clock()
        if self._phase is not None:
            self._spans[self._phase] = self._spans.get(self._phase, 0.0) + now - self._since
        self._phase, self._since = phase, now

    def read(self) -> tuple[Mapping[str, float], float]:
        """Seconds by phase so far, in order of first entry, and in total."""
        if self._phase is not None:
            self.enter(self._phase)
        return dict(self._spans), self._clock() - self._began
