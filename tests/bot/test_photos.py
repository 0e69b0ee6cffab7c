"""A picture becomes a job with a placeholder, once, whatever happens on the way."""

from __future__ import annotations

from typing import Any

import pytest

from imgvid.sandbox.telegram.shown import Shown
from imgvid.texts import say
from tests.bot.conftest import Stage
from tests.bot.pictures import jpeg, png, webp


def by_bot(messages: list[Shown]) -> list[Shown]:
    return [message for message in messages if message.by == "bot" and message.alive]


async def test_a_photo_becomes_a_queued_job_with_its_placeholder(stage: Stage) -> None:
    eva = await stage.person(language="sk")
    async with stage.bot():
        photo = await eva.send_photo(jpeg(), "She waves 👋", spoiler=True)
        (job,) = await stage.attached()
        shown = await eva.message(job["message_id"])
    assert (job["state"], job["chat_id"], job["user_id"], job["locale"]) == ("QUEUED", eva.chat_id, eva.user_id, "sk")
    assert (job["prompt"], job["mode"]) == ("She waves 👋", "wan22-i2v")
    assert job["origin"] == f"m:4242:{eva.chat_id}:{photo.message_id}"
    (picture,) = job["inputs"]
    assert (picture["role"], picture["kind"], picture["has_spoiler"]) == ("image", "photo", True)
    assert picture["message_id"] == photo.message_id
    assert job["ready_at"] is not None
    assert shown.text == say("sk", "waiting-placed", id=job["short"])
    assert shown.reply_to == photo.message_id
    assert [button.data for row in shown.buttons for button in row] == [f"c:{job['short']}"]
    assert 0 <= job["seed"] < 2**53


async def test_files_and_still_stickers_are_pictures_too(stage: Stage) -> None:
    eva = await stage.person()
    async with stage.bot():
        await eva.send_document(png(), "first", name="a.png")
        await eva.send_media("sticker", webp(), width=512, height=512)
        jobs = await stage.attached(2)
        shown = await eva.message(jobs[1]["message_id"])
    assert [(job["inputs"][0]["kind"], job["prompt"]) for job in jobs] == [("document", "first"), ("document", None)]
    assert shown.text == say("en", "waiting-behind-own", count=1, id=jobs[1]["short"])


async def test_text_in_reply_to_an_older_photo_makes_a_video_of_it(stage: Stage) -> None:
    eva = await stage.person()
    async with stage.bot():
        photo = await eva.send_photo(jpeg(), "first")
        await stage.attached(1)
        answer = await eva.send_text("now she laughs", reply_to=photo.message_id)
        first, second = await stage.attached(2)
    assert second["prompt"] == "now she laughs"
    assert second["inputs"][0]["file_id"] == first["inputs"][0]["file_id"]
    assert second["source_message_id"] == answer.message_id


async def test_an_album_of_two_is_first_and_last_frame(stage: Stage) -> None:
    eva = await stage.person()
    async with stage.bot(album_wait_s=stage.settings.album_wait_s * 10):
        sent = await eva.send_album([jpeg(shade=1), jpeg(shade=2)], "turns into")
        await stage.confirmed()
        (job,) = await stage.attached()
        shown = await eva.messages()
    assert job["origin"] == f"g:4242:{eva.chat_id}:{sent[0].media_group_id}"
    assert [(one["role"], one["message_id"]) for one in job["inputs"]] == [
        ("image", sent[0].message_id),
        ("last", sent[1].message_id),
    ]
    assert (job["prompt"], job["ready_at"]) == ("turns into", None)
    assert len(by_bot(shown)) == 1


async def test_a_third_picture_of_an_album_is_told_once(stage: Stage) -> None:
    eva = await stage.person()
    async with stage.bot(album_wait_s=stage.settings.album_wait_s * 50):
        await eva.send_album([jpeg(shade=shade) for shade in range(6)])
        await stage.confirmed()
        (job,) = await stage.attached()
        shown = by_bot(await eva.messages())
    assert len(job["inputs"]) == 2
    assert sorted(message.text for message in shown) == sorted(
        [say("en", "waiting-placed", id=job["short"]), say("en", "reject-third")]
    )


