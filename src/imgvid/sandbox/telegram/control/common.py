"""What the control rooms share: reading bodies and ids, answering JSON, turning refusals into sentences."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from urllib.parse import urlsplit

from aiohttp import web

from imgvid.sandbox.telegram.errors import ApiError, Impossible
from imgvid.sandbox.telegram.jsons import JsonObject, as_int, as_object, dumps, loads
from imgvid.sandbox.telegram.model import Chat, Message
from imgvid.sandbox.telegram.people import People
from imgvid.sandbox.telegram.world import World

WORLD = web.AppKey("world", World)
Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]


def answer(body: object, status: int = 200) -> web.Response:
    return web.Response(body=dumps(body).encode(), status=status, content_type="application/json")


@web.middleware
async def sentences(request: web.Request, handler: Handler) -> web.StreamResponse:
    """Under /sim a refusal is {"error": sentence}; everywhere else nothing changes.

    A page from elsewhere that a developer has open may not drive the chats: its browser names another Origin.
    """
    origin = request.headers.get("Origin")
    if request.path.startswith("/sim") and origin is not None and urlsplit(origin).netloc != request.host:
        return answer({"error": f"{origin} is not the page of this server"}, 403)
    try:
        return await handler(request)
    except Impossible as refusal:
        return answer({"error": str(refusal)}, refusal.status)
    except ApiError as error:
        return answer({"error": error.description}, error.status)


async def body_of(request: web.Request) -> JsonObject:
    """The JSON object in the body; nothing is {}. Raises Impossible 400."""
    text = await request.read()
    if not text.strip():
        return {}
    try:
        body = as_object(loads(text))
    except ValueError:
        body = None
    if body is None:
        raise Impossible(400, "the body must be a JSON object")
    return body


def number(request: web.Request, name: str) -> int | None:
    """An integer in the query. Raises Impossible 400 for something else."""
    given = request.query.get(name)
    if given is None or given == "":
        return None
    value = as_int(given)
    if value is None:
        raise Impossible(400, f"{name} must be an integer")
    return value


@dataclass(slots=True)
class Room:
    """A set of handlers over one world."""

    world: World
    people: People

    def chat(self, request: web.Request) -> Chat:
        return self.world.chat(int(request.match_info["chat"]))

    def message(self, request: web.Request) -> Message:
        return self.world.message(int(request.match_info["chat"]), int(request.match_info["message"]))
