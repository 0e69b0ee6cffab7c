"""RunPod Serverless over plain HTTP: run with a policy, status, cancel, health.

`POST /run` has no idempotency key and no client-chosen id, so it is sent exactly once per call, and whatever leaves
open if it arrived is OutcomeUnknown. The other calls are repeated for a moment when nothing was learned.

A request id is "<endpoint>/<RunPod's id>": it is polled at the endpoint that accepted it, also after the configuration
moved to another one. A bare RunPod id is taken to be of the configured endpoint.
"""

from __future__ import annotations

import asyncio
import json
import re
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from urllib.parse import quote

import httpx
import tenacity

from imgvid import log
from imgvid.providers.base import (
    Broken,
    Busy,
    Health,
    JobSpec,
    NotFound,
    OutcomeUnknown,
    OutOfFunds,
    ProviderError,
    Rejected,
    RemoteState,
    RemoteStatus,
    RequestId,
    Unauthorized,
    Unreachable,
)
from imgvid.providers.http import NOT_SENT, OUR_FAULT, parse_retry_after

MAX_BODY_BYTES = 10 * 1024 * 1024  # RunPod's limit for /run; more is answered 400
CALL_TIMEOUT = httpx.Timeout(connect=5.0, read=15.0, write=15.0, pool=5.0)  # seconds, per phase
TOTAL_TIMEOUT = timedelta(seconds=30)  # per request, whatever its phases add up to
DETAIL_CHARS = 300  # of a provider's answer in our errors

_STATES = {
    "IN_QUEUE": RemoteState.QUEUED,
    "IN_PROGRESS": RemoteState.RUNNING,
    "RUNNING": RemoteState.RUNNING,
    "COMPLETED": RemoteState.SUCCEEDED,
    "FAILED": RemoteState.FAILED,
    "CANCELLED": RemoteState.CANCELLED,
    "TIMED_OUT": RemoteState.TIMED_OUT,
}
# The texts of an empty balance are not documented; a definite 4xx that speaks of missing money is one.
_NO_MONEY = re.compile(
    r"(insufficient|not enough|out of|no|empty|negative)\s+(account\s+)?(balance|funds|credits?)", re.I
)


