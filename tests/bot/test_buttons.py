"""Cancel, Again, Another seed: pressed by the right person and by strangers, in time and too late, once and twice."""

from __future__ import annotations

from typing import Any

from imgvid.sandbox.telegram import Person
from imgvid.texts import say
from tests.bot.conftest import TOKEN, Stage
from tests.bot.pictures import jpeg


async def one_job(stage: Stage, person: Person, caption: str = "she waves") -> Any:
    await person.send_photo(jpeg(), caption)
    return (await stage.attached())[-1]


async def finish(stage: Stage, job: Any) -> None:
    """Make it look completed, with the buttons that a video has."""
    await stage.rows(
        "UPDATE jobs SET state = 'COMPLETED', token = false, ready_at = NULL, finished_at = now() WHERE id = $1",
        job["id"],
    )
    buttons = [
        [{"text": "A", "callback_data": f"a:{job['short']}"}, {"text": "S", "callback_data": f"s:{job['short']}"}]
    ]
    await stage.sim.post(
        f"/bot{TOKEN}/editMessageText",
        chat_id=job["chat_id"],
        message_id=job["message_id"],
        text="done",
        reply_markup={"inline_keyboard": buttons},
    )


async def test_cancel_ends_a_waiting_job(stage: Stage) -> None:
    eva = await stage.person(language="sk")
    async with stage.bot():
        job = await one_job(stage, eva)
        answer = await eva.answer(await eva.press(job["message_id"], f"c:{job['short']}"))
        assert answer["text"] == say("sk", "alert-cancelling")
        (job,) = await stage.jobs()
        assert (job["state"], job["verdict"]) == ("CLOSING", "CANCELLED")
        answer = await eva.answer(await eva.press(job["message_id"], f"c:{job['short']}"))
        assert answer["text"] == say("sk", "alert-too-late")


async def test_cancel_of_a_running_job_is_a_wish(stage: Stage) -> None:
    eva = await stage.person()
    async with stage.bot():
        job = await one_job(stage, eva)
        await stage.rows("UPDATE jobs SET state = 'RUNNING', ready_at = NULL, attempt = 1 WHERE id = $1", job["id"])
        answer = await eva.answer(await eva.press(job["message_id"], f"c:{job['short']}"))
    assert answer["text"] == say("en", "alert-cancelling")
    (job,) = await stage.jobs()
    assert job["state"] == "RUNNING"
    assert job["cancel_at"] is not None


async def test_a_strangers_press_is_answered_to_the_stranger_alone(stage: Stage) -> None:
    eva, adam = await stage.person(), await stage.person("Adam", "ru")
    group = await stage.sim.group("Friends", [eva, adam])
    async with stage.bot():
        job = await one_job(stage, eva.within(group), "@imgvid_demo_bot waves")
        before = await eva.within(group).messages()
        stranger = adam.within(group)
        answer = await stranger.answer(await stranger.press(job["message_id"], f"c:{job['short']}"))
        assert (answer["text"], answer["alert"]) == (say("ru", "alert-not-yours"), True)
        assert len(await eva.within(group).messages()) == len(before)
    (job,) = await stage.jobs()
    assert (job["state"], job["cancel_at"]) == ("QUEUED", None)


async def test_a_press_on_a_message_that_is_not_the_jobs_removes_that_message(stage: Stage) -> None:
    eva = await stage.person()
    async with stage.bot():
        job = await one_job(stage, eva)
        await stage.rows(
            "UPDATE job_chat SET message_id = 777",
        )
        answer = await eva.answer(await eva.press(job["message_id"], f"c:{job['short']}"))
        assert (answer["text"], answer["alert"]) == (say("en", "alert-stale"), True)
        await stage.sim.until_called("deleteMessage")
        assert not (await eva.message(job["message_id"])).alive
    (job,) = await stage.jobs()
    assert job["state"] == "QUEUED"


