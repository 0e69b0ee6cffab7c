"""What the bot may do: insert once, join albums, be refused with a reason, wish, forget."""

from __future__ import annotations

import asyncio
from datetime import timedelta

import asyncpg

from imgvid.jobs.model import Input, Limits
from imgvid.jobs.state import State
from imgvid.store.backends import BackendStore
from imgvid.store.chat import ChatStore
from imgvid.store.intake import Intake
from imgvid.store.jobs import JobStore
from imgvid.store.pool import Database
from tests.store.test_jobs import LIMITS, SPAN, lease_one, new_job, queue_one


async def test_the_same_origin_twice_is_one_job(database: Database) -> None:
    intake = Intake(database)
    answers = await asyncio.gather(*(intake.enqueue(new_job(1), LIMITS) for _ in range(8)))
    assert sorted(answer.verdict for answer in answers) == ["duplicate"] * 7 + ["queued"]
    assert len({answer.job_id for answer in answers}) == 1


async def test_limits_have_names(database: Database) -> None:
    intake = Intake(database)
    tight = Limits(pending_per_person=2, queued=3, per_chat_minute=100)
    verdicts = [(await intake.enqueue(new_job(n), tight)).verdict for n in range(3)]
    assert verdicts == ["queued", "queued", "too_many_pending"]
    verdicts = [(await intake.enqueue(new_job(n, user=2), tight)).verdict for n in range(2)]
    assert verdicts == ["queued", "queue_full"]
    hasty = Limits(pending_per_person=9, queued=99, per_chat_minute=1)
    verdicts = [(await intake.enqueue(new_job(n, user=3), hasty)).verdict for n in range(2)]
    assert verdicts == ["queued", "too_fast"]


async def test_side_by_side_inserts_never_pass_a_limit(database: Database) -> None:
    intake = Intake(database)
    tight = Limits(pending_per_person=3, queued=1000, per_chat_minute=100)
    answers = await asyncio.gather(*(intake.enqueue(new_job(n), tight) for n in range(12)))
    assert sum(answer.verdict == "queued" for answer in answers) == 3


def album(n: int) -> object:
    picture = Input(role="image", file_id=f"f{n}", file_unique_id=f"u{n}", kind="photo", message_id=n)
    return new_job(n, origin="g:1:1:99", inputs=(picture,), wait=timedelta(seconds=60))


async def test_an_album_is_one_job_with_first_and_last_frame(database: Database) -> None:
    intake = Intake(database)
    answers = [await intake.enqueue(album(n), LIMITS) for n in (12, 11, 11, 13)]  # type: ignore[arg-type]
    assert [answer.verdict for answer in answers] == ["queued", "joined", "duplicate", "album_full"]
    assert answers[0].short is not None
    found = await intake.card(answers[0].short)
    assert found is not None
    assert [(item["role"], item["file_id"]) for item in found.inputs] == [("image", "f11"), ("last", "f12")]


async def test_an_album_waits_for_its_second_picture(database: Database) -> None:
    await BackendStore(database).ensure("runpod", "video", 5)
    intake, store = Intake(database), JobStore(database)
    put = await intake.enqueue(album(1), LIMITS)  # type: ignore[arg-type]
    assert put.job_id is not None
    await intake.attach_message(put.job_id, 5)
    assert await lease_one(database) is None
    wait = await store.promote_due()
    assert wait is not None
    assert timedelta(seconds=50) < wait <= timedelta(seconds=60)


async def test_nothing_is_leased_without_its_message(database: Database) -> None:
    await BackendStore(database).ensure("runpod", "video", 5)
    intake = Intake(database)
    put = await intake.enqueue(new_job(1), LIMITS)
    assert put.job_id is not None
    assert await lease_one(database) is None
    assert await intake.attach_message(put.job_id, 7) == 7
    assert await intake.attach_message(put.job_id, 8) == 7  # somebody was first: the caller deletes its own
    assert await lease_one(database) is not None


