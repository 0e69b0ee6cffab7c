"""The job's life on a real PostgreSQL."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta
from typing import Any
from uuid import UUID

from imgvid.jobs.model import Input, Limits, NewJob
from imgvid.jobs.state import State
from imgvid.store.backends import BackendStore
from imgvid.store.chat import ChatStore
from imgvid.store.intake import Intake
from imgvid.store.jobs import JobStore
from imgvid.store.pool import Database

LIMITS = Limits(pending_per_person=5, queued=1000, per_chat_minute=100)
SPAN = timedelta(seconds=30)


def new_job(n: int = 1, *, user: int = 1, **changes: object) -> NewJob:
    picture = Input(role="image", file_id=f"f{n}", file_unique_id=f"u{n}", kind="photo", message_id=n)
    values: dict[str, object] = {
        "origin": f"m:1:{user}:{n}",
        "user_id": user,
        "chat_id": user,
        "thread_id": None,
        "source_message_id": n,
        "locale": "en",
        "mode": "wan22-i2v",
        "lane": "video",
        "backend": "runpod",
        "params": {},
        "prompt": "hello",
        "seed": 7,
        "inputs": (picture,),
        "run_for": timedelta(minutes=5),
        "expires_in": timedelta(days=1),
    }
    return NewJob(**{**values, **changes})  # type: ignore[arg-type]


async def queue_one(database: Database, n: int = 1, *, user: int = 1, cap: int = 10) -> UUID:
    await BackendStore(database).ensure("runpod", "video", cap)
    intake = Intake(database)
    put = await intake.enqueue(new_job(n, user=user), LIMITS)
    assert put.job_id is not None
    assert await intake.attach_message(put.job_id, 100 + n) == 100 + n
    return put.job_id


async def lease_one(database: Database) -> object:
    leased = await JobStore(database).lease(backend="runpod", lane="video", limit=1, by="me", span=SPAN)
    return leased[0] if leased else None


async def test_from_queue_to_completed(database: Database) -> None:
    job_id = await queue_one(database)
    store = JobStore(database)
    (job,) = await store.lease(backend="runpod", lane="video", limit=5, by="me", span=SPAN)
    assert (job.id, job.attempt, job.message_id, job.prompt) == (job_id, 1, 101, "hello")
    assert await store.begin_submit(job.id, 1, span=SPAN)
    assert (await store.accept(job.id, 1, "req-1", poll_in=SPAN)).owned
    assert await store.begin_run(job.id, 1, "w1")
    assert not await store.complete(job.id, 2, {})  # a stale or future attempt changes nothing
    assert await store.complete(job.id, 1, {"file": {"file_id": "v"}})
    assert not await store.complete(job.id, 1, {})
    (backend,) = await BackendStore(database).all()
    assert backend.in_flight == 0
    assert [event.event for event in await store.story(job_id)] == [
        "job.queued",
        "message.attached",
        "job.leased",
        "job.submitted",
        "job.began",
        "job.completed",
    ]


async def test_the_end_says_which_workflow_made_it(database: Database) -> None:
    recipe = {"workflow": "w", "workflow_origin": "operator's", "graph": "g1", "gpu": "A"}
    told: list[Mapping[str, Any]] = []
    for number, result in enumerate(
        ({"recipe": recipe}, {"recipe": {"engine": "preview"}}, {"overtaken": True}), start=1
    ):
        job_id = await queue_one(database, number)
        await lease_one(database)
        store = JobStore(database)
        assert await store.complete(job_id, 1, result)
        told.append((await store.story(job_id))[-1].detail)
    assert told == [{"workflow": "w", "origin": "operator's", "graph": "g1"}, {}, {}]


async def test_a_persons_next_job_waits_for_his_first(database: Database) -> None:
    first = await queue_one(database, 1)
    second = await queue_one(database, 2)
    other = await queue_one(database, 3, user=2)
    store = JobStore(database)
    leased = await store.lease(backend="runpod", lane="video", limit=5, by="me", span=SPAN)
    assert [job.id for job in leased] == [first, other]
    assert await store.close(first, 1, verdict=State.FAILED, code="bad_image", over=True)
    (job,) = await store.lease(backend="runpod", lane="video", limit=5, by="me", span=SPAN)
    assert job.id == second


async def test_an_attempt_not_proven_over_keeps_its_place_and_loses_its_message(database: Database) -> None:
    job_id = await queue_one(database, cap=1)
    store, chat = JobStore(database), ChatStore(database)
    await lease_one(database)
    await store.begin_submit(job_id, 1, span=SPAN)
    assert await store.retry(job_id, 1, ours=True, wait=timedelta(0), over=False, why="unknown")
    (backend,) = await BackendStore(database).all()
    assert backend.in_flight == 1
    row = await chat.read(job_id)
    assert row is not None
    assert (row.state, row.message_id, row.retiring) == (State.QUEUED, None, 101)
    assert await chat.replace_message(job_id, 500, retired=None) is None  # the old one is still to be taken away
    assert await chat.replace_message(job_id, 500, retired=101) == 500
    assert await lease_one(database) is None  # the only place is still taken by the ghost
    assert (await BackendStore(database).all())[0].in_flight == 1


async def test_a_wish_beats_a_retry(database: Database) -> None:
    job_id = await queue_one(database)
    store, intake = JobStore(database), Intake(database)
    await lease_one(database)
    assert await intake.wish_cancel(job_id, 2) == "not_yours"
    assert await intake.wish_cancel(job_id, 1) == "wished"
    assert not await store.begin_submit(job_id, 1, span=SPAN)
    assert not await store.retry(job_id, 1, ours=True, wait=timedelta(0), over=True, why="x")
    assert await store.close(job_id, 1, verdict=State.CANCELLED, code=None, over=True)
    assert await ChatStore(database).told(job_id, 1, again=SPAN, how="edited")
    assert await intake.wish_cancel(job_id, 1) == "over"
