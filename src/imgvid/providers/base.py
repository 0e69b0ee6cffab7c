"""What every GPU provider can do for us, and what its failures let the caller conclude.

    ProviderError
    ├── Rejected(code, detail)   definite no: this request will never be accepted; do not send it again
    ├── Busy(retry_after)        definite no for now: nothing was accepted; send it again later
    ├── Unreachable              surely not sent (submit), or nothing was learned (status, cancel, health): try freely
    ├── OutcomeUnknown           submit only: it may have been accepted; reconcile before sending anything again
    ├── Unauthorized             401/403: nothing was accepted; every request will fail until a person mends the key
    ├── OutOfFunds               402 or an empty balance: nothing was accepted until a person pays
    ├── NotFound                 status/cancel: the provider does not know this id (any more). UNKNOWN, never "failed":
    │                            it may have run, it may still be running, it may just not be visible yet
    ├── UnsafeDisk               nothing was accepted: the provider would keep people's files on a disk, and nobody has
    │                            allowed that
    └── Broken                   nothing was accepted and the answer is outside the contract: a wrong address, a
                                 retired API, a bug of ours; a person must look

No message carries a key, a header or the request's payload.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass, field
from datetime import timedelta
from enum import StrEnum
from typing import NewType, Protocol, runtime_checkable

from imgvid.catalog.pick import Scalar
from imgvid.jobs.errors import Code

RequestId = NewType("RequestId", str)
"""The provider's name for one accepted request: opaque, longer than a UUID, stored as text and handed back as it is."""


class ProviderError(Exception):
    """What was tried, what came back, and what may be concluded; catch the subclasses."""


class Rejected(ProviderError):
    """The provider will never accept this request. `code` is ours and short, `detail` is the provider's own text.

    `failure` is the job's failure code where it is known better than "rejected": a broken photo, a refused prompt.
    """

    def __init__(self, code: str, detail: str, *, failure: Code | None = None) -> None:
        super().__init__(f"rejected ({code}): {detail}")
        self.code = code
        self.detail = detail
        self.failure = failure


class Busy(ProviderError):
    """Nothing was accepted; `retry_after` is the provider's wish, None when it named none."""

    def __init__(self, message: str, *, retry_after: timedelta | None = None) -> None:
        super().__init__(message)
        self.retry_after = retry_after


class Unreachable(ProviderError):
    """Surely not sent (submit), or nothing learned (the other calls)."""


class OutcomeUnknown(ProviderError):
    """The request may have been accepted, and its id may be lost."""


class Unauthorized(ProviderError):
    """The key was refused."""


class OutOfFunds(ProviderError):
    """The account has no money left."""


class NotFound(ProviderError):
    """The provider does not know this request id; this proves nothing about the job."""


class UnsafeDisk(ProviderError):
    """The provider would keep people's files on a disk, and nobody has allowed that."""


class Broken(ProviderError):
    """The answer is outside the contract and nothing was accepted."""


class RemoteState(StrEnum):
    """Where a request stands, in our words."""

    QUEUED = "queued"
    RUNNING = "running"  # also every state word that we do not know: never final
    SUCCEEDED = "succeeded"
    FAILED = "failed"
    CANCELLED = "cancelled"
    TIMED_OUT = "timed_out"

    @property
    def final(self) -> bool:
        return self not in {RemoteState.QUEUED, RemoteState.RUNNING}


@dataclass(frozen=True, slots=True, kw_only=True)
class Picture:
    """One input of a job, by reference: Telegram has the bytes."""

    role: str  # image | last | mask
    file_id: str
    kind: str  # photo | document


