"""A ComfyUI server over HTTP: every call that imgvid makes, typed, its answers mapped to comfy/errors.py.

HTTP goes over httpx, which the dispatcher and the worker have anyway. The websocket is a room of its own
(comfy/socket.py, over aiohttp): only the worker opens one, and there the RunPod SDK has loaded aiohttp already, so that
a dispatcher pays neither memory nor a second HTTP library for a server that it only asks now and then.

Every route is called with `/api` in front: it exists on every server since 2024, and proxies in front of hosted servers
let nothing else through. No call is repeated here; whether that is safe is the caller's to know.
"""

from __future__ import annotations

import io
from collections.abc import Iterable, Mapping
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from pathlib import Path
from typing import IO
from urllib.parse import quote

import httpx

from imgvid.comfy.errors import BadAnswer, BadInput, ComfyError
from imgvid.comfy.history import Entry, OutputFile, parse_entry
from imgvid.comfy.jsontypes import Json, as_dict, as_list, as_text
from imgvid.comfy.queue import Place, Queue, parse_queue
from imgvid.comfy.redact import private_texts
from imgvid.comfy.stats import Stats, parse_stats
from imgvid.comfy.verdicts import refusal
from imgvid.comfy.wire import Limits, Stream, Wire, decoded

MAX_DOWNLOAD_BYTES = 2 * 1024**3


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
        self._wire = Wire(url, http=http, key=key, limits=limits or Limits())
        self._has_job_cancel: bool | None = None

    def __repr__(self) -> str:
        return f"Comfy({self.url!r}, key={'***' if self.headers else None})"

    @property
    def url(self) -> str:
        return self._wire.url

    @property
    def headers(self) -> dict[str, str]:
        """What the websocket of this server must send too."""
        return self._wire.headers

    async def stats(self) -> Stats:
        """The server's version, GPU, memory and start arguments. Its first answer means that every node is loaded."""
        return parse_stats(await self._wire.json("GET", "/system_stats"))

    async def object_info(self, node_class: str | None = None) -> Mapping[str, Json]:
        """What one node class is, or all of them (some MB); empty for a class that it does not have."""
        path = f"/object_info/{quote(node_class, safe='')}" if node_class else "/object_info"
        return as_dict(await self._wire.json("GET", path))

    async def models(self, folder: str) -> tuple[str, ...] | None:
        """The model files of one folder key, None for a key that the server does not know."""
        answer = await self._wire.call("GET", f"/models/{quote(folder, safe='')}", good=(200, 404))
        return None if answer.status_code == 404 else tuple(as_text(name) for name in as_list(decoded(answer)))

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
        answer = await self._wire.call("POST", "/prompt", json=body, good=(200, 400), sending=True)
        said = as_dict(decoded(answer))
        if answer.status_code == 200 and not said.get("node_errors"):
            return
        if answer.status_code == 200:
            await self.cancel(prompt_id)
        raise refusal(said, private_texts(graph))

    async def queue(self) -> Queue:
        """What runs and what waits, of everybody. Idempotent."""
        return parse_queue(await self._wire.json("GET", "/queue"))

    async def place(self, prompt_id: str) -> Place:
        """Look for one prompt in the queue. Idempotent."""
        return (await self.queue()).place(prompt_id)

    async def history(self, prompt_id: str) -> Entry | None:
        """The server's last word on a prompt; None while it has not ended, or when it is not known. Idempotent."""
        return parse_entry(await self._wire.json("GET", f"/history/{quote(prompt_id, safe='')}"), prompt_id)

    async def cancel(self, prompt_id: str) -> None:
        """Wish the end of this prompt and of no other, waiting or running. Idempotent; says nothing about its end."""
        if self._has_job_cancel is not False:
            path = f"/jobs/{quote(prompt_id, safe='')}/cancel"
            answer = await self._wire.call("POST", path, json={}, good=(200, 404, 405))
            self._has_job_cancel = answer.status_code == 200
        if not self._has_job_cancel:  # before June 2026
            await self._wire.call("POST", "/queue", json={"delete": [prompt_id]})
            # Servers before September 2025 interrupt whatever runs, so that is looked at first.
            if await self.place(prompt_id) is Place.RUNNING:
                await self._wire.call("POST", "/interrupt", json={"prompt_id": prompt_id})

    async def forget(self, *prompt_ids: str) -> None:
        """Remove finished prompts, their texts among it, from the server's memory. Idempotent."""
        await self._wire.call("POST", "/history", json={"delete": list(prompt_ids)})

    async def free(self) -> None:
        """Let the server unload its models and drop its caches once nothing runs. Idempotent."""
        await self._wire.call("POST", "/free", json={"unload_models": True, "free_memory": True})

    async def upload(
        self, file: IO[bytes], *, name: str, subfolder: str = "", folder_type: str = "temp", mime: str = "image/png"
    ) -> Uploaded:
        """Put a picture on the server, in `temp` (removed when it starts) unless asked otherwise. Overwrites."""
        answer = await self._wire.call(
            "POST",
            "/upload/image",
            data={"type": folder_type, "subfolder": subfolder, "overwrite": "true"},
            files={"image": (name, file, mime)},
            good=(200, 400),
            timeout_s=self._wire.limits.upload_s,
        )
        said = as_dict(decoded(answer)) if answer.status_code == 200 else {}
        kept = as_text(said.get("name"))
        if not kept:
            raise BadInput("the server did not take the picture", picture=True)
        return Uploaded(
            name=kept,
            subfolder=as_text(said.get("subfolder")),
            folder_type=as_text(said.get("type"), folder_type),
        )

    async def empty(self, files: Iterable[OutputFile]) -> None:
        """Overwrite files of a job with nothing: the server has no call that removes one (measured on 0.33.0: files of
        0 bytes stay until it starts again). Idempotent; a file that is not there is made."""
        for file in files:
            await self.upload(
                io.BytesIO(),
                name=file.filename,
                subfolder=file.subfolder,
                folder_type=file.folder_type,
                mime="application/octet-stream",
            )

    def open(self, file: OutputFile) -> AbstractAsyncContextManager[Stream]:
        """A result as it comes. Idempotent. Raises NoOutput; reading it raises ServerGone and Timeout."""
        query = {"filename": file.filename, "subfolder": file.subfolder, "type": file.folder_type}
        return self._wire.stream("/view", params=query)

    async def download(self, file: OutputFile, into: Path, *, max_bytes: int = MAX_DOWNLOAD_BYTES) -> int:
        """Stream a result into a new file; its size in bytes. What was written of a broken one is left to the caller."""
        size = 0
        async with self.open(file) as stream:
            with into.open("wb") as target:
                async for piece in stream.pieces:
                    size += len(piece)
                    if size > max_bytes:
                        raise BadAnswer(f"the result is larger than {max_bytes} bytes")
                    target.write(piece)
        return size


__all__ = ["Comfy", "ComfyError", "Limits", "Place", "Queue", "Stream", "Uploaded"]
