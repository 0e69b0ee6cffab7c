"""/start's buttons and the commands that make something; words alone; and nothing on offer."""

from __future__ import annotations

import pytest

from imgvid.bot import offers as offers_module
from imgvid.sandbox.telegram import Person
from imgvid.texts import say
from tests.bot.cards import ALL, card, choose, data, has, labels, press
from tests.bot.conftest import Stage
from tests.bot.pictures import jpeg

NAME = "@imgvid_demo_bot"


async def expect(person: Person, text: str) -> None:
    await person.bot_message(lambda message: message.text == text)


@pytest.mark.parametrize("language", ["en", "sk", "ru"])
async def test_start_offers_what_can_be_made(stage: Stage, language: str) -> None:
    await stage.offer(*ALL)
    eva = await stage.person(language=language)
    async with stage.bot():
        await eva.send_text("/start")
        greeting = await eva.bot_message(lambda message: message.text == say(language, "start-studio"))
        assert labels(greeting) == [
            [say(language, "group-image"), say(language, "group-video")],
            [say(language, "group-photo-video"), say(language, "group-photo-image")],
        ]
        await eva.press(greeting.message_id, say(language, "group-image"))
        asked = await card(eva, say(language, "ask-prompt", makes="image"))
        assert asked.reply_to is None
        await eva.send_text("4:3 seed 7 hrad v hmle")
        await stage.confirmed()
        shown = await eva.message(asked.message_id)
        assert "hrad v hmle" in shown.text
        assert say(language, "card-seed", seed="7") in shown.text
        await press(eva, shown, ":g")
        (job,) = await stage.attached()
    assert (job["mode"], job["prompt"], job["seed"]) == ("image", "hrad v hmle", 7)
    assert job["params"]["size"] == "4:3"
    assert (job["inputs"], job["message_id"]) == ([], asked.message_id)


async def test_only_groups_with_something_on_offer_are_shown(stage: Stage) -> None:
    await stage.offer("fal/image")
    eva = await stage.person()
    async with stage.bot():
        await eva.send_text("/start")
        greeting = await eva.bot_message(lambda message: message.text == say("en", "start-studio"))
        assert labels(greeting) == [["Image", "Edit a photo"]]
        await eva.send_text("/help")
        shown = await eva.bot_message(lambda message: "/image – " in message.text)
        assert "/edit – " in shown.text
        assert "/photovideo" not in shown.text
        await eva.send_text("/photovideo")  # as any command that does not exist
        await stage.confirmed()
        assert (await eva.bot_message()).text == shown.text
        await eva.send_text("/privacy")
        told = await eva.bot_message(lambda message: say("en", "privacy-fal") in message.text)
        assert say("en", "privacy-runpod") not in told.text
        await stage.sim.until_called("setMyName", calls=3)
    bot = await stage.sim.get("/sim/bot")
    menus = {menu["language_code"]: [one["command"] for one in menu["commands"]] for menu in bot["commands"]}
    assert menus["sk"] == [
        "start", "help", "image", "edit", "my", "status", "cancel", "language", "privacy", "deletemydata", "ping",
    ]  # fmt: skip
    assert bot["names"]["sk"] == say("sk", "bot-name", makes="any")


