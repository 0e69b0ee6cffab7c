"""One call on the wire: POST, wait, and say what may be concluded. No retries here.

The token is part of every URL, so nothing of httpx's own exceptions (they carry the request) leaves this file, and
httpx's log line, which spells the URL, is masked at its logger.
"""

from __future__ import annotations

import asyncio
import json
import logging
import re
from collections.abc import Mapping
from contextlib import ExitStack
from datetime import timedelta
from pathlib import Path
from typing import IO, Any

import httpx

from imgvid.log import mask
from imgvid.telegram.errors import Answer, OutcomeUnknown, TelegramError, Unreachable, result_of

CONNECT_S = 10.0
_TOKEN = re.compile(r"(\d{1,16}):[A-Za-z0-9_-]{3,256}")
_NOT_SENT = (httpx.ConnectError, httpx.ConnectTimeout, httpx.PoolTimeout, httpx.ProxyError, httpx.UnsupportedProtocol)


class _MaskUrls(logging.Filter):
    """httpx logs each request's URL at INFO; ours hold the token."""

    def filter(self, record: logging.LogRecord) -> bool:
        record.msg, record.args = mask(record.getMessage()), ()
        return True


_MASK_URLS = _MaskUrls()


class Wire:
    """The Bot API's address with the token in it, and the one way to call it."""

    def __init__(self, *, token: str, api_url: str, http: httpx.AsyncClient) -> None:
        shape = _TOKEN.fullmatch(token)
        if shape is None:
            raise ValueError("TELEGRAM_BOT_TOKEN does not look like <digits>:<letters>")
        if not api_url.startswith(("http://", "https://")):
            raise ValueError("TELEGRAM_API_URL must start with http:// or https://")
        self.bot_id = int(shape.group(1))
        self._token = token
        self._base = api_url.rstrip("/")
        self._http = http
        logging.getLogger("httpx").addFilter(_MASK_URLS)  # adding the same filter again changes nothing

    def __repr__(self) -> str:
        return f"Wire(bot_id={self.bot_id}, api_url={self._base!r})"

    async def call(
        self,
        method: str,
        params: Mapping[str, object],
        *,
        timeout: timedelta,
        files: Mapping[str, tuple[str, Path | bytes, str]] | None = None,
    ) -> Any:
        """POST `method` once and return its `result`; raises the TelegramError that the answer means.

        Without files the parameters travel as JSON; with files (part name -> file name, bytes or path, MIME type) as
        multipart, nested values as JSON strings, each file streamed from its path. `timeout` covers the whole call,
        the upload included; running out of it is OutcomeUnknown, for the Bot API may finish what it has received.
        """
        url = f"{self._base}/bot{self._token}/{method}"
        total_s = timeout.total_seconds()
        limits = httpx.Timeout(total_s, connect=min(CONNECT_S, total_s), pool=min(CONNECT_S, total_s))
        failure: TelegramError
        try:
            async with asyncio.timeout(total_s):
                with ExitStack() as opened:
                    response = await self._http.post(url, timeout=limits, **_body(params, files, opened))
            answer = Answer(
                method=method,
                status=response.status_code,
                body=response.content,
                retry_after_header=response.headers.get("Retry-After"),
            )
            return result_of(answer)
        except TimeoutError:
            failure = OutcomeUnknown(f"{method}: no answer within {total_s:g} s")
        except httpx.HTTPError as error:
            failure = conclude(method, error)
        raise failure  # outside of the except block: no chained exception may carry the URL

    def file_url(self, file_path: str) -> str:
        """Where a file's bytes are. Holds the token: for the request itself, never for a log or another host."""
        return f"{self._base}/file/bot{self._token}/{file_path}"


def conclude(method: str, error: httpx.HTTPError) -> TelegramError:
    """What a transport error allows to conclude about the call; names the class only, its text may hold the URL."""
    if isinstance(error, _NOT_SENT):
        return Unreachable(f"{method}: not sent ({type(error).__name__})")
    return OutcomeUnknown(f"{method}: the answer was lost ({type(error).__name__})")


def _body(
    params: Mapping[str, object], files: Mapping[str, tuple[str, Path | bytes, str]] | None, opened: ExitStack
) -> dict[str, Any]:
    if not files:
        return {"json": dict(params)}
    parts = {part: (name, _open(source, opened), mime) for part, (name, source, mime) in files.items()}
    return {"data": {key: _field(value) for key, value in params.items()}, "files": parts}


def _open(source: Path | bytes, opened: ExitStack) -> IO[bytes] | bytes:
    return source if isinstance(source, bytes) else opened.enter_context(source.open("rb"))


def _field(value: object) -> str:
    if isinstance(value, bool | dict | list):
        return json.dumps(value)
    return str(value)
