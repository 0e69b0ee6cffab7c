"""Hosted models behind Fal's queue: submit, status, cancel, and the result that we fetch ourselves.

There is no idempotency key, so a model is asked once per submit, and what leaves open if the request arrived is
OutcomeUnknown. Fal's own retries are off: a failure comes back to us and counts as a try. Failures are COMPLETED there,
with the reason in the result's answer.
"""

from __future__ import annotations

import time
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from datetime import timedelta
from typing import ParamSpec, TypeVar

import httpx
import tenacity

from imgvid.catalog.mode import Mode
from imgvid.jobs.errors import Code
from imgvid.providers.base import (
    Broken,
    Health,
    JobSpec,
    NotFound,
    Rejected,
    RemoteState,
    RemoteStatus,
    RequestId,
    Result,
    Unreachable,
)
from imgvid.providers.fal.inputs import Read
from imgvid.providers.fal.request import Head
from imgvid.providers.fal.result import Media, media_in, opened
from imgvid.providers.fal.status import parse_status, settle
from imgvid.providers.fal.storage import Storage
from imgvid.providers.fal.submit import Desk
from imgvid.providers.fal.ticket import Ticket
from imgvid.providers.fal.verdicts import Verdict, judge
from imgvid.providers.fal.wire import ACCOUNT, TOTAL_TIMEOUT, Wire, json_of, object_of

_P = ParamSpec("_P")
_T = TypeVar("_T")

STORAGE_URL = "https://rest.fal.ai"
LIFETIME_MARGIN = timedelta(minutes=10)  # a result of the last moment is still fetched, a few times
_GONE = frozenset({404, 410})