async def test_menus_follow_what_is_on_offer(stage: Stage, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(offers_module, "FIRST_S", 0.0)
    monkeypatch.setattr("imgvid.bot.setup.LOOK_S", 0.01)
    async with stage.bot():
        await stage.sim.until_called("setMyName", calls=3)
        await stage.offer("fal/image")

        async def changed() -> bool:
            bot = await stage.sim.get("/sim/bot")
            return any(one["command"] == "image" for menu in bot["commands"] for one in menu["commands"])

        await stage.until(changed, "a new menu")


async def test_a_command_with_words_goes_straight_to_its_card(stage: Stage) -> None:
    await stage.offer(*ALL)
    eva = await stage.person()
    await stage.sim.fault("duplicate_update", chat_id=eva.chat_id, times=0)
    async with stage.bot():
        sent = await eva.send_text("/image A castle 16:9")
        shown = await card(eva, say("en", "mode-image"), "“A castle”", "Format: 16:9")
        assert shown.reply_to == sent.message_id
        await eva.send_text("/video")
        await card(eva, say("en", "mode-video"), say("en", "ask-prompt"))
        await stage.confirmed()
    async with stage.bot():
        await stage.confirmed()
    assert len(await stage.drafts()) == 2


@pytest.mark.parametrize(
    ("words", "key", "args"),
    [("https://example.com", "prompt-only-link", {}), ("x" * 2501, "reject-prompt", {"max": 2500})],
)
async def test_words_that_cannot_be_used_open_no_card(stage: Stage, words: str, key: str, args: dict[str, int]) -> None:
    await stage.offer(*ALL)
    eva = await stage.person()
    async with stage.bot():
        await eva.send_text(f"/video {words}")
        await expect(eva, say("en", key, **args))
        await eva.send_text(words)
        await stage.confirmed()
    assert await stage.drafts() == []


async def test_make_without_a_word(stage: Stage) -> None:
    await stage.offer(*ALL)
    eva = await stage.person(language="sk")
    async with stage.bot():
        await eva.send_text("/image")
        shown = await card(eva)
        answer = await press(eva, shown, ":g")
        assert (answer["text"], answer["alert"]) == (say("sk", "prompt-missing"), True)
    assert await stage.jobs() == []


async def test_photo_to_video_asks_for_the_photo_and_the_next_one_fills_it(stage: Stage) -> None:
    await stage.offer("fal/video")
    eva = await stage.person()
    async with stage.bot():
        await eva.send_text("/photovideo")
        asked = await card(eva, say("en", "ask-image"))
        assert not has(asked, ":g")
        await eva.send_photo(jpeg(480, 800), "8s she waves")
        await stage.confirmed()
        shown = await eva.message(asked.message_id)
        assert "“she waves”" in shown.text
        assert "Length: 8 s" in shown.text
        assert "Format: 9:16" in shown.text
        assert len([one for one in await eva.messages() if one.by == "bot"]) == 1
        await press(eva, shown, ":g")
        (job,) = await stage.attached()
    assert (job["message_id"], job["inputs"][0]["role"]) == (asked.message_id, "image")


async def test_several_ways_within_a_group_are_asked_about_once(stage: Stage) -> None:
    await stage.offer(*ALL)
    eva = await stage.person()
    async with stage.bot():
        await eva.send_text("/photovideo she waves")
        asked = await card(eva, say("en", "offer-group"))
        assert [one.partition(":m:")[2] for one in data(asked)] == ["photo-video", "wan22-i2v", ""]
        await eva.send_photo(jpeg())  # it may come before the choice
        await stage.confirmed()
        shown = await choose(eva, asked, ":m:photo-video")
        assert "“she waves”" in shown.text
        await press(eva, shown, ":g")
        await stage.attached()
        await eva.send_text("/photovideo")
        await card(eva, say("en", "mode-photo-video"), say("en", "ask-image"))


async def test_edit_in_reply_to_a_photo_and_in_its_caption(stage: Stage) -> None:
    await stage.offer(*ALL)
    eva = await stage.person()
    async with stage.bot():
        await eva.send_photo(jpeg(), "/edit a red hat")
        await card(eva, say("en", "mode-image-edit"), "“a red hat”")
        photo = (await eva.messages())[0]
        await eva.send_text("/edit a blue hat", reply_to=photo.message_id)
        shown = await card(eva, say("en", "mode-image-edit"), "“a blue hat”")
        await press(eva, shown, ":g")
        (job,) = await stage.attached()
    assert job["inputs"][0]["message_id"] == photo.message_id


async def test_words_alone_are_asked_about_with_the_last_choice_first(stage: Stage) -> None:
    await stage.offer(*ALL)
    eva = await stage.person(language="ru")
    async with stage.bot():
        sent = await eva.send_text("кошка танцует 9:16")
        asked = await card(eva, say("ru", "offer-words"), "«кошка танцует 9:16»")
        assert asked.reply_to == sent.message_id
        assert [one.partition(":m:")[2] for one in data(asked)] == ["image", "video", ""]
        shown = await choose(eva, asked, ":m:video")
        assert "«кошка танцует»" in shown.text
        assert say("ru", "card-choice", name="Формат", value="9:16") in shown.text
        await press(eva, shown, ":g")
        await stage.attached()
        await eva.send_text("собака поёт")
        asked = await card(eva, "«собака поёт»")
        assert [one.partition(":m:")[2] for one in data(asked)] == ["video", "image", ""]


async def test_words_alone_where_only_photos_can_be_used(stage: Stage) -> None:
    await stage.offer("runpod/video")
    eva = await stage.person()
    async with stage.bot():
        await eva.send_text("a cat")
        await expect(eva, say("en", "reject-text"))
        await eva.send_text("/photovideo")
        await expect(eva, say("en", "ask-image"))
        await eva.send_photo(jpeg(), "she waves")
        (job,) = await stage.attached()
    assert job["prompt"] == "she waves"
    assert await stage.drafts() == []


async def test_nothing_on_offer_is_said_whatever_comes(stage: Stage) -> None:
    await stage.offer("runpod/video")
    await stage.rows("UPDATE backends SET cap = 0")
    eva = await stage.person(language="sk")
    async with stage.bot():
        await eva.send_photo(jpeg())
        await expect(eva, say("sk", "reject-nothing"))
        await eva.send_text("/start")
        await eva.send_text("ahoj")
        await stage.confirmed()
        said = [one.text for one in await eva.messages() if one.by == "bot"]
    assert set(said) == {say("sk", "reject-nothing")}
    assert await stage.jobs() == []


async def test_a_photo_where_only_words_can_be_used(stage: Stage) -> None:
    await stage.offer("fal/image")
    await stage.rows("INSERT INTO backends (backend, lane, cap) VALUES ('comfyui', 'image', 0)")
    eva = await stage.person()
    async with stage.bot():
        await eva.send_text("a cat")  # one mode for words: straight to its card
        await card(eva, say("en", "mode-image"), "“a cat”")
        await eva.send_photo(jpeg(), "a hat")
        await card(eva, say("en", "mode-image-edit"))


async def test_a_flood_of_words_opens_so_many_cards_and_no_more(stage: Stage) -> None:
    await stage.offer(*ALL)
    eva = await stage.person()
    async with stage.bot(chat_jobs_per_minute=3):
        for number in range(6):
            await eva.send_text(f"cat number {number}")
        await stage.confirmed()
        said = [one.text for one in await eva.messages() if one.by == "bot"]
    assert len(await stage.drafts()) == 3
    assert said[3:] == [say("en", "limit-rate", seconds=60)]


async def test_in_a_group_a_command_makes_a_card_and_anothers_bots_command_does_not(stage: Stage) -> None:
    await stage.offer("runpod/video", "fal/video")
    eva, adam = await stage.person(), await stage.person("Adam")
    group = await stage.sim.group("Friends", [eva, adam])
    here = eva.within(group)
    async with stage.bot():
        await adam.within(group).send_text("/image a dog")  # we make none: it was meant for somebody else
        await stage.confirmed()
        assert await stage.rows("SELECT 1 FROM people") == []
        sent = await here.send_text("/video a cat dances")
        shown = await card(here, "“a cat dances”")
        assert shown.reply_to == sent.message_id
        await adam.within(group).send_text(f"{NAME} hello")
        told = await here.bot_message(lambda message: "/video – " in message.text)
        assert "/image" not in told.text
        await here.send_text("/start")
        await stage.confirmed()
        await press(here, shown, ":g")
        (job,) = await stage.attached()
    assert (job["chat_id"], job["user_id"], job["source_message_id"]) == (group, eva.user_id, sent.message_id)


async def test_a_menu_button_whose_group_has_gone(stage: Stage) -> None:
    await stage.offer(*ALL)
    eva = await stage.person()
    async with stage.bot():
        await eva.send_text("/start")
        greeting = await eva.bot_message(lambda message: bool(message.buttons))
    await stage.rows("UPDATE backends SET cap = 0 WHERE backend = 'fal'")
    async with stage.bot():
        answer = await eva.answer(await eva.press(greeting.message_id, "n:image"))
    assert (answer["text"], answer["alert"]) == (say("en", "alert-mode-gone"), True)


async def test_a_menu_press_that_is_delivered_twice_opens_one_card(stage: Stage) -> None:
    await stage.offer(*ALL)
    eva = await stage.person()
    async with stage.bot():
        await eva.send_text("/start")
        greeting = await eva.bot_message(lambda message: bool(message.buttons))
        await stage.confirmed()
    await stage.sim.fault("duplicate_update", chat_id=eva.chat_id)
    await eva.press(greeting.message_id, "n:video")
    for _ in range(2):
        async with stage.bot():
            await stage.confirmed()
    assert len(await stage.drafts()) == 1
