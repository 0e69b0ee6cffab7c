"""The worker's role may execute its three functions and nothing else."""

from __future__ import annotations

import asyncpg
import pytest

from imgvid.store.chat import ChatStore
from imgvid.store.pool import Database
from tests.store.test_jobs import lease_one, queue_one

FORBIDDEN = (
    "SELECT * FROM jobs",
    "UPDATE jobs SET state = 'COMPLETED'",
    "DELETE FROM people",
    "INSERT INTO worker_reports VALUES (gen_random_uuid(), 1, '{}')",
    "SELECT * FROM lease('runpod', 'video', 1, 'me', '1 s')",
    "SELECT complete('{}', '{}', '{}')",
    "SELECT wish_forget(1)",
    "CREATE TABLE mine (x integer)",
)


async def as_worker(dsn: str) -> asyncpg.Connection:
    connection = await asyncpg.connect(dsn)
    await connection.execute("SET SESSION AUTHORIZATION imgvid_worker")
    return connection


async def test_it_reports_and_can_do_nothing_else(dsn: str, database: Database) -> None:
    job_id = await queue_one(database)
    await lease_one(database)
    worker = await as_worker(dsn)
    assert await worker.fetchval("SELECT worker_begin($1, 1, 'w', 'req-9')", job_id)
    assert await worker.fetchval("SELECT worker_progress($1, 1, 'sample', 40)", job_id)
    assert not await worker.fetchval("SELECT worker_progress($1, 2, 'sample', 50)", job_id)
    assert await worker.fetchval("""SELECT worker_result($1, 1, '{"outcome": "delivered"}')""", job_id)
    for statement in FORBIDDEN:
        with pytest.raises(asyncpg.InsufficientPrivilegeError):
            await worker.execute(statement)
    await worker.close()
    row = await ChatStore(database).read(job_id)
    assert row is not None
    assert (row.state, row.phase) == ("RUNNING", "sample")


async def test_a_sign_of_life_brings_the_lost_request_id(dsn: str, database: Database) -> None:
    job_id = await queue_one(database)
    await lease_one(database)
    worker = await as_worker(dsn)
    await worker.fetchval("SELECT worker_begin($1, 1, 'w', 'req-9')", job_id)
    await worker.close()
    connection = await asyncpg.connect(dsn)
    assert await connection.fetchval("SELECT request_id FROM jobs") == "req-9"
    assert await connection.fetchval("SELECT count(*) FROM provider_requests WHERE request_id = 'req-9'") == 1
    await connection.close()


async def test_a_table_of_its_own_does_not_fool_the_functions(dsn: str, database: Database) -> None:
    job_id = await queue_one(database)
    await lease_one(database)
    worker = await as_worker(dsn)
    await worker.execute("CREATE TEMP TABLE jobs (id uuid, attempt integer, state text)")
    assert await worker.fetchval("SELECT worker_begin($1, 1, 'w')", job_id)
    await worker.close()
    row = await ChatStore(database).read(job_id)
    assert row is not None
    assert row.state == "RUNNING"
