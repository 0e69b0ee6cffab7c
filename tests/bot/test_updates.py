"""The loop on real sockets: order, parallelism, poison, lost answers, refusals, stopping."""

from __future__ import annotations

import asyncio
from datetime import timedelta
from typing import Any

import pytest
from aiogram import Bot

from imgvid.bot import app, updates
from imgvid.bot.updates import Fetch
from imgvid.texts import say
from tests.bot.conftest import TOKEN, Stage
from tests.bot.pictures import jpeg


async def test_order_within_a_chat_and_side_by_side_across(stage: Stage) -> None:
    eva, adam = await stage.person("Eva"), await stage.person("Adam")
    hold = await stage.sim.fault("hold", method="sendMessage", chat_id=eva.chat_id)
    async with stage.bot():
        await eva.send_text("/start")
        await eva.send_text("/ping")
        await stage.sim.until_held(hold)
        await adam.send_text("/ping")  # while Eva's first answer stands still
        await adam.bot_message(lambda message: message.text == say("en", "ping"))
        assert [message.by for message in await eva.messages()] == ["user", "user"]
        await stage.sim.release(hold)
        await eva.bot_message(lambda message: message.text == say("en", "ping"))
        said = [message.text for message in await eva.messages() if message.by == "bot"]
    assert said == [say("en", "start"), say("en", "ping")]


async def test_an_answer_turned_round_keeps_the_order_of_a_chat(stage: Stage) -> None:
    eva = await stage.person()
    await stage.sim.fault("reorder_updates", chat_id=eva.chat_id)
    for text in ("/start", "/help", "/ping"):
        await eva.send_text(text)
    async with stage.bot():
        await eva.bot_message(lambda message: message.text == say("en", "ping"))
        said = [message.text for message in await eva.messages() if message.by == "bot"]
    assert said == [say("en", "start"), say("en", "help"), say("en", "ping")]


async def test_more_updates_than_the_bound_are_all_answered(stage: Stage) -> None:
    people = [await stage.person(f"P{number}") for number in range(30)]
    for person in people:
        await person.send_text("/ping")
    async with stage.bot(bot_concurrency=4):
        for person in people:
            await person.bot_message(lambda message: message.text == say("en", "ping"))
        await stage.confirmed()
    assert len(await stage.sim.calls("sendMessage")) == 30


