"""From a card to a job: once, in the card's own message, whatever happens on the way."""

from __future__ import annotations

from imgvid.texts import say
from tests.bot.cards import ALL, button, card, choose, data, has, press, ready_card
from tests.bot.conftest import Stage
from tests.bot.pictures import jpeg


async def test_a_photo_becomes_a_card_and_the_card_a_job_in_the_same_message(stage: Stage) -> None:
    await stage.offer(*ALL)
    eva = await stage.person()
    async with stage.bot():
        photo = await eva.send_photo(jpeg(640, 480), "She waves 8s")
        asked = await card(eva, say("en", "offer-photo"), "“She waves 8s”")
        assert asked.reply_to == photo.message_id
        assert [one.partition(":m:")[2] for one in data(asked)] == ["image-edit", "photo-video", "wan22-i2v", ""]
        shown = await choose(eva, asked, ":m:photo-video")
        assert "“She waves”" in shown.text
        assert "Length: 8 s" in shown.text
        shown = await choose(eva, shown, ":v:sound:true")
        assert "Sound: yes" in shown.text
        answer = await press(eva, shown, ":g")
        assert answer["text"] == say("en", "alert-queued")
        (job,) = await stage.attached()
        placeholder = await eva.message(shown.message_id)
        bot_said = [message for message in await eva.messages() if message.by == "bot"]
    (draft,) = await stage.drafts()
    assert (job["origin"], job["message_id"]) == (f"s:4242:{draft['id']}", shown.message_id)
    assert (job["mode"], job["backend"], job["lane"]) == ("photo-video", "fal", "video")
    assert (job["prompt"], job["params"]) == ("She waves", {"seconds": 8, "aspect": "1:1", "sound": True})
    assert job["inputs"][0]["width"] == 640
    assert placeholder.text == say("en", "waiting-placed", id=job["short"])
    assert data(placeholder) == [f"c:{job['short']}"]
    assert len(bot_said) == 1
    assert not has(placeholder, ":g")
    assert draft["closed"]
    assert (draft["prompt"], draft["inputs"]) == (None, [])


async def test_pressed_twice_it_is_one_job(stage: Stage) -> None:
    await stage.offer(*ALL)
    eva = await stage.person(language="sk")
    async with stage.bot():
        shown = await ready_card(eva)
        presses = [await eva.press(shown.message_id, button(shown, ":g")) for _ in range(2)]
        answers = [await eva.answer(one) for one in presses]
        assert [answer["text"] for answer in answers] == [say("sk", "alert-queued")] * 2
        (job,) = await stage.attached()
    assert job["message_id"] == shown.message_id


async def test_a_card_that_could_not_become_the_placeholder_does_so_with_the_next_press(stage: Stage) -> None:
    await stage.offer(*ALL)
    eva = await stage.person()
    async with stage.bot():
        shown = await ready_card(eva)
        await stage.sim.fault("502", method="editMessageText", chat_id=eva.chat_id)
        await press(eva, shown, ":g")
        (job,) = await stage.jobs()
        assert job["message_id"] is None
        await press(eva, shown, ":v:seconds:8")  # whatever is pressed: the job is there
        (job,) = await stage.attached()
        placeholder = await eva.message(shown.message_id)
    assert (job["message_id"], job["params"]["seconds"]) == (shown.message_id, 4)
    assert placeholder.text == say("en", "waiting-placed", id=job["short"])


async def test_killed_after_the_edit_and_before_its_id_was_stored(stage: Stage) -> None:
    await stage.offer(*ALL)
    eva = await stage.person()
    async with stage.bot() as bot:
        shown = await ready_card(eva)
        late = await stage.sim.fault("late", method="editMessageText", chat_id=eva.chat_id)
        first = await eva.press(shown.message_id, button(shown, ":g"))
        second = await eva.press(shown.message_id, button(shown, ":g"))
        await stage.sim.until_held(late)
        await bot.kill()
    await stage.sim.clear_faults()
    async with stage.bot():
        await eva.answer(second)
        (job,) = await stage.attached()
        placeholder = await eva.message(shown.message_id)
    assert first != second
    assert job["message_id"] == shown.message_id
    assert data(placeholder) == [f"c:{job['short']}"]


