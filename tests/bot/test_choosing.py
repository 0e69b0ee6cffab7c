"""Choosing on a card: what is remembered, what is offered, what is not."""

from __future__ import annotations

from imgvid.texts import say
from tests.bot.cards import ALL, card, choose, data, has, labels, press, ready_card
from tests.bot.conftest import Stage
from tests.bot.pictures import jpeg


async def test_choices_are_remembered_and_the_last_mode_comes_first(stage: Stage) -> None:
    await stage.offer(*ALL)
    eva, adam = await stage.person(), await stage.person("Adam")
    async with stage.bot():
        shown = await choose(eva, await ready_card(eva), ":v:seconds:8")
        await choose(eva, shown, ":v:sound:true")
        await press(eva, shown, ":g")
        await stage.attached()
        await eva.send_photo(jpeg(640, 480))
        asked = await card(eva, say("en", "offer-photo"))
        assert has(asked, ":m:photo-video")
        assert data(asked)[0].endswith(":m:photo-video")
        again = await choose(eva, asked, ":m:photo-video")
        assert "Length: 8 s" in again.text
        assert "Sound: yes" in again.text
        await adam.send_photo(jpeg(640, 480))
        other = await choose(adam, await card(adam), ":m:photo-video")
        assert "Length: 4 s" in other.text
    (settings,) = [row["settings"] for row in await stage.rows("SELECT settings FROM people WHERE settings <> '{}'")]
    assert settings == {
        "last:photo": "photo-video",
        "last:photo-video": "photo-video",
        "photo-video:seconds": 8,
        "photo-video:aspect": "1:1",
        "photo-video:sound": True,
    }


async def test_other_mode_and_the_list_of_values_and_the_price(stage: Stage) -> None:
    await stage.offer(*ALL)
    eva = await stage.person()
    async with stage.bot(show_prices=True):
        shown = await ready_card(eva, "a red hat 8s")
        assert "Costs about $0.67." in shown.text
        asked = await choose(eva, shown, ":o")
        assert say("en", "offer-photo") in asked.text
        shown = await choose(eva, asked, ":m:image-edit")
        assert "Costs about $0.04." in shown.text
        listed = await choose(eva, shown, ":l:style")
        assert len(listed.buttons) == 5
        shown = await choose(eva, listed, ":v:style:oil")
        assert "Style: oil painting" in shown.text
        assert (await choose(eva, shown, ":v:as_file:true")).buttons[0][1].text == "✓ File"
        await press(eva, shown, ":g")
        (job,) = await stage.attached()
        placeholder = await eva.message(shown.message_id)
    assert job["params"] == {"style": "oil", "as_file": True}
    assert (job["lane"], job["prompt"]) == ("image", "a red hat")
    assert placeholder.text == say("en", "waiting-placed", id=job["short"], makes="image")


async def test_a_mode_that_is_not_offered_any_more_is_asked_about_again(stage: Stage) -> None:
    await stage.offer(*ALL)
    eva = await stage.person()
    async with stage.bot():
        shown = await ready_card(eva)
    await stage.rows("UPDATE backends SET cap = 0 WHERE backend = 'fal'")
    async with stage.bot():
        answer = await press(eva, shown, ":g")
        assert (answer["text"], answer["alert"]) == (say("en", "alert-mode-gone"), True)
        asked = await eva.message(shown.message_id)
        assert [one.partition(":m:")[2] for one in data(asked)] == ["wan22-i2v", ""]
    assert await stage.jobs() == []


async def test_one_mode_with_choices_needs_no_question(stage: Stage) -> None:
    await stage.offer("fal/video")
    eva = await stage.person()
    async with stage.bot():
        await eva.send_photo(jpeg(480, 800), "she waves")
        shown = await card(eva, say("en", "mode-photo-video"))
        assert "Format: 9:16" in shown.text
        assert has(shown, ":g")
        assert not has(shown, ":o")


async def test_a_plain_photo_mode_beside_words_is_still_queued_at_once(stage: Stage) -> None:
    await stage.offer("runpod/video", "fal/image")
    await stage.rows("UPDATE backends SET cap = 0 WHERE backend = 'fal'")
    eva = await stage.person()
    async with stage.bot():
        await eva.send_photo(jpeg(), "she waves")
        (job,) = await stage.attached()
    assert (job["mode"], job["params"]) == ("wan22-i2v", {})
    assert await stage.drafts() == []


async def test_a_choice_that_the_gpu_is_too_small_for_is_not_offered_and_says_why_when_typed(stage: Stage) -> None:
    await stage.offer("runpod-ltx/video", vram_gb=48)
    eva = await stage.person()
    async with stage.bot():
        await eva.send_text("/video 1080p 15s a castle")
        shown = await card(eva, say("en", "mode-ltx2-t2v"), "“a castle”")
        refused = say("en", "note-refused", wanted="1080p", became="720p", why=say("en", "refuse-vram"))
        assert refused in shown.text
        assert "Length: 15 s" in shown.text
        assert [label for row in labels(shown) for label in row if label.endswith((" s", "0p"))] == ["10 s", "✓ 15 s"]
        listed = await choose(eva, shown, ":l:camera")
        shown = await choose(eva, listed, ":v:camera:dolly-in")
        await press(eva, shown, ":g")
        (job,) = await stage.attached()
    assert (job["backend"], job["prompt"]) == ("runpod-ltx", "a castle")
    assert {key: job["params"][key] for key in ("quality", "resolution", "seconds", "camera")} == {
        "quality": "fast",
        "resolution": 720,
        "seconds": 15,
        "camera": "dolly-in",
    }


async def test_a_caption_chooses_an_expression(stage: Stage) -> None:
    await stage.offer("comfyui/video", "comfyui/image")
    eva = await stage.person(language="sk")
    async with stage.bot():
        await eva.send_photo(jpeg(), "Usmieva sa 15s")
        shown = await card(eva, say("sk", "mode-liveportrait"))
        assert say("sk", "card-choice", name="Výraz", value="úsmev") in shown.text
        await press(eva, shown, ":g")
        (job,) = await stage.attached()
    assert job["params"] == {"seconds": 15, "expression": "smile"}
