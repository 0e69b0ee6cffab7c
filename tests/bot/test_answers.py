"""What is typed or sent while a card waits: what it asked for, or a reply to it."""

from __future__ import annotations

from imgvid.sandbox.telegram import Person
from imgvid.sandbox.telegram.shown import Shown
from imgvid.texts import say
from tests.bot.cards import ALL, card, choose, has, labels, press
from tests.bot.conftest import Stage
from tests.bot.pictures import jpeg, png

NAME = "@imgvid_demo_bot"


async def says(stage: Stage, person: Person, shown: Shown, text: str, *, reply: bool = True) -> Shown:
    """Type this, as a reply to the card or not; the card when the bot is done with it."""
    await person.send_text(text, reply_to=shown.message_id if reply else None)
    await stage.confirmed()
    return await person.message(shown.message_id)


async def edit_card(stage: Stage, person: Person, caption: str = "a red hat", *, width: int = 640) -> Shown:
    await person.send_photo(jpeg(width, 480), caption)
    asked = await card(person, say("en", "offer-photo"))
    return await choose(person, asked, ":m:image-edit")


async def test_a_reply_changes_choices_and_words(stage: Stage) -> None:
    await stage.offer(*ALL)
    eva = await stage.person()
    async with stage.bot():
        await eva.send_text("/video a cat")
        shown = await card(eva)
        shown = await says(stage, eva, shown, "9:16 12s with sound seed 7")
        assert "“a cat”" in shown.text
        assert "Length: 8 s\nFormat: 9:16\nSound: yes" in shown.text
        assert say("en", "note-nearest", wanted="12 s", became="8 s") in shown.text
        shown = await says(stage, eva, shown, "a dog 3:2")
        assert "“a dog”" in shown.text
        assert "Length: 8 s\nFormat: 16:9" in shown.text
        assert say("en", "note-nearest", wanted="3:2", became="16:9") in shown.text
        assert "12 s" not in shown.text
        assert (await says(stage, eva, shown, "t.me/x")).text == shown.text
        await eva.bot_message(lambda message: message.text == say("en", "prompt-only-link"))
        await press(eva, shown, ":g")
        (job,) = await stage.attached()
    assert (job["prompt"], job["seed"]) == ("a dog", 7)
    assert job["params"] == {"seconds": 8, "aspect": "16:9", "sound": True}


async def test_a_text_that_replies_to_nothing_is_something_new(stage: Stage) -> None:
    await stage.offer(*ALL)
    eva = await stage.person()
    async with stage.bot():
        await eva.send_text("/video a cat")
        shown = await card(eva)
        await says(stage, eva, shown, "a dog", reply=False)
        other = await card(eva, say("en", "offer-words"))
    assert other.message_id != shown.message_id


async def test_words_that_were_asked_for_need_no_reply_and_count_once(stage: Stage) -> None:
    await stage.offer(*ALL)
    eva = await stage.person()
    async with stage.bot():
        await eva.send_text("/video a cat")
        shown = await card(eva)
        asked = await choose(eva, shown, ":a:prompt")
        assert say("en", "ask-prompt") in asked.text
        assert labels(asked) == [["« Back", "Discard"]]
        shown = await choose(eva, asked, ":b")
        assert has(shown, ":g")
        asked = await choose(eva, shown, ":a:prompt")
        await stage.confirmed()
    await stage.sim.fault("duplicate_update", chat_id=eva.chat_id, times=0)
    await eva.send_text("two dogs")
    for _ in range(2):
        async with stage.bot():
            await stage.confirmed()
    shown = await eva.message(shown.message_id)
    assert "“two dogs”" in shown.text
    assert has(shown, ":g")
    assert len(await stage.drafts()) == 1


async def test_a_text_parameter_is_asked_for_and_taken_away(stage: Stage) -> None:
    await stage.offer(*ALL)
    eva = await stage.person()
    async with stage.bot():
        await eva.send_text("/image a cat")
        shown = await card(eva)
        assert not has(shown, ":a:negative")  # has no effect in standard quality
        shown = await choose(eva, shown, ":v:quality:premium")
        asked = await choose(eva, shown, ":a:negative")
        assert say("en", "ask-text", name="Leave out", max=500) in asked.text
        await says(stage, eva, asked, "x" * 501, reply=False)
        await eva.bot_message(lambda message: message.text == say("en", "reject-prompt", max=500))
        shown = await says(stage, eva, asked, "dogs 8s", reply=False)
        assert "Leave out: dogs 8s" in shown.text
        asked = await choose(eva, shown, ":a:negative")
        shown = await choose(eva, asked, ":x:negative")
        assert "Leave out: nothing" in shown.text
        await says(stage, eva, await choose(eva, shown, ":a:negative"), "fog", reply=False)
        await press(eva, shown, ":g")
        (job,) = await stage.attached()
    assert job["params"] == {"quality": "premium", "size": "1:1", "style": "none", "negative": "fog", "as_file": False}


