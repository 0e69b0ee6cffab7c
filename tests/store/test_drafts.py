"""Cards on a real PostgreSQL: opened once, found by what a message is meant for, gone when their time has come."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from datetime import timedelta
from typing import Any

import asyncpg
import pytest

from imgvid.jobs.model import Input
from imgvid.store.backends import BackendStore
from imgvid.store.drafts import Draft, DraftStore
from imgvid.store.intake import Intake
from imgvid.store.pool import Database
from tests.store.test_jobs import LIMITS, new_job

PICTURE = Input(role="image", file_id="f", file_unique_id="u", kind="photo", message_id=5, width=640, height=480)
ROLES = ("image", "last", "mask")
MANY = 100
MONTH, SEASON = timedelta(days=30), timedelta(days=90)


def card(*, user: int = 1, chat: int = 1, **changes: Any) -> Draft:
    values: dict[str, Any] = {
        "id": "", "user_id": user, "bot_id": 4242, "chat_id": chat, "thread_id": None, "source_message_id": 5,
        "message_id": None, "among": "photo", "heard": (5,),
    }  # fmt: skip
    return Draft(**{**values, **changes})


@pytest.fixture
async def drafts(database: Database) -> DraftStore:
    for user in (1, 2):
        await Intake(database).see_person(user, "en")
    return DraftStore(database)


async def opened(drafts: DraftStore, origin: str = "m:4242:1:5", **changes: Any) -> Draft:
    found = await drafts.open(origin, card(**changes), per_chat_minute=MANY)
    assert found is not None
    return found


async def find(drafts: DraftStore, *, message_id: int = 90, is_picture: bool = False, **more: Any) -> Draft | None:
    asked: dict[str, Any] = {"user_id": 1, "chat_id": 1, "bot_id": 4242, "reply_to": None, "album": None}
    return await drafts.find_for_message(
        **{**asked, **more}, message_id=message_id, picture_roles=ROLES, is_picture=is_picture
    )


async def test_what_is_opened_comes_back_whole(drafts: DraftStore) -> None:
    more = {"mode": "image", "params": {"size": "1:1"}, "prompt": "a cat", "seed": 2**52, "inputs": (PICTURE,)}
    first = await opened(drafts, awaits="mask", album="9", **more)
    assert len(first.id) == 7
    assert first == replace(card(awaits="mask", album="9", **more), id=first.id)
    assert await drafts.find(first.id, 4242) == first
    assert await drafts.find(first.id, 77) is None, "another bot's"
    assert await drafts.find("zzzzzzz", 4242) is None


async def test_the_same_update_opens_one_card(drafts: DraftStore) -> None:
    found = await asyncio.gather(*(drafts.open("m:1", card(), per_chat_minute=MANY) for _ in range(8)))
    assert len({one.id for one in found if one is not None}) == 1
    again = await opened(drafts, "m:1", prompt="something else")
    assert again.prompt is None, "what is there stays"


async def test_a_flood_of_cards_has_an_end(drafts: DraftStore) -> None:
    found = [await drafts.open(f"m:{n}", card(), per_chat_minute=3) for n in range(5)]
    assert [one is not None for one in found] == [True, True, True, False, False]
    assert await drafts.open("m:1", card(), per_chat_minute=3) is not None, "a second delivery is no new card"
    assert await drafts.open("m:9", card(chat=2), per_chat_minute=3) is not None


async def test_changes_are_saved_until_it_is_closed(drafts: DraftStore) -> None:
    first = await opened(drafts)
    changed = replace(
        first, among="words", mode="image", params={"seconds": 8}, prompt="x", seed=3, inputs=(PICTURE,), awaits="prompt",
        album="7", heard=(5, 6),
    )  # fmt: skip
    await drafts.save(changed)
    assert await drafts.find(first.id, 4242) == changed
    await drafts.shown(first.id, 44)
    await drafts.close(first.id)
    await drafts.save(replace(changed, prompt="late"))
    closed = await drafts.find(first.id, 4242)
    assert closed == replace(first, among="words", mode="image", message_id=44, heard=(5, 6), closed=True)


async def test_a_card_knows_the_job_that_was_made_of_it(drafts: DraftStore, database: Database) -> None:
    first = await opened(drafts)
    put = await Intake(database).enqueue(new_job(1, origin=f"s:4242:{first.id}"), LIMITS)
    found = await drafts.find(first.id, 4242)
    assert found is not None
    assert found.job == put.short
    assert (await opened(drafts)).job == put.short


async def test_what_a_message_is_meant_for(drafts: DraftStore, dsn: str) -> None:
    words = await opened(drafts, "m:1", awaits="prompt", heard=(1,))
    photo = await opened(drafts, "m:2", awaits="image", heard=(2,))
    mask = await opened(drafts, "m:3", awaits="mask", album="9", heard=(3,))
    idle = await opened(drafts, "m:4", heard=(4,))
    await drafts.shown(idle.id, 44)
    newest = [await find(drafts), await find(drafts, is_picture=True)]
    assert [one.id for one in newest if one] == [words.id, mask.id]
    found = await find(drafts, reply_to=44)
    assert found is not None
    assert found.id == idle.id, "a reply beats what waits"
    found = await find(drafts, message_id=2, reply_to=44)
    assert found is not None
    assert found.id == photo.id, "what took the message in already beats all"
    found = await find(drafts, is_picture=True, album="9")
    assert found is not None
    assert found.id == mask.id
    for stranger in ({"user_id": 2}, {"chat_id": 2}, {"bot_id": 1}):
        assert await find(drafts, reply_to=44, **stranger) is None
    connection = await asyncpg.connect(dsn)
    await connection.execute("UPDATE drafts SET changed_at = now() - interval '61 minutes' WHERE id = $1", words.id)
    await connection.close()
    assert await find(drafts) is None, "nobody waits for longer than an hour"
    await drafts.close(mask.id)
    found = await find(drafts, is_picture=True, album="9")
    assert found is not None
    assert found.id == photo.id
    closed = await find(drafts, message_id=3)
    assert closed is not None
    assert closed.closed, "a second delivery finds it all the same"


async def test_a_text_parameter_waits_for_words(drafts: DraftStore) -> None:
    first = await opened(drafts, awaits="negative")
    found = await find(drafts)
    assert found is not None
    assert found.id == first.id
    assert await find(drafts, is_picture=True) is None


async def test_forgotten_cards_go_after_two_days_in_small_batches(
    drafts: DraftStore, database: Database, dsn: str
) -> None:
    for n in range(3):
        await opened(drafts, f"m:{n}")
    young = await opened(drafts, "m:9")
    connection = await asyncpg.connect(dsn)
    await connection.execute("UPDATE drafts SET changed_at = now() - interval '49 hours' WHERE id <> $1", young.id)
    backends = BackendStore(database)
    assert [await backends.prune(prompts=MONTH, rows=SEASON, limit=2) for _ in range(3)] == [2, 1, 0]
    assert await connection.fetchval("SELECT array_agg(id) FROM drafts") == [young.id]
    await connection.close()


async def test_forgetting_a_person_takes_their_cards(drafts: DraftStore, database: Database, dsn: str) -> None:
    await opened(drafts, "m:1")
    other = await opened(drafts, "m:2", user=2, chat=2)
    await Intake(database).wish_forget(1)
    assert await BackendStore(database).wipe_forgotten() == (1, "en")
    connection = await asyncpg.connect(dsn)
    assert await connection.fetchval("SELECT array_agg(id) FROM drafts") == [other.id]
    await connection.close()


async def test_a_chat_that_is_gone_takes_its_cards(drafts: DraftStore, database: Database) -> None:
    gone, other = await opened(drafts, "m:1"), await opened(drafts, "m:2", chat=2)
    await Intake(database).chat_gone(1, "blocked")
    assert await drafts.find(gone.id, 4242) is None
    assert await drafts.find(other.id, 4242) is not None


async def test_a_group_that_grows_takes_its_cards_along_and_leaves_their_messages(
    drafts: DraftStore, database: Database
) -> None:
    first = await opened(drafts, prompt="x")
    await drafts.shown(first.id, 44)
    for _ in range(2):
        await Intake(database).chat_migrated(1, -100)
    moved = await drafts.find(first.id, 4242)
    assert moved == replace(first, chat_id=-100, source_message_id=None, message_id=None, heard=())


async def test_nobody_but_us_may_call_the_new_functions(dsn: str) -> None:
    connection = await asyncpg.connect(dsn)
    await connection.execute("SET SESSION AUTHORIZATION imgvid_worker")
    for statement in (
        "SELECT * FROM drafts",
        "SELECT close_draft('x')",
        "SELECT prune('1 d', '1 d', 1)",
        "SELECT chat_gone(1, 'x')",
    ):
        with pytest.raises(asyncpg.InsufficientPrivilegeError):
            await connection.execute(statement)
    rows = await connection.fetch(
        "SELECT proname FROM pg_proc WHERE pronamespace = 'public'::regnamespace "
        "AND has_function_privilege('imgvid_worker', oid, 'EXECUTE')"
    )
    assert {row["proname"] for row in rows} == {"worker_begin", "worker_progress", "worker_result"}
    await connection.close()
