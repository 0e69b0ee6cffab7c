"""What becomes of a chat, and who may use the bot."""

from __future__ import annotations

from typing import Any

from imgvid.texts import say
from tests.bot.conftest import Stage
from tests.bot.pictures import jpeg


async def test_blocking_the_bot_cancels_what_waits_and_unblocking_brings_the_chat_back(stage: Stage) -> None:
    eva = await stage.person()

    async def gone() -> list[Any]:
        return await stage.rows("SELECT gone_why FROM chats WHERE chat_id = $1 AND gone_at IS NOT NULL", eva.chat_id)

    async with stage.bot():
        await eva.send_photo(jpeg())
        await stage.attached()
        await eva.block()
        assert [row["gone_why"] for row in await stage.until(gone)] == ["blocked"]
        (job,) = await stage.jobs()
        assert (job["state"], job["verdict"]) == ("CLOSING", "CANCELLED")
        await eva.unblock()

        async def back() -> bool:
            return not await gone()

        await stage.until(back)


async def test_a_kicked_bot_cancels_the_groups_jobs_and_greets_when_it_is_back(stage: Stage) -> None:
    eva = await stage.person()
    group = eva.within(await stage.sim.group("Friends", [eva]))
    async with stage.bot():
        await group.send_photo(jpeg(), "@imgvid_demo_bot waves")
        await stage.attached()
        await group.kick_bot()

        async def closing() -> bool:
            return (await stage.jobs())[0]["state"] == "CLOSING"

        await stage.until(closing)
        await group.add_bot()
        await group.bot_message(lambda message: message.text == say("en", "help-group"))


async def test_a_group_that_becomes_a_supergroup_keeps_its_jobs(stage: Stage) -> None:
    eva = await stage.person()
    group = eva.within(await stage.sim.group("Friends", [eva]))
    async with stage.bot():
        await group.send_photo(jpeg(), "@imgvid_demo_bot waves")
        await stage.attached()
        grown = await group.migrate()

        async def moved() -> bool:
            return {job["chat_id"] for job in await stage.jobs()} == {grown.chat_id}

        await stage.until(moved)
        await grown.send_text("/ping@imgvid_demo_bot")
        await grown.bot_message(lambda message: message.text == say("en", "ping"))


async def test_an_answer_follows_a_group_that_has_just_migrated(stage: Stage) -> None:
    eva = await stage.person()
    group = eva.within(await stage.sim.group("Friends", [eva]))
    await group.send_text("/ping@imgvid_demo_bot")
    grown = await group.migrate()
    async with stage.bot():
        await grown.bot_message(lambda message: message.text == say("en", "ping"))


async def test_a_private_bot_turns_strangers_away_and_keeps_no_row_of_them(stage: Stage) -> None:
    eva, adam = await stage.person("Eva", "sk"), await stage.person("Adam")
    async with stage.bot(allowed_users=frozenset({adam.user_id})):
        await eva.send_photo(jpeg())
        await eva.bot_message(lambda message: message.text == say("sk", "not-allowed", user=str(eva.user_id)))
        await adam.send_photo(jpeg())
        (job,) = await stage.attached()
    assert job["user_id"] == adam.user_id
    assert [row["user_id"] for row in await stage.rows("SELECT user_id FROM people")] == [adam.user_id]


async def test_an_allowed_chat_admits_its_members_and_admins_go_anywhere(stage: Stage) -> None:
    eva, boss = await stage.person(), await stage.person("Boss")
    ours = eva.within(await stage.sim.group("Ours", [eva, boss]))
    theirs = eva.within(await stage.sim.group("Theirs", [eva, boss]))
    async with stage.bot(allowed_chats=frozenset({ours.chat_id}), admin_ids=frozenset({boss.user_id})):
        await ours.send_text("/ping@imgvid_demo_bot")
        await ours.bot_message(lambda message: message.text == say("en", "ping"))
        await theirs.send_text("/ping@imgvid_demo_bot")
        await theirs.bot_message(
            lambda message: message.text == say("en", "not-allowed-group", chat=str(theirs.chat_id))
        )
        await boss.send_text("/ping")
        await boss.bot_message(lambda message: message.text == say("en", "ping"))
