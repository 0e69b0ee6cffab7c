"""Sends: kinds, limits, replies, albums, copies, and who may not be written to."""

from __future__ import annotations

from typing import Any

import pytest

from imgvid.sandbox.telegram import Person, Sim

from .conftest import Api, Refused
from .material import jpeg, mp4, png


async def refusal(api: Api, method: str, files: dict[str, Any] | None = None, **params: Any) -> tuple[int, str]:
    with pytest.raises(Refused) as refused:
        await api(method, files, **params)
    return refused.value.status, refused.value.description


async def test_message_ids_rise_in_each_chat_by_themselves(api: Api, sim: Sim, eva: Person) -> None:
    jan = await sim.person("Jan")
    await jan.send_text("hi")
    assert [(await api("sendMessage", chat_id=eva.chat_id, text=t))["message_id"] for t in "ab"] == [2, 3]
    assert (await api("sendMessage", chat_id=jan.chat_id, text="c"))["message_id"] == 2


async def test_limits_of_text_caption_and_buttons(api: Api, eva: Person) -> None:
    chat = eva.chat_id
    button = {"inline_keyboard": [[{"text": "x", "callback_data": "ž" * 33}]]}
    assert (await refusal(api, "sendMessage", chat_id=chat, text="  ")) == (400, "Bad Request: message text is empty")
    assert (await refusal(api, "sendMessage", chat_id=chat, text="x" * 4097))[1] == "Bad Request: message is too long"
    assert (await refusal(api, "sendMessage", chat_id=chat, text="x", reply_markup=button))[1] == (
        "Bad Request: BUTTON_DATA_INVALID"
    )
    photo = {"photo": ("p.jpg", jpeg())}
    assert (await refusal(api, "sendPhoto", photo, chat_id=chat, caption="x" * 1025))[1] == (
        "Bad Request: message caption is too long"
    )
    assert (await refusal(api, "sendMessage", text="x"))[1] == "Bad Request: chat_id is empty"
    bare = {"inline_keyboard": [[{"text": "x"}]]}
    assert (
        "Text buttons are unallowed"
        in (await refusal(api, "sendMessage", chat_id=chat, text="x", reply_markup=bare))[1]
    )
    assert (
        len((await api("sendMessage", chat_id=chat, text="<b>" + "x" * 4096 + "</b>", parse_mode="HTML"))["text"])
        == 4096
    )


async def test_a_reply_needs_its_message_unless_it_may_go_without(api: Api, eva: Person) -> None:
    first = (await eva.messages())[0].message_id
    answer = await api("sendMessage", chat_id=eva.chat_id, text="a", reply_parameters={"message_id": first})
    assert answer["reply_to_message"]["text"] == "/start"
    lost = {"message_id": 77}
    assert (await refusal(api, "sendMessage", chat_id=eva.chat_id, text="a", reply_parameters=lost))[1] == (
        "Bad Request: message to be replied not found"
    )
    lenient = {"message_id": 77, "allow_sending_without_reply": True}
    assert "reply_to_message" not in await api("sendMessage", chat_id=eva.chat_id, text="a", reply_parameters=lenient)


async def test_a_photo_comes_in_sizes_that_are_really_there(api: Api, eva: Person) -> None:
    message = await api("sendPhoto", {"photo": ("p.png", png(1000, 500))}, chat_id=eva.chat_id)
    sizes = [(size["width"], size["height"]) for size in message["photo"]]
    assert sizes == [(100, 50), (320, 160), (800, 400), (1000, 500)]
    assert len({size["file_unique_id"] for size in message["photo"]}) == 4
    medium = await api("getFile", file_id=message["photo"][1]["file_id"])
    data = (await api.http.get(f"/file/bot4242:not-a-secret/{medium['file_path']}")).content
    from PIL import Image

    with Image.open(__import__("io").BytesIO(data)) as image:
        assert (image.format, image.size) == ("JPEG", (320, 160))


@pytest.mark.parametrize(
    ("data", "description"),
    [
        (b"", "Bad Request: file must be non-empty"),
        (b"no picture at all", "Bad Request: IMAGE_PROCESS_FAILED"),
        (png(3, 300), "Bad Request: PHOTO_INVALID_DIMENSIONS"),
        (png(9999, 2), "Bad Request: PHOTO_INVALID_DIMENSIONS"),
        (
            jpeg() + b"\0" * (10 << 20),
            f"Bad Request: file of size {len(jpeg()) + (10 << 20)} bytes is too big for a photo; "
            "the maximum size is 10485760 bytes",
        ),
    ],
)
async def test_photos_that_are_refused(api: Api, eva: Person, data: bytes, description: str) -> None:
    assert (await refusal(api, "sendPhoto", {"photo": ("p.jpg", data)}, chat_id=eva.chat_id)) == (400, description)


async def test_sound_decides_between_video_and_animation(api: Api, eva: Person) -> None:
    loud = await api("sendVideo", {"video": ("v.mp4", mp4())}, chat_id=eva.chat_id, duration=5)
    assert (loud["video"]["width"], loud["video"]["height"], loud["video"]["duration"]) == (160, 96, 5)
    assert loud["video"]["mime_type"] == "video/mp4"
    silent = await api("sendVideo", {"video": ("v.mp4", mp4(sound=False))}, chat_id=eva.chat_id)
    assert "video" not in silent
    assert silent["animation"]["file_id"] == silent["document"]["file_id"]
    assert silent["animation"]["width"] == 160


