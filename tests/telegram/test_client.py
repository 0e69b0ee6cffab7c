"""What goes over the wire, and what each answer becomes."""

from __future__ import annotations

import asyncio
import json
import logging
import traceback
from datetime import timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest
from aiohttp import web
from hypothesis import given
from hypothesis import strategies as st

from imgvid.telegram import errors
from imgvid.telegram.client import Telegram, clip
from imgvid.telegram.keyboard import while_open
from imgvid.telegram.outgoing import Delivered, Kind, Outgoing, delivered_in

KEYBOARD = while_open("en", "ab12cd3")
VIDEO = {"message_id": 5, "video": {"file_id": "F", "file_unique_id": "U"}}
SECRET = "a-secret_token"


async def test_a_text_with_everything(telegram: Telegram, bot_api: Any, answers: Any) -> None:
    bot_api.answer(answers.ok({"message_id": 77}))
    sent = await telegram.send_text(chat_id=-5, text="hello", keyboard=KEYBOARD, reply_to=9, silent=True, thread_id=3)
    assert sent == 77
    [seen] = bot_api.seen
    assert seen.method == "sendMessage"
    assert seen.params == {
        "chat_id": -5,
        "text": "hello",
        "link_preview_options": {"is_disabled": True},
        "reply_markup": {"inline_keyboard": [[{"text": "Cancel", "callback_data": "c:ab12cd3"}]]},
        "reply_parameters": {"message_id": 9, "allow_sending_without_reply": True},
        "disable_notification": True,
        "message_thread_id": 3,
    }


@pytest.mark.parametrize("trouble", ["hang_up", "html", "flood"])
async def test_a_text_is_never_sent_twice(telegram: Telegram, bot_api: Any, answers: Any, trouble: str) -> None:
    answer, kind = {
        "hang_up": (answers.hang_up(), errors.OutcomeUnknown),
        "html": (answers.raw(502, b"<html>"), errors.OutcomeUnknown),
        "flood": (answers.no(429, "Too Many Requests: retry after 3", retry_after=3), errors.Flood),
    }[trouble]
    bot_api.answer(answer)
    with pytest.raises(kind):
        await telegram.send_text(chat_id=1, text="x")
    assert len(bot_api.seen) == 1


async def test_not_modified_is_success_for_every_edit(telegram: Telegram, bot_api: Any, answers: Any) -> None:
    bot_api.answer(answers.no(400, "Bad Request: message is not modified: specified new message content and …"))
    await telegram.edit_text(chat_id=1, message_id=2, text="x")
    assert await telegram.edit_caption(chat_id=1, message_id=2, caption="x") is None
    assert await telegram.edit_keyboard(chat_id=1, message_id=2) is None
    assert [s.method for s in bot_api.seen] == ["editMessageText", "editMessageCaption", "editMessageReplyMarkup"]
    assert all("reply_markup" not in s.params for s in bot_api.seen)


async def test_a_video_from_a_file_travels_whole(
    telegram: Telegram, bot_api: Any, answers: Any, tmp_path: Path
) -> None:
    film, thumbnail = tmp_path / "out.mp4", b"\xff\xd8jpeg"
    film.write_bytes(bytes(range(256)) * 4096)
    bot_api.answer(answers.ok(VIDEO))
    media = Outgoing(
        source=film, width=832, height=480, duration_s=4.0167, thumbnail=thumbnail, has_spoiler=True, filename="a.mp4"
    )
    got = await telegram.edit_media(chat_id=1, message_id=5, media=media, caption="Žofia 🎬", keyboard=KEYBOARD)
    assert got == Delivered(file_id="F", file_unique_id="U", kind=Kind.VIDEO)
    [seen] = bot_api.seen
    assert seen.files == {"media": film.read_bytes(), "thumbnail": thumbnail}
    assert (seen.params["chat_id"], seen.params["message_id"]) == ("1", "5")
    assert json.loads(seen.params["reply_markup"]) == KEYBOARD.as_json()
    assert json.loads(seen.params["media"]) == {
        "type": "video",
        "media": "attach://media",
        "thumbnail": "attach://thumbnail",
        "caption": "Žofia 🎬",
        "width": 832,
        "height": 480,
        "duration": 4,
        "supports_streaming": True,
        "has_spoiler": True,
    }


