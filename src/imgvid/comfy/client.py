"""A ComfyUI server over HTTP: every call that imgvid makes, typed, its answers mapped to comfy/errors.py.

HTTP goes over httpx, which the dispatcher and the worker have anyway. The websocket is a room of its own
(comfy/socket.py, over aiohttp): only the worker opens one, and there the RunPod SDK has loaded aiohttp already, so that
a dispatcher pays neither memory nor a second HTTP library for a server that it only asks now and then.

Every route is called with `/api` in front: it exists on every server since 2024, and proxies in front of hosted servers
let nothing else through. No call is repeated here; whether that is safe is the caller's to know.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import IO
from urllib.parse import quote

import httpx

from imgvid.comfy.errors import (
    BadAnswer,
    BadInput,
    Busy,
    ComfyError,
    NoOutput,
    ServerGone,
    Timeout,
    Unauthorized,
)
from imgvid.comfy.history import Entry, OutputFile, parse_entry
from imgvid.comfy.jsontypes import Json, as_dict, as_list, as_text
from imgvid.comfy.redact import private_texts
from imgvid.comfy.stats import Stats, parse_stats
from imgvid.comfy.verdicts import refusal

MAX_DOWNLOAD_BYTES = 2 * 1024**3
_CHUNK = 1 << 20


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """Seconds that a call may take: to connect, to answer; and between two pieces of an image or a video."""

    connect_s: float = 5.0
    answer_s: float = 30.0
    upload_s: float = 60.0
    download_s: float = 60.0


class Place(StrEnum):
    """Where a prompt is on the server. ABSENT is finished, cancelled while it waited, or never seen."""

    RUNNING = "running"
    WAITING = "waiting"
    ABSENT = "absent"


@dataclass(frozen=True, slots=True, kw_only=True)
class Uploaded:
    """A picture on the server. `value` is what LoadImage takes."""

    name: str
    subfolder: str
    folder_type: str

    @property
    def value(self) -> str:
        path = f"{self.subfolder}/{self.name}" if self.subfolder else self.name
        return path if self.folder_type == "input" else f"{path} [{self.folder_type}]"


class Comfy:
    """One server. Every method raises only ComfyError (and CancelledError)."""

    def __init__(self, url: str, *, http: httpx.AsyncClient, key: str | None = None, limits: Limits | None = None):
        """`key` is sent as a bearer token. `http` stays the caller's; give it `trust_env=False` for a local server."""
        self.url = url.rstrip("/")
        self.limits = limits or Limits()
        self._http, self._key = http, key
        self._has_job_cancel: bool | None = None

    def __repr__(self) -> str:
        return f"Comfy({self.url!r}, key={'***' if self._key else None})"

    @property
    def headers(self) -> dict[str, str]:
        return {"Authorization": f"Bearer {self._key}"} if self._key else {}

    async def stats(self) -> Stats:
        """The server's version, GPU, memory and start arguments. Its first answer means that every node is loaded."""
        return parse_stats(await self._json("GET", "/system_stats"))

    async def object_info(self, node_class: str | None = None) -> Mapping[str, Json]:
        """What one node class is, or all of them (some MB); empty for a class that it does not have."""
        path = f"/object_info/{quote(node_class, safe='')}" if node_class else "/object_info"
        return as_dict(await self._json("GET", path))

    async def models(self, folder: str) -> tuple[str, ...] | None:
        """The model files of one folder key, None for a key that the server does not know."""
        answer = await self._call("GET", f"/models/{quote(folder, safe='')}", good=(200, 404))
        return None if answer.status_code == 404 else tuple(as_text(name) for name in as_list(_decoded(answer)))

    async def submit(
        self,
        graph: Mapping[str, Json],
        *,
        prompt_id: str,
        client_id: str,
        extra_data: Mapping[str, Json] | None = None,
    ) -> None:
        """Queue a graph under an id of ours (a lower-case UUID). NOT idempotent: the same id would run twice.

        A 200 that names node errors has dropped outputs and runs the rest: it is cancelled and raised like a 400.
        """
        body: dict[str, Json] = {"prompt": dict(graph), "client_id": client_id, "prompt_id": prompt_id}
        if extra_data:
            body["extra_data"] = dict(extra_data)
        answer = await self._call("POST", "/prompt", json=body, good=(200, 400), sending=True)
        said = as_dict(_decoded(answer))
        if answer.status_code == 200 and not said.get("node_errors"):
            return
        if answer.status_code == 200:
            await self.cancel(prompt_id)
        raise refusal(said, private_texts(graph))

    async def place(self, prompt_id: str) -> Place:
        """Look into the queue. Idempotent."""
        queue = as_dict(await self._json("GET", "/queue"))
        for name, place in (("queue_running", Place.RUNNING), ("queue_pending", Place.WAITING)):
            if any(prompt_id in as_list(item)[1:2] for item in as_list(queue.get(name))):
                return place
        return Place.ABSENT

    async def history(self, prompt_id: str) -> Entry | None:
        """The server's last word on a prompt; None while it has not ended, or when it is not known. Idempotent."""
        return parse_entry(await self._json("GET", f"/history/{quote(prompt_id, safe='')}"), prompt_id)

    async def cancel(self, prompt_id: str) -> None:
        """Wish the end of this prompt and of no other, waiting or running. Idempotent; says nothing about its end."""
        if self._has_job_cancel is not False:
            path = f"/jobs/{quote(prompt_id, safe='')}/cancel"
            answer = await self._call("POST", path, json={}, good=(200, 404, 405))
            self._has_job_cancel = answer.status_code == 200
        if not self._has_job_cancel:  # before June 2026
            await self._call("POST", "/queue", json={"delete": [prompt_id]})
            # Servers before September 2025 interrupt whatever runs, so that is looked at first.
            if await self.place(prompt_id) is Place.RUNNING:
                await self._call("POST", "/interrupt", json={"prompt_id": prompt_id})

    async def forget(self, prompt_id: str) -> None:
        """Remove a finished prompt, its texts among it, from the server's memory. Idempotent."""
        await self._call("POST", "/history", json={"delete": [prompt_id]})

    async def free(self) -> None:
        """Let the server unload its models and drop its caches once nothing runs. Idempotent."""
        await self._call("POST", "/free", json={"unload_models": True, "free_memory": True})

    async def upload(
        self, file: IO[bytes], *, name: str, subfolder: str = "", folder_type: str = "temp", mime: str = "image/png"
    ) -> Uploaded:
        """Put a picture on the server, in `temp` (removed when it starts) unless asked otherwise. Overwrites."""
        answer = await self._call(
            "POST",
            "/upload/image",
            data={"type": folder_type, "subfolder": subfolder, "overwrite": "true"},
            files={"image": (name, file, mime)},
            good=(200, 400),
            timeout_s=self.limits.upload_s,
        )
        said = as_dict(_decoded(answer)) if answer.status_code == 200 else {}
        kept = as_text(said.get("name"))
        if not kept:
            raise BadInput("the server did not take the picture", picture=True)
        return Uploaded(
            name=kept,
            subfolder=as_text(said.get("subfolder")),
            folder_type=as_text(said.get("type"), folder_type),
        )

    async def download(self, file: OutputFile, into: Path, *, max_bytes: int = MAX_DOWNLOAD_BYTES) -> int:
        """Stream a result into a new file; its size in bytes. What was written of a broken one is left to the caller."""
        query = {"filename": file.filename, "subfolder": file.subfolder, "type": file.folder_type}
        request = self._request("GET", "/view", params=query, timeout_s=self.limits.download_s)
        answer = await self._send(request, stream=True)
        size = 0
        try:
            if answer.status_code == 404:
                raise NoOutput("the result is no longer on the server")
            _check(answer, good=(200,))
            with into.open("wb") as target:
                async for piece in answer.aiter_bytes(_CHUNK):
                    size += len(piece)
                    if size > max_bytes:
                        raise BadAnswer(f"the result is larger than {max_bytes} bytes")
                    target.write(piece)
        except httpx.TimeoutException:
            raise Timeout(f"the result stopped arriving after {size} bytes") from None
        except httpx.TransportError as error:
            raise ServerGone(f"the result broke off after {size} bytes: {type(error).__name__}") from None
        finally:
            await answer.aclose()
        return size

    async def _json(self, method: str, path: str) -> Json:
        return _decoded(await self._call(method, path))

    async def _call(
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
        request = self._request(method, path, timeout_s=timeout_s, json=json, data=data, files=files)
        answer = await self._send(request, sending=sending)
        _check(answer, good=good)
        return answer

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
        try:
            return await self._http.send(request, stream=stream)
        except (httpx.ConnectError, httpx.ConnectTimeout, httpx.PoolTimeout) as error:
            raise ServerGone(f"{what}: no connection: {type(error).__name__}") from None
        except httpx.TimeoutException:
            if sending:
                raise ServerGone(f"{what}: no answer in time", maybe_sent=True) from None
            raise Timeout(f"{what}: no answer in time") from None
        except httpx.TransportError as error:
            raise ServerGone(f"{what}: {type(error).__name__}", maybe_sent=sending) from None


def _check(answer: httpx.Response, *, good: tuple[int, ...]) -> None:
    """Raise for a status that this call does not expect. Bodies are not quoted: they may hold the graph."""
    status = answer.status_code
    if status in good:
        return
    what = f"{answer.request.method} {_route(answer.request.url.path)}: HTTP {status}"
    if status in {401, 403}:
        raise Unauthorized(what)
    if status in {429, 503}:
        after = answer.headers.get("retry-after", "")
        raise Busy(what, retry_after_s=float(after) if re.fullmatch(r"\d{1,6}(\.\d+)?", after) else None)
    if status in {502, 504}:
        raise ServerGone(what, maybe_sent=True)
    raise BadAnswer(what)


def _decoded(answer: httpx.Response) -> Json:
    try:
        decoded: Json = answer.json()
    except ValueError:
        raise BadAnswer(
            f"{answer.request.method} {_route(answer.request.url.path)}: HTTP {answer.status_code} without JSON"
        ) from None
    return decoded


def _route(path: str) -> str:
    """A path for a log: without ids and names."""
    parts = path.partition("/api/")[2].split("/")
    return "/" + "/".join(parts[:1] + ["…"] * (len(parts) > 1))


__all__ = ["Comfy", "ComfyError", "Limits", "Place", "Uploaded"]