@dataclass(frozen=True, slots=True, kw_only=True)
class Work:
    """What is to be made, for providers that take it apart themselves. `params` hold a value for each that applies."""

    mode: str
    params: Mapping[str, Scalar]
    prompt: str  # the person's own words
    seed: int
    pictures: tuple[Picture, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class JobSpec:
    """One attempt of one job, as a provider is asked to run it."""

    job_id: str
    attempt: int  # rises by one a lease; the worker fences with (job_id, attempt)
    payload: Mapping[str, object]  # the worker's `input`, JSON values only
    execution_timeout: timedelta  # from the start of the work; RunPod takes 5 s to 7 days
    ttl: timedelta  # from submit, queue and run together; RunPod takes 10 s to 7 days
    work: Work | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class RemoteStatus:
    """One look at one request. Everything but `state` may be missing at any time."""

    state: RemoteState
    output: Mapping[str, object] | None = None  # of a final state; a bare value comes as {"value": ...}
    progress: Mapping[str, object] | None = None  # the latest report while RUNNING, in the same form
    error: str | None = None
    worker_id: str | None = None  # a new one for the same request means a silent re-run
    retries: int | None = None  # the platform's own re-runs of this request
    delay: timedelta | None = None  # waited in the provider's queue
    execution: timedelta | None = None  # worked so far, or in all
    raw_state: str = ""  # the provider's own word
    position: int | None = None  # while QUEUED: how many are before it there
    fetchable: bool = False  # SUCCEEDED, and the result waits there for `Fetching.fetch`
    failure: Code | None = None  # of a FAILED one, where the provider says more than that it failed


@dataclass(frozen=True, slots=True, kw_only=True)
class Health:
    """Counts of one endpoint: jobs by state, workers by state. A count that was not told is 0."""

    in_queue: int = 0
    in_progress: int = 0
    completed: int = 0
    failed: int = 0
    retried: int = 0
    idle: int = 0
    running: int = 0
    initializing: int = 0
    ready: int = 0
    throttled: int = 0
    unhealthy: int = 0

    @property
    def workers(self) -> int:
        """Workers that work, could work, or are on their way."""
        return self.idle + self.running + self.initializing + self.ready + self.throttled

    @property
    def starved(self) -> bool:
        """Jobs wait and no worker exists. Only meaningful when it lasts: a cold start looks the same for a moment,
        because only `idle` and `running` are documented as always told."""
        return self.in_queue > 0 and self.workers == 0


class Provider(Protocol):
    """A queue of GPU work somewhere else. Every method raises only ProviderError (and CancelledError)."""

    async def submit(self, spec: JobSpec) -> RequestId:
        """Send one attempt, once. NOT idempotent: after OutcomeUnknown a second call may start the work twice."""
        ...

    async def status(self, request_id: RequestId) -> RemoteStatus:
        """Ask where a request stands. Idempotent; retried inside for a moment when nothing was learned."""
        ...

    async def cancel(self, request_id: RequestId) -> None:
        """Wish the end of a request. Idempotent; returning says that the wish arrived, not that the work has ended."""
        ...

    async def health(self) -> Health:
        """Count the endpoint's jobs and workers. Idempotent."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Result:
    """A finished file on its way: read `pieces` once, inside of the block that `fetch` opened.

    `size` is what the provider says (bytes), None where it does not. `recipe` is what would make it again: model, graph.
    `notes` are keys of texts that the person is told beneath it.
    """

    media_type: str
    size: int | None
    pieces: AsyncIterator[bytes]
    recipe: Mapping[str, Scalar] = field(default_factory=dict)
    notes: tuple[str, ...] = ()


@runtime_checkable
class Fetching(Protocol):
    """A provider whose result we bring to the chat ourselves; nobody else writes there meanwhile."""

    deadline_failure: Code
    """What a job has failed of that is not done in time."""

    def fetch(self, request_id: RequestId) -> AbstractAsyncContextManager[Result]:
        """Open the result of a request whose status was `fetchable`. May be repeated while the provider keeps it.

        Opening and reading raise NotFound (it is gone for good), Unreachable (try again), Busy, and Rejected with a
        `failure` where the provider shows only now that it made nothing.
        """
        ...

    async def forget(self, request_id: RequestId) -> None:
        """The result was delivered or is wanted no more: let the provider drop what it keeps. Idempotent, best effort."""
        ...