async def test_a_poison_update_is_noted_without_content_said_and_confirmed(
    stage: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def broken(*_args: Any) -> None:
        raise ZeroDivisionError("she waves")

    monkeypatch.setattr("imgvid.bot.photos.HasPicture.__call__", broken)
    eva, adam = await stage.person(language="sk"), await stage.person("Adam")
    async with stage.bot():
        await eva.send_photo(jpeg(), "she waves")
        await adam.send_text("/ping")
        await adam.bot_message(lambda message: message.text == say("en", "ping"))
        await eva.bot_message(lambda message: message.text == say("sk", "trouble"))
        await stage.confirmed()
    (noted,) = await stage.rows("SELECT * FROM failed_updates")
    assert (noted["bot_id"], noted["kind"], noted["error"]) == (4242, "message", "ZeroDivisionError")
    assert "waves" not in str(dict(noted))


async def test_an_update_that_aiogram_cannot_read_holds_nobody_back(
    stage: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    fetch_of = app.fetcher

    def twisted(bot: Bot) -> Fetch:
        honest = fetch_of(bot)

        async def fetch(offset: int, limit: int, timeout_s: int) -> list[Any]:
            batch = [dict(update) for update in await honest(offset, limit, timeout_s)]
            for update in batch:
                if update["message"]["text"] == "poison":
                    update["message"]["date"] = "no date"
            return batch

        return fetch

    monkeypatch.setattr(app, "fetcher", twisted)
    eva = await stage.person()
    await eva.send_text("poison")
    await eva.send_text("/ping")
    async with stage.bot():
        await eva.bot_message(lambda message: message.text == say("en", "ping"))
        await stage.confirmed()
    (noted,) = await stage.rows("SELECT kind, error FROM failed_updates")
    assert tuple(noted) == ("message", "ValidationError")


@pytest.mark.parametrize("kind", ["502", "500", "reset", "lost_updates_answer", "429"])
async def test_polling_goes_on_after_a_failure(stage: Stage, kind: str) -> None:
    eva = await stage.person()
    more = {"retry_after": 1} if kind == "429" else {}
    method = {} if kind == "lost_updates_answer" else {"method": "getUpdates"}
    await stage.sim.fault(kind, **method, **more)
    await eva.send_photo(jpeg())
    async with stage.bot():
        await stage.attached()
        await stage.confirmed()
    assert len(await stage.jobs()) == 1


async def test_a_failing_telegram_at_the_start_is_waited_for(stage: Stage) -> None:
    await stage.sim.fault("502", method="deleteWebhook")
    await stage.sim.fault("reset", method="getMe")
    eva = await stage.person()
    async with stage.bot():
        await eva.send_text("/ping")
        await eva.bot_message(lambda message: message.text == say("en", "ping"))


async def test_a_webhook_is_taken_away_and_drops_nothing(stage: Stage) -> None:
    await stage.sim.post(f"/bot{TOKEN}/setWebhook", url="http://127.0.0.1:9/hook")
    eva = await stage.person()
    await eva.send_text("/ping")
    async with stage.bot():
        await eva.bot_message(lambda message: message.text == say("en", "ping"))


async def test_a_second_poller_ends_the_first_with_one_clear_line(
    stage: Stage, capsys: pytest.CaptureFixture[str]
) -> None:
    async with stage.bot() as first:
        await stage.sim.until_called("setMyName", calls=3)
        async with stage.bot() as second:
            assert await asyncio.wait_for(first.task, 10) == 1
            assert not second.task.done()
    lines = [line for line in capsys.readouterr().out.splitlines() if "updates.refused" in line]
    assert len(lines) == 1
    assert "another process polls" in lines[0]


async def test_a_wrong_token_is_refused(stage: Stage) -> None:
    async with stage.bot(telegram_bot_token="4242:somebody-elses-token") as bot:
        assert await asyncio.wait_for(bot.task, 10) == 1


async def pending(stage: Stage) -> int:
    answer: Any = await stage.sim.get(f"/bot{TOKEN}/getWebhookInfo")
    return int(answer["result"]["pending_update_count"])


async def test_told_to_stop_it_finishes_what_runs_confirms_that_and_leaves_the_rest(stage: Stage) -> None:
    eva = await stage.person()
    hold = await stage.sim.fault("hold", method="sendMessage", chat_id=eva.chat_id)
    await eva.send_text("/ping")
    await eva.send_text("/start")
    async with stage.bot() as bot:
        await stage.sim.until_held(hold)
        bot.stop.set()
        await stage.sim.release(hold)
        assert await bot.task == 0
    said = [message.text for message in await eva.messages() if message.by == "bot"]
    assert said == [say("en", "ping")]
    assert await pending(stage) == 1
    async with stage.bot():  # the next process does what was left
        await eva.bot_message(lambda message: message.text == say("en", "start"))
        await stage.confirmed()


async def test_a_handler_that_does_not_end_in_time_is_left_unconfirmed(
    stage: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(updates.Poller.run, "__kwdefaults__", {"drain": timedelta(milliseconds=50)})
    eva = await stage.person()
    hold = await stage.sim.fault("hold", method="sendMessage", chat_id=eva.chat_id)
    await eva.send_text("/ping")
    async with stage.bot() as bot:
        await stage.sim.until_held(hold)
        bot.stop.set()
        assert await bot.task == 0
    assert await pending(stage) == 1


async def test_killed_while_answering_the_update_comes_again(stage: Stage) -> None:
    eva = await stage.person()
    hold = await stage.sim.fault("hold", method="sendMessage", chat_id=eva.chat_id)
    await eva.send_text("/ping")
    async with stage.bot() as bot:
        await stage.sim.until_held(hold)
        await bot.kill()
    await stage.sim.clear_faults()
    async with stage.bot():
        await eva.bot_message(lambda message: message.text == say("en", "ping"))


async def test_the_database_away_at_the_start_is_waited_for_until_told_to_stop(stage: Stage) -> None:
    async with stage.bot(database_url="postgresql://nobody@127.0.0.1:9/nothing") as bot:
        await asyncio.sleep(0)
        bot.stop.set()
        assert await bot.task == 0


async def test_a_database_that_goes_away_in_between_loses_nothing(stage: Stage) -> None:
    eva = await stage.person()
    async with stage.bot():
        await eva.send_photo(jpeg(shade=1))
        await stage.attached(1)
        await stage.rows(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = 'imgvid bot' "
            "AND datname = current_database()"
        )
        await eva.send_photo(jpeg(shade=2))
        await stage.attached(2)
        await stage.confirmed()
    assert await stage.rows("SELECT 1 FROM failed_updates") == []


async def test_a_short_flood_limit_is_sat_out_and_the_update_needs_no_second_delivery(stage: Stage) -> None:
    eva = await stage.person()
    await stage.sim.fault("429", method="sendMessage", chat_id=eva.chat_id, retry_after=1)
    async with stage.bot():
        await eva.send_text("/ping")
        await stage.confirmed()
        assert [message.by for message in await eva.messages()] == ["user"]
        await eva.bot_message(lambda message: message.text == say("en", "ping"))


@pytest.mark.parametrize("kind", ["502", "reset", "drop"])
async def test_a_sentence_that_may_not_have_gone_out_is_said_again(stage: Stage, kind: str) -> None:
    eva = await stage.person()
    await stage.sim.fault(kind, method="sendMessage", chat_id=eva.chat_id)
    async with stage.bot():
        await eva.send_text("/ping")
        await stage.sim.until_called("sendMessage", calls=2)
        await eva.bot_message(lambda message: message.text == say("en", "ping"))
        await stage.confirmed()
    assert await stage.rows("SELECT 1 FROM failed_updates") == []


async def test_a_person_who_blocked_the_bot_meanwhile_is_no_failure(stage: Stage) -> None:
    eva = await stage.person()
    await eva.send_text("/ping")
    await eva.block()
    async with stage.bot():
        await stage.confirmed()
    assert await stage.rows("SELECT 1 FROM failed_updates") == []
    assert len(await stage.sim.calls("sendMessage")) == 1