async def test_an_upload_that_is_cut_off_may_have_been_applied(telegram: Telegram, bot_api: Any, answers: Any) -> None:
    bot_api.answer(answers.hang_up())
    with pytest.raises(errors.OutcomeUnknown):
        await telegram.edit_media(chat_id=1, message_id=5, media=Outgoing(source=b"mp4"), caption="")
    assert len(bot_api.seen) == 1


async def test_a_front_that_refuses_the_size_is_heard(telegram: Telegram, bot_api: Any, answers: Any) -> None:
    bot_api.answer(answers.raw(413, b"<html>413 Request Entity Too Large</html>"))
    with pytest.raises(errors.UploadTooLarge):
        await telegram.edit_media(chat_id=1, message_id=5, media=Outgoing(source=b"x" * 1_000_000), caption="")


async def test_no_connection_is_surely_not_sent(http: httpx.AsyncClient, unused_tcp_port: int) -> None:
    telegram = Telegram(token=f"42:{SECRET}", api_url=f"http://127.0.0.1:{unused_tcp_port}", http=http)
    with pytest.raises(errors.Unreachable):
        await telegram.send_text(chat_id=1, text="x")


async def test_no_answer_in_time_is_unknown(bot_api: Any, http: httpx.AsyncClient) -> None:
    gone_home = asyncio.Event()

    async def never(_request: web.Request, _seen: Any) -> web.StreamResponse:
        await gone_home.wait()
        return web.Response()

    bot_api.answer(never)
    telegram = Telegram(
        token=f"42:{SECRET}",
        api_url=bot_api.url,
        http=http,
        call_timeout=timedelta(milliseconds=50),
        upload_timeout=timedelta(milliseconds=50),
    )
    with pytest.raises(errors.OutcomeUnknown, match=r"no answer within 0\.05 s|answer was lost"):
        await telegram.edit_text(chat_id=1, message_id=1, text="x")
    with pytest.raises(errors.OutcomeUnknown):
        await telegram.edit_media(chat_id=1, message_id=1, media=Outgoing(source=b"x"), caption="")
    gone_home.set()


async def test_a_delete_of_what_is_gone_is_success(telegram: Telegram, bot_api: Any, answers: Any) -> None:
    bot_api.answer(answers.no(400, "Bad Request: message to delete not found"))
    await telegram.delete_message(chat_id=1, message_id=2)
    bot_api.answer(answers.no(400, "Bad Request: message can't be deleted"))
    with pytest.raises(errors.NotDeletable):
        await telegram.delete_message(chat_id=1, message_id=2)


async def test_ok_without_the_promised_result_is_unknown(telegram: Telegram, bot_api: Any, answers: Any) -> None:
    bot_api.answer(answers.ok(True))
    with pytest.raises(errors.OutcomeUnknown):
        await telegram.send_text(chat_id=1, text="x")
    with pytest.raises(errors.OutcomeUnknown):
        await telegram.edit_media(chat_id=1, message_id=1, media=Outgoing(source=b"x"), caption="")
    with pytest.raises(errors.OutcomeUnknown):
        await telegram.get_me()


async def test_get_me_and_chat_action(telegram: Telegram, bot_api: Any, answers: Any) -> None:
    bot_api.answer(answers.ok({"id": 4242, "is_bot": True, "username": "imgvid_bot"}), answers.ok(True))
    me = await telegram.get_me()
    assert (me.id, me.username, telegram.bot_id) == (4242, "imgvid_bot", 4242)
    await telegram.send_chat_action(chat_id=1)
    assert bot_api.seen[1].params == {"chat_id": 1, "action": "upload_video"}


# -- the token