async def test_when_announce_was_faster_the_stale_card_is_removed(stage: Stage) -> None:
    await stage.offer(*ALL)
    eva = await stage.person()
    async with stage.bot():
        shown = await ready_card(eva)
        await stage.sim.fault("reset", method="editMessageText", chat_id=eva.chat_id)
        await press(eva, shown, ":g")
        (job,) = await stage.jobs()
        await stage.rows("SELECT attach_message($1, 555)", job["id"])
        answer = await press(eva, shown, ":g")
        assert (answer["text"], answer["alert"]) == (say("en", "alert-stale"), True)
        await stage.sim.until_called("deleteMessage")
        assert not (await eva.message(shown.message_id)).alive
        await stage.confirmed()
    assert [(one["message_id"], one["short"]) for one in await stage.jobs()] == [(555, job["short"])]


async def test_a_card_that_was_deleted_meanwhile_is_left_to_announce(stage: Stage) -> None:
    await stage.offer(*ALL)
    eva = await stage.person()
    async with stage.bot():
        shown = await ready_card(eva)
        gone = "Bad Request: message to edit not found"
        await stage.sim.fault("error", method="editMessageText", chat_id=eva.chat_id, status=400, description=gone)
        answer = await press(eva, shown, ":g")
        assert answer["text"] == say("en", "alert-queued")
    (job,) = await stage.jobs()
    assert (job["state"], job["message_id"]) == ("QUEUED", None)


async def test_a_strangers_press_changes_nothing(stage: Stage) -> None:
    await stage.offer(*ALL)
    eva, adam = await stage.person(), await stage.person("Adam", "ru")
    group = await stage.sim.group("Friends", [eva, adam])
    async with stage.bot():
        await eva.within(group).send_photo(jpeg(), "@imgvid_demo_bot she waves")
        shown = await card(eva.within(group))
        answer = await press(adam.within(group), shown, ":m:photo-video")
        assert (answer["text"], answer["alert"]) == (say("ru", "alert-card-not-yours"), True)
        (draft,) = await stage.drafts()
        assert draft["mode"] is None
        mine = await choose(eva.within(group), shown, ":m:photo-video")
        await press(adam.within(group), mine, ":g")
        await press(adam.within(group), mine, ":d")
        assert await stage.jobs() == []
        await press(eva.within(group), mine, ":g")
        (job,) = await stage.attached()
    assert (job["user_id"], job["chat_id"], job["prompt"]) == (eva.user_id, group, "she waves")


async def test_a_limit_is_told_and_the_card_stays(stage: Stage) -> None:
    await stage.offer(*ALL)
    eva = await stage.person(language="ru")
    async with stage.bot(pending_per_person=1):
        for _ in range(2):
            shown = await ready_card(eva)
            answer = await press(eva, shown, ":g")
        assert (answer["text"], answer["alert"]) == (say("ru", "limit-pending", count=1), True)
        assert has(await eva.message(shown.message_id), ":g")
        await stage.rows("DELETE FROM jobs")
        await press(eva, shown, ":g")
        (job,) = await stage.attached()
    assert job["message_id"] == shown.message_id


async def test_what_is_missing_is_said_before_anything_is_queued(stage: Stage) -> None:
    await stage.offer(*ALL)
    eva = await stage.person()
    async with stage.bot():
        await eva.send_photo(jpeg(), "https://example.com/a")
        shown = await choose(eva, await card(eva), ":m:image-edit")
        assert say("en", "prompt-only-link") in shown.text
        answer = await press(eva, shown, ":g")
        assert (answer["text"], answer["alert"]) == (say("en", "prompt-only-link"), True)
        await eva.send_photo(jpeg(shade=3))
        shown = await choose(eva, await card(eva, say("en", "offer-photo")), ":m:image-edit")
        answer = await press(eva, shown, ":g")
        assert (answer["text"], answer["alert"]) == (say("en", "prompt-missing"), True)
        assert has(await eva.message(shown.message_id), ":g")
    assert await stage.jobs() == []


