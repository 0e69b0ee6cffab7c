"""Edits and deletions, which the whole product stands on."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from imgvid.sandbox.telegram import Person, Sim

from .conftest import Api, Refused
from .material import jpeg, mp4

KEYS = {"inline_keyboard": [[{"text": "Cancel", "callback_data": "c"}]]}


@pytest.fixture
async def placeholder(api: Api, eva: Person) -> int:
    message = await api("sendMessage", chat_id=eva.chat_id, text="queued", reply_markup=KEYS)
    return int(message["message_id"])


async def refused(api: Api, method: str, files: dict[str, Any] | None = None, **params: Any) -> str:
    with pytest.raises(Refused) as caught:
        await api(method, files, **params)
    return caught.value.description


async def test_text_edits_and_what_is_not_modified(api: Api, eva: Person, placeholder: int) -> None:
    at = {"chat_id": eva.chat_id, "message_id": placeholder}
    not_modified = (
        "Bad Request: message is not modified: specified new message content and reply markup are exactly the same as "
        "a current content and reply markup of the message"
    )
    assert await refused(api, "editMessageText", text="queued", reply_markup=KEYS, **at) == not_modified
    edited = await api("editMessageText", text="queued", **at)  # the omitted keyboard goes away
    assert "reply_markup" not in edited
    assert edited["edit_date"] >= edited["date"]
    assert await refused(api, "editMessageReplyMarkup", **at) == not_modified
    assert (await api("editMessageReplyMarkup", reply_markup=KEYS, **at))["reply_markup"] == KEYS
    shown = await eva.message(placeholder)
    assert [len(step.buttons) for step in shown.history] == [1, 0, 1]
    assert await refused(api, "editMessageCaption", caption="x", **at) == (
        "Bad Request: there is no caption in the message to edit"
    )


async def test_a_text_becomes_a_video_and_never_text_again(api: Api, eva: Person, placeholder: int) -> None:
    at = {"chat_id": eva.chat_id, "message_id": placeholder}
    edited = await api.video(eva.chat_id, placeholder, mp4(), caption="done", width=160, height=96, duration=1)
    assert edited["message_id"] == placeholder
    assert edited["caption"] == "done"
    assert edited["video"]["duration"] == 1
    assert await refused(api, "editMessageText", text="failed", **at) == (
        "Bad Request: there is no text in the message to edit"
    )
    await api("editMessageCaption", caption="done, seed 5", **at)
    assert await eva.media(placeholder) == mp4()
    summary = await eva.sim.summary(eva.chat_id)
    assert (summary["videos"], summary["videos_ever"], summary["video_replacements"]) == (1, 1, 0)
    await api.video(eva.chat_id, placeholder, mp4(shade=9), caption="other")
    assert (await eva.sim.summary(eva.chat_id))["video_replacements"] == 1
    same = {"type": "video", "media": (await eva.message(placeholder)).media.file_id, "caption": "other"}  # type: ignore[union-attr]
    assert "message is not modified" in await refused(api, "editMessageMedia", media=same, **at)


async def test_a_silent_video_becomes_an_animation(api: Api, eva: Person, placeholder: int) -> None:
    edited = await api.video(eva.chat_id, placeholder, mp4(sound=False))
    assert edited["animation"]["file_id"] == edited["document"]["file_id"]
    assert (await eva.video()).kind == "animation"


async def test_what_cannot_be_edited(api: Api, eva: Person) -> None:
    chat = eva.chat_id
    theirs = (await eva.messages())[0].message_id
    assert await refused(api, "editMessageText", chat_id=chat, message_id=theirs, text="x") == (
        "Bad Request: message can't be edited"
    )
    keyboard = {"keyboard": [[{"text": "hello"}]]}
    other = (await api("sendMessage", chat_id=chat, text="x", reply_markup=keyboard))["message_id"]
    assert await refused(api, "editMessageText", chat_id=chat, message_id=other, text="y") == (
        "Bad Request: message can't be edited"
    )
    with pytest.raises(Refused, match="message media can't be edited"):
        await api.video(chat, other, mp4())
    assert await refused(api, "editMessageText", chat_id=chat, message_id=555, text="x") == (
        "Bad Request: message to edit not found"
    )
    bad = {"type": "video", "media": "attach://nothing"}
    assert await refused(api, "editMessageMedia", chat_id=chat, message_id=other, media=bad) != ""


async def test_bad_input_media(api: Api, eva: Person, placeholder: int) -> None:
    at = {"chat_id": eva.chat_id, "message_id": placeholder}
    nothing = {"type": "video", "media": "attach://nothing"}
    assert await refused(api, "editMessageMedia", media=nothing, **at) == (
        "Bad Request: can't parse InputMedia: media not found"
    )
    assert await refused(api, "editMessageMedia", media="{", **at) == "Bad Request: can't parse media JSON object"
    assert (
        await refused(api, "editMessageMedia", media="[]", **at) == "Bad Request: can't parse input media JSON object"
    )


async def test_deletions(api: Api, sim: Sim, eva: Person, placeholder: int) -> None:
    at = {"chat_id": eva.chat_id, "message_id": placeholder}
    assert await api("deleteMessage", **at) is True
    assert await refused(api, "deleteMessage", **at) == "Bad Request: message to delete not found"
    assert await refused(api, "editMessageText", text="x", **at) == "Bad Request: message to edit not found"
    with pytest.raises(Refused, match="message to edit not found"):
        await api.video(eva.chat_id, placeholder, mp4())
    old = (await api("sendMessage", chat_id=eva.chat_id, text="old"))["message_id"]
    await sim.advance(48 * 3600 + 1)
    assert await refused(api, "deleteMessage", chat_id=eva.chat_id, message_id=old) == (
        "Bad Request: message can't be deleted for everyone"
    )
    await api("editMessageText", chat_id=eva.chat_id, message_id=old, text="still editable")
    fresh = (await api("sendMessage", chat_id=eva.chat_id, text="new"))["message_id"]
    assert await api("deleteMessages", chat_id=eva.chat_id, message_ids=[fresh, old, 999]) is True
    assert [(await eva.message(number)).alive for number in (fresh, old)] == [False, True]


async def test_a_blocked_chat_takes_deletions_but_no_edits(api: Api, eva: Person, placeholder: int) -> None:
    await eva.block()
    at = {"chat_id": eva.chat_id, "message_id": placeholder}
    assert await refused(api, "editMessageText", text="x", **at) == "Forbidden: bot was blocked by the user"
    assert await api("deleteMessage", **at) is True


async def test_a_newer_media_edit_aborts_the_one_under_way(api: Api, sim: Sim, eva: Person, placeholder: int) -> None:
    rule = await sim.fault("hold", method="editMessageMedia")
    async with asyncio.TaskGroup() as group:
        slow = group.create_task(refused_video(api, eva, placeholder))
        await sim.until_held(rule)
        text = await api("editMessageText", chat_id=eva.chat_id, message_id=placeholder, text="sending")
        assert text["text"] == "sending"  # a text edit does not touch the upload
        assert not slow.done()
        await api.video(eva.chat_id, placeholder, mp4(shade=3))
    assert slow.result() == "Bad Request: canceled by new edit message request"
    assert await eva.media(placeholder) == mp4(shade=3)
    assert (await sim.summary(eva.chat_id))["video_replacements"] == 0


async def refused_video(api: Api, eva: Person, message_id: int) -> str:
    with pytest.raises(Refused) as caught:
        await api.video(eva.chat_id, message_id, mp4())
    return caught.value.description


async def test_a_message_deleted_during_the_upload_never_shows_it(
    api: Api, sim: Sim, eva: Person, placeholder: int
) -> None:
    rule = await sim.fault("hold", method="editMessageMedia")
    async with asyncio.TaskGroup() as group:
        slow = group.create_task(refused_video(api, eva, placeholder))
        await sim.until_held(rule)
        await api("deleteMessage", chat_id=eva.chat_id, message_id=placeholder)
    assert slow.result() == "Bad Request: message was deleted"
    assert (await sim.summary(eva.chat_id))["videos_ever"] == 0


async def test_a_released_upload_is_applied_although_its_client_gave_up(
    api: Api, sim: Sim, eva: Person, placeholder: int
) -> None:
    rule = await sim.fault("hold", method="editMessageMedia")
    upload = asyncio.create_task(api.video(eva.chat_id, placeholder, mp4()))
    await sim.until_held(rule)
    upload.cancel()
    with pytest.raises(asyncio.CancelledError):
        await upload
    await sim.release(rule)
    assert (await eva.video()).message_id == placeholder


async def test_parallel_edits_of_different_messages_do_not_meet(api: Api, sim: Sim, eva: Person) -> None:
    ids = [(await api("sendMessage", chat_id=eva.chat_id, text=str(n)))["message_id"] for n in range(3)]
    await asyncio.gather(*(api.video(eva.chat_id, number, mp4(shade=number)) for number in ids))
    assert (await sim.summary(eva.chat_id))["videos"] == 3


async def test_photo_captions_can_be_edited_and_photos_become_videos(api: Api, eva: Person) -> None:
    sent = await api("sendPhoto", {"photo": ("p.jpg", jpeg())}, chat_id=eva.chat_id, caption="1 %")
    at = {"chat_id": eva.chat_id, "message_id": sent["message_id"]}
    assert (await api("editMessageCaption", caption="50 %", **at))["caption"] == "50 %"
    assert "video" in await api.video(eva.chat_id, sent["message_id"], mp4())
