"""The video reaches the message or it is known why not; a lost answer is never told as a failure."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from imgvid.telegram import errors
from imgvid.telegram.client import Telegram
from imgvid.telegram.delivery import Delivery, End, deliver
from imgvid.telegram.message import Place
from imgvid.telegram.outgoing import Delivered, Kind, Outgoing
from imgvid.telegram.patience import Patience

VIDEO = {"message_id": 5, "video": {"file_id": "F", "file_unique_id": "U"}}
HELD = Delivered(file_id="F", file_unique_id="U", kind=Kind.VIDEO)
CUT_OFF = (400, "Bad Request: canceled by new edit message request")
NO_CAPTION = (400, "Bad Request: there is no caption in the message to edit")
GONE = (400, "Bad Request: message to edit not found")


@pytest.fixture
def send(telegram: Telegram, time: Any) -> Any:
    patience = Patience(span=timedelta(minutes=10), clock=time.clock, sleep=time.skip)

    async def sending() -> Delivery:
        return await deliver(
            telegram,
            place=Place(chat_id=1, message_id=5),
            media=Outgoing(source=b"mp4"),
            caption="c",
            patience=patience,
        )

    return sending


def _methods(bot_api: Any) -> list[str]:
    return [seen.method for seen in bot_api.seen]


async def test_the_plain_case_is_one_call(send: Any, bot_api: Any, answers: Any) -> None:
    bot_api.answer(answers.ok(VIDEO))
    assert await send() == Delivery(end=End.DELIVERED, media=HELD)
    assert _methods(bot_api) == ["editMessageMedia"]


async def test_a_lost_answer_with_the_video_there(send: Any, bot_api: Any, answers: Any) -> None:
    bot_api.answer(answers.hang_up(), answers.ok(VIDEO))
    assert await send() == Delivery(end=End.DELIVERED, media=HELD)
    assert _methods(bot_api) == ["editMessageMedia", "editMessageCaption"]


async def test_a_lost_answer_with_the_text_still_there(send: Any, bot_api: Any, answers: Any) -> None:
    bot_api.answer(answers.raw(502, b"<html>"), answers.no(*NO_CAPTION), answers.ok(VIDEO))
    assert (await send()).end is End.DELIVERED
    assert _methods(bot_api) == ["editMessageMedia", "editMessageCaption", "editMessageMedia"]


async def test_not_modified_means_that_it_is_there(send: Any, bot_api: Any, answers: Any) -> None:
    bot_api.answer(answers.no(400, "Bad Request: message is not modified"))
    assert (await send()).end is End.DELIVERED


async def test_floods_and_outages_are_waited_out(send: Any, bot_api: Any, answers: Any, time: Any) -> None:
    flood = answers.no(429, "Too Many Requests: retry after 137", retry_after=137)
    bot_api.answer(flood, flood, answers.ok(VIDEO))
    assert (await send()).end is End.DELIVERED
    assert time.slept_s == [137.0, 137.0]


async def test_an_outage_without_end_is_unknown_and_not_a_failure(send: Any, bot_api: Any, answers: Any) -> None:
    bot_api.answer(answers.hang_up())
    ended = await send()
    assert ended.end is End.UNKNOWN
    assert isinstance(ended.error, errors.OutcomeUnknown)


async def test_lost_answers_without_end_over_a_text_are_unknown(send: Any, bot_api: Any, answers: Any) -> None:
    async def upload_lost_caption_answered(request: Any, seen: Any) -> Any:
        answering = answers.hang_up() if seen.method == "editMessageMedia" else answers.no(*NO_CAPTION)
        return await answering(request, seen)

    bot_api.answer(upload_lost_caption_answered)
    assert (await send()).end is End.UNKNOWN
    assert len(bot_api.seen) > 6


async def test_whoever_is_cut_off_waits_asks_and_stops(send: Any, bot_api: Any, answers: Any, time: Any) -> None:
    bot_api.answer(answers.no(*CUT_OFF), answers.no(*NO_CAPTION), answers.ok(VIDEO))
    assert await send() == Delivery(end=End.ALREADY, media=HELD)
    assert _methods(bot_api) == ["editMessageMedia", "editMessageCaption", "editMessageCaption"]
    assert time.slept_s == [5.0, 5.0]


async def test_whoever_is_cut_off_never_uploads_again(send: Any, bot_api: Any, answers: Any) -> None:
    bot_api.answer(answers.no(*CUT_OFF), answers.no(*NO_CAPTION))
    assert (await send()).end is End.SUPERSEDED
    assert _methods(bot_api).count("editMessageMedia") == 1


@pytest.mark.parametrize("after_being_cut_off", [True, False])
async def test_a_retired_message_stops_the_old_run(
    send: Any, bot_api: Any, answers: Any, after_being_cut_off: bool
) -> None:
    bot_api.answer(*([answers.no(*CUT_OFF)] if after_being_cut_off else []), answers.no(*GONE))
    assert (await send()).end is End.GONE


async def test_a_blocked_bot(send: Any, bot_api: Any, answers: Any) -> None:
    bot_api.answer(answers.no(403, "Forbidden: bot was blocked by the user"))
    assert (await send()).end is End.CHAT_GONE


async def test_a_migrated_group(send: Any, bot_api: Any, answers: Any) -> None:
    bot_api.answer(
        answers.no(400, "Bad Request: group chat was upgraded to a supergroup chat", migrate_to_chat_id=-100)
    )
    ended = await send()
    assert ended.end is End.MOVED
    assert isinstance(ended.error, errors.ChatMigrated)
    assert len(bot_api.seen) == 1


async def test_a_refusal_counts_only_when_no_video_is_there(send: Any, bot_api: Any, answers: Any) -> None:
    too_large = answers.raw(413, b"<html>")
    bot_api.answer(too_large, answers.no(*NO_CAPTION))
    ended = await send()
    assert ended.end is End.REFUSED
    assert isinstance(ended.error, errors.UploadTooLarge)
    bot_api.answer(too_large, answers.ok(VIDEO))
    assert await send() == Delivery(end=End.DELIVERED, media=HELD)
    bot_api.answer(too_large, answers.hang_up())
    assert (await send()).end is End.UNKNOWN


async def test_a_wrong_token_is_raised(send: Any, bot_api: Any, answers: Any) -> None:
    bot_api.answer(answers.no(401, "Unauthorized"))
    with pytest.raises(errors.BadToken):
        await send()