async def test_a_blocked_bot_ends_what_waits_and_wishes_away_what_runs(database: Database) -> None:
    running, waiting = await queue_one(database, 1), await queue_one(database, 2)
    await lease_one(database)
    assert await Intake(database).chat_gone(1, "bot was blocked by the user") == 2
    rows = [await ChatStore(database).read(job) for job in (running, waiting)]
    assert [(row.state, row.cancel_at is not None) for row in rows if row] == [
        (State.LEASED, True),
        (State.CLOSING, False),
    ]


async def test_a_group_that_becomes_a_supergroup_keeps_its_jobs(database: Database) -> None:
    job_id = await queue_one(database)
    assert await Intake(database).chat_migrated(1, -100123) == 1
    row = await ChatStore(database).read(job_id)
    assert row is not None
    assert row.chat_id == -100123


async def test_forgetting_waits_for_terminal_and_leaves_nothing(dsn: str, database: Database) -> None:
    first, second = await queue_one(database, 1), await queue_one(database, 2)
    other = await queue_one(database, 3, user=2)
    await lease_one(database)
    intake, jobs, chat, backends = Intake(database), JobStore(database), ChatStore(database), BackendStore(database)
    assert await intake.wish_forget(1) == 2
    assert (await intake.enqueue(new_job(9), LIMITS)).verdict == "forgetting"
    assert await backends.wipe_forgotten() is None
    await jobs.close(first, 1, verdict=State.CANCELLED, code=None, over=True)
    assert await chat.told(first, 1, again=SPAN, how="edited")
    assert await chat.told(second, 0, again=SPAN, how="edited")
    assert await backends.wipe_forgotten() == (1, "en")
    assert await backends.wipe_forgotten() is None
    connection = await asyncpg.connect(dsn)
    for table in ("jobs", "job_names", "job_chat", "job_events"):
        column = "id" if table == "jobs" else "job_id"
        assert await connection.fetchval(f"SELECT count(*) FROM {table} WHERE {column} <> $1", other) == 0, table
    assert await connection.fetchval("SELECT count(*) FROM people WHERE user_id = 1") == 0
    await connection.close()


async def test_forgetting_reaches_what_operators_replayed(dsn: str, database: Database) -> None:
    """A replay holds the same pictures and words; it is another person's job, and goes all the same."""
    job_id = await queue_one(database, 1)
    await lease_one(database)
    intake, jobs, chat, backends = Intake(database), JobStore(database), ChatStore(database), BackendStore(database)
    await jobs.complete(job_id, 1, {})
    connection = await asyncpg.connect(dsn)
    short = await connection.fetchval("SELECT short FROM jobs")
    for number in (1, 9):
        put = await intake.enqueue(new_job(number, user=2, origin=f"r:{short}:{number}"), LIMITS)
        assert put.verdict == "queued"
    own = await queue_one(database, 5, user=2)
    assert await intake.wish_forget(1) == 2  # what is not made yet is cancelled
    assert await backends.wipe_forgotten() is None
    for replay in await connection.fetch("SELECT id FROM jobs WHERE state = 'CLOSING'"):
        assert await chat.told(replay["id"], 0, again=SPAN, how="sent")
    assert await backends.wipe_forgotten() == (1, "en")
    assert [row["id"] for row in await connection.fetch("SELECT id FROM jobs")] == [own]
    assert await connection.fetchval("SELECT count(*) FROM job_events WHERE job_id <> $1", own) == 0
    await connection.close()


async def test_retention_wipes_prompts_first_and_rows_later(dsn: str, database: Database) -> None:
    job_id = await queue_one(database)
    await lease_one(database)
    jobs, backends = JobStore(database), BackendStore(database)
    await jobs.complete(job_id, 1, {})
    connection = await asyncpg.connect(dsn)
    await connection.execute("UPDATE jobs SET finished_at = now() - interval '31 days'")
    month, season = timedelta(days=30), timedelta(days=90)
    assert await backends.prune(prompts=month, rows=season) == 1
    assert await connection.fetchval("SELECT prompt FROM jobs") is None
    assert await backends.prune(prompts=month, rows=season) == 0
    await connection.execute("UPDATE jobs SET finished_at = now() - interval '91 days'")
    await backends.prune(prompts=month, rows=season)
    assert (
        await connection.fetchval("SELECT count(*) FROM job_events")
        + await connection.fetchval("SELECT count(*) FROM jobs")
        == 0
    )
    await connection.close()
