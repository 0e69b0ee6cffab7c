"""Row ready -> the provider's /run, idle queue: one real dispatcher, a provider that writes down when it was asked."""

from __future__ import annotations

import asyncio
import time
from datetime import timedelta

from aiohttp import web

from imgvid.jobs.eta import quantile
from imgvid.sandbox.telegram import serve
from imgvid.store.intake import Intake
from imgvid.store.pool import Database, open_pool
from tests.bench.processes import TOKEN, dispatcher_env, process
from tests.bench.table import Figure
from tests.store.test_jobs import LIMITS, new_job
from tests.support.postgres import Server

JOBS = 300
P50_MS, P99_MS = 10.0, 50.0


class Asked:
    """The smallest provider: accepts at once, notes the moment, says that the job waits."""

    def __init__(self) -> None:
        self.at: asyncio.Queue[float] = asyncio.Queue()
        self._runner: web.AppRunner | None = None

    async def run(self, request: web.Request) -> web.Response:
        self.at.put_nowait(time.perf_counter())
        body = await request.json()
        return web.json_response({"id": f"{body['input']['job_id']}-u1", "status": "IN_QUEUE"})

    async def status(self, request: web.Request) -> web.Response:
        return web.json_response({"id": request.match_info["id"], "status": "IN_QUEUE"})

    async def health(self, _request: web.Request) -> web.Response:
        return web.json_response({"jobs": {"inQueue": 0}, "workers": {"idle": 1, "running": 1}})

    async def start(self) -> str:
        app = web.Application()
        app.add_routes(
            [
                web.post("/v2/ep1/run", self.run),
                web.get("/v2/ep1/status/{id}", self.status),
                web.get("/v2/ep1/health", self.health),
            ]
        )
        self._runner = web.AppRunner(app)
        await self._runner.setup()
        site = web.TCPSite(self._runner, "127.0.0.1", 0)
        await site.start()
        return f"http://127.0.0.1:{self._runner.addresses[0][1]}/v2"

    async def stop(self) -> None:
        assert self._runner is not None
        await self._runner.cleanup()


async def one(intake: Intake, asked: Asked, n: int) -> float:
    """Seconds from the moment a row becomes ready to the provider's first byte of /run."""
    put = await intake.enqueue(new_job(n, user=n), LIMITS)
    assert put.job_id is not None
    began = time.perf_counter()
    await intake.attach_message(put.job_id, n)
    async with asyncio.timeout(20):
        return await asked.at.get() - began


async def measure(server: Server) -> list[Figure]:
    dsn = await server.fresh()
    database = Database(await open_pool(dsn))
    asked = Asked()
    async with serve(token=TOKEN) as telegram:
        url = await asked.start()
        async with process("dispatcher", dispatcher_env(dsn, telegram.url, url)):
            intake = Intake(database)
            for n in range(1, 11):  # its connections, plans and imports are warm then
                await one(intake, asked, n)
            took_ms = []
            for n in range(11, 11 + JOBS):
                took_ms.append(await one(intake, asked, n) * 1000)
                await asyncio.sleep(timedelta(milliseconds=10).total_seconds())
    await asked.stop()
    await database.close()
    await server.drop(dsn)
    p50, p99 = quantile(took_ms, 0.5), quantile(took_ms, 0.99)
    return [
        Figure(name=f"row ready to /run, {name}", value=f"{took:.1f} ms", yardstick=f"{JOBS} jobs, idle queue",
               must=f"<= {limit:g} ms", holds=took <= limit)
        for name, took, limit in (("p50", p50, P50_MS), ("p99", p99, P99_MS))
    ]  # fmt: skip