async def test_a_mask_is_the_next_picture_of_the_same_shape(stage: Stage) -> None:
    await stage.offer(*ALL)
    eva = await stage.person()
    async with stage.bot():
        shown = await edit_card(stage, eva)
        asked = await choose(eva, shown, ":a:mask")
        assert say("en", "ask-mask") in asked.text
        await eva.send_photo(jpeg(480, 640))
        await eva.bot_message(lambda message: message.text == say("en", "mask-mismatch"))
        assert (await eva.message(shown.message_id)).text == asked.text
        mask = await eva.send_photo(jpeg(320, 240, shade=5))
        await stage.confirmed()
        shown = await eva.message(shown.message_id)
        assert say("en", "card-marked") in shown.text
        assert "Leave out" not in shown.text
        asked = await choose(eva, shown, ":a:mask")
        shown = await choose(eva, asked, ":x:mask")
        assert say("en", "card-marked") not in shown.text
        await choose(eva, shown, ":a:mask")
        again = await eva.send_document(png(640, 480), name="mask.png")  # its size is not told: taken
        await stage.confirmed()
        await press(eva, await eva.message(shown.message_id), ":g")
        (job,) = await stage.attached()
    assert [one["role"] for one in job["inputs"]] == ["image", "mask"]
    assert job["inputs"][1]["message_id"] == again.message_id != mask.message_id
    assert job["params"] == {"style": "none", "as_file": False}
    assert len(await stage.jobs()) == 1


async def test_a_picture_in_reply_to_a_card_is_another_one_to_start_from(stage: Stage) -> None:
    await stage.offer(*ALL)
    eva = await stage.person()
    async with stage.bot():
        shown = await edit_card(stage, eva)
        other = await eva.send_photo(jpeg(shade=9), "a blue hat", reply_to=shown.message_id)
        await stage.confirmed()
        shown = await eva.message(shown.message_id)
        assert "“a blue hat”" in shown.text
        await press(eva, shown, ":g")
        (job,) = await stage.attached()
    assert job["inputs"][0]["message_id"] == other.message_id
    assert len(await stage.drafts()) == 1


async def test_a_picture_in_reply_to_a_card_of_words_begins_a_card_of_its_own(stage: Stage) -> None:
    await stage.offer(*ALL)
    eva = await stage.person()
    async with stage.bot():
        await eva.send_text("/image a cat")
        shown = await card(eva)
        await eva.send_photo(jpeg(), reply_to=shown.message_id)
        await card(eva, say("en", "offer-photo"))
        assert "“a cat”" in (await eva.message(shown.message_id)).text


async def test_words_in_reply_to_a_photo_begin_a_card_of_that_photo_whatever_else_waits(stage: Stage) -> None:
    await stage.offer(*ALL)
    eva = await stage.person()
    async with stage.bot():
        await eva.send_text("/video")
        waiting = await card(eva, say("en", "ask-prompt"))
        photo = await eva.send_document(png(), "first", name="a.png")
        await card(eva, "“first”")
        answer = await eva.send_text("now she laughs", reply_to=photo.message_id)
        shown = await card(eva, say("en", "offer-photo"), "“now she laughs”")
        assert shown.reply_to == answer.message_id
        shown = await choose(eva, shown, ":m:photo-video")
        assert say("en", "cut-maybe", ratio="16:9") in shown.text  # a file does not tell its size
        assert (await eva.message(waiting.message_id)).text == waiting.text
        await press(eva, shown, ":g")
        (job,) = await stage.attached()
    assert (job["prompt"], job["inputs"][0]["message_id"]) == ("now she laughs", photo.message_id)
    assert job["inputs"][0]["kind"] == "document"
    assert "width" not in job["inputs"][0]


async def test_an_album_is_one_card_with_two_pictures(stage: Stage) -> None:
    await stage.offer(*ALL)
    eva = await stage.person()
    async with stage.bot():
        sent = await eva.send_album([jpeg(shade=shade) for shade in range(4)], "morph")
        await stage.confirmed()
        shown = await card(eva, say("en", "offer-photo"))
        said = [one.text for one in await eva.messages() if one.by == "bot"]
        assert said == [shown.text, say("en", "reject-third")]
        shown = await choose(eva, shown, ":m:photo-video")
        assert say("en", "card-first-only") in shown.text
        shown = await choose(eva, await choose(eva, shown, ":o"), ":m:wan22-i2v")
        assert say("en", "card-two-frames") in shown.text
        await press(eva, shown, ":g")
        (job,) = await stage.attached()
    assert [(one["role"], one["message_id"]) for one in job["inputs"]] == [
        ("image", sent[0].message_id),
        ("last", sent[1].message_id),
    ]
    assert (job["prompt"], len(await stage.drafts())) == ("morph", 1)


