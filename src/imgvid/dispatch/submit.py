"""One attempt to the provider, outside any transaction, and what its answer allows to conclude.

accepted                  SUBMITTED with the request id; an id whose row has moved on is cancelled here and now
Rejected                  FAILED, nothing was accepted
Busy, Unreachable         back to the queue, no try used up
Unauthorized, OutOfFunds,
Broken                    back to the queue behind a pause of the whole backend
OutcomeUnknown            left alone for `unknown_wait`; then the sweep retires it
"""

from __future__ import annotations

import random
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta

from imgvid import log
from imgvid.dispatch.conduct import WORKERS, Conduct
from imgvid.dispatch.crew import Clockwork, patiently
from imgvid.dispatch.gate import Gates, reason_of
from imgvid.dispatch.lease import Target
from imgvid.dispatch.pace import Pace
from imgvid.jobs.errors import Code, Fault, meaning
from imgvid.jobs.model import Leased
from imgvid.jobs.retry import backoff
from imgvid.jobs.state import State
from imgvid.providers.base import (
    Busy,
    JobSpec,
    NotFound,
    OutcomeUnknown,
    Picture,
    Provider,
    ProviderError,
    Rejected,
    RequestId,
    Work,
)
from imgvid.store.jobs import JobStore
from imgvid.store.pool import StoreUnavailable

_SHORTEST, _LONGEST = timedelta(seconds=10), timedelta(days=7)  # RunPod's bounds of a ttl (facts/runpod.md 1)


def spec_of(job: Leased, now: datetime) -> JobSpec:
    """What the provider is asked to do, bounded by the attempt's deadline."""
    left = min(max(job.deadline_at - now, _SHORTEST), _LONGEST)
    return JobSpec(
        job_id=str(job.id),
        attempt=job.attempt,
        payload=job.payload(),
        execution_timeout=left,
        ttl=left,
        work=Work(
            mode=job.mode,
            params=job.params,
            prompt=job.prompt or "",
            seed=job.seed,
            pictures=tuple(
                Picture(role=item["role"], file_id=item["file_id"], kind=item["kind"]) for item in job.inputs
            ),
        ),
    )


