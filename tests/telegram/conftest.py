"""A clock that only moves when a test says so, and a Bot API server that plays a test's answers."""

from __future__ import annotations

import asyncio
import heapq
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass
from itertools import count
from types import SimpleNamespace
from typing import Any

import httpx
import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer

from imgvid.telegram.client import Telegram


class FakeTime:
    """Seconds that stand still; `sleep` waits for `advance`."""

    def __init__(self) -> None:
        self.now_s = 1000.0
        self._sleepers: list[tuple[float, int, asyncio.Future[None]]] = []
        self._numbers = count()
        self.slept_s: list[float] = []

    def clock(self) -> float:
        return self.now_s

    async def sleep(self, seconds: float) -> None:
        self.slept_s.append(seconds)
        waiting: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        heapq.heappush(self._sleepers, (self.now_s + seconds, next(self._numbers), waiting))
        await waiting

    async def skip(self, seconds: float) -> None:
        """A sleep that moves the clock itself: for code under test that waits alone."""
        self.slept_s.append(seconds)
        self.now_s += seconds
        await asyncio.sleep(0)

    async def advance(self, seconds: float) -> None:
        ends = self.now_s + seconds
        await settle()
        while self._sleepers and self._sleepers[0][0] <= ends:
            at, _, waiting = heapq.heappop(self._sleepers)
            if waiting.done():
                continue
            self.now_s = max(self.now_s, at)
            waiting.set_result(None)
            await settle()
        self.now_s = ends


async def settle() -> None:
    """Let every task that can run, run."""
    for _ in range(10):
        await asyncio.sleep(0)


@pytest.fixture
def time() -> FakeTime:
    return FakeTime()


@dataclass
class Seen:
    """One call as it came over the socket."""

    method: str
    params: dict[str, Any]
    files: dict[str, bytes]
    headers: dict[str, str]


Answering = Callable[[web.Request, Seen], Awaitable[web.StreamResponse]]


class BotApi:
    """A Bot API server that plays the answers of a test in turn, the last one for good."""

    def __init__(self) -> None:
        self.url = ""
        self.seen: list[Seen] = []
        self._answers: list[Answering] = []

    def answer(self, *answers: Answering) -> None:
        self._answers = list(answers)

    async def handle(self, request: web.Request) -> web.StreamResponse:
        params: dict[str, Any] = {}
        files: dict[str, bytes] = {}
        if request.content_type == "multipart/form-data":
            for key, value in (await request.post()).items():
                if isinstance(value, web.FileField):
                    files[key] = value.file.read()
                    value.file.close()
                else:
                    params[key] = value
        elif request.content_type == "application/json":
            params = await request.json()
        seen = Seen(method=request.path.rpartition("/")[2], params=params, files=files, headers=dict(request.headers))
        self.seen.append(seen)
        answering = self._answers.pop(0) if len(self._answers) > 1 else self._answers[0]
        return await answering(request, seen)


def ok(result: object) -> Answering:
    async def answering(_request: web.Request, _seen: Seen) -> web.StreamResponse:
        return web.json_response({"ok": True, "result": result})

    return answering


def no(status: int, description: str, **parameters: int) -> Answering:
    async def answering(_request: web.Request, _seen: Seen) -> web.StreamResponse:
        body: dict[str, object] = {"ok": False, "error_code": status, "description": description}
        if parameters:
            body["parameters"] = parameters
        return web.json_response(body, status=status)

    return answering


def raw(status: int, body: bytes, **headers: str) -> Answering:
    async def answering(_request: web.Request, _seen: Seen) -> web.StreamResponse:
        return web.Response(status=status, body=body, headers=headers)

    return answering


def hang_up() -> Answering:
    async def answering(request: web.Request, _seen: Seen) -> web.StreamResponse:
        assert request.transport is not None
        request.transport.abort()
        return web.Response()

    return answering


@pytest.fixture
def answers() -> SimpleNamespace:
    return SimpleNamespace(ok=ok, no=no, raw=raw, hang_up=hang_up)


@pytest.fixture
async def bot_api() -> AsyncIterator[BotApi]:
    api = BotApi()
    app = web.Application(client_max_size=64 << 20)
    app.router.add_route("*", "/{tail:.*}", api.handle)
    server = TestServer(app)
    await server.start_server()
    api.url = str(server.make_url("")).rstrip("/")
    yield api
    await server.close()


TOKEN = "4242:a-secret_token"


@pytest.fixture
async def http() -> AsyncIterator[httpx.AsyncClient]:
    async with httpx.AsyncClient() as client:
        yield client


@pytest.fixture
def telegram(bot_api: BotApi, http: httpx.AsyncClient, time: FakeTime) -> Telegram:
    """The client on a scripted server; the waits between its tries take no time."""
    return Telegram(token=TOKEN, api_url=bot_api.url, http=http, sleep=time.skip)
