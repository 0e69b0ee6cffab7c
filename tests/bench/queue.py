"""Lease to finish: our shipped statements with every guard on, a bare SKIP LOCKED loop that writes the same rows, and peers."""

from __future__ import annotations

import asyncio
import os
import statistics
import sys
import time
from pathlib import Path

import asyncpg

from tests.bench.table import Figure, ratio
from tests.store.test_lease_pages import load
from tests.support.postgres import Server

JOBS = 10_000
ROUNDS = 3


async def ours(dsn: str, batch: int) -> float:
    """Jobs per second through lease() and complete(): tokens, caps, events, fencing, the chat's due row, NOTIFY."""
    connection = await asyncpg.connect(dsn)
    lease = await connection.prepare("SELECT id, attempt FROM lease('runpod', 'video', $1, 'bench', interval '30 s')")
    complete = await connection.prepare("SELECT complete($1, $2, $3)")
    began, done = time.perf_counter(), 0
    while rows := await lease.fetch(batch):
        await complete.fetch([row["id"] for row in rows], [row["attempt"] for row in rows], ["{}"] * len(rows))
        done += len(rows)
    rate = done / (time.perf_counter() - began)
    await connection.close()
    assert done == JOBS, done
    return rate


async def bare(dsn: str, batch: int) -> float:
    """The yardstick: what a careful person writes by hand over the same tables, same rows written, no guards, no functions."""
    connection = await asyncpg.connect(dsn)
    lease = await connection.prepare(
        """WITH picked AS (SELECT id FROM jobs WHERE backend = 'runpod' AND lane = 'video' AND ready_at IS NOT NULL
           ORDER BY ready_at, id LIMIT $1 FOR UPDATE SKIP LOCKED),
           leased AS (UPDATE jobs SET state = 'LEASED', attempt = attempt + 1, ready_at = NULL, place = true, leased_at = now(),
               leased_by = 'bench', check_at = now() + interval '30 s', deadline_at = now() + run_for FROM picked
               WHERE jobs.id = picked.id RETURNING jobs.id),
           noted AS (INSERT INTO job_events (job_id, attempt, event, state) SELECT id, 1, 'job.leased', 'LEASED' FROM leased),
           taken AS (UPDATE backends SET in_flight = in_flight + (SELECT count(*) FROM leased))
           SELECT id FROM leased"""
    )
    finish = await connection.prepare(
        """WITH done AS (UPDATE jobs SET state = 'COMPLETED', result = '{}', finished_at = now(), token = false, place = false,
               check_at = NULL WHERE id = ANY ($1) RETURNING id),
           noted AS (INSERT INTO job_events (job_id, attempt, event, state) SELECT id, 1, 'job.completed', 'COMPLETED' FROM done),
           owed AS (UPDATE job_chat SET due_at = now() WHERE job_id = ANY ($1)),
           freed AS (UPDATE backends SET in_flight = in_flight - (SELECT count(*) FROM done))
           SELECT id FROM done"""
    )
    began, done = time.perf_counter(), 0
    while rows := await lease.fetch(batch):
        await finish.fetch([row["id"] for row in rows])
        done += len(rows)
    rate = done / (time.perf_counter() - began)
    await connection.close()
    assert done == JOBS, done
    return rate


async def loaded(server: Server) -> str:
    dsn = await server.fresh()
    connection = await asyncpg.connect(dsn)
    await connection.execute("INSERT INTO backends (backend, lane, cap) VALUES ('runpod', 'video', 1000000)")
    await load(connection, rows=JOBS, people=JOBS)
    await connection.execute("CHECKPOINT")
    await connection.close()
    return dsn


async def peer(server: Server, which: str, batch: int) -> float | None:
    """A peer's jobs per second; None where its environment is absent."""
    python = os.environ.get("IMGVID_BENCH_PEERS")
    if not python:
        return None
    dsn = await server.fresh(empty=True)
    process = await asyncio.create_subprocess_exec(
        python, "-P", str(Path(__file__).with_name("peers.py")), which, dsn, str(JOBS), str(batch),
        stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE,
    )  # fmt: skip
    out, err = await process.communicate()
    await server.drop(dsn)
    if process.returncode:
        print(err.decode()[-2000:], file=sys.stderr)
        raise RuntimeError(f"{which} did not finish its drain")
    return float(out)


async def measure(server: Server) -> list[Figure]:
    """Rounds are interleaved, so that a slow minute of the machine hits all alike; medians are compared."""
    rates: dict[tuple[str, int], list[float]] = {}

    async def add(name: str, batch: int, rate: float | None) -> None:
        if rate is not None:
            rates.setdefault((name, batch), []).append(rate)

    for _ in range(ROUNDS):
        for batch in (1, 10, 100):
            for name, drain in (("ours", ours), ("bare", bare)):
                dsn = await loaded(server)
                await add(name, batch, await drain(dsn, batch))
                await server.drop(dsn)
        await add("procrastinate", 1, await peer(server, "procrastinate", 1))
        for batch in (10, 100):
            await add("pgqueuer", batch, await peer(server, "pgqueuer", batch))
    median = {key: statistics.median(values) for key, values in rates.items()}
    figures = [
        ratio(f"lease to finish, batch {batch}", median["ours", batch], median["bare", batch], unit="jobs/s",
              at_least=0.6 if batch == 1 else 0.0, yardstick="bare loop, same rows")
        for batch in (1, 10, 100)
    ]  # fmt: skip
    figures += [
        ratio(
            f"ours against {name}, batch {batch}",
            median["ours", batch],
            rate,
            unit="jobs/s",
            at_least=1.0,
            yardstick=name,
        )
        for (name, batch), rate in median.items()
        if name not in {"ours", "bare"}
    ]
    return figures
