"""The event stream: server-sent events of everything that changes."""

from __future__ import annotations

import asyncio
from contextlib import suppress

from aiohttp import web

from imgvid.sandbox.telegram.control.common import Room, number
from imgvid.sandbox.telegram.feed import Event
from imgvid.sandbox.telegram.jsons import JsonObject, as_int, dumps

HEARTBEAT_S = 5.0  # a comment line, so that a watcher who went away is noticed


class Stream(Room):
    def add_routes(self, app: web.Application) -> None:
        app.router.add_get("/sim/events", self.events)

    async def events(self, request: web.Request) -> web.StreamResponse:
        after = number(request, "after")
        if after is None:
            after = as_int(request.headers.get("Last-Event-ID", ""))
        types = [name for name in request.query.get("types", "").split(",") if name]
        watcher = self.world.feed.watch(after=after, chat_id=number(request, "chat"), types=types)
        response = web.StreamResponse(headers={"Content-Type": "text/event-stream", "Cache-Control": "no-store"})
        with suppress(ConnectionError):  # the watcher went away
            try:
                await response.prepare(request)
                await response.write(b": watching\n\n")
                while (lines := await _next(watcher.queue)) is not None:
                    await response.write(lines)
            finally:
                self.world.feed.leave(watcher)
        return response


async def _next(queue: asyncio.Queue[Event | None]) -> bytes | None:
    """The text of all events that are there, a heartbeat where none came, None at the end."""
    event: Event | None
    try:
        async with asyncio.timeout(HEARTBEAT_S):
            event = await queue.get()
    except TimeoutError:
        return b": still here\n\n"
    lines: list[str] = []
    while event is not None:
        lines.append(_line(event))
        if queue.empty():
            return "".join(lines).encode()
        event = queue.get_nowait()
    if lines:
        queue.put_nowait(None)  # say these first, then end
    return "".join(lines).encode() if lines else None


def _line(event: Event) -> str:
    head: JsonObject = {"seq": event.seq, "at": event.at.isoformat(), "type": event.type, "chat_id": event.chat_id}
    return f"id: {event.seq}\ndata: {dumps(head | event.more())}\n\n"
