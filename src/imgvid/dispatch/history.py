"""What our own history knows of a mode's durations, remembered for a while."""

from __future__ import annotations

from datetime import timedelta

from imgvid.catalog import modes
from imgvid.catalog.choices import defaults
from imgvid.dispatch.actions import Expected
from imgvid.dispatch.health import Health
from imgvid.jobs.eta import Range, expected, quantile
from imgvid.store.jobs import JobStore, Run

_REMEMBERED_S = 30.0
_UNKNOWN_MODE = timedelta(minutes=5)  # a mode whose file was removed while its jobs waited


class History:
    """Durations of the last completed jobs per mode, read at most every 30 s."""

    def __init__(self, *, jobs: JobStore, health: Health) -> None:
        self._jobs, self._clock = jobs, health.clock
        self._known: dict[str, tuple[float, list[Run]]] = {}

    async def _runs(self, mode: str) -> list[Run]:
        at, runs = self._known.get(mode, (float("-inf"), []))
        if self._clock() - at > _REMEMBERED_S:
            runs = await self._jobs.runs(mode)
            self._known[mode] = (self._clock(), runs)
        return runs

    async def expected(self, mode: str) -> Expected:
        """Between which seconds a run of this mode usually ends; empty below three runs."""
        spans = [run.run_s for run in await self._runs(mode)]
        if len(spans) < 3:
            return Expected()
        return Expected(early_s=quantile(spans, 0.1), late_s=quantile(spans, 0.9))

    async def eta(self, mode: str, *, ahead: int, cap: int, cold: bool) -> Range:
        """What is left for a job with `ahead` jobs before it, running ones included."""
        runs = await self._runs(mode)
        known = modes().get(mode)
        return expected(
            runs_s=[run.run_s for run in runs],
            boots_s=[run.boot_s for run in runs if run.boot_s is not None],
            fallback=known.expected(defaults(known)) if known else _UNKNOWN_MODE,
            ahead=ahead,
            cap=cap,
            cold=cold,
        )
