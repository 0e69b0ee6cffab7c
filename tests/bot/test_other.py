"""Everything that no video can be made of gets a sentence, in the person's language, once for a flood."""

from __future__ import annotations

import pytest

from imgvid.media.limits import IMAGE_LIMITS
from imgvid.sandbox.telegram import Person
from imgvid.texts import say
from tests.bot.conftest import Stage
from tests.bot.pictures import jpeg, png

KINDS = ("video", "animation", "audio", "voice", "video_note")
KEYS = {
    "video": "reject-video",
    "animation": "reject-animation",
    "audio": "reject-audio",
    "voice": "reject-audio",
    "video_note": "reject-video-note",
}


async def expect(person: Person, text: str) -> None:
    await person.bot_message(lambda message: message.text == text)


@pytest.mark.parametrize("language", ["en", "sk", "ru"])
async def test_each_unusable_kind_gets_its_sentence(stage: Stage, language: str) -> None:
    eva = await stage.person(language=language)
    async with stage.bot():
        for kind in KINDS:
            await eva.send_media(kind, b"\0" * 64, width=64, height=64, duration=3)
            await expect(eva, say(language, KEYS[kind]))
        await eva.send_text("hello")
        await expect(eva, say(language, "reject-text"))
        await eva.send_document(b"%PDF-1.4", name="a.pdf", mime_type="application/pdf")
        await expect(eva, say(language, "reject-document"))
        await eva.send_document(png(), name="big.png", pretend_bytes=IMAGE_LIMITS.max_bytes + 1)
        await expect(eva, say(language, "reject-heavy"))
        await eva.send_photo(jpeg(100, 90), raw=True)
        await expect(eva, say(language, "reject-small", min_px=IMAGE_LIMITS.min_side_px))
        last = await eva.bot_message()
    assert last.reply_to is not None
    assert await stage.jobs() == []


async def test_a_flood_of_the_same_mistake_gets_one_sentence(stage: Stage) -> None:
    eva = await stage.person()
    async with stage.bot():
        for number in range(12):
            await eva.send_text(f"hello {number}")
        await stage.confirmed()
        said = [message.text for message in await eva.messages() if message.by == "bot"]
    assert said == [say("en", "reject-text")]


async def test_a_language_that_we_do_not_speak_gets_english(stage: Stage) -> None:
    eva = await stage.person(language="de")
    async with stage.bot():
        await eva.send_text("hallo")
        await expect(eva, say("en", "reject-text"))
