"""The websockets, with the real server's habit: a socket that ends takes its client id's place away, even when a newer
one holds it. Nothing is kept for a socket that is not there."""

from __future__ import annotations

from typing import Any
from uuid import uuid4

from aiohttp import WSMsgType, web

Json = Any


class Sockets:
    """Open sockets by client id."""

    def __init__(self) -> None:
        self._open: dict[str, web.WebSocketResponse] = {}
        self._all: set[web.WebSocketResponse] = set()
        self.muted = False
        self.executing: tuple[str | None, str | None] = (None, None)  # client id, node: told to whoever comes back

    async def serve(self, request: web.Request, status: Json) -> web.WebSocketResponse:
        socket = web.WebSocketResponse()
        await socket.prepare(request)
        sid = request.query.get("clientId") or uuid4().hex
        self._open[sid] = socket
        self._all.add(socket)
        try:
            await self._send(socket, "status", {"status": status, "sid": sid})
            client, node = self.executing
            if client == sid and node is not None:
                await self._send(socket, "executing", {"node": node})
            async for message in socket:
                if message.type is WSMsgType.ERROR:
                    break
        finally:
            self._all.discard(socket)
            self._open.pop(sid, None)
        return socket

    async def send(self, client_id: str | None, kind: str, data: Json) -> None:
        """To one client, if it is there; steps of a prompt without a client go to everybody."""
        if client_id is None:
            if kind in {"progress", "progress_state", "execution_interrupted"}:
                await self.broadcast(kind, data)
            return
        socket = self._open.get(client_id)
        if socket is not None:
            await self._send(socket, kind, data)

    async def broadcast(self, kind: str, data: Json) -> None:
        for socket in list(self._open.values()):
            await self._send(socket, kind, data)

    def cut(self) -> None:
        """End every connection without a word, as a network does."""
        for socket in list(self._all):
            transport = socket._req.transport if socket._req is not None else None
            if transport is not None:
                transport.abort()

    async def close(self) -> None:
        for socket in list(self._all):
            await socket.close()

    async def _send(self, socket: web.WebSocketResponse, kind: str, data: Json) -> None:
        if self.muted or socket.closed:
            return
        try:
            await socket.send_json({"type": kind, "data": data})
        except (ConnectionError, RuntimeError):
            self._all.discard(socket)
