"""In groups the bot answers commands, mentions and replies to itself, and nothing else."""

from __future__ import annotations

from imgvid.sandbox.telegram import Person
from imgvid.texts import say
from tests.bot.conftest import Stage
from tests.bot.pictures import jpeg

NAME = "@imgvid_demo_bot"


async def in_group(stage: Stage, *, privacy: bool = True) -> tuple[Person, Person]:
    await stage.sim.post("/sim/bot", privacy=privacy)
    eva, adam = await stage.person("Eva"), await stage.person("Adam", "sk")
    group = await stage.sim.group("Friends", [eva, adam])
    return eva.within(group), adam.within(group)


async def test_a_mention_in_the_caption_makes_a_job(stage: Stage) -> None:
    eva, _adam = await in_group(stage)
    async with stage.bot():
        photo = await eva.send_photo(jpeg(), f"{NAME} she waves")
        (job,) = await stage.attached()
        shown = await eva.message(job["message_id"])
    assert (job["prompt"], job["chat_id"], job["user_id"]) == ("she waves", eva.chat_id, eva.user_id)
    assert shown.reply_to == photo.message_id


async def test_a_mention_in_reply_to_somebody_elses_photo_makes_a_job_of_it(stage: Stage) -> None:
    eva, adam = await in_group(stage)
    async with stage.bot():
        photo = await eva.send_photo(jpeg())
        await adam.send_text(f"{NAME} nech sa usmeje", reply_to=photo.message_id)
        await adam.send_text("/video he laughs", reply_to=photo.message_id)
        first, second = await stage.attached(2)
    assert (first["user_id"], first["prompt"], first["locale"]) == (adam.user_id, "nech sa usmeje", "sk")
    assert first["inputs"][0]["message_id"] == second["inputs"][0]["message_id"] == photo.message_id
    assert second["prompt"] == "he laughs"


async def test_the_groups_own_talk_leaves_no_trace(stage: Stage) -> None:
    eva, adam = await in_group(stage, privacy=False)
    async with stage.bot():
        await eva.send_text("good morning")
        await eva.send_photo(jpeg(), "my dog")
        await adam.send_text("/weather")
        await adam.send_text("/start@another_bot")
        await stage.confirmed()
        said = [message for message in await eva.messages() if message.by == "bot"]
    assert said == []
    assert await stage.jobs() == []
    assert await stage.rows("SELECT 1 FROM people") == []


async def test_an_album_is_whole_though_only_its_caption_names_the_bot(stage: Stage) -> None:
    eva, _adam = await in_group(stage, privacy=False)
    async with stage.bot(album_wait_s=stage.settings.album_wait_s * 50):
        await eva.send_album([jpeg(shade=1), jpeg(shade=2)], f"{NAME} morph")
        await stage.confirmed()
        (job,) = await stage.attached()
    assert (len(job["inputs"]), job["prompt"]) == (2, "morph")


async def test_a_reply_to_the_bot_is_answered(stage: Stage) -> None:
    eva, adam = await in_group(stage)
    async with stage.bot():
        await eva.send_text("/ping@imgvid_demo_bot")
        pong = await eva.bot_message(lambda message: message.text == say("en", "ping"))
        assert pong.reply_to is not None  # in a group it is plain whom it answers
        await adam.send_text("čo vieš?", reply_to=pong.message_id)
        await eva.bot_message(lambda message: message.text == say("sk", "help-group"))


async def test_a_command_without_our_name_is_taken_when_it_is_one_of_ours(stage: Stage) -> None:
    eva, _adam = await in_group(stage)
    async with stage.bot():
        await eva.send_text("/start")
        await eva.bot_message(lambda message: message.text == say("en", "help-group"))


async def test_prompts_are_not_shown_to_a_group(stage: Stage) -> None:
    eva, _adam = await in_group(stage)
    alone = eva.within(eva.user_id)
    async with stage.bot():
        await alone.send_photo(jpeg(), "my secret wish")
        await stage.attached()
        await eva.send_text("/my")
        shown = await eva.bot_message(lambda message: say("en", "my-title", page=1, pages=1) in message.text)
    assert "secret" not in shown.text
