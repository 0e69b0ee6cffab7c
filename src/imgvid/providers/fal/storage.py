"""Files for a model to read: from memory to Fal's storage, with an end to their life.

Two calls (facts/models.md 1.8): the first, with the key, names an address to write to and one to read from; the second,
without it, writes the bytes. Uploading twice costs nothing but a second copy that expires, so it is repeated.
"""

from __future__ import annotations

import asyncio
from datetime import timedelta

import httpx
import tenacity

from imgvid.media.inputs import Still
from imgvid.providers.base import Broken, ProviderError, Unreachable
from imgvid.providers.fal.wire import Wire, encode, object_of

UPLOAD_TOTAL = timedelta(seconds=30)  # 4 MB at 1 Mbit/s; a slower line is no line
_UPLOAD_TIMEOUT = httpx.Timeout(connect=5.0, read=15.0, write=15.0, pool=5.0)
_TRIES = 3
_EXTENSIONS = {"image/png": "png", "image/jpeg": "jpg"}


class Storage:
    """Fal's storage; `retry_wait` is the first pause between two tries, doubled each time up to 2 s."""

    def __init__(self, *, wire: Wire, client: httpx.AsyncClient, retry_wait: timedelta) -> None:
        self._wire, self._client = wire, client
        self._retry_wait_s = retry_wait.total_seconds()

    async def upload(self, still: Still, *, name: str, lifetime: timedelta, what: str) -> str:
        """The address at which a model reads it, gone after `lifetime`. Raises what a submit may raise."""
        retrying = tenacity.AsyncRetrying(
            stop=tenacity.stop_after_attempt(_TRIES),
            wait=tenacity.wait_exponential(multiplier=self._retry_wait_s, max=2),
            retry=tenacity.retry_if_exception_type(Unreachable),
            reraise=True,
        )
        return await retrying(self._upload, still, name, lifetime, what)

    async def _upload(self, still: Still, name: str, lifetime: timedelta, what: str) -> str:
        filename = f"{name}.{_EXTENSIONS.get(still.media_type, 'bin')}"
        answer = await self._wire.send(
            "POST",
            f"{self._wire.base_url}/storage/upload/initiate?storage_type=fal-cdn-v3",
            what=what,
            content=encode({"file_name": filename, "content_type": still.media_type}),
            lifetime=lifetime,
        )
        if not answer.is_success:
            raise self._refusal(what, answer)
        places = object_of(answer)
        write_to, read_from = places.get("upload_url"), places.get("file_url")
        if not isinstance(write_to, str) or not isinstance(read_from, str):
            raise Unreachable(f"{what}: HTTP {answer.status_code} without upload_url and file_url")
        await self._write(write_to, still, what)
        return read_from

    def _refusal(self, what: str, answer: httpx.Response) -> ProviderError:
        """Nothing here is about the person's input: what a model would refuse is a retired API of storage's."""
        error = self._wire.refusal(what, answer)
        return Broken(str(error)) if 400 <= answer.status_code < 500 and answer.status_code not in _PASSED_ON else error

    async def _write(self, url: str, still: Still, what: str) -> None:
        error: ProviderError
        try:
            async with asyncio.timeout(UPLOAD_TOTAL.total_seconds()):
                answer = await self._client.put(
                    url, content=still.data, headers={"Content-Type": still.media_type}, timeout=_UPLOAD_TIMEOUT
                )
            if answer.is_success:
                return
            error = Unreachable(f"{what}: writing the file: HTTP {answer.status_code}")
        except (httpx.InvalidURL, httpx.UnsupportedProtocol):
            error = Broken(f"{what}: an address to write to that is none")
        except (httpx.HTTPError, TimeoutError) as lost:
            error = Unreachable(f"{what}: writing the file: no answer ({type(lost).__name__})")
        raise error


_PASSED_ON = frozenset({401, 402, 403, 408, 429})  # the account's and the moment's, not the API's