async def test_a_file_id_is_sent_again_without_bytes_and_keeps_its_type(api: Api, sim: Sim, eva: Person) -> None:
    sent = await api("sendVideo", {"video": ("v.mp4", mp4())}, chat_id=eva.chat_id)
    file_id = sent["video"]["file_id"]
    again = await api("sendVideo", chat_id=eva.chat_id, video=file_id)
    assert again["video"] == sent["video"]
    assert (await refusal(api, "sendPhoto", chat_id=eva.chat_id, photo=file_id))[1] == (
        "Bad Request: can't use file of type Video as Photo"
    )
    assert (await refusal(api, "sendPhoto", chat_id=eva.chat_id, photo="AgAC-made-up"))[1] == (
        "Bad Request: wrong file identifier/HTTP URL specified"
    )
    assert (await refusal(api, "sendPhoto", chat_id=eva.chat_id, photo="https://example.org/a.jpg"))[1] == (
        "Bad Request: failed to get HTTP URL content"
    )
    uploaded_again = await api("sendVideo", {"video": ("v.mp4", mp4())}, chat_id=eva.chat_id)
    assert uploaded_again["video"]["file_unique_id"] != sent["video"]["file_unique_id"]


async def test_an_album_shares_a_group_and_keeps_silent_videos_as_video(api: Api, eva: Person) -> None:
    media = [{"type": "photo", "media": "attach://a", "caption": "both"}, {"type": "video", "media": "attach://b"}]
    files = {"a": ("a.jpg", jpeg()), "b": ("b.mp4", mp4(sound=False))}
    first, second = await api("sendMediaGroup", files, chat_id=eva.chat_id, media=media)
    assert first["media_group_id"] == second["media_group_id"]
    assert (first["caption"], "caption" in second) == ("both", False)
    assert second["video"]["width"] == 160
    assert (await refusal(api, "sendMediaGroup", {"a": ("a.jpg", jpeg())}, chat_id=eva.chat_id, media=media[:1]))[
        0
    ] == 400
    missing = [media[0], {"type": "photo", "media": "attach://nowhere"}]
    assert (await refusal(api, "sendMediaGroup", files, chat_id=eva.chat_id, media=missing))[1] == (
        "Bad Request: can't parse InputMedia: media not found"
    )


async def test_a_copy_is_a_message_of_its_own(api: Api, sim: Sim, eva: Person) -> None:
    photo = await eva.send_photo(jpeg(), "mine")
    jan = await sim.person("Jan")
    await jan.send_text("hi")
    copied = await api(
        "copyMessage", chat_id=jan.chat_id, from_chat_id=eva.chat_id, message_id=photo.message_id, caption="yours"
    )
    shown = await jan.message(copied["message_id"])
    assert (shown.kind, shown.text, shown.by) == ("photo", "yours", "bot")
    assert await jan.media(shown.message_id) == await eva.media(photo.message_id)


async def test_who_cannot_be_written_to(api: Api, sim: Sim, eva: Person) -> None:
    async def says(chat_id: int) -> tuple[int, str]:
        return await refusal(api, "sendMessage", chat_id=chat_id, text="x")

    stranger = await sim.person("Max")
    assert await says(12345) == (400, "Bad Request: chat not found")
    assert await says(stranger.chat_id) == (403, "Forbidden: bot can't initiate conversation with a user")
    await eva.block()
    assert await says(eva.chat_id) == (403, "Forbidden: bot was blocked by the user")
    await eva.unblock()
    await api("sendMessage", chat_id=eva.chat_id, text="x")
    await eva.deactivate()
    assert await says(eva.chat_id) == (403, "Forbidden: user is deactivated")
    group = eva.within(await sim.group("Studio", [eva]))
    await group.kick_bot()
    assert await says(group.chat_id) == (403, "Forbidden: bot was kicked from the group chat")


async def test_a_group_that_grew_says_where_it_went(api: Api, sim: Sim, eva: Person) -> None:
    group = eva.within(await sim.group("Studio", [eva]))
    grown = await group.migrate()
    with pytest.raises(Refused) as refused:
        await api("sendMessage", chat_id=group.chat_id, text="x")
    assert refused.value.body == {
        "ok": False,
        "error_code": 400,
        "description": "Bad Request: group chat was upgraded to a supergroup chat",
        "parameters": {"migrate_to_chat_id": grown.chat_id},
    }
    updates = await api.updates()
    assert [u["message"].get("migrate_to_chat_id") for u in updates[-2:]] == [grown.chat_id, None]
    assert updates[-1]["message"]["migrate_from_chat_id"] == group.chat_id
    await api("sendMessage", chat_id=grown.chat_id, text="x")


async def test_actions_and_reactions(api: Api, eva: Person) -> None:
    message = (await eva.messages())[0].message_id
    assert await api("sendChatAction", chat_id=eva.chat_id, action="upload_video") is True
    chat = (await eva.sim.get("/sim/chats", chat=eva.chat_id))["chats"][0]  # type: ignore[index]
    assert chat["activity"]["action"] == "upload_video"
    await eva.sim.advance(6)
    assert (await eva.sim.get("/sim/chats", chat=eva.chat_id))["chats"][0]["activity"] is None  # type: ignore[index]
    await api(
        "setMessageReaction", chat_id=eva.chat_id, message_id=message, reaction=[{"type": "emoji", "emoji": "👀"}]
    )
    assert (await eva.message(message)).reactions == ("👀",)
    assert (
        await refusal(
            api,
            "setMessageReaction",
            chat_id=eva.chat_id,
            message_id=message,
            reaction=[{"type": "emoji", "emoji": "✅"}],
        )
    )[1] == "Bad Request: REACTION_INVALID"
    assert (await refusal(api, "sendChatAction", chat_id=eva.chat_id, action="dance"))[0] == 400