async def test_a_picture_of_an_album_that_comes_after_make_is_told(stage: Stage) -> None:
    await stage.offer("fal/video")
    eva = await stage.person()
    async with stage.bot():
        late = await stage.sim.fault("late", method="sendMessage", chat_id=eva.chat_id)
        await eva.send_album([jpeg(shade=1), jpeg(shade=2)])
        await stage.sim.until_held(late)  # the second picture waits behind the card of the first
        shown = await eva.bot_message()
        await stage.rows("SELECT close_draft(id) FROM drafts")
        await stage.sim.clear_faults()
        await eva.bot_message(lambda message: message.text == say("en", "reject-late"))
    assert len(await stage.drafts()) == 1
    assert has(shown, ":d")


async def test_an_album_for_a_card_that_asked_for_its_photo(stage: Stage) -> None:
    await stage.offer(*ALL)
    eva = await stage.person()
    async with stage.bot():
        await eva.send_text("/photovideo")
        asked = await card(eva)
        await eva.send_album([jpeg(shade=1), jpeg(shade=2)], "morph")
        await stage.confirmed()
        shown = await choose(eva, asked, ":m:wan22-i2v")
        assert say("en", "card-two-frames") in shown.text
    assert len(await stage.drafts()) == 1


async def test_a_card_that_its_person_deleted_comes_back_with_the_answer(stage: Stage) -> None:
    await stage.offer(*ALL)
    eva = await stage.person()
    async with stage.bot():
        await eva.send_text("/video")
        asked = await card(eva)
        await eva.delete(asked.message_id)
        await eva.send_text("a cat")
        shown = await card(eva, "“a cat”")
        assert shown.message_id != asked.message_id
        await press(eva, shown, ":g")
        (job,) = await stage.attached()
    assert job["message_id"] == shown.message_id


async def test_in_a_group_a_card_hears_replies_and_mentions_of_its_owner(stage: Stage) -> None:
    await stage.sim.post("/sim/bot", privacy=False)
    await stage.offer(*ALL)
    eva, adam = await stage.person(), await stage.person("Adam")
    group = await stage.sim.group("Friends", [eva, adam])
    here, there = eva.within(group), adam.within(group)
    async with stage.bot():
        await here.send_text("/video")
        shown = await card(here, say("en", "ask-prompt"), say("en", "ask-by-reply"))
        await here.send_text("good morning everybody")  # talk of the group
        await there.send_text("a pig", reply_to=shown.message_id)  # not the owner's
        await stage.confirmed()
        assert "pig" not in (await here.message(shown.message_id)).text
        shown = await says(stage, here, shown, "a cat")
        assert "“a cat”" in shown.text
        await choose(here, shown, ":a:prompt")
        shown = await says(stage, here, shown, f"{NAME} a dog 8s", reply=False)
        assert "“a dog”" in shown.text
        assert "Length: 8 s" in shown.text
        await press(here, shown, ":g")
        (job,) = await stage.attached()
    assert (job["prompt"], job["user_id"], job["chat_id"]) == ("a dog", eva.user_id, group)


async def test_in_a_group_the_mask_comes_as_a_reply(stage: Stage) -> None:
    await stage.offer("fal/image")
    eva = await stage.person()
    here = eva.within(await stage.sim.group("Friends", [eva]))
    async with stage.bot():
        await here.send_photo(jpeg(640, 480), f"{NAME} a red hat")
        shown = await card(here, "“a red hat”")
        await choose(here, shown, ":a:mask")
        await here.send_photo(jpeg(320, 240, shade=3), reply_to=shown.message_id)
        await stage.confirmed()
        assert say("en", "card-marked") in (await here.message(shown.message_id)).text
    assert len(await stage.drafts()) == 1


async def test_a_group_that_grows_keeps_its_cards(stage: Stage) -> None:
    await stage.offer(*ALL)
    eva = await stage.person()
    here = eva.within(await stage.sim.group("Friends", [eva]))
    async with stage.bot():
        await here.send_text("/video")
        await card(here)
        grown = await here.migrate()

        async def moved() -> bool:
            return [one["chat_id"] for one in await stage.drafts()] == [grown.chat_id]

        await stage.until(moved, "the card to move")
        await grown.send_text(f"{NAME} a cat")
        shown = await card(grown, "“a cat”")
        await press(grown, shown, ":g")
        (job,) = await stage.attached()
    assert (job["chat_id"], job["message_id"]) == (grown.chat_id, shown.message_id)


async def test_a_person_who_blocks_the_bot_leaves_no_cards(stage: Stage) -> None:
    await stage.offer(*ALL)
    eva = await stage.person()
    async with stage.bot():
        await eva.send_text("/video a cat")
        await card(eva)
        await eva.block()

        async def gone() -> bool:
            return not await stage.drafts()

        await stage.until(gone, "the card to go")