async def test_a_picture_that_comes_after_its_album_began_is_told(stage: Stage) -> None:
    eva = await stage.person()
    await stage.sim.fault("late", method="sendMessage", chat_id=eva.chat_id)  # the second picture waits behind it
    async with stage.bot(album_wait_s=stage.settings.album_wait_s * 50):
        await eva.send_album([jpeg(shade=1), jpeg(shade=2)])
        await stage.until(stage.jobs)
        await stage.rows("UPDATE jobs SET state = 'LEASED', attempt = 1")
        await stage.sim.clear_faults()
        await eva.bot_message(lambda message: message.text == say("en", "reject-late"))
    (job,) = await stage.jobs()
    assert len(job["inputs"]) == 1


async def test_pictures_of_an_album_that_are_delivered_twice_count_once(stage: Stage) -> None:
    eva = await stage.person()
    await stage.sim.fault("duplicate_update", chat_id=eva.chat_id, times=0)
    await eva.send_album([jpeg(shade=1), jpeg(shade=2)])
    for _ in range(2):
        async with stage.bot(album_wait_s=stage.settings.album_wait_s * 50):
            await stage.attached()
            await stage.confirmed()
    (job,) = await stage.jobs()
    assert len(job["inputs"]) == 2
    assert len(by_bot(await eva.messages())) == 1


async def test_a_second_delivery_makes_no_second_job(stage: Stage) -> None:
    eva = await stage.person()
    await stage.sim.fault("duplicate_update", chat_id=eva.chat_id, times=0)
    await eva.send_photo(jpeg())
    async with stage.bot():
        await stage.attached()
        await stage.confirmed()
    async with stage.bot():  # a new process knows nothing of the first one's deliveries
        await stage.confirmed()
        await eva.send_text("/ping")
        await eva.bot_message(lambda message: message.text == say("en", "ping"))
    assert len(await stage.jobs()) == 1


async def test_an_answer_that_got_lost_after_it_was_applied_makes_no_second_job_and_no_second_line(
    stage: Stage,
) -> None:
    eva = await stage.person()
    await stage.sim.fault("drop", method="sendMessage", chat_id=eva.chat_id)
    async with stage.bot():
        await eva.send_photo(jpeg())
        await eva.bot_message()
        await stage.confirmed()
        await eva.send_text("/ping")
        await eva.bot_message(lambda message: message.text == say("en", "ping"))
        (job,) = await stage.jobs()
        assert job["message_id"] is None  # announce will send one
        assert len(by_bot(await eva.messages())) == 2


@pytest.mark.parametrize("kind", ["429", "502", "reset"])
async def test_a_placeholder_that_cannot_be_sent_is_left_to_announce(stage: Stage, kind: str) -> None:
    eva = await stage.person()
    await stage.sim.fault(
        kind, method="sendMessage", chat_id=eva.chat_id, **({"retry_after": 600} if kind == "429" else {})
    )
    async with stage.bot():
        await eva.send_photo(jpeg())
        await stage.sim.until_called("sendMessage")
        await stage.confirmed()
    (job,) = await stage.jobs()
    assert (job["message_id"], job["state"]) == (None, "QUEUED")
    assert len(await stage.sim.calls("sendMessage")) == 1


async def test_when_another_message_is_already_the_jobs_ours_is_taken_away(stage: Stage) -> None:
    eva = await stage.person()
    late = await stage.sim.fault("late", method="sendMessage", chat_id=eva.chat_id)
    async with stage.bot():
        await eva.send_photo(jpeg())
        await stage.sim.until_held(late)
        (job,) = await stage.jobs()
        await stage.rows("SELECT attach_message($1, 555)", job["id"])  # announce was faster
        await stage.sim.release(late)
        await stage.sim.until_called("deleteMessage")
        assert by_bot(await eva.messages()) == []
    (job,) = await stage.jobs()
    assert job["message_id"] == 555


