"""How many workers an endpoint may have: read and set back over RunPod's REST v2 (facts/runpod.md 2a).

The platform lowers workers.max by itself: to 2 after 3 days without a job, to 0 after 7, and it stays there until somebody
raises it; jobs then wait until their ttl. The queue API does not tell, so this is asked of the management API, whose key
may well not be allowed to (Unauthorized).
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta

import httpx

from imgvid import log
from imgvid.providers.base import Broken, ProviderError, Unauthorized, Unreachable

URL = "https://api.runpod.io/v2"
TOTAL_TIMEOUT = timedelta(seconds=20)
_DETAIL_CHARS = 300


@dataclass(frozen=True, slots=True, kw_only=True)
class WorkerLimits:
    """`most` is workers.max; `settings` the whole object, because a PATCH may replace it as a whole."""

    most: int
    settings: Mapping[str, object]


class RunpodScaling:
    """One endpoint's worker limits. The client belongs to the caller.

    Both calls raise Unauthorized (this key may not), Broken (no such endpoint, or another contract) or Unreachable
    (nothing was learned; a PATCH may have arrived, and repeating it is harmless).
    """

    def __init__(
        self,
        *,
        client: httpx.AsyncClient,
        rest_url: str,
        api_key: str,
        endpoint_id: str,
        total_timeout: timedelta = TOTAL_TIMEOUT,
    ) -> None:
        self._client, self._url, self._api_key = client, f"{rest_url.rstrip('/')}/serverless/{endpoint_id}", api_key
        self._endpoint_id, self._total_s = endpoint_id, total_timeout.total_seconds()

    def __repr__(self) -> str:
        return f"RunpodScaling(endpoint_id={self._endpoint_id!r})"

    async def look(self) -> WorkerLimits:
        """What the endpoint is allowed now. Idempotent."""
        return _limits(await self._call("GET", None))

    async def put_back(self, seen: WorkerLimits, most: int) -> int:
        """Set workers.max to `most`, everything else as it was seen; answers what holds now. Idempotent; idle workers restart."""
        settings = {name: value for name, value in seen.settings.items() if value is not None}
        return _limits(await self._call("PATCH", {"workers": {**settings, "max": most}})).most

    async def _call(self, method: str, body: Mapping[str, object] | None) -> Mapping[str, object]:
        what = f"RunPod {method} of endpoint {self._endpoint_id}"
        error: ProviderError
        try:
            async with asyncio.timeout(self._total_s):
                answer = await self._client.request(
                    method,
                    self._url,
                    json=body,
                    headers={"Authorization": f"Bearer {self._api_key}"},
                    follow_redirects=False,
                )
        except (httpx.HTTPError, httpx.InvalidURL, TimeoutError) as lost:
            error = Unreachable(f"{what}: no answer ({type(lost).__name__})")
        else:
            refused = self._refusal(what, answer)
            if refused is None:
                return _object(what, answer)
            error = refused
        # Raised outside of the handler, so that no httpx error hangs on it as context: those carry the headers.
        raise error

    def _refusal(self, what: str, answer: httpx.Response) -> ProviderError | None:
        if answer.is_success:
            return None
        detail = log.mask(" ".join(answer.text.split()).replace(self._api_key, "***"))[:_DETAIL_CHARS]
        message = f"{what}: HTTP {answer.status_code}: {detail or '(empty body)'}"
        if answer.status_code in {401, 403}:
            return Unauthorized(message)
        if answer.status_code in {408, 429} or answer.status_code >= 500:
            return Unreachable(message)
        return Broken(message)


def _object(what: str, answer: httpx.Response) -> Mapping[str, object]:
    try:
        body = answer.json()
    except ValueError:
        body = None
    if not isinstance(body, dict):
        raise Broken(f"{what}: an answer that is no JSON object")
    return body


def _limits(body: Mapping[str, object]) -> WorkerLimits:
    workers = body.get("workers")
    most = workers.get("max") if isinstance(workers, dict) else None
    if not isinstance(workers, dict) or not isinstance(most, int) or isinstance(most, bool):
        raise Broken("RunPod's endpoint has no workers.max")
    return WorkerLimits(most=most, settings=workers)
