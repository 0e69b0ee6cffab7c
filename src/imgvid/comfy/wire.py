"""HTTP to a ComfyUI server: one request, one answer, and what a failure of either allows to conclude.

No body is quoted in an error, it may hold a person's words; no error carries the request as its context, that holds the key.
"""

from __future__ import annotations

import re
from collections.abc import AsyncGenerator, AsyncIterator, Mapping
from contextlib import aclosing, asynccontextmanager
from dataclasses import dataclass
from typing import IO

import httpx

from imgvid.comfy.errors import BadAnswer, Busy, ComfyError, NoOutput, ServerGone, Timeout, Unauthorized
from imgvid.comfy.jsontypes import Json

_CHUNK = 1 << 20
_SECONDS = re.compile(r"\d{1,6}(\.\d+)?")


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """Seconds that a call may take: to connect, to answer; and between two pieces of an image or a video."""

    connect_s: float = 5.0
    answer_s: float = 30.0
    upload_s: float = 60.0
    download_s: float = 60.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Stream:
    """A file of the server on its way: read `pieces` once. `size` in bytes, None where the server does not say."""

    media_type: str
    size: int | None
    pieces: AsyncIterator[bytes]


class Wire:
    """Requests to one server. `http` stays the caller's."""

    def __init__(self, url: str, *, http: httpx.AsyncClient, key: str | None, limits: Limits) -> None:
        self.url, self.limits = url.rstrip("/"), limits
        self._http, self._key = http, key

    @property
    def headers(self) -> dict[str, str]:
        return {"Authorization": f"Bearer {self._key}"} if self._key else {}

    async def json(self, method: str, path: str) -> Json:
        return decoded(await self.call(method, path))

    async def call(
        self,
        method: str,
        path: str,
        *,
        good: tuple[int, ...] = (200,),
        sending: bool = False,
        timeout_s: float | None = None,
        json: Mapping[str, Json] | None = None,
        data: Mapping[str, str] | None = None,
        files: Mapping[str, tuple[str, IO[bytes], str]] | None = None,
    ) -> httpx.Response:
        """One call, once. `sending`: a lost answer leaves open whether it was taken. Raises ComfyError."""
        request = self._request(method, path, timeout_s=timeout_s, json=json, data=data, files=files)
        answer = await self._send(request, sending=sending)
        _check(answer, good=good)
        return answer

    @asynccontextmanager
    async def stream(self, path: str, *, params: Mapping[str, str]) -> AsyncIterator[Stream]:
        """A file as it comes. Raises NoOutput where there is none; reading it raises ServerGone and Timeout."""
        answer = await self._send(
            self._request("GET", path, params=params, timeout_s=self.limits.download_s), stream=True
        )
        try:
            if answer.status_code == 404:
                raise NoOutput("the result is no longer on the server")
            _check(answer, good=(200,))
            told = answer.headers.get("content-length", "")
            plain = "content-encoding" not in answer.headers
            async with aclosing(_pieces(answer)) as pieces:
                yield Stream(
                    media_type=answer.headers.get("content-type", "").partition(";")[0].strip(),
                    size=int(told) if plain and told.isdecimal() else None,
                    pieces=pieces,
                )
        finally:
            await answer.aclose()

    def _request(
        self,
        method: str,
        path: str,
        *,
        timeout_s: float | None = None,
        params: Mapping[str, str] | None = None,
        json: Mapping[str, Json] | None = None,
        data: Mapping[str, str] | None = None,
        files: Mapping[str, tuple[str, IO[bytes], str]] | None = None,
    ) -> httpx.Request:
        return self._http.build_request(
            method,
            f"{self.url}/api{path}",
            params=params,
            json=json,
            data=data,
            files=files,
            headers=self.headers,
            timeout=httpx.Timeout(timeout_s or self.limits.answer_s, connect=self.limits.connect_s),
        )

    async def _send(self, request: httpx.Request, *, sending: bool = False, stream: bool = False) -> httpx.Response:
        what = f"{request.method} {_route(request.url.path)}"
        error: ComfyError
        try:
            return await self._http.send(request, stream=stream)
        except (httpx.ConnectError, httpx.ConnectTimeout, httpx.PoolTimeout) as lost:
            error = ServerGone(f"{what}: no connection: {type(lost).__name__}")
        except httpx.TimeoutException:
            late = f"{what}: no answer in time"
            error = ServerGone(late, maybe_sent=True) if sending else Timeout(late)
        except httpx.TransportError as lost:
            error = ServerGone(f"{what}: {type(lost).__name__}", maybe_sent=sending)
        raise error


async def _pieces(answer: httpx.Response) -> AsyncGenerator[bytes]:
    size = 0
    error: ComfyError
    try:
        async for piece in answer.aiter_bytes(_CHUNK):
            size += len(piece)
            yield piece
    except httpx.TimeoutException:
        error = Timeout(f"the result stopped arriving after {size} bytes")
    except httpx.TransportError as lost:
        error = ServerGone(f"the result broke off after {size} bytes: {type(lost).__name__}")
    else:
        return
    raise error


def decoded(answer: httpx.Response) -> Json:
    """The JSON of an answer. Raises BadAnswer."""
    try:
        body: Json = answer.json()
    except ValueError:
        raise BadAnswer(f"{_what(answer)}: HTTP {answer.status_code} without JSON") from None
    return body


def _check(answer: httpx.Response, *, good: tuple[int, ...]) -> None:
    """Raise for a status that this call does not expect."""
    status = answer.status_code
    if status in good:
        return
    what = f"{_what(answer)}: HTTP {status}"
    if status in {401, 403}:
        raise Unauthorized(what)
    if status in {429, 503}:
        after = answer.headers.get("retry-after", "")
        raise Busy(what, retry_after_s=float(after) if _SECONDS.fullmatch(after) else None)
    if status in {502, 504}:
        raise ServerGone(what, maybe_sent=True)
    raise BadAnswer(what)


def _what(answer: httpx.Response) -> str:
    return f"{answer.request.method} {_route(answer.request.url.path)}"


def _route(path: str) -> str:
    """A path for a log: without ids and names."""
    parts = path.partition("/api/")[2].split("/")
    return "/" + "/".join(parts[:1] + ["…"] * (len(parts) > 1))
