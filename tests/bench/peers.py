"""The peers' drains, run in their own environment: `python peers.py procrastinate|pgqueuer DSN JOBS BATCH`.

Prints jobs per second. Settings are each peer's best for this shape of work: procrastinate one worker, one job at a time,
rows kept; pgqueuer one manager over asyncpg's pool in drain mode.
"""

from __future__ import annotations

import asyncio
import sys
import time
from datetime import timedelta


async def procrastinate_rate(dsn: str, jobs: int, concurrency: int) -> float:
    import procrastinate

    app = procrastinate.App(connector=procrastinate.PsycopgConnector(conninfo=dsn))

    @app.task(name="nothing")
    async def nothing(n: int) -> None:
        return None

    async with app.open_async():
        await app.schema_manager.apply_schema_async()
        for start in range(0, jobs, 500):
            await nothing.batch_defer_async(*[{"n": n} for n in range(start, min(jobs, start + 500))])
        began = time.perf_counter()
        await app.run_worker_async(
            wait=False, concurrency=concurrency, listen_notify=False, install_signal_handlers=False
        )
        return jobs / (time.perf_counter() - began)


async def pgqueuer_rate(dsn: str, jobs: int, batch: int) -> float:
    import asyncpg
    from pgqueuer import PgQueuer
    from pgqueuer.db import AsyncpgPoolDriver
    from pgqueuer.queries import Queries
    from pgqueuer.types import QueueExecutionMode

    async with asyncpg.create_pool(dsn, min_size=2, max_size=8) as pool:
        driver = AsyncpgPoolDriver(pool)
        queries = Queries(driver)
        await queries.install()
        manager = PgQueuer.from_asyncpg_pool(pool).qm

        @manager.entrypoint("nothing")
        async def nothing(job: object) -> None:
            return None

        await queries.enqueue(["nothing"] * jobs, [None] * jobs, [0] * jobs)
        began = time.perf_counter()
        await manager.run(batch_size=batch, mode=QueueExecutionMode.drain, dequeue_timeout=timedelta(seconds=1))
        return jobs / (time.perf_counter() - began)


if __name__ == "__main__":
    which, dsn, jobs, batch = sys.argv[1], sys.argv[2], int(sys.argv[3]), int(sys.argv[4])
    rate = {"procrastinate": procrastinate_rate, "pgqueuer": pgqueuer_rate}[which]
    print(asyncio.run(rate(dsn, jobs, batch)))