async def test_thrown_away_it_is_gone_and_its_photo_opens_no_second_card(stage: Stage) -> None:
    await stage.offer(*ALL)
    eva = await stage.person()
    await stage.sim.fault("duplicate_update", chat_id=eva.chat_id, times=0)
    async with stage.bot():
        await eva.send_photo(jpeg(), "she waves")
        shown = await card(eva)
        await press(eva, shown, ":d")
        await stage.sim.until_called("deleteMessage")
        await stage.confirmed()
    async with stage.bot():  # a new process knows nothing of the first one's deliveries
        await stage.confirmed()
        await eva.send_text("/ping")
        await eva.bot_message(lambda message: message.text == say("en", "ping"))
        said = [message.text for message in await eva.messages() if message.by == "bot" and message.alive]
    assert said == [say("en", "ping")]
    (draft,) = await stage.drafts()
    assert (draft["closed"], draft["prompt"], draft["inputs"]) == (True, None, [])


async def test_a_photo_that_is_delivered_twice_opens_one_card(stage: Stage) -> None:
    await stage.offer(*ALL)
    eva = await stage.person()
    await stage.sim.fault("duplicate_update", chat_id=eva.chat_id, times=0)
    await eva.send_photo(jpeg())
    for _ in range(2):
        async with stage.bot():
            await card(eva)
            await stage.confirmed()
    assert len(await stage.drafts()) == 1
    assert len([message for message in await eva.messages() if message.by == "bot"]) == 1


async def test_killed_before_the_card_went_out_it_comes_with_the_next_process(stage: Stage) -> None:
    await stage.offer(*ALL)
    eva = await stage.person()
    hold = await stage.sim.fault("hold", method="sendMessage", chat_id=eva.chat_id)
    async with stage.bot() as bot:
        await eva.send_photo(jpeg())
        await stage.sim.until_held(hold)
        await bot.kill()
    await stage.sim.clear_faults()
    async with stage.bot():
        await stage.confirmed()
        shown = await card(eva)
    (draft,) = await stage.drafts()
    assert draft["message_id"] == shown.message_id


async def test_a_card_that_went_out_twice_keeps_one_and_the_other_is_removed_when_pressed(stage: Stage) -> None:
    await stage.offer(*ALL)
    eva = await stage.person()
    late = await stage.sim.fault("late", method="sendMessage", chat_id=eva.chat_id)
    async with stage.bot() as bot:
        await eva.send_photo(jpeg())
        await stage.sim.until_held(late)
        await bot.kill()  # it stands in the chat, and nobody wrote down where
    await stage.sim.clear_faults()
    first = await card(eva)
    async with stage.bot():
        second = await eva.bot_message(lambda message: message.message_id > first.message_id)
        await stage.confirmed()
        answer = await press(eva, first, ":m:photo-video")
        assert (answer["text"], answer["alert"]) == (say("en", "alert-stale"), True)
        await stage.sim.until_called("deleteMessage")
        assert not (await eva.message(first.message_id)).alive
        await choose(eva, second, ":m:photo-video")


async def test_a_card_that_is_forgotten_says_so_and_goes(stage: Stage) -> None:
    await stage.offer(*ALL)
    eva = await stage.person()
    async with stage.bot():
        shown = await ready_card(eva)
        await stage.rows("DELETE FROM drafts")
        answer = await press(eva, shown, ":g")
        assert (answer["text"], answer["alert"]) == (say("en", "alert-stale"), True)
        await stage.sim.until_called("deleteMessage")
    assert await stage.jobs() == []
