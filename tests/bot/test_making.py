"""From a card to a job: once, in the card's own message, whatever happens on the way."""

from __future__ import annotations

from imgvid.texts import say
from tests.bot.cards import ALL, card, choose, data, has, press
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