def _whole_chain(error: BaseException) -> str:
    """Everything that a log could print of an exception, hidden context included."""
    parts, todo = [], [error]
    while todo:
        current = todo.pop()
        parts += [repr(current), *traceback.format_exception(current)]
        todo += [other for other in (current.__cause__, current.__context__) if other is not None]
        parts.append(str(vars(current)))
    return "\n".join(parts)


@pytest.mark.parametrize("trouble", ["hang_up", "html", "refused", "unauthorized", "not json", "closed port"])
@pytest.mark.parametrize("call", ["send", "upload", "download"])
async def test_the_token_is_in_no_exception_and_no_log_line(
    bot_api: Any,
    answers: Any,
    http: httpx.AsyncClient,
    time: Any,
    tmp_path: Path,
    caplog: pytest.LogCaptureFixture,
    unused_tcp_port: int,
    trouble: str,
    call: str,
) -> None:
    caplog.set_level(logging.DEBUG)
    bot_api.answer(
        {
            "hang_up": answers.hang_up(),
            "html": answers.raw(502, b"<html>"),
            "refused": answers.no(400, "Bad Request: invalid file_id"),
            "unauthorized": answers.no(401, "Unauthorized"),
            "not json": answers.raw(200, b"{"),
            "closed port": answers.ok({}),
        }[trouble]
    )
    url = f"http://127.0.0.1:{unused_tcp_port}" if trouble == "closed port" else bot_api.url
    telegram = Telegram(token=f"42:{SECRET}", api_url=url, http=http, sleep=time.skip)
    calls = {
        "send": lambda: telegram.send_text(chat_id=1, text="x"),
        "upload": lambda: telegram.edit_media(chat_id=1, message_id=1, media=Outgoing(source=b"x"), caption=""),
        "download": lambda: telegram.download(file_id="F", into=tmp_path / "x"),
    }
    with pytest.raises(errors.TelegramError) as caught:
        await calls[call]()
    assert SECRET not in _whole_chain(caught.value)
    ours = [record for record in caplog.records if not record.name.startswith("aiohttp")]  # the server's own log
    assert ours
    assert not [record for record in ours if SECRET in record.getMessage()]
    assert SECRET not in repr(telegram)


@pytest.mark.parametrize("token", ["", "nonsense", ":abc", "12:", f"x42:{SECRET}", f"42:{SECRET} "])
def test_a_malformed_token_is_refused_without_being_shown(token: str) -> None:
    with pytest.raises(ValueError, match="TELEGRAM_BOT_TOKEN") as caught:
        Telegram(token=token, api_url="http://127.0.0.1:1", http=httpx.AsyncClient())
    assert SECRET not in str(caught.value)


def test_an_address_without_a_scheme_is_refused() -> None:
    with pytest.raises(ValueError, match="TELEGRAM_API_URL"):
        Telegram(token="1:abcdef", api_url="api.telegram.org", http=httpx.AsyncClient())


# -- what a message holds


def test_the_media_of_a_message() -> None:
    def media(**fields: object) -> Delivered | None:
        return delivered_in({"message_id": 1, **fields})

    one, two = {"file_id": "A", "file_unique_id": "a"}, {"file_id": "B", "file_unique_id": "b"}
    assert media(text="x") is None
    assert delivered_in(True) is None
    assert media(animation=one, document=two) == Delivered(file_id="A", file_unique_id="a", kind=Kind.ANIMATION)
    assert media(document=two) == Delivered(file_id="B", file_unique_id="b", kind=Kind.DOCUMENT)
    sizes = [one | {"width": 90, "height": 60}, two | {"width": 1280, "height": 853}]
    assert media(photo=sizes) == Delivered(file_id="B", file_unique_id="b", kind=Kind.PHOTO)


@given(text=st.text(max_size=80), limit=st.integers(min_value=1, max_value=60))
def test_clip_counts_as_telegram_does(text: str, limit: int) -> None:
    clipped = clip(text, limit)
    assert len(clipped.encode("utf-16-le")) // 2 <= limit
    assert clipped == text or clipped.endswith("…")
