"""The commands, in three languages."""

from __future__ import annotations

import pytest

from imgvid.sandbox.telegram import Person
from imgvid.texts import say
from tests.bot.conftest import Stage
from tests.bot.pictures import jpeg


async def expect(person: Person, text: str) -> None:
    await person.bot_message(lambda message: message.text == text)


@pytest.mark.parametrize("language", ["en", "sk", "ru"])
async def test_the_plain_commands(stage: Stage, language: str) -> None:
    eva = await stage.person(language=language)
    async with stage.bot():
        for command in ("start", "help", "ping"):
            await eva.send_text(f"/{command}")
            await expect(eva, say(language, command))
        await eva.send_text("/privacy")
        await expect(eva, say(language, "privacy", row_days=90, prompt_days=30))
        await eva.send_text("/start ref123")  # a deep link
        await eva.send_text("/nonsense")
        await expect(eva, say(language, "help"))


async def test_a_chosen_language_beats_the_apps(stage: Stage) -> None:
    eva = await stage.person(language="en")
    async with stage.bot():
        await eva.send_text("/language")
        asked = await eva.bot_message(lambda message: bool(message.buttons))
        assert [button.text for row in asked.buttons for button in row] == ["English", "Slovenčina", "Русский"]
        answer = await eva.answer(await eva.press(asked.message_id, "l:sk"))
        assert answer["text"] == say("sk", "alert-language")
        await expect(eva, say("sk", "language-chosen"))
        await eva.send_text("/ping")
        await expect(eva, say("sk", "ping"))
        await stage.sim.until_called("setMyCommands", calls=4)
    menus = (await stage.sim.get("/sim/bot"))["commands"]
    own = [menu for menu in menus if menu["scope"] == {"type": "chat", "chat_id": eva.chat_id}]
    assert own[0]["commands"][0] == {"command": "start", "description": say("sk", "command-start")}


async def test_menus_names_and_descriptions_are_set_in_each_language(stage: Stage) -> None:
    async with stage.bot():
        await stage.sim.until_called("setMyName", calls=3)
    bot = await stage.sim.get("/sim/bot")
    menus = {menu["language_code"]: menu["commands"] for menu in bot["commands"]}
    assert set(menus) == {"", "sk", "ru"}
    assert menus["sk"][2] == {"command": "my", "description": say("sk", "command-my")}
    assert set(bot["descriptions"]) == set(bot["short_descriptions"]) == {"", "sk", "ru"}


async def test_a_bot_whose_face_cannot_be_set_still_answers(stage: Stage) -> None:
    await stage.sim.fault("429", method="setMyCommands", retry_after=3000, times=0)
    eva = await stage.person()
    async with stage.bot():
        await eva.send_text("/ping")
        await expect(eva, say("en", "ping"))


async def test_my_pages_turn_in_the_same_message(stage: Stage) -> None:
    eva = await stage.person()
    async with stage.bot(pending_per_person=100):
        await eva.send_text("/my")
        await expect(eva, say("en", "my-empty"))
        for number in range(12):
            await eva.send_photo(jpeg(shade=number), f"wish {number}")
        jobs = await stage.attached(12)
        await eva.send_text("/my")
        shown = await eva.bot_message(lambda message: say("en", "my-title", page=1, pages=3) in message.text)
        assert [shown.text.count(job["short"]) for job in jobs] == [0] * 7 + [1] * 5
        assert "wish 11" in shown.text
        await eva.answer(await eva.press(shown.message_id, say("en", "button-next")))
        second = await eva.message(shown.message_id)
        assert [second.text.count(job["short"]) for job in jobs] == [0] * 2 + [1] * 5 + [0] * 5
        await eva.answer(await eva.press(shown.message_id, say("en", "button-next")))
        third = await eva.message(shown.message_id)
        assert [third.text.count(job["short"]) for job in jobs] == [1] * 2 + [0] * 10
        assert [button.text for row in third.buttons for button in row] == [say("en", "button-previous")]