class Submitter:
    """Hands leased attempts to their providers."""

    def __init__(
        self,
        *,
        jobs: JobStore,
        providers: Mapping[str, Provider],
        gates: Gates,
        pace: Pace,
        clockwork: Clockwork,
        rng: random.Random,
        conducts: Mapping[str, Conduct],
    ) -> None:
        self._jobs, self._providers, self._gates, self._conducts = jobs, providers, gates, conducts
        self._pace, self._clockwork, self._rng = pace, clockwork, rng

    async def submit(self, target: Target, job: Leased) -> None:
        """Send one leased attempt, once. A process that dies in here leaves a row that the sweep resolves."""
        say = log.get().bind(job=job.short, attempt=job.attempt)
        if not await self._jobs.begin_submit(job.id, job.attempt, span=self._pace.submit_hold):
            if await self._jobs.close_wished(job.id, job.attempt, over=True):
                say.info(log.JOB_CLOSING, state=State.CLOSING, verdict=State.CANCELLED, next="the chat is told")
            else:
                say.info(log.JOB_MOVED_ON, state=State.LEASED, next="nothing was sent")
            return
        provider = self._providers[target.backend]
        began = self._clockwork.health.clock()
        try:
            request = await provider.submit(spec_of(job, datetime.now(UTC)))
        except ProviderError as error:
            await self._refused(target, job, error)
            return
        took_ms = round((self._clockwork.health.clock() - began) * 1000, 1)
        await self._accepted(target, job, provider, request, took_ms)

    async def _accepted(
        self, target: Target, job: Leased, provider: Provider, request: RequestId, took_ms: float
    ) -> None:
        say = log.get().bind(job=job.short, attempt=job.attempt, request=request, provider_ms=took_ms)
        first_look = self._first_look(target)
        try:
            kept = await patiently(
                lambda: self._jobs.accept(job.id, job.attempt, request, poll_in=first_look),
                within=self._pace.unknown_wait,
                health=self._clockwork.health,
            )
        except StoreUnavailable:
            say.error(log.ACCEPT_LOST, state=State.LEASED, next="cancelled here; the sweep retires the attempt")
            await self._cancel(provider, job, request)
            return
        if not kept.owned:
            say.warning(log.ACCEPT_LATE, state="moved on", next="the request is cancelled and swept until it is over")
            await self._cancel(provider, job, request)
            return
        say.info(log.JOB_SUBMITTED, state=State.SUBMITTED, next="its status is polled")
        await self._gates.accepted(target.backend)
        if kept.cancel_wished:
            self._clockwork.wakeups.wake("poll")
        else:
            self._clockwork.wake_in("poll", first_look)

    def _first_look(self, target: Target) -> timedelta:
        rhythm = self._conducts.get(target.backend, WORKERS).rhythms.get(target.lane)
        return rhythm.first if rhythm is not None else min(self._pace.status_poll, timedelta(seconds=2))

    async def _cancel(self, provider: Provider, job: Leased, request: RequestId) -> None:
        try:
            await provider.cancel(request)
        except NotFound:
            return
        except ProviderError as error:
            log.get().warning(
                log.CANCEL_UNHEARD,
                job=job.short,
                attempt=job.attempt,
                request=request,
                said=str(error),
                next="the sweep",
            )

    async def _refused(self, target: Target, job: Leased, error: ProviderError) -> None:
        if isinstance(error, Rejected):
            await self._reject(job, error)
        elif isinstance(error, OutcomeUnknown):
            await self._hold(target, job, error)
        elif isinstance(error, Busy):
            wait = error.retry_after or self._pace.busy_wait
            await self._gates.busy(target.backend, error, wait)
            await self._give_back(job, wait, error)
        elif reason_of(error) is not None:
            await self._gates.shut(target.backend, error)
            await self._give_back(job, timedelta(0), error)
        else:
            await self._gates.failed(target.backend, target.lane, job.id, error)
            handed_back = job.attempt - 1 - job.tries_own - job.tries_ours
            await self._give_back(job, backoff(max(0, handed_back), self._rng) * self._pace.backoff, error)

    async def _reject(self, job: Leased, error: Rejected) -> None:
        code = error.failure or Code.PROVIDER_REJECTED
        detail = {"said": log.mask(str(error))}
        if await self._jobs.close(job.id, job.attempt, verdict=State.FAILED, code=code, over=True, detail=detail):
            line = log.get().info if meaning(code).fault is Fault.PERSON else log.get().error
            line(
                log.JOB_CLOSING,
                job=job.short,
                attempt=job.attempt,
                state=State.CLOSING,
                verdict=State.FAILED,
                code=code,
                said=str(error),
                next="the chat is told",
            )

    async def _hold(self, target: Target, job: Leased, error: OutcomeUnknown) -> None:
        await self._jobs.hold_lease(job.id, job.attempt, self._pace.unknown_wait)
        log.get().warning(
            log.SUBMIT_UNKNOWN,
            job=job.short,
            attempt=job.attempt,
            state=State.LEASED,
            said=str(error),
            wait_s=self._pace.unknown_wait.total_seconds(),
            next="a sign of life, or it is retired after the wait",
        )
        await self._gates.failed(target.backend, target.lane, job.id, error)

    async def _give_back(self, job: Leased, wait: timedelta, error: ProviderError) -> None:
        why = reason_of(error) or type(error).__name__.lower()
        if await self._jobs.give_back(job.id, job.attempt, wait=wait, why=why):
            log.get().info(
                log.JOB_GIVEN_BACK,
                job=job.short,
                attempt=job.attempt,
                state=State.QUEUED,
                why=why,
                said=str(error),
                next=f"leased again after {wait.total_seconds():.1f} s at the earliest, no try used up",
            )
        else:
            await self._jobs.close_wished(job.id, job.attempt, over=True)
