"""The command as an operator runs it: exit codes, sentences, and nothing of what people wrote."""

from __future__ import annotations

import asyncio
import os
import sys

import asyncpg
import pytest

from imgvid.store.intake import Intake
from imgvid.store.jobs import JobStore
from imgvid.store.pool import Database
from tests.ops.jobs.records import output
from tests.store.test_jobs import LIMITS, lease_one, new_job, queue_one


async def run(*arguments: str, **environ: str) -> tuple[int, str]:
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "imgvid", "jobs", *arguments, env={"PATH": os.environ["PATH"]} | environ,
        stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.STDOUT,
    )  # fmt: skip
    out, _ = await process.communicate()
    assert process.returncode is not None
    return process.returncode, out.decode()


async def test_list_and_show(dsn: str, database: Database) -> None:
    assert (await run("list", DATABASE_URL=dsn)) == (0, "no job\n")
    done, _waiting = await queue_one(database, 1), await queue_one(database, 2, user=2)
    await lease_one(database)
    await JobStore(database).complete(done, 1, output())
    code, said = await run("list", DATABASE_URL=dsn)
    assert code == 0
    assert [line.split()[1] for line in said.splitlines()[1:]] == ["QUEUED", "COMPLETED"]
    code, said = await run("list", "--state", "open", "--limit", "5", DATABASE_URL=dsn)
    assert [line.split()[1] for line in said.splitlines()[1:]] == ["QUEUED"]
    assert "no job is FAILED" in (await run("list", "--state", "failed", DATABASE_URL=dsn))[1]
    short = await _short(dsn, done)
    code, said = await run("show", short.upper(), DATABASE_URL=dsn)
    assert code == 0
    for part in (short, "job.completed", "frames_sha256  d1", "in all"):
        assert part in said
    assert "hello" not in said
    assert "hello" in (await run("show", short, "--prompt", DATABASE_URL=dsn))[1]
    assert (await run("show", "nosuch0", DATABASE_URL=dsn))[0] == 1


async def test_a_replay_needs_a_place_and_a_job_that_can_be_made_again(dsn: str, database: Database) -> None:
    job_id = await queue_one(database)
    short = await _short(dsn, job_id)
    code, said = await run("replay", short, DATABASE_URL=dsn)
    assert (code, "where shall the video go" in said) == (2, True)
    code, said = await run("replay", short, DATABASE_URL=dsn, ADMIN_IDS="5,6")
    assert code == 2
    code, said = await run("replay", short, "--chat", "-100", DATABASE_URL=dsn)
    assert (code, "--user" in said) == (2, True)
    code, said = await run("replay", short, DATABASE_URL=dsn, ADMIN_IDS="5")
    assert (code, "only a completed job" in said) == (1, True)
    code, said = await run("replay", short, "--number", "10", DATABASE_URL=dsn, ADMIN_IDS="5")
    assert code == 2


async def test_a_replay_that_was_made_is_compared_and_none_is_made(dsn: str, database: Database) -> None:
    job_id = await queue_one(database)
    await lease_one(database)
    await JobStore(database).complete(job_id, 1, output())
    short = await _short(dsn, job_id)
    put = await Intake(database).enqueue(new_job(9, user=5, origin=f"r:{short}:1"), LIMITS)
    assert put.job_id is not None
    await Intake(database).attach_message(put.job_id, 77)
    await lease_one(database)
    await JobStore(database).complete(put.job_id, 1, output("d2", graph="g2"))
    code, said = await run("replay", short, "--chat", "5", "--wait", "5", DATABASE_URL=dsn)
    assert code == 1
    assert "the graph's hash (graph): g1 -> g2" in said
    connection = await asyncpg.connect(dsn)
    assert await connection.fetchval("SELECT count(*) FROM jobs") == 2
    await connection.close()


@pytest.mark.parametrize(
    ("arguments", "environ", "code", "sentence"),
    [
        (["list"], {}, 2, "DATABASE_URL is not set"),
        (["list"], {"DATABASE_URL": "postgresql://u:topsecret@127.0.0.1:9/d"}, 1, "PostgreSQL does not answer"),
        (["list", "--state", "odd"], {"DATABASE_URL": "postgresql://u@h/d"}, 2, "one of open, QUEUED"),
        (["list", "--limit", "0"], {"DATABASE_URL": "postgresql://u@h/d"}, 2, "a number from 1 to 10000"),
        (["replay", "x", "--wait", "-1"], {"DATABASE_URL": "postgresql://u@h/d"}, 2, "seconds, up to a week"),
    ],
)
async def test_usage(arguments: list[str], environ: dict[str, str], code: int, sentence: str) -> None:
    got, said = await run(*arguments, **environ)
    assert (got, sentence in said, "topsecret" in said) == (code, True, False), said


async def _short(dsn: str, job_id: object) -> str:
    connection = await asyncpg.connect(dsn)
    try:
        found: str = await connection.fetchval("SELECT short FROM jobs WHERE id = $1", job_id)
        return found
    finally:
        await connection.close()
