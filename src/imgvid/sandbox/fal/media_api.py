"""Bytes in and out: uploads (both ways that fal's clients go) and the public media host."""

from __future__ import annotations

import asyncio
import json
import secrets
from datetime import UTC, datetime

from aiohttp import web

from imgvid.sandbox.fal import spoken
from imgvid.sandbox.fal.faults import Fault, Kind, Op
from imgvid.sandbox.fal.gate import FAULT, Gate, Handler
from imgvid.sandbox.fal.order import read_lifecycle
from imgvid.sandbox.fal.rules import BadRequest
from imgvid.sandbox.fal.shelf import File
from imgvid.sandbox.fal.world import Fal, Ticket
from imgvid.sandbox.runpod.answers import cut

# Which header names the lifetime depends on the way in: fal-js sends the first to the CDN's initiate, fal_client the
# second to the older storage's, and says so.
_CDN_LIFECYCLE = "X-Fal-Object-Lifecycle"
_STORAGE_LIFECYCLE = "X-Fal-Object-Lifecycle-Preference"
_PIECES = 20  # in which a slow download arrives


class MediaApi:
    def __init__(self, fal: Fal, prefix: str) -> None:
        self._fal = fal
        self._prefix = prefix

    def add_to(self, app: web.Application, gate: Gate) -> None:
        def route(method: str, path: str, op: Op, handler: Handler) -> None:
            app.router.add_route(method, path, gate.guard(op, handler))

        route("POST", "/storage/upload/initiate", Op.INITIATE, self.initiate)
        route("POST", "/storage/auth/token", Op.TOKEN, self.token)
        route("POST", "/files/upload", Op.UPLOAD, self.upload)
        route("PUT", "/files/put/{ticket}", Op.PUT, self.put)
        route("GET", "/files/{path:b/.+}", Op.MEDIA, self.read)
        route("HEAD", "/files/{path:b/.+}", Op.MEDIA, self.read)

    async def initiate(self, request: web.Request) -> web.Response:
        """Names the file and the address for its bytes; the file answers once they are there."""
        body = _object(await request.read())
        name, content_type = body.get("file_name"), body.get("content_type")
        if not isinstance(name, str) or not isinstance(content_type, str):
            return spoken.detail(422, "file_name and content_type are required")
        cdn = request.query.get("storage_type") == "fal-cdn-v3"
        try:
            file = self._new(name, content_type, request.headers.get(_CDN_LIFECYCLE if cdn else _STORAGE_LIFECYCLE))
        except BadRequest as wrong:
            return spoken.detail(400, str(wrong))
        ticket = secrets.token_urlsafe(24)
        until = self._fal.clock.now() + self._fal.rules.upload_s
        self._fal.tickets[ticket] = Ticket(path=file.path, content_type=content_type, until=until)
        base = self._base(request)
        return spoken.answer({"file_url": f"{base}{file.path}", "upload_url": f"{base}/files/put/{ticket}"})

    async def put(self, request: web.Request) -> web.Response:
        """A signed address: the content type is part of what was signed."""
        ticket = self._fal.tickets.get(request.match_info["ticket"])
        if ticket is None or self._fal.clock.now() >= ticket.until:
            return spoken.detail(403, "The upload URL is invalid or has expired")
        if request.headers.get("Content-Type") != ticket.content_type:
            return spoken.detail(403, "The Content-Type is not the one the URL was made for")
        file = self._fal.shelf.files[ticket.path]
        file.data = await request.read()
        file.size = len(file.data)
        return web.Response()

    async def token(self, request: web.Request) -> web.Response:
        lifetime_s = self._fal.rules.upload_s
        until = datetime.fromtimestamp(self._fal.clock.now() + lifetime_s, UTC)
        return spoken.answer(
            {
                "token": self._fal.new_token(lifetime_s),
                "token_type": "Bearer",
                "base_url": self._base(request),
                "expires_at": until.isoformat(),
            }
        )

    async def upload(self, request: web.Request) -> web.Response:
        name = request.headers.get("X-Fal-File-Name", "upload.bin")
        content_type = request.headers.get("Content-Type", "application/octet-stream")
        try:
            file = self._new(name, content_type, request.headers.get(_CDN_LIFECYCLE))
        except BadRequest as wrong:
            return spoken.detail(400, str(wrong))
        file.data = await request.read()
        file.size = len(file.data)
        return spoken.answer({"access_url": f"{self._base(request)}{file.path}"})

    async def read(self, request: web.Request) -> web.StreamResponse:
        """Public, without a key; HEAD as well."""
        file = self._fal.shelf.find(f"/files/{request.match_info['path']}")
        if file is None or file.acl == "hide":
            return spoken.detail(404, "File not found")
        if file.acl == "forbid":
            return spoken.detail(403, "Access denied")
        file.reads += 1
        fault = request.get(FAULT)
        if fault is not None:
            return await self._badly(request, file, fault)
        return web.Response(body=file.data, headers=_headers(file))

    async def _badly(self, request: web.Request, file: File, fault: Fault) -> web.StreamResponse:
        """A slow download, or one that ends before its length says so."""
        truncate = fault.kind is Kind.TRUNCATE
        data = file.data[: int(fault.number("bytes", file.size // 2))] if truncate else file.data
        response = web.StreamResponse(headers={**_headers(file), "Content-Length": str(file.size)})
        await response.prepare(request)
        pause_s = 0.0 if truncate else fault.number("seconds", 2.0) / _PIECES
        size = max(1, -(-len(data) // _PIECES))
        for start in range(0, len(data), size):
            await response.write(data[start : start + size])
            await asyncio.sleep(pause_s)
        if truncate:
            cut(request, "close")
            return response
        await response.write_eof()
        return response

    def _new(self, name: str, content_type: str, lifecycle: str | None) -> File:
        """Raises BadRequest."""
        wished, lifetime_s, acl = read_lifecycle(lifecycle)
        span = lifetime_s if wished else self._fal.rules.media_s
        return self._fal.shelf.add(name, content_type, made_for="upload", lifetime_s=span, acl=acl)

    def _base(self, request: web.Request) -> str:
        return f"{request.scheme}://{request.host}{self._prefix}"


def _headers(file: File) -> dict[str, str]:
    return {
        "Content-Type": file.content_type,
        "Cache-Control": "public, max-age=5184000, immutable",
        "Access-Control-Allow-Origin": "*",
    }


def _object(raw: bytes) -> dict[str, object]:
    try:
        body = json.loads(raw)
    except ValueError:
        return {}
    return body if isinstance(body, dict) else {}
