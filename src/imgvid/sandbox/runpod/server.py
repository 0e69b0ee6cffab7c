"""The HTTP server: routes put together, time kept going, started and stopped."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Iterable

from aiohttp import web

from imgvid.sandbox.runpod.clock import Clock
from imgvid.sandbox.runpod.cloud import Cloud
from imgvid.sandbox.runpod.control_api import ControlApi
from imgvid.sandbox.runpod.gate import Gate
from imgvid.sandbox.runpod.queue_api import QueueApi
from imgvid.sandbox.runpod.rules import Rules
from imgvid.sandbox.runpod.worker_api import WorkerApi

CLOUD = web.AppKey("cloud", Cloud)
TICK_S = 0.1  # how late a ttl, timeout or lease may end when nobody asks
READ_LIMIT_BYTES = 64 * 1024 * 1024  # above our own limits, so that it is us who answer 400
DRAIN_S = 2.0  # for requests in flight when the server stops


def create_app(
    *,
    endpoints: Iterable[str] = ("ep1",),
    api_key: str = "sandbox-key",
    worker_key: str | None = None,
    rules: Rules | None = None,
    clock: Clock | None = None,
) -> web.Application:
    """The stand-in as an aiohttp application; its state is `app[CLOUD]`. `worker_key` is `api_key` unless given."""
    cloud = Cloud(
        endpoints=endpoints, api_key=api_key, worker_key=worker_key, rules=rules or Rules(), clock=clock or Clock()
    )
    app = web.Application(client_max_size=READ_LIMIT_BYTES)
    app[CLOUD] = cloud
    gate = Gate(cloud)
    QueueApi(cloud).add_to(app, gate)
    WorkerApi(cloud).add_to(app, gate)
    ControlApi(cloud).add_to(app)
    app.cleanup_ctx.append(_time_passes)
    app.on_shutdown.append(_let_go)
    return app


@contextlib.asynccontextmanager
async def serve(
    *,
    endpoints: Iterable[str] = ("ep1",),
    api_key: str = "sandbox-key",
    worker_key: str | None = None,
    rules: Rules | None = None,
    clock: Clock | None = None,
    port: int = 0,
) -> AsyncIterator[Cloud]:
    """Listen on 127.0.0.1; `port` 0 takes a free one. Leaving ends held polls and closes every connection."""
    app = create_app(endpoints=endpoints, api_key=api_key, worker_key=worker_key, rules=rules, clock=clock)
    # A caller that hangs up cancels its handler: that is how a dead worker's held poll is noticed.
    runner = web.AppRunner(app, access_log=None, handler_cancellation=True, shutdown_timeout=DRAIN_S)
    await runner.setup()
    try:
        site = web.TCPSite(runner, "127.0.0.1", port)
        await site.start()
        cloud = app[CLOUD]
        cloud.url = f"http://127.0.0.1:{runner.addresses[0][1]}"
        yield cloud
    finally:
        await runner.cleanup()


async def _time_passes(app: web.Application) -> AsyncIterator[None]:
    async def tick() -> None:
        while True:
            await asyncio.sleep(TICK_S)
            app[CLOUD].sweep()

    task = asyncio.create_task(tick(), name="runpod sandbox clock")
    yield
    task.cancel()
    with contextlib.suppress(asyncio.CancelledError):
        await task


async def _let_go(app: web.Application) -> None:
    app[CLOUD].close()
