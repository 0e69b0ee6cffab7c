"""The application: the Bot API and the control API over one world, and a helper that serves it."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass

from aiohttp import web

from imgvid.sandbox.telegram.calls import CallRecord
from imgvid.sandbox.telegram.clock import Clock, SystemClock
from imgvid.sandbox.telegram.control.common import WORLD, sentences
from imgvid.sandbox.telegram.control.gathering import Gathering
from imgvid.sandbox.telegram.control.levers import Levers
from imgvid.sandbox.telegram.control.speaking import Speaking
from imgvid.sandbox.telegram.control.stream import Stream
from imgvid.sandbox.telegram.control.viewing import Viewing
from imgvid.sandbox.telegram.errors import ApiError
from imgvid.sandbox.telegram.files import MAX_UPLOAD_BYTES
from imgvid.sandbox.telegram.gate import Dropped, Gate, Page
from imgvid.sandbox.telegram.jsons import JsonObject, as_text
from imgvid.sandbox.telegram.methods.registry import METHODS
from imgvid.sandbox.telegram.params import Params
from imgvid.sandbox.telegram.people import People
from imgvid.sandbox.telegram.world import World

DEMO_NAME = "imgvid_demo_bot"
STOP_TIMEOUT_S = 1.0  # everybody who waits is let go first, so nothing should need it


def create_app(*, token: str, username: str = DEMO_NAME, clock: Clock | None = None, seed: int = 0) -> web.Application:
    """One bot with an empty world. Further routes (a chat page) may be added before it is served.

    `token` is `<bot id>:<secret>`, else ValueError. The same seed and the same requests give the same ids.
    """
    world = World(token=token, username=username, clock=clock if clock is not None else SystemClock(), seed=seed)
    app = web.Application(middlewares=[sentences], client_max_size=MAX_UPLOAD_BYTES + (1 << 20))
    app[WORLD] = world
    gate = Gate(world)
    gate.add_routes(app)
    people = People(world)
    for room in (Gathering, Speaking, Viewing, Levers, Stream):
        room(world, people).add_routes(app)
    app.cleanup_ctx.append(_webhook_sender(world, gate))
    app.on_shutdown.append(_let_go)
    return app


async def _let_go(app: web.Application) -> None:
    app[WORLD].close()


def _webhook_sender(world: World, gate: Gate) -> Callable[[web.Application], AsyncIterator[None]]:
    """The webhook's task, for as long as the application runs."""

    async def answer(named: JsonObject) -> None:
        """Carry out the method that a webhook's receiver answered with; nobody hears the result."""
        method = METHODS.get(as_text(named.get("method")).casefold())
        if method is not None:
            record = CallRecord(at=world.now(), method=method.name, agent="webhook answer")
            with suppress(ApiError, Dropped, Page):
                await gate.serve(method, Params(fields=named), record)
            gate.note(record)

    async def run(_app: web.Application) -> AsyncIterator[None]:
        task = asyncio.create_task(world.hook.run(answer))
        yield
        task.cancel()
        with suppress(asyncio.CancelledError):
            await task

    return run


@dataclass(frozen=True, slots=True, kw_only=True)
class Served:
    """A running stand-in: `url` is the base of both the Bot API and the control API."""

    url: str
    app: web.Application


@asynccontextmanager
async def serve(
    *,
    token: str,
    username: str = DEMO_NAME,
    clock: Clock | None = None,
    seed: int = 0,
    host: str = "127.0.0.1",
    port: int = 0,
) -> AsyncIterator[Served]:
    """Serve until the block ends; port 0 takes a free one."""
    app = create_app(token=token, username=username, clock=clock, seed=seed)
    runner = web.AppRunner(app, access_log=None, shutdown_timeout=STOP_TIMEOUT_S)
    await runner.setup()
    try:
        site = web.TCPSite(runner, host, port)
        await site.start()
        bound = runner.addresses[0][1]
        yield Served(url=f"http://{host}:{bound}", app=app)
    finally:
        await runner.cleanup()
