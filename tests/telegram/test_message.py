"""Asking, looking and taking away, against every answer that a message can give."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from imgvid.telegram import errors
from imgvid.telegram.client import Telegram
from imgvid.telegram.keyboard import after_result
from imgvid.telegram.message import Asked, Look, Place, Seen, Taken, ask, look, probe, take_away
from imgvid.telegram.outgoing import Delivered, Kind
from imgvid.telegram.patience import Patience

PLACE = Place(chat_id=1, message_id=5)
TEXT = {"message_id": 5, "text": "x"}
VIDEO = {"message_id": 5, "video": {"file_id": "F", "file_unique_id": "U"}}
HELD = Delivered(file_id="F", file_unique_id="U", kind=Kind.VIDEO)
CUT_OFF = (400, "Bad Request: canceled by new edit message request")
NOT_MODIFIED = (400, "Bad Request: message is not modified: specified new message content …")


@pytest.fixture
def patience(time: Any) -> Patience:
    return Patience(span=timedelta(seconds=60), clock=time.clock, sleep=time.skip)


@pytest.mark.parametrize(
    ("said", "seen", "does"),
    [
        (NOT_MODIFIED, Seen.TEXT, Look.GO),
        ((400, "Bad Request: there is no text in the message to edit"), Seen.VIDEO, Look.DELIVERED),
        ((400, "Bad Request: message to edit not found"), Seen.GONE, Look.GONE),
        ((400, "Bad Request: message can't be edited"), Seen.GONE, Look.GONE),
        ((400, "Bad Request: chat not found"), Seen.CHAT_GONE, Look.CHAT_GONE),
        ((403, "Forbidden: bot was blocked by the user"), Seen.CHAT_GONE, Look.CHAT_GONE),
    ],
)
async def test_what_a_message_answers(
    telegram: Telegram, bot_api: Any, answers: Any, said: tuple[int, str], seen: Seen, does: Look
) -> None:
    bot_api.answer(answers.no(*said))
    assert await probe(telegram, place=PLACE, text="queued") is seen
    assert await look(telegram, place=PLACE, text="generating") is does
    assert [s.params["text"] for s in bot_api.seen] == ["queued", "generating"]
    assert {s.method for s in bot_api.seen} == {"editMessageText"}


async def test_a_lost_answer_is_asked_again(telegram: Telegram, bot_api: Any, answers: Any, patience: Patience) -> None:
    bot_api.answer(answers.hang_up(), answers.raw(502, b"<html>"), answers.no(*NOT_MODIFIED))
    assert await probe(telegram, place=PLACE, text="x", patience=patience) is Seen.TEXT
    assert len(bot_api.seen) == 3


async def test_a_text_is_seen_as_text(telegram: Telegram, bot_api: Any, answers: Any) -> None:
    bot_api.answer(answers.ok(TEXT))
    assert await probe(telegram, place=PLACE, text="x") is Seen.TEXT


async def test_being_cut_off_for_long_stops_a_worker(
    telegram: Telegram, bot_api: Any, answers: Any, patience: Patience
) -> None:
    bot_api.answer(answers.no(*CUT_OFF))
    assert await look(telegram, place=PLACE, text="x", patience=patience) is Look.SUPERSEDED
    assert len(bot_api.seen) > 3
    with pytest.raises(errors.Superseded):
        await probe(telegram, place=PLACE, text="x", patience=patience)
    bot_api.answer(answers.no(*CUT_OFF), answers.no(400, "Bad Request: there is no text in the message to edit"))
    assert await look(telegram, place=PLACE, text="x", patience=patience) is Look.DELIVERED


async def test_a_migrated_group_is_never_edited_by_the_old_message_id(
    telegram: Telegram, bot_api: Any, answers: Any
) -> None:
    bot_api.answer(
        answers.no(400, "Bad Request: group chat was upgraded to a supergroup chat", migrate_to_chat_id=-100)
    )
    for step in (
        lambda: probe(telegram, place=PLACE, text="x"),
        lambda: look(telegram, place=PLACE, text="x"),
        lambda: ask(telegram, place=PLACE, caption="x"),
        lambda: take_away(telegram, place=PLACE),
    ):
        bot_api.seen.clear()
        with pytest.raises(errors.ChatMigrated) as caught:
            await step()
        assert caught.value.new_chat_id == -100
        assert len(bot_api.seen) == 1


@pytest.mark.parametrize(
    ("said", "taken"),
    [
        ((400, "Bad Request: message to delete not found"), Taken.GONE),
        ((400, "Bad Request: message can't be deleted"), Taken.STUCK),
        ((403, "Forbidden: bot was blocked by the user"), Taken.CHAT_GONE),
    ],
)
async def test_taking_away(
    telegram: Telegram, bot_api: Any, answers: Any, patience: Patience, said: tuple[int, str], taken: Taken
) -> None:
    bot_api.answer(answers.hang_up(), answers.no(*said))
    assert await take_away(telegram, place=PLACE, patience=patience) is taken
    assert [s.method for s in bot_api.seen] == ["deleteMessage", "deleteMessage"]


async def test_taking_away_is_not_claimed_without_an_answer(
    telegram: Telegram, bot_api: Any, answers: Any, patience: Patience
) -> None:
    bot_api.answer(answers.hang_up())
    with pytest.raises(errors.OutcomeUnknown):
        await take_away(telegram, place=PLACE, patience=patience)


@pytest.mark.parametrize(
    ("said", "seen"),
    [
        ((400, "Bad Request: there is no caption in the message to edit"), Seen.TEXT),
        ((400, "Bad Request: message to edit not found"), Seen.GONE),
        ((403, "Forbidden: bot was blocked by the user"), Seen.CHAT_GONE),
    ],
)
async def test_asking_by_caption(
    telegram: Telegram, bot_api: Any, answers: Any, said: tuple[int, str], seen: Seen
) -> None:
    bot_api.answer(answers.no(*said))
    assert await ask(telegram, place=PLACE, caption="c", keyboard=after_result("en", "ab12cd3", None, {})) == Asked(
        seen=seen
    )


async def test_a_video_tells_its_file(telegram: Telegram, bot_api: Any, answers: Any) -> None:
    bot_api.answer(answers.ok(VIDEO))
    assert await ask(telegram, place=PLACE, caption="c") == Asked(seen=Seen.VIDEO, media=HELD)


async def test_a_video_that_needs_no_change_tells_its_file_and_keeps_its_buttons(
    telegram: Telegram, bot_api: Any, answers: Any
) -> None:
    keyboard = after_result("en", "ab12cd3", None, {})
    bot_api.answer(answers.no(*NOT_MODIFIED), answers.ok(VIDEO), answers.ok(VIDEO))
    assert await ask(telegram, place=PLACE, caption="c", keyboard=keyboard) == Asked(seen=Seen.VIDEO, media=HELD)
    assert bot_api.seen[-1].params["reply_markup"] == keyboard.as_json()


async def test_a_wrong_token_is_not_hidden(telegram: Telegram, bot_api: Any, answers: Any) -> None:
    bot_api.answer(answers.no(401, "Unauthorized"))
    with pytest.raises(errors.BadToken):
        await probe(telegram, place=PLACE, text="x")
