"""The forms in which the stand-in answers: JSON, a proxy's HTML page, and a connection that is cut."""

from __future__ import annotations

import socket
import struct
from collections.abc import Mapping

from aiohttp import web

# What a proxy in front of the service sends: no JSON, whatever the caller accepts.
HTML = "<!DOCTYPE html><html><head><title>{status}: {reason}</title></head><body><h1>{reason}</h1></body></html>"
REASONS = {500: "Internal server error", 502: "Bad gateway", 503: "Service unavailable", 504: "Gateway time-out"}


def json_answer(
    body: Mapping[str, object] | list[object], *, status: int = 200, headers: Mapping[str, str] | None = None
) -> web.Response:
    return web.json_response(body, status=status, headers=headers)


def refused(status: int, error: str) -> web.Response:
    return json_answer({"error": error}, status=status)


def html_answer(status: int) -> web.Response:
    page = HTML.format(status=status, reason=REASONS.get(status, "Error"))
    return web.Response(status=status, text=page, content_type="text/html")


def unauthorized() -> web.Response:
    return web.Response(status=401)  # no body: clients must not count on JSON here


def cut(request: web.Request, how: str) -> web.Response:
    """Cut the connection: "reset" (RST) or "close" (FIN). The returned answer reaches nobody."""
    transport = request.transport
    if transport is not None:
        sock = transport.get_extra_info("socket")
        if how == "reset" and sock is not None:
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        transport.abort()
    return web.Response()