class RunpodProvider:
    """One RunPod endpoint; implements `providers.base.Provider`.

    The client belongs to the caller (one per process); base address, key and timeouts are set per request here.
    `retry_wait` is the first pause between two tries of an idempotent call, doubled each time up to 2 s.
    """

    def __init__(
        self,
        *,
        client: httpx.AsyncClient,
        api_url: str,
        api_key: str,
        endpoint_id: str,
        total_timeout: timedelta = TOTAL_TIMEOUT,
        retry_wait: timedelta = timedelta(milliseconds=200),
    ) -> None:
        self._client = client
        self._api_url = api_url.rstrip("/")
        self._api_key = api_key
        self._endpoint_id = endpoint_id
        self._total_s = total_timeout.total_seconds()
        self._retry_wait_s = retry_wait.total_seconds()

    def __repr__(self) -> str:
        return f"RunpodProvider(endpoint_id={self._endpoint_id!r}, api_url={self._api_url!r})"

    async def submit(self, spec: JobSpec) -> RequestId:
        """Send one attempt, once. Not idempotent: after OutcomeUnknown a second call may start the work twice."""
        what = f"RunPod run of job {spec.job_id} attempt {spec.attempt}"
        try:
            body = encode_run(spec)
        except (TypeError, ValueError) as wrong:
            raise Rejected("not_json", f"{what}: {wrong}") from None
        if len(body) > MAX_BODY_BYTES:
            raise Rejected("too_large", f"{what}: {len(body)} bytes, RunPod takes {MAX_BODY_BYTES}")
        answer = await self._send("POST", self._endpoint_id, "run", what=what, content=body, once=True)
        if not answer.is_success:
            raise self._refusal(what, answer, once=True)
        remote_id = _object(answer).get("id")
        if not isinstance(remote_id, str) or not remote_id:
            raise OutcomeUnknown(f"{what}: HTTP {answer.status_code} without an id: {self._detail(answer)}")
        return RequestId(f"{self._endpoint_id}/{remote_id}")

    async def status(self, request_id: RequestId) -> RemoteStatus:
        """Where the request stands. NotFound is unknown, not failed: ttl, retention, or not visible yet."""
        what = f"RunPod status of {request_id}"
        answer = await self._ask("GET", *self._address(request_id, "status"), what=what)
        status = parse_status(_object(answer))
        if status is None:
            raise Broken(f"{what}: an answer without a status: {self._detail(answer)}")
        return status

    async def cancel(self, request_id: RequestId) -> None:
        """Wish the end of a request; a finished one stays as it is. NotFound when RunPod no longer knows it."""
        await self._ask("POST", *self._address(request_id, "cancel"), what=f"RunPod cancel of {request_id}")

    async def health(self) -> Health:
        """Jobs and workers of the configured endpoint."""
        what = f"RunPod health of endpoint {self._endpoint_id}"
        answer = await self._ask("GET", self._endpoint_id, "health", what=what)
        body = _object(answer)
        if "jobs" not in body and "workers" not in body:
            raise Broken(f"{what}: an answer without jobs and workers: {self._detail(answer)}")
        return parse_health(body)

    def _address(self, request_id: RequestId, verb: str) -> tuple[str, str]:
        endpoint, slash, remote_id = request_id.partition("/")
        if not slash:
            endpoint, remote_id = self._endpoint_id, request_id
        return endpoint, f"{verb}/{quote(remote_id, safe='')}"

    async def _ask(self, method: str, endpoint: str, path: str, *, what: str) -> httpx.Response:
        """An idempotent call, tried up to three times within ten seconds while nothing is learned."""
        retrying = tenacity.AsyncRetrying(
            stop=tenacity.stop_after_attempt(3) | tenacity.stop_after_delay(10),
            wait=tenacity.wait_exponential(multiplier=self._retry_wait_s, max=2),
            retry=tenacity.retry_if_exception_type(Unreachable),
            reraise=True,
        )
        return await retrying(self._ask_once, method, endpoint, path, what)

    async def _ask_once(self, method: str, endpoint: str, path: str, what: str) -> httpx.Response:
        answer = await self._send(method, endpoint, path, what=what, content=None, once=False)
        if not answer.is_success:
            raise self._refusal(what, answer, once=False)
        if not _is_json(answer):  # a proxy's page with a friendly status code teaches nothing
            raise Unreachable(f"{what}: HTTP {answer.status_code} that is not JSON")
        return answer

    async def _send(
        self, method: str, endpoint: str, path: str, *, what: str, content: bytes | None, once: bool
    ) -> httpx.Response:
        """One request; what the network does wrong is mapped by what may be concluded."""
        error: ProviderError
        try:
            async with asyncio.timeout(self._total_s):
                return await self._client.request(
                    method,
                    f"{self._api_url}/{quote(endpoint, safe='')}/{path}",
                    content=content,
                    headers={"Authorization": f"Bearer {self._api_key}", "Content-Type": "application/json"},
                    timeout=CALL_TIMEOUT,
                    follow_redirects=False,
                )
        except NOT_SENT as lost:
            error = Unreachable(f"{what}: not sent ({type(lost).__name__})")
        except OUR_FAULT as wrong:
            error = Broken(f"{what}: refused by our own HTTP client ({type(wrong).__name__})")
        except (httpx.HTTPError, TimeoutError) as lost:
            kind = OutcomeUnknown if once else Unreachable
            error = kind(f"{what}: no answer ({type(lost).__name__})")
        # Raised outside of the handler, so that no httpx error hangs on it as context: those carry the headers.
        raise error

    def _refusal(self, what: str, answer: httpx.Response, *, once: bool) -> ProviderError:
        """The error for an answer that is no success. `once`: a call that must not be repeated blindly (/run)."""
        code, detail = answer.status_code, self._detail(answer)
        message = f"{what}: HTTP {code}: {detail}"
        error: ProviderError
        if code == 429:
            wait = parse_retry_after(answer.headers.get("Retry-After"), now=datetime.now(UTC))
            error = Busy(message, retry_after=wait)
        elif code == 402 or (400 <= code < 500 and _NO_MONEY.search(detail)):
            error = OutOfFunds(message)
        elif code in {401, 403}:
            error = Unauthorized(message)
        elif code == 404:
            # For /run it is the endpoint that is unknown: nothing was accepted, and no other job will be either.
            error = Broken(message) if once else NotFound(message)
        elif code == 408 or code >= 500:
            error = OutcomeUnknown(message) if once else Unreachable(message)
        elif 400 <= code < 500:
            error = Rejected(f"http_{code}", detail)
        else:  # a redirect: an address that moved
            error = Broken(message)
        return error

    def _detail(self, answer: httpx.Response) -> str:
        """A short piece of the answer for a person, without secrets."""
        text = " ".join(answer.text.split())
        if self._api_key:
            text = text.replace(self._api_key, "***")
        return log.mask(text)[:DETAIL_CHARS] or "(empty body)"


