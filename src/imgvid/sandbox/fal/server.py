"""The HTTP server: routes put together, time kept going, started and stopped, alone or below another application."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator

from aiohttp import web

from imgvid.sandbox.fal.control_api import ControlApi
from imgvid.sandbox.fal.gate import Gate
from imgvid.sandbox.fal.media_api import MediaApi
from imgvid.sandbox.fal.platform_api import PlatformApi
from imgvid.sandbox.fal.queue import Queue
from imgvid.sandbox.fal.queue_api import QueueApi
from imgvid.sandbox.fal.rules import Rules
from imgvid.sandbox.fal.runner import Runner
from imgvid.sandbox.fal.world import Fal
from imgvid.sandbox.runpod.clock import Clock

FAL = web.AppKey("fal", Fal)
TICK_S = 0.02  # how late a state may change when nobody asks
BODY_LIMIT_BYTES = 100 * 1024 * 1024  # fal's clients upload in parts from here on, which the stand-in has not
DRAIN_S = 2.0  # for requests in flight when the server stops


def create_app(
    *, key: str = "sandbox-key", rules: Rules | None = None, clock: Clock | None = None, prefix: str = ""
) -> web.Application:
    """The stand-in as an aiohttp application; its state is `app[FAL]`. `prefix` is where it will be mounted."""
    fal = Fal(key=key, rules=rules or Rules(), clock=clock or Clock())
    runner = Runner(fal)
    queue = Queue(fal, runner.make)
    app = web.Application(client_max_size=BODY_LIMIT_BYTES)
    app[FAL] = fal
    gate = Gate(fal)
    ControlApi(fal, queue).add_to(app)
    PlatformApi(fal).add_to(app, gate)
    MediaApi(fal, prefix).add_to(app, gate)
    QueueApi(fal, queue, prefix).add_to(app, gate)

    async def alive(_app: web.Application) -> AsyncIterator[None]:
        ticking = asyncio.create_task(_tick(queue), name="fal sandbox clock")
        yield
        ticking.cancel()
        await asyncio.gather(ticking, return_exceptions=True)
        await queue.close()
        await asyncio.to_thread(runner.close)

    async def let_go(_app: web.Application) -> None:
        fal.closing.set()

    app.cleanup_ctx.append(alive)
    app.on_shutdown.append(let_go)
    return app


def mount(
    app: web.Application,
    *,
    prefix: str = "/fal",
    key: str = "sandbox-key",
    rules: Rules | None = None,
    clock: Clock | None = None,
) -> Fal:
    """Put it below `prefix` of an application that has not been started yet; it starts and stops with it.

    A client's base address is the server's with the prefix; every URL in answers follows the address that was called.
    """
    inner = create_app(key=key, rules=rules, clock=clock, prefix=prefix)
    app.add_subapp(prefix, inner)
    return inner[FAL]


@contextlib.asynccontextmanager
async def serve(
    *, key: str = "sandbox-key", rules: Rules | None = None, clock: Clock | None = None, port: int = 0
) -> AsyncIterator[Fal]:
    """Listen on 127.0.0.1; `port` 0 takes a free one. Leaving ends hung calls and closes every connection."""
    app = create_app(key=key, rules=rules, clock=clock)
    runner = web.AppRunner(app, access_log=None, handler_cancellation=True, shutdown_timeout=DRAIN_S)
    await runner.setup()
    try:
        await web.TCPSite(runner, "127.0.0.1", port).start()
        fal = app[FAL]
        fal.url = f"http://127.0.0.1:{runner.addresses[0][1]}"
        yield fal
    finally:
        await runner.cleanup()


async def _tick(queue: Queue) -> None:
    while True:
        await queue.busy.wait()
        queue.sweep()
        await asyncio.sleep(TICK_S)