async def test_status_shows_a_job_and_nobody_elses(stage: Stage) -> None:
    eva, adam = await stage.person(), await stage.person("Adam")
    async with stage.bot():
        await eva.send_photo(jpeg(), "she waves")
        (job,) = await stage.attached()
        await eva.send_text(f"/status {job['short'].upper()}")
        shown = await eva.bot_message(lambda message: say("en", "status-seed", seed=str(job["seed"])) in message.text)
        for part in (job["short"], say("en", "state-queued"), say("en", "status-position", position=1), "she waves"):
            assert part in shown.text
        await adam.send_text(f"/status {job['short']}")
        await expect(adam, say("en", "not-yours"))
        await adam.send_text("/status zzzzzzz")
        await expect(adam, say("en", "unknown-id", id="zzzzzzz"))
        await adam.send_text("/status")
        await expect(adam, say("en", "status-usage"))


async def test_status_in_reply_to_a_placeholder_needs_no_id(stage: Stage) -> None:
    eva = await stage.person()
    async with stage.bot():
        await eva.send_photo(jpeg())
        (job,) = await stage.attached()
        await eva.send_text("/status", reply_to=job["message_id"])
        await eva.bot_message(lambda message: say("en", "status-seed", seed=str(job["seed"])) in message.text)


async def test_cancel_by_id_and_without(stage: Stage) -> None:
    eva, adam = await stage.person(), await stage.person("Adam")
    async with stage.bot():
        await eva.send_text("/cancel")
        await expect(eva, say("en", "cancel-nothing"))
        for shade in (1, 2):
            await eva.send_photo(jpeg(shade=shade))
        first, second = await stage.attached(2)
        await adam.send_text(f"/cancel {first['short']}")
        await expect(adam, say("en", "not-yours"))
        await eva.send_text("/cancel")
        await eva.bot_message(lambda message: message.text.startswith(say("en", "cancel-usage")))
        await eva.send_text(f"/cancel {first['short']}")
        await expect(eva, say("en", "cancel-started", id=first["short"]))
        await eva.send_text(f"/cancel {first['short']}")
        await expect(eva, say("en", "cancel-late", id=first["short"]))
        await eva.send_text("/cancel")
        await expect(eva, say("en", "cancel-started", id=second["short"]))
    assert [job["state"] for job in await stage.jobs()] == ["CLOSING", "CLOSING"]


async def test_deleting_everything_asks_first_and_only_the_person(stage: Stage) -> None:
    eva, adam = await stage.person(), await stage.person("Adam")
    group = await stage.sim.group("Friends", [eva, adam])
    async with stage.bot():
        await eva.send_photo(jpeg())
        await stage.attached()
        await eva.within(group).send_text("/deletemydata")
        asked = await eva.within(group).bot_message(lambda message: bool(message.buttons))
        stranger = adam.within(group)
        answer = await stranger.answer(await stranger.press(asked.message_id, say("en", "button-delete-yes")))
        assert (answer["text"], answer["alert"]) == (say("en", "alert-not-yours"), True)
        await eva.within(group).press(asked.message_id, say("en", "button-delete-no"))
        await eva.within(group).bot_message(lambda message: message.text == say("en", "delete-kept"))
        assert await stage.rows("SELECT 1 FROM people WHERE forget_at IS NOT NULL") == []
        await eva.send_text("/deletemydata")
        asked = await eva.bot_message(lambda message: message.text == say("en", "delete-confirm"))
        await eva.answer(await eva.press(asked.message_id, say("en", "button-delete-yes")))
        await eva.bot_message(lambda message: message.text == say("en", "delete-waiting"))
    assert len(await stage.rows("SELECT 1 FROM people WHERE forget_at IS NOT NULL")) == 1
    assert [job["state"] for job in await stage.jobs()] == ["CLOSING"]