def encode_run(spec: JobSpec) -> bytes:
    """The body of /run. Durations are whole milliseconds there. Raises TypeError or ValueError for what is no JSON."""
    body = {
        "input": dict(spec.payload),
        "policy": {"executionTimeout": _ms(spec.execution_timeout), "ttl": _ms(spec.ttl)},
    }
    return json.dumps(body, ensure_ascii=False, allow_nan=False, separators=(",", ":")).encode()


def parse_status(body: Mapping[str, object]) -> RemoteStatus | None:
    """RunPod's status object in our words; None when it has no status word."""
    word = body.get("status")
    if not isinstance(word, str) or not word:
        return None
    state = _STATES.get(word, RemoteState.RUNNING)
    output = _mapping(body.get("output"))
    worker, retries = body.get("workerId"), body.get("retries")
    return RemoteStatus(
        state=state,
        output=output if state.final else None,
        progress=output if state is RemoteState.RUNNING else None,
        error=_text(body.get("error")),
        worker_id=worker if isinstance(worker, str) and worker else None,
        retries=retries if isinstance(retries, int) else None,
        delay=_duration(body.get("delayTime")),
        execution=_duration(body.get("executionTime")),
        raw_state=word,
    )


def parse_health(body: Mapping[str, object]) -> Health:
    """RunPod's /health; what is missing counts 0."""

    def count(group: str, name: str) -> int:
        counts = body.get(group)
        value = counts.get(name) if isinstance(counts, dict) else None
        return value if isinstance(value, int) else 0

    return Health(
        in_queue=count("jobs", "inQueue"),
        in_progress=count("jobs", "inProgress"),
        completed=count("jobs", "completed"),
        failed=count("jobs", "failed"),
        retried=count("jobs", "retried"),
        idle=count("workers", "idle"),
        running=count("workers", "running"),
        initializing=count("workers", "initializing"),
        ready=count("workers", "ready"),
        throttled=count("workers", "throttled"),
        unhealthy=count("workers", "unhealthy"),
    )


def _is_json(answer: httpx.Response) -> bool:
    try:
        answer.json()
    except ValueError:
        return False
    return True


def _object(answer: httpx.Response) -> Mapping[str, object]:
    """The answer's JSON object; empty when it is anything else."""
    try:
        body = answer.json()
    except ValueError:
        return {}
    return body if isinstance(body, dict) else {}


def _mapping(value: object) -> Mapping[str, object] | None:
    if value is None:
        return None
    return value if isinstance(value, dict) else {"value": value}


def _text(value: object) -> str | None:
    """An error is a string by the contract; a worker of another make may send anything that is JSON."""
    if value is None or value == "":
        return None
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)


def _duration(value: object) -> timedelta | None:
    return timedelta(milliseconds=value) if isinstance(value, int | float) else None


def _ms(span: timedelta) -> int:
    return span // timedelta(milliseconds=1)


__all__ = ["RunpodProvider", "encode_run", "parse_health", "parse_retry_after", "parse_status"]