class FalProvider:
    """Fal's queue for the modes of `catalogue`; implements `providers.base.Provider` and `Fetching`.

    The client belongs to the caller (one per process). `read` brings an input's bytes from Telegram and may raise its
    errors. `start_timeout`: how long a request may wait at Fal until a machine begins, above one second. `heads` are
    the operator's own models. `retry_wait` is the first pause between two tries of an idempotent call.
    """

    deadline_failure = Code.WAIT_EXCEEDED

    def __init__(
        self,
        *,
        client: httpx.AsyncClient,
        queue_url: str,
        api_key: str,
        catalogue: Mapping[str, Mode],
        read: Read,
        start_timeout: timedelta,
        storage_url: str = STORAGE_URL,
        heads: Sequence[Head] = (),
        total_timeout: timedelta = TOTAL_TIMEOUT,
        retry_wait: timedelta = timedelta(milliseconds=200),
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._client, self._start_timeout = client, start_timeout
        self._retry_wait_s = retry_wait.total_seconds()
        longest = max((mode.run_for for mode in catalogue.values()), default=timedelta(0))
        self._queue, rest = (
            Wire(
                client=client,
                base_url=url,
                api_key=api_key,
                start_timeout=start_timeout,
                lifetime=self._lifetime(longest),
                total_timeout=total_timeout,
            )
            for url in (queue_url, storage_url)
        )
        storage = Storage(wire=rest, client=client, retry_wait=retry_wait)
        self._desk = Desk(queue=self._queue, storage=storage, read=read, catalogue=catalogue, heads=heads, clock=clock)

    def __repr__(self) -> str:
        return f"FalProvider(queue_url={self._queue.base_url!r})"

    async def submit(self, spec: JobSpec) -> RequestId:
        """Send one attempt, once. Not idempotent: after OutcomeUnknown a second call may start the work twice."""
        ticket = await self._desk.submit(spec, lifetime=self._lifetime(spec.execution_timeout))
        return ticket.line()

    async def status(self, request_id: RequestId) -> RemoteStatus:
        """Where the request stands. NotFound is unknown, not failed: Fal forgets, or does not show it yet."""
        what, ticket = _named("status", request_id)
        answer = await self._repeated(self._look, ticket.status_url, what)
        look = parse_status(object_of(answer))
        if look is None:
            raise Broken(f"{what}: an answer without a status")
        if look.status.state is not RemoteState.FAILED:
            return look.status
        return settle(look, await self._reason(ticket, what))

    async def cancel(self, request_id: RequestId) -> None:
        """Wish the end of a request; one that is over, or that Fal does not know, stays as it is.

        A running one gets the signal only: it may finish, and may be billed.
        """
        what, ticket = _named("cancel", request_id)
        await self._repeated(self._wish_end, ticket, what)

    async def health(self) -> Health:
        """Fal tells nothing about its queue, so there is nothing to count, and nothing is asked."""
        return Health()

    def fetch(self, request_id: RequestId) -> AbstractAsyncContextManager[Result]:
        """The finished file, streamed. May be repeated for as long as the lifetime that was sent."""
        return self._fetch(request_id)

    async def forget(self, request_id: RequestId) -> None:
        """Nothing is sent: with the key that submits nothing can be deleted at Fal; all of it expires by itself."""

    @asynccontextmanager
    async def _fetch(self, request_id: RequestId) -> AsyncIterator[Result]:
        what, ticket = _named("result", request_id)
        media = await self._repeated(self._media, ticket, what)
        async with opened(media, client=self._client, what=what) as result:
            yield result

    async def _media(self, ticket: Ticket, what: str) -> Media:
        """Where the file of a finished request is. Raises NotFound, Unreachable, Busy, Rejected, and what a key meets."""
        answer = await self._queue.send("GET", ticket.response_url, what=what)
        body = object_of(answer)
        if answer.status_code == 202 or (answer.is_success and not body):
            raise Unreachable(f"{what}: HTTP {answer.status_code} without a result")
        if answer.is_success:
            units = answer.headers.get("x-fal-billable-units")
            return media_in(body, model=ticket.model, request=ticket.request, units=units)
        verdict = self._verdict(ticket, answer)
        if verdict is not None:
            raise Rejected(verdict.word, f"{what}: HTTP {answer.status_code}: {verdict}", failure=verdict.code)
        if answer.status_code == 400:  # without a type: "Request is still in progress" (facts/models.md 1.4)
            raise Unreachable(f"{what}: HTTP 400 without a type: not ready")
        raise self._queue.refusal(what, answer)

    async def _reason(self, ticket: Ticket, what: str) -> Verdict | None:
        """Why a request failed, by its result's answer; None where that teaches nothing more than its status."""
        try:
            answer = await self._queue.send("GET", ticket.response_url, what=what)
        except Unreachable:
            return None
        if answer.status_code in ACCOUNT:
            raise self._queue.refusal(what, answer)
        verdict = self._verdict(ticket, answer)
        if verdict is not None or answer.status_code in _GONE or not 400 <= answer.status_code < 500:
            return verdict
        return Verdict.untyped(answer.status_code) if "detail" in object_of(answer) else None

    def _verdict(self, ticket: Ticket, answer: httpx.Response) -> Verdict | None:
        if answer.is_success or answer.status_code in ACCOUNT:
            return None
        verdict = judge(answer.status_code, answer.headers, json_of(answer))
        if verdict is not None and verdict.code is Code.MODEL_GONE:
            self._desk.leave_alone(ticket.model)
        return verdict

    async def _look(self, url: str, what: str) -> httpx.Response:
        answer = await self._queue.send("GET", url, what=what)
        if not answer.is_success:
            raise self._queue.refusal(what, answer)
        if json_of(answer) is None:  # a proxy's page with a friendly status code teaches nothing
            raise Unreachable(f"{what}: HTTP {answer.status_code} that is not JSON")
        return answer

    async def _wish_end(self, ticket: Ticket, what: str) -> None:
        answer = await self._queue.send("PUT", ticket.cancel_url, what=what)
        over = answer.status_code == 400 and object_of(answer).get("status") == "ALREADY_COMPLETED"
        if not (answer.is_success or over or answer.status_code == 404):
            raise self._queue.refusal(what, answer)

    async def _repeated(self, call: Callable[_P, Awaitable[_T]], *args: _P.args, **kwargs: _P.kwargs) -> _T:
        """An idempotent call, tried up to three times within ten seconds while nothing is learned."""
        retrying = tenacity.AsyncRetrying(
            stop=tenacity.stop_after_attempt(3) | tenacity.stop_after_delay(10),
            wait=tenacity.wait_exponential(multiplier=self._retry_wait_s, max=2),
            retry=tenacity.retry_if_exception_type(Unreachable),
            reraise=True,
        )
        return await retrying(call, *args, **kwargs)

    def _lifetime(self, deadline: timedelta) -> timedelta:
        """How long Fal keeps a job's files: until it must have begun and must have ended."""
        return self._start_timeout + deadline + LIFETIME_MARGIN


def _named(verb: str, request_id: RequestId) -> tuple[str, Ticket]:
    """What is being done, for errors, and the request. A line that is not of ours is nobody's request."""
    try:
        ticket = Ticket.read(request_id)
    except ValueError:
        raise NotFound(f"Fal {verb}: not a request of Fal's") from None
    return f"Fal {verb} of {ticket.model} {ticket.request}", ticket
