"""Reading a file from Telegram: find its path, stream its bytes, repeat a few times.

Reading changes nothing, so it repeats itself (tenacity, around this one operation). A path is good for an hour at
least; each try asks for it anew, because a 404 for the bytes means that it has expired.
"""

from __future__ import annotations

import asyncio
import io
from collections.abc import Awaitable, Callable
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import IO

import httpx
import tenacity

from imgvid.telegram.call import CONNECT_S, Wire, conclude
from imgvid.telegram.errors import (
    FileTooBig,
    FileUnavailable,
    Flood,
    OutcomeUnknown,
    TelegramError,
    Unreachable,
)

MAX_DOWNLOAD_BYTES = 20 << 20  # getFile's own limit (facts/telegram.md 1.2)
TRIES = 4
TOTAL = timedelta(seconds=180)  # for the bytes of one try: 20 MB at 1 Mbit/s take 160 s
_FLOOD_MAX_S = 60.0  # a longer wait than this is the caller's to plan
_BACKOFF = tenacity.wait_random_exponential(multiplier=0.5, max=8)
_CHUNK_BYTES = 1 << 16


@dataclass(frozen=True, slots=True, kw_only=True)
class Located:
    """A file's path below the file address, and its size in bytes where Telegram says it."""

    path: str
    size_bytes: int | None


class Downloads:
    """Reads files for `Telegram`; `timeout` is the longest silence, `total` the longest try."""

    def __init__(
        self,
        *,
        wire: Wire,
        http: httpx.AsyncClient,
        timeout: timedelta,
        sleep: Callable[[float], Awaitable[None]],
        total: timedelta = TOTAL,
    ) -> None:
        self._wire = wire
        self._http = http
        self._timeout = timeout
        self._sleep = sleep
        self._total = total

    async def locate(self, file_id: str) -> Located:
        """getFile, repeated while a repetition may help."""
        return await self._retrying()(self._locate_once, file_id)

    async def fetch(self, file_id: str, *, into: Path, max_bytes: int) -> int:
        """The file's bytes into `into`, from the start on each try; removed again on any failure."""
        try:
            return await self._retrying()(self._fetch_once, file_id, lambda: into.open("wb"), max_bytes)
        except BaseException:
            _remove(into)
            raise

    async def read(self, file_id: str, *, max_bytes: int) -> bytes:
        """The file's bytes, for whoever may have them in memory only."""
        memory = io.BytesIO()

        def anew() -> AbstractContextManager[IO[bytes]]:
            memory.seek(0)
            memory.truncate()
            return nullcontext(memory)

        await self._retrying()(self._fetch_once, file_id, anew, max_bytes)
        return memory.getvalue()

    def _retrying(self) -> tenacity.AsyncRetrying:
        return tenacity.AsyncRetrying(
            stop=tenacity.stop_after_attempt(TRIES),
            wait=_wait_s,
            retry=tenacity.retry_if_exception(_may_pass),
            sleep=self._sleep,
            reraise=True,
        )

    async def _locate_once(self, file_id: str) -> Located:
        found = await self._wire.call("getFile", {"file_id": file_id}, timeout=self._timeout)
        if not isinstance(found, dict) or not isinstance(found.get("file_path"), str):
            raise FileUnavailable("getFile: answered ok without a file_path", temporary=True)
        size = found.get("file_size")
        return Located(path=found["file_path"], size_bytes=size if isinstance(size, int) else None)

    async def _fetch_once(
        self, file_id: str, anew: Callable[[], AbstractContextManager[IO[bytes]]], max_bytes: int
    ) -> int:
        located = await self._locate_once(file_id)
        if located.size_bytes is not None and located.size_bytes > max_bytes:
            raise FileTooBig(f"the file has {located.size_bytes} bytes, the limit is {max_bytes}")
        limits = httpx.Timeout(self._timeout.total_seconds(), connect=CONNECT_S, pool=CONNECT_S)
        failure: TelegramError
        try:
            async with asyncio.timeout(self._total.total_seconds()):
                async with self._http.stream("GET", self._wire.file_url(located.path), timeout=limits) as response:
                    _check(response.status_code)
                    with anew() as file:
                        return await _copy(response, file, max_bytes)
        except TimeoutError:
            failure = OutcomeUnknown(f"download: not done within {self._total.total_seconds():g} s")
        except httpx.HTTPError as error:
            failure = conclude("download", error)
        raise failure  # outside of the except block: no chained exception may carry the URL


def _remove(path: Path) -> None:
    path.unlink(missing_ok=True)


async def _copy(response: httpx.Response, file: IO[bytes], max_bytes: int) -> int:
    """Copy the body while it stays within `max_bytes`; returns the number of bytes."""
    total = 0
    async for chunk in response.aiter_bytes(_CHUNK_BYTES):
        total += len(chunk)
        if total > max_bytes:
            raise FileTooBig(f"the file is longer than the limit of {max_bytes} bytes")
        file.write(chunk)
    return total


def _check(status: int) -> None:
    if status == 200:
        return
    if status == 404:
        raise FileUnavailable("download: 404, the file's path has expired", status=404, temporary=True)
    if status == 429:
        raise Flood("download: 429", retry_after=timedelta(seconds=5))
    raise OutcomeUnknown(f"download: HTTP {status}")


def _may_pass(error: BaseException) -> bool:
    match error:
        case Unreachable() | OutcomeUnknown():
            return True
        case FileUnavailable():
            return error.temporary
        case Flood():
            return error.retry_after.total_seconds() <= _FLOOD_MAX_S
        case _:
            return False


def _wait_s(state: tenacity.RetryCallState) -> float:
    """What a 429 asks for, else exponential with jitter, 0.5 to 8 s."""
    error = state.outcome.exception() if state.outcome is not None else None
    if isinstance(error, Flood):
        return error.retry_after.total_seconds()
    return float(_BACKOFF(state))
