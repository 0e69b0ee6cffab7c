"""The table of jobs/state.py against the guards in SQL: every pair, on a real PostgreSQL."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from datetime import timedelta
from uuid import UUID

import asyncpg
import pytest

from imgvid.jobs.state import ATTEMPTING, TERMINAL, TRANSITIONS, Event, State
from imgvid.store.chat import ChatStore
from imgvid.store.jobs import JobStore
from imgvid.store.pool import Database
from tests.store.test_jobs import queue_one

NOW = timedelta(0)
Act = Callable[[UUID, int], Awaitable[object]]


def actions(database: Database) -> dict[Event, Act]:
    jobs, chat = JobStore(database), ChatStore(database)
    return {
        Event.LEASE: lambda _job, _attempt: jobs.lease(backend="runpod", lane="video", limit=1, by="me", span=NOW),
        Event.GIVE_BACK: lambda job, attempt: jobs.give_back(job, attempt, wait=NOW, why="busy"),
        Event.ACCEPT: lambda job, attempt: jobs.accept(job, attempt, "request", poll_in=NOW),
        Event.BEGIN: lambda job, attempt: jobs.begin_run(job, attempt, "w"),
        Event.FETCH: lambda job, attempt: jobs.claim_delivery(job, attempt, by="me", span=NOW),
        Event.RETRY: lambda job, attempt: jobs.retry(job, attempt, ours=True, wait=NOW, over=True, why="lost"),
        Event.COMPLETE: lambda job, attempt: jobs.complete(job, attempt, {}),
        Event.CLOSE_FAILED: lambda job, attempt: jobs.close(
            job, attempt, verdict=State.FAILED, code="internal", over=True
        ),
        Event.CLOSE_CANCELLED: lambda job, attempt: jobs.close(
            job, attempt, verdict=State.CANCELLED, code=None, over=True
        ),
        Event.TOLD_FAILED: lambda job, attempt: chat.told(job, attempt, again=NOW, how="edited"),
        Event.TOLD_CANCELLED: lambda job, attempt: chat.told(job, attempt, again=NOW, how="edited"),
    }


async def put_into(dsn: str, job_id: UUID, state: State, verdict: State | None) -> None:
    """Force a row into a state, as if its whole life so far had happened."""
    connection = await asyncpg.connect(dsn)
    open_and_out = state in ATTEMPTING
    await connection.execute(
        """UPDATE jobs SET state = $2, verdict = $3, attempt = 1, place = $4, token = $5, request_id = NULL, worker = NULL,
           deadline_at = now(), check_at = now() - interval '1 second', ready_at = CASE WHEN $2 = 'QUEUED' THEN now() END WHERE id = $1""",
        job_id,
        state,
        verdict,
        open_and_out,
        state not in TERMINAL and state is not State.CLOSING,
    )
    await connection.execute("UPDATE backends SET in_flight = $1", int(open_and_out))
    await connection.close()


VERDICTS = {Event.TOLD_FAILED: State.FAILED, Event.TOLD_CANCELLED: State.CANCELLED}


@pytest.mark.parametrize("state", State)
async def test_sql_allows_exactly_what_the_table_allows(dsn: str, database: Database, state: State) -> None:
    for n, (event, act) in enumerate(actions(database).items()):
        job_id = await queue_one(database, n, user=n + 1)
        verdict = VERDICTS.get(event, State.FAILED) if state in {State.CLOSING, State.FAILED, State.CANCELLED} else None
        if state in {State.FAILED, State.CANCELLED}:
            verdict = state
        await put_into(dsn, job_id, state, verdict)
        await act(job_id, 1)
        row = await ChatStore(database).read(job_id)
        assert row is not None
        assert row.state is TRANSITIONS.get((state, event), state), f"{event} in {state}"
        await put_into(dsn, job_id, State.COMPLETED, None)  # out of the way of the next lease


@pytest.mark.parametrize("state", sorted(ATTEMPTING))
async def test_a_stale_attempt_changes_nothing(dsn: str, database: Database, state: State) -> None:
    job_id = await queue_one(database)
    await put_into(dsn, job_id, state, None)
    before = await ChatStore(database).read(job_id)
    for event, act in actions(database).items():
        if event is not Event.LEASE:
            for attempt in (0, 2):
                await act(job_id, attempt)
    after = await ChatStore(database).read(job_id)
    assert before is not None
    assert after is not None
    assert (after.state, after.attempt, after.message_id, after.token) == (state, 1, before.message_id, before.token)
