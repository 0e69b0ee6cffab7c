"""The lease stays flat: pages touched by one lease, with a thousand and with a million rows waiting. Pages are deterministic."""

from __future__ import annotations

import json

import asyncpg
import pytest

PAGES_MAX = 40

_LOAD = """
INSERT INTO jobs (id, short, chat_id, user_id, locale, mode, lane, backend, params, prompt, seed, inputs, token, announced,
                  run_at, ready_at, run_for, expires_at, check_at)
SELECT gen_random_uuid(), lpad(to_hex(g), 7, '0'), 1 + g % {people}, 1 + g % {people}, 'en', 'wan22-i2v', 'video', 'runpod', '{{}}',
       'hello', 1, '[]', g <= {people}, true, {run_at}, CASE WHEN g <= {people} AND NOT {later} THEN now() END, '5 min',
       now() + interval '1 day', now() + interval '1 day'
FROM generate_series(1, {rows}) AS g
"""


async def load(connection: asyncpg.Connection, *, rows: int, people: int, later: bool = False) -> None:
    await connection.execute("SET session_replication_role = replica")  # no foreign key checks while loading
    await connection.execute(
        f"INSERT INTO people (user_id) SELECT g FROM generate_series(1, {people}) AS g ON CONFLICT DO NOTHING"
    )
    run_at = "now() + interval '1 hour'" if later else "now()"
    await connection.execute(_LOAD.format(rows=rows, people=people, run_at=run_at, later=str(later).lower()))
    await connection.execute("INSERT INTO job_chat (job_id, message_id) SELECT id, 1 FROM jobs ON CONFLICT DO NOTHING")
    await connection.execute("SET session_replication_role = origin")
    await connection.execute("ANALYZE")


async def pages_of_a_lease(connection: asyncpg.Connection) -> tuple[int, int]:
    """(pages touched, rows leased) of one lease, its plan already made."""
    text = await connection.fetchval(
        "EXPLAIN (ANALYZE, BUFFERS, FORMAT JSON) SELECT * FROM lease('runpod', 'video', 1, 'me', interval '30 s')"
    )
    plan = json.loads(text)[0]["Plan"]
    return plan["Shared Hit Blocks"] + plan["Shared Read Blocks"], int(plan["Actual Rows"])


@pytest.mark.slow
@pytest.mark.timeout(180)
@pytest.mark.parametrize(
    ("rows", "people"),
    [(1_000, 1), (1_000, 1_000), (100_000, 1), (100_000, 10_000), (1_000_000, 1), (1_000_000, 10_000)],
)
async def test_one_lease_touches_at_most_forty_pages(dsn: str, rows: int, people: int) -> None:
    connection = await asyncpg.connect(dsn)
    try:
        await connection.execute("INSERT INTO backends (backend, lane, cap) VALUES ('runpod', 'video', 1000000)")
        await load(connection, rows=rows, people=people)
        leased = 0
        touched = []
        for _ in range(4):
            pages, got = await pages_of_a_lease(connection)
            leased += got
            touched.append(pages)
        assert leased == min(4, people)  # one person has one token, however much waits: the rest sees him at his cap
        assert max(touched[1:]) <= PAGES_MAX, touched  # the first makes the plan and reads the catalogue
    finally:
        await connection.close()


@pytest.mark.slow
async def test_rows_that_wait_for_a_later_time_cost_nothing(dsn: str) -> None:
    connection = await asyncpg.connect(dsn)
    try:
        await connection.execute("INSERT INTO backends (backend, lane, cap) VALUES ('runpod', 'video', 1000000)")
        await load(connection, rows=100_000, people=100_000, later=True)
        touched = [await pages_of_a_lease(connection) for _ in range(3)]
        assert all(pages <= PAGES_MAX and got == 0 for pages, got in touched[1:]), touched
    finally:
        await connection.close()
