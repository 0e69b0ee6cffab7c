"""The page's server: static files, the timeline, the fault panel, the log. Added to the Telegram stand-in's application,
so that page, media and control API share one address.

    GET  /                       the page; its files are under /page/
    GET  /demo/jobs?chat=ID      {"jobs": [story, ...]} newest first (story.py); 503 while PostgreSQL is down
    GET  /demo/house             {"processes": [{"name", "state", "words"}], "levers": [{"id", "group", "kind", "title", "does",
                                 "see", "armed": words | null}]}
    POST /demo/levers/ID         {"on": bool} -> {"said": sentence}; 409 when there is nothing to do it to
    POST /demo/calm              every fault off
    POST /demo/people/CHAT       {"language_code"} the language of that person's Telegram app -> Chat
    GET  /demo/log?after=SEQ     {"lines": [{"seq", "at", "source", "text"}]}
    GET  /demo/picture/N         a made JPEG, N = 1 to 3
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import asdict
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import asyncpg
from aiohttp import web

from imgvid.sandbox.demo.board import NotNow
from imgvid.sandbox.demo.house import House
from imgvid.sandbox.demo.levers import BY_ID
from imgvid.sandbox.demo.logbook import Logbook
from imgvid.sandbox.demo.outside import Outside
from imgvid.sandbox.demo.picture import NUMBERS, made_picture
from imgvid.sandbox.demo.story import read_stories

PAGE = Path(__file__).resolve().parents[1] / "page"
LANGUAGES = ("en", "sk", "ru")
_POLICY = (
    "default-src 'self'; img-src 'self' blob: data:; media-src 'self' blob:; frame-ancestors 'none'; base-uri 'none'"
)
_HEADERS = {"Content-Security-Policy": _POLICY, "Cache-Control": "no-cache", "X-Content-Type-Options": "nosniff"}
_LOCAL = frozenset({"127.0.0.1", "localhost", "::1"})

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]


@web.middleware
async def only_from_here(request: web.Request, handler: Handler) -> web.StreamResponse:
    """Other sites' pages may neither read nor pull levers here: not by a foreign name, not from a foreign origin."""
    origin = request.headers.get("Origin")
    named = urlsplit(f"//{request.host}").hostname
    if named not in _LOCAL or (origin is not None and urlsplit(origin).netloc != request.host):
        return web.json_response({"error": "this sandbox answers its own page only"}, status=403)
    return await handler(request)


class Page:
    """The handlers. `standing` holds the house once it stands; until then its endpoints answer 503."""

    def __init__(self, *, outside: Outside, standing: list[House], logbook: Logbook) -> None:
        self._outside = outside
        self._standing = standing
        self._logbook = logbook

    def add_routes(self) -> None:
        app = self._outside.app
        app.middlewares.append(only_from_here)
        app.router.add_get("/", self.index)
        app.router.add_get("/page/{name}", self.file)
        app.router.add_get("/demo/jobs", self.jobs)
        app.router.add_get("/demo/house", self.house)
        app.router.add_post("/demo/levers/{lever}", self.lever)
        app.router.add_post("/demo/calm", self.calm)
        app.router.add_post(r"/demo/people/{chat:\d+}", self.person)
        app.router.add_get("/demo/log", self.log)
        app.router.add_get(r"/demo/picture/{number:\d+}", self.picture)

    async def index(self, _request: web.Request) -> web.StreamResponse:
        return web.FileResponse(PAGE / "index.html", headers=_HEADERS)

    async def file(self, request: web.Request) -> web.StreamResponse:
        path = PAGE / request.match_info["name"]
        if path.parent != PAGE or not path.is_file():
            raise web.HTTPNotFound
        return web.FileResponse(path, headers=_HEADERS)

    async def jobs(self, request: web.Request) -> web.Response:
        if not self._standing:
            return _starting()
        chat = request.query.get("chat", "")
        try:
            jobs = await read_stories(self._standing[0].dsn, chat_id=int(chat) if chat.lstrip("-").isdigit() else None)
        except (OSError, asyncpg.PostgresError, TimeoutError):
            return web.json_response({"error": "PostgreSQL is down"}, status=503)
        return web.json_response({"jobs": jobs})

    async def house(self, _request: web.Request) -> web.Response:
        return web.json_response(self._standing[0].view()) if self._standing else _starting()

    async def lever(self, request: web.Request) -> web.Response:
        lever = BY_ID.get(request.match_info["lever"])
        if lever is None:
            raise web.HTTPNotFound
        if not self._standing:
            return _starting()
        try:
            said = self._standing[0].pull(lever) if await _flag(request, "on") else self._outside.board.release(lever)
        except NotNow as not_now:
            return web.json_response({"error": str(not_now)}, status=409)
        self._logbook.write("demo", f"fault panel: {lever.title}. {said}")
        return web.json_response({"said": said})

    async def calm(self, _request: web.Request) -> web.Response:
        self._outside.board.calm()
        return web.json_response({})

    async def person(self, request: web.Request) -> web.Response:
        chat, language = int(request.match_info["chat"]), (await _body(request)).get("language_code")
        if language not in LANGUAGES or chat not in self._outside.world.people:
            return web.json_response({"error": "no such person, or no such language"}, status=400)
        return web.json_response(self._outside.speak(chat, str(language)))

    async def log(self, request: web.Request) -> web.Response:
        after = request.query.get("after", "0")
        lines = self._logbook.after(int(after) if after.isdigit() else 0)
        return web.json_response({"lines": [asdict(line) for line in lines]})

    async def picture(self, request: web.Request) -> web.Response:
        number = int(request.match_info["number"])
        if number not in NUMBERS:
            raise web.HTTPNotFound
        return web.Response(body=await asyncio.to_thread(made_picture, number), content_type="image/jpeg")


def _starting() -> web.Response:
    return web.json_response({"error": "the house is still being started"}, status=503)


async def _body(request: web.Request) -> dict[str, Any]:
    try:
        body = await request.json()
    except ValueError:
        return {}
    return body if isinstance(body, dict) else {}


async def _flag(request: web.Request, name: str) -> bool:
    return (await _body(request)).get(name) is True
