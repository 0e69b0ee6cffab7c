"""A finished request's answer, and its media as a stream of bytes."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

import httpx

from imgvid.catalog.pick import Scalar
from imgvid.jobs.errors import Code
from imgvid.providers.base import Busy, NotFound, ProviderError, Rejected, Result, Unreachable
from imgvid.providers.http import parse_retry_after

MEDIA_TIMEOUT = httpx.Timeout(connect=5.0, read=30.0, write=5.0, pool=5.0)  # seconds; read is the longest silence
MEDIA_TOTAL = timedelta(minutes=5)  # 50 MB at 1.5 Mbit/s
_PIECE_BYTES = 1 << 16
_GONE = frozenset({401, 403, 404, 410})  # a public file that is not shown any more


@dataclass(frozen=True, slots=True, kw_only=True)
class Media:
    """Where the file is and what the answer says about it. The address is public: it is in no log and no error."""

    url: str
    media_type: str
    size: int | None
    recipe: Mapping[str, Scalar]


def media_in(body: Mapping[str, object], *, model: str, request: str, units: str | None) -> Media:
    """The picture or video of an answer. Raises Rejected where it was withheld or there is none."""
    flags = body.get("has_nsfw_concepts")
    if isinstance(flags, list) and any(flag is True for flag in flags):
        raise Rejected("nsfw", "the model blackened its picture", failure=Code.CONTENT_POLICY)
    images = body.get("images")
    found = body.get("video") or (images[0] if isinstance(images, list) and images else None)
    url = found.get("url") if isinstance(found, dict) else None
    if not isinstance(found, dict) or not isinstance(url, str) or not url.startswith(("https://", "http://")):
        raise Rejected("no_media", "an answer without a file", failure=Code.NO_MEDIA)
    size, media_type, seed = found.get("file_size"), found.get("content_type"), body.get("seed")
    recipe: dict[str, Scalar] = {"model": model, "request": request}
    if isinstance(seed, int):
        recipe["seed"] = seed
    if units is not None:
        recipe["billable_units"] = units[:20]
    return Media(
        url=url,
        media_type=media_type if isinstance(media_type, str) else "application/octet-stream",
        size=size if isinstance(size, int) and size > 0 else None,
        recipe=recipe,
    )


@asynccontextmanager
async def opened(media: Media, *, client: httpx.AsyncClient, what: str) -> AsyncIterator[Result]:
    """The file's bytes, read once inside of the block. No key goes there. Raises NotFound, Busy, Unreachable, Rejected."""
    response = await _open(media, client, what)
    try:
        length = _length(response)
        if length == 0:
            raise Rejected("no_media", "an empty file", failure=Code.NO_MEDIA)
        ends_with_connection = length is None and not {"transfer-encoding", "content-encoding"} & set(response.headers)
        pieces = _pieces(response, media.size if ends_with_connection else length, what)
        try:
            yield Result(
                media_type=response.headers.get("Content-Type", media.media_type),
                size=length or media.size,
                pieces=pieces,
                recipe=media.recipe,
            )
        finally:
            await pieces.aclose()
    finally:
        await response.aclose()


async def _open(media: Media, client: httpx.AsyncClient, what: str) -> httpx.Response:
    error: ProviderError
    try:
        request = client.build_request("GET", media.url, headers={"Accept-Encoding": "identity"}, timeout=MEDIA_TIMEOUT)
        response = await client.send(request, stream=True, follow_redirects=True)
    except (httpx.HTTPError, httpx.InvalidURL) as lost:
        error = Unreachable(f"{what}: the file: no answer ({type(lost).__name__})")
    else:
        if response.status_code == 200:
            return response
        await response.aclose()
        error = _refusal(f"{what}: the file: HTTP {response.status_code}", response)
    raise error  # outside of the handler: httpx's error would carry the address


def _refusal(message: str, response: httpx.Response) -> ProviderError:
    if response.status_code in _GONE:
        return NotFound(message)
    if response.status_code == 429:
        return Busy(message, retry_after=parse_retry_after(response.headers.get("Retry-After"), now=datetime.now(UTC)))
    return Unreachable(message)


async def _pieces(response: httpx.Response, expected: int | None, what: str) -> AsyncGenerator[bytes, None]:
    """The body; an end before its end is Unreachable."""
    clock = asyncio.get_running_loop().time
    ends, received = clock() + MEDIA_TOTAL.total_seconds(), 0
    error: ProviderError | None = None
    try:
        async for piece in response.aiter_bytes(_PIECE_BYTES):
            if clock() > ends:
                error = Unreachable(f"{what}: the file did not arrive within {MEDIA_TOTAL.total_seconds():g} s")
                break
            received += len(piece)
            yield piece
    except (httpx.HTTPError, httpx.StreamError) as lost:
        error = Unreachable(f"{what}: the file broke off after {received} bytes ({type(lost).__name__})")
    if error is None and received != (expected or received or 1):
        error = Unreachable(f"{what}: the file ended after {received} of {expected or 'some'} bytes")
    if error is not None:
        raise error


def _length(response: httpx.Response) -> int | None:
    """Bytes of the body as they come out here; None where that is not told."""
    told = response.headers.get("Content-Length", "")
    return int(told) if told.isdecimal() and "content-encoding" not in response.headers else None