async def test_a_stale_message_that_cannot_be_deleted_loses_its_buttons(stage: Stage) -> None:
    eva = await stage.person()
    async with stage.bot():
        job = await one_job(stage, eva)
        await stage.rows("UPDATE job_chat SET message_id = 777")
        await stage.sim.fault(
            "error",
            method="deleteMessage",
            status=400,
            description="Bad Request: message can't be deleted for everyone",
        )
        await eva.press(job["message_id"], f"c:{job['short']}")
        await stage.sim.until_called("editMessageReplyMarkup")
        assert (await eva.message(job["message_id"])).buttons == ()


async def test_a_press_for_a_job_that_is_not_there_says_so(stage: Stage) -> None:
    eva = await stage.person()
    async with stage.bot():
        job = await one_job(stage, eva)
        await stage.rows("DELETE FROM jobs")  # restored from an older backup
        answer = await eva.answer(await eva.press(job["message_id"], f"c:{job['short']}"))
    assert (answer["text"], answer["alert"]) == (say("en", "unknown-job"), True)


async def test_again_makes_the_same_anew_and_another_seed_a_variation(stage: Stage) -> None:
    eva = await stage.person()
    async with stage.bot():
        job = await one_job(stage, eva)
        await finish(stage, job)
        answer = await eva.answer(await eva.press(job["message_id"], f"a:{job['short']}"))
        assert answer["text"] == say("en", "alert-queued")
        await eva.answer(await eva.press(job["message_id"], f"s:{job['short']}"))
        old, again, varied = await stage.attached(3)
        shown = await eva.message(again["message_id"])
    for new in (again, varied):
        assert (new["inputs"], new["prompt"], new["params"], new["mode"]) == (
            old["inputs"],
            old["prompt"],
            old["params"],
            old["mode"],
        )
        assert new["origin"].startswith("c:4242:")
    assert again["seed"] == old["seed"]
    assert varied["seed"] != old["seed"]
    assert shown.reply_to == old["inputs"][0]["message_id"]


async def test_again_works_after_the_prompt_was_wiped(stage: Stage) -> None:
    eva = await stage.person()
    async with stage.bot():
        job = await one_job(stage, eva)
        await finish(stage, job)
        await stage.rows("UPDATE jobs SET prompt = NULL")
        await eva.press(job["message_id"], f"a:{job['short']}")
        _old, again = await stage.attached(2)
    assert again["prompt"] is None


async def test_the_same_press_delivered_twice_is_one_job(stage: Stage) -> None:
    eva = await stage.person()
    async with stage.bot():
        job = await one_job(stage, eva)
        await finish(stage, job)
        await stage.confirmed()
    await stage.sim.fault("duplicate_update", chat_id=eva.chat_id)
    await eva.press(job["message_id"], f"a:{job['short']}")
    for _ in range(2):
        async with stage.bot():
            await stage.confirmed()
    assert len(await stage.jobs()) == 2


async def test_again_beyond_a_limit_says_so_in_the_answer(stage: Stage) -> None:
    eva = await stage.person()
    async with stage.bot(pending_per_person=1):
        job = await one_job(stage, eva)
        await finish(stage, job)
        await eva.send_photo(jpeg())
        await stage.attached(2)
        answer = await eva.answer(await eva.press(job["message_id"], f"a:{job['short']}"))
    assert (answer["text"], answer["alert"]) == (say("en", "limit-pending", count=1), True)


async def test_a_button_of_an_older_version_is_answered(stage: Stage) -> None:
    eva = await stage.person()
    async with stage.bot():
        job = await one_job(stage, eva)
        await stage.sim.post(
            f"/bot{TOKEN}/editMessageText",
            chat_id=eva.chat_id,
            message_id=job["message_id"],
            text="old",
            reply_markup={"inline_keyboard": [[{"text": "?", "callback_data": "v0|x"}]]},
        )
        answer = await eva.answer(await eva.press(job["message_id"], "v0|x"))
    assert answer["text"] == say("en", "alert-stale")
