"""One call to one of Fal's hosts: the key, the headers that every call carries, and what the network's errors mean.

The key goes to the configured host and nowhere else. No error carries a header, a prompt, or an address of a file.
"""

from __future__ import annotations

import asyncio
import json
import math
import re
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta

import httpx

from imgvid import log
from imgvid.providers.base import (
    Broken,
    Busy,
    NotFound,
    OutcomeUnknown,
    OutOfFunds,
    ProviderError,
    Rejected,
    Unauthorized,
    Unreachable,
)
from imgvid.providers.fal.verdicts import judge
from imgvid.providers.http import NOT_SENT, OUR_FAULT, parse_retry_after

CALL_TIMEOUT = httpx.Timeout(connect=5.0, read=15.0, write=15.0, pool=5.0)  # seconds, per phase
TOTAL_TIMEOUT = timedelta(seconds=30)  # per request, whatever its phases add up to
ACCOUNT = frozenset({401, 402, 403, 429})  # answers that are about us, whatever was asked
_SAID_CHARS = 200
# A locked account has no type: 403 "User is locked. Reason: Exhausted balance. …", "TOP_UP", "Admin lock", "User budget
# is exceeded" (fal-ai/fal, issues 1162, 1163, 1168 and openapi-fal-rest/models/lock_reason.py).
_LOCKED = re.compile(r"user[ _](is )?locked|exhausted balance|budget is exceeded|top[ _]up|payment method", re.I)
_ADDRESS = re.compile(r"\S+://\S+")


class Wire:
    """One host of Fal's and how it is called. `start_timeout` is told with every call, so is how long files may live."""

    def __init__(
        self,
        *,
        client: httpx.AsyncClient,
        base_url: str,
        api_key: str,
        start_timeout: timedelta,
        lifetime: timedelta,
        total_timeout: timedelta = TOTAL_TIMEOUT,
    ) -> None:
        if start_timeout <= timedelta(seconds=1):
            raise ValueError("Fal takes a start timeout above one second")  # facts/models.md 1.7
        self.base_url = base_url.rstrip("/")
        self._client = client
        self._api_key = api_key
        self._start_s = math.ceil(start_timeout.total_seconds())
        self._lifetime = lifetime
        self._total_s = total_timeout.total_seconds()

    def __repr__(self) -> str:
        return f"Wire(base_url={self.base_url!r})"

    async def send(
        self,
        method: str,
        url: str,
        *,
        what: str,
        content: bytes | None = None,
        lifetime: timedelta | None = None,
        once: bool = False,
    ) -> httpx.Response:
        """One request. `once`: repeating it may start work twice, so what leaves that open is OutcomeUnknown.

        Raises Broken for an address of another host, before anything is sent.
        """
        if not self._is_ours(url):
            raise Broken(f"{what}: an address that is not of {self.base_url}; the key stays here")
        error: ProviderError
        try:
            async with asyncio.timeout(self._total_s):
                return await self._client.request(
                    method,
                    url,
                    content=content,
                    headers=self._headers(lifetime or self._lifetime),
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

    def _headers(self, lifetime: timedelta) -> dict[str, str]:
        keep = json.dumps({"expiration_duration_seconds": math.ceil(lifetime.total_seconds())})
        return {
            "Authorization": f"Key {self._api_key}",
            "Accept": "application/json",
            "Content-Type": "application/json",
            "X-Fal-No-Retry": "1",
            "X-Fal-Request-Timeout": str(self._start_s),
            "X-Fal-Store-IO": "0",
            "X-Fal-Object-Lifecycle-Preference": keep,
            "X-Fal-Object-Lifecycle": keep,  # the CDN's own name for it; both clients send it with an upload
        }

    def _is_ours(self, url: str) -> bool:
        try:
            there, here = httpx.URL(url), httpx.URL(self.base_url)
        except httpx.InvalidURL:
            return False
        return (there.scheme, there.host, there.port) == (here.scheme, here.host, here.port) and not there.userinfo

    def refusal(self, what: str, answer: httpx.Response, *, once: bool = False) -> ProviderError:
        """The error for an answer that is no success and no verdict about the input."""
        code = answer.status_code
        said = self._said(answer)
        message = f"{what}: HTTP {code}: {said}"
        error: ProviderError
        if code == 429 or (once and code == 503 and "x-fal-request-id" not in answer.headers):
            wait = parse_retry_after(answer.headers.get("Retry-After"), now=datetime.now(UTC))
            error = Busy(message, retry_after=wait)
        elif code == 402 or (code in {401, 403} and _LOCKED.search(_words(answer))):
            error = OutOfFunds(message)
        elif code in {401, 403}:
            error = Unauthorized(message)
        elif code in {404, 410}:
            error = Broken(message) if once else NotFound(message)
        elif code == 408 or code >= 500:
            error = OutcomeUnknown(message) if once else Unreachable(message)
        elif 400 <= code < 500:
            verdict = judge(code, answer.headers, json_of(answer))
            error = Rejected(f"http_{code}", str(verdict or said), failure=verdict.code if verdict else None)
        else:  # a redirect: an address that moved
            error = Broken(message)
        return error

    def _said(self, answer: httpx.Response) -> str:
        """What an answer says about the account or the platform; never what it says about an input."""
        body = json_of(answer)
        if not isinstance(body, Mapping):
            return "(no JSON)"
        verdict = judge(answer.status_code, answer.headers, body)
        if verdict is not None or answer.status_code not in ACCOUNT | {404}:
            return str(verdict or "(no type)")
        text = _ADDRESS.sub("…", _words(answer))
        return log.mask(text.replace(self._api_key, "***") if self._api_key else text)[:_SAID_CHARS] or "(no words)"


def _words(answer: httpx.Response) -> str:
    """The sentence and the type of a flat answer, on one line."""
    body = object_of(answer)
    told = (body.get("detail"), body.get("status"), body.get("error_type"))
    return " ".join(" ".join(one.split()) for one in told if isinstance(one, str))


def encode(body: Mapping[str, object]) -> bytes:
    """A body of ours. Raises TypeError or ValueError for what is no JSON."""
    return json.dumps(body, ensure_ascii=False, allow_nan=False, separators=(",", ":")).encode()


def json_of(answer: httpx.Response) -> object:
    """The answer's JSON; None where it is none."""
    try:
        body: object = answer.json()
    except ValueError:
        return None
    return body


def object_of(answer: httpx.Response) -> Mapping[str, object]:
    """The answer's JSON object; empty where it is anything else."""
    body = json_of(answer)
    return body if isinstance(body, dict) else {}
