"""When a provider refuses everybody: pause it for all dispatchers, say why once, try again by itself.

The pause lives in the backend's row, which the lease locks first. A breaker counts distinct jobs, so that one poisoned
job closes nothing. What was accepted again opens the gate and is said once as well.
"""

from __future__ import annotations

from datetime import timedelta
from uuid import UUID

from imgvid import log
from imgvid.dispatch.pace import Pace
from imgvid.jobs.errors import Code
from imgvid.providers.base import Broken, OutOfFunds, ProviderError, Unauthorized, UnsafeDisk
from imgvid.store.backends import BackendStore
from imgvid.store.listen import Wakeups

_REASONS: dict[type[ProviderError], str] = {
    Unauthorized: "unauthorized",
    OutOfFunds: "out_of_funds",
    Broken: "broken",
    UnsafeDisk: "unsafe_disk",
}
UNREACHABLE = "unreachable"
BUSY = "busy"


def reason_of(error: ProviderError) -> str | None:
    """Why nobody's job can be accepted; None where the error is about one call only."""
    return _REASONS.get(type(error))


class Gates:
    """One gate per backend. Lengths of repeated pauses are this process's memory, the pauses themselves are shared."""

    def __init__(self, *, backends: BackendStore, wakeups: Wakeups, pace: Pace) -> None:
        self._backends, self._wakeups, self._pace = backends, wakeups, pace
        self._next: dict[tuple[str, str], timedelta] = {}

    async def shut(self, backend: str, error: ProviderError) -> None:
        """Nobody's job will be accepted before a person acts: stand still, look again by ourselves."""
        reason = _REASONS[type(error)]
        span = self._longer(backend, reason, self._pace.pause_first, self._pace.pause_top)
        await self._pause(backend, span, reason, str(error))

    async def busy(self, backend: str, error: ProviderError, wait: timedelta) -> None:
        """429: everybody waits as long as the provider wishes; nobody is told of it."""
        news = await self._backends.pause(backend, wait, BUSY)
        line = log.get().warning if news else log.get().info
        line(
            log.BACKEND_BUSY,
            backend=backend,
            said=str(error),
            wait_s=wait.total_seconds(),
            next="submits again after the wait",
        )

    async def failed(self, backend: str, lane: str, job_id: UUID, error: ProviderError) -> None:
        """One job could not be handed over; enough distinct ones in a row open the breaker."""
        failing = await self._backends.count_failure(backend, lane, job_id)
        if failing >= self._pace.breaker_jobs:
            span = self._longer(backend, UNREACHABLE, self._pace.breaker_first, self._pace.breaker_top)
            await self._pause(backend, span, UNREACHABLE, str(error))

    async def accepted(self, backend: str) -> None:
        """The provider took a job: failures and pauses are over."""
        for reason in (*_REASONS.values(), UNREACHABLE):
            self._next.pop((backend, reason), None)
        ended = await self._backends.count_success(backend)
        if ended is not None:
            log.get().info(log.BACKEND_RESUMED, backend=backend, was=ended, next="jobs are submitted as before")

    async def _pause(self, backend: str, span: timedelta, reason: str, said: str) -> None:
        news = await self._backends.pause(backend, span, reason)
        line = log.get().error if news else log.get().info
        line(
            log.BACKEND_PAUSED if news else log.BACKEND_STILL_PAUSED,
            backend=backend,
            reason=reason,
            said=said,
            pause_s=span.total_seconds(),
            next="jobs wait and lose no try; one is submitted again after the pause",
        )
        if span >= self._pace.pause_worth_telling:
            await self._backends.owe_pause(backend)
            self._wakeups.wake("chat")

    def _longer(self, backend: str, reason: str, first: timedelta, top: timedelta) -> timedelta:
        span = self._next.get((backend, reason), first)
        self._next[backend, reason] = min(top, span * 2)
        return span


def pause_code(reason: str | None) -> Code | None:
    """The failure code of a job that ran out of time behind this pause."""
    return {"unauthorized": Code.PROVIDER_UNAUTHORIZED, "out_of_funds": Code.PROVIDER_OUT_OF_FUNDS}.get(reason or "")