async def test_killed_between_insert_and_placeholder_there_is_one_job_after_the_restart(stage: Stage) -> None:
    eva = await stage.person()
    hold = await stage.sim.fault("hold", method="sendMessage", chat_id=eva.chat_id)
    async with stage.bot() as bot:
        await eva.send_photo(jpeg())
        await stage.sim.until_held(hold)
        await bot.kill()
    await stage.sim.clear_faults()
    async with stage.bot():
        await eva.send_text("/ping")
        await eva.bot_message(lambda message: message.text == say("en", "ping"))
        await stage.confirmed()
    assert len(await stage.jobs()) == 1


async def test_killed_before_the_insert_the_photo_comes_again(stage: Stage) -> None:
    eva = await stage.person()
    async with stage.database._pool.acquire() as connection:
        transaction = connection.transaction()
        await transaction.start()
        await connection.execute("LOCK TABLE jobs IN ACCESS EXCLUSIVE MODE")
        async with stage.bot() as bot:
            await eva.send_photo(jpeg())
            await stage.until(lambda: _waits_for_a_lock(stage), "the insert to wait")
            await bot.kill()
        await transaction.rollback()
    assert await stage.jobs() == []
    async with stage.bot():
        await stage.attached()
        await stage.confirmed()
    assert len(await stage.jobs()) == 1


async def _waits_for_a_lock(stage: Stage) -> bool:
    return bool(await stage.rows("SELECT 1 FROM pg_locks WHERE NOT granted"))


LIMITS: list[tuple[dict[str, Any], str, dict[str, Any]]] = [
    ({"pending_per_person": 2}, "limit-pending", {"count": 2}),
    ({"queue_limit": 2}, "limit-queue", {}),
    ({"chat_jobs_per_minute": 2}, "limit-rate", {"seconds": 60}),
]


@pytest.mark.parametrize(("limit", "key", "args"), LIMITS)
async def test_a_flood_of_photos_gets_one_sentence(
    stage: Stage, limit: dict[str, Any], key: str, args: dict[str, Any]
) -> None:
    eva = await stage.person(language="ru")
    async with stage.bot(**limit):
        for shade in range(8):
            await eva.send_photo(jpeg(shade=shade))
        await stage.confirmed()
        shown = by_bot(await eva.messages())
    assert len(await stage.jobs()) == 2
    assert [message.text for message in shown[2:]] == [say("ru", key, **args)]


async def test_admins_have_no_limits(stage: Stage) -> None:
    eva = await stage.person()
    async with stage.bot(pending_per_person=1, admin_ids=frozenset({eva.user_id})):
        for shade in range(3):
            await eva.send_photo(jpeg(shade=shade))
        assert len(await stage.attached(3)) == 3


async def test_a_person_who_is_being_forgotten_gets_no_new_job(stage: Stage) -> None:
    eva = await stage.person()
    async with stage.bot():
        await stage.rows("INSERT INTO people (user_id, forget_at) VALUES ($1, now())", eva.user_id)
        await eva.send_photo(jpeg())
        await eva.bot_message(lambda message: message.text == say("en", "delete-waiting"))
    assert await stage.jobs() == []


async def test_a_description_that_is_too_long_is_refused(stage: Stage, monkeypatch: pytest.MonkeyPatch) -> None:
    from dataclasses import replace

    from imgvid.bot import orders

    short = replace(orders.photo_mode(), prompt=replace(orders.photo_mode().prompt, max_chars=10))
    monkeypatch.setattr(orders, "photo_mode", lambda: short)
    eva = await stage.person()
    async with stage.bot():
        await eva.send_photo(jpeg(), "eleven chars")
        await eva.bot_message(lambda message: message.text == say("en", "reject-prompt", max=10))
    assert await stage.jobs() == []
