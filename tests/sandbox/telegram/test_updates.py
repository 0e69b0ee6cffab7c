"""The queue of updates: at least once, one poller, order, expiry, what people do."""

from __future__ import annotations

import asyncio

import pytest

from imgvid.sandbox.telegram import Person, Sim, SimRefused

from .conftest import Api, Refused
from .material import jpeg, mp4, png


async def test_an_update_stays_until_a_higher_offset_confirms_it(api: Api, eva: Person) -> None:
    await eva.send_text("second")
    first, second = await api.updates()
    assert second["update_id"] == first["update_id"] + 1
    assert first["message"]["text"] == "/start"
    assert first["message"]["entities"] == [{"type": "bot_command", "offset": 0, "length": 6}]
    assert first["message"]["from"]["language_code"] == "sk"
    assert await api.updates(first["update_id"]) == [first, second]
    assert await api.updates(second["update_id"]) == [second]
    assert [u["update_id"] for u in await api.updates(-1)] == [second["update_id"]]


async def test_a_poll_waits_for_what_comes(api: Api, eva: Person) -> None:
    (start,) = await api.updates()
    async with asyncio.TaskGroup() as group:
        poll = group.create_task(api("getUpdates", offset=start["update_id"] + 1, timeout=20))
        await eva.sim.until_called("getUpdates")
        await eva.send_text("here")
    assert [u["message"]["text"] for u in poll.result()] == ["here"]


async def test_the_second_poller_wins_and_the_first_hears_409(api: Api, sim: Sim) -> None:
    async with asyncio.TaskGroup() as group:
        first = group.create_task(api.raw("getUpdates", timeout=20))
        second = group.create_task(api.raw("getUpdates", timeout=20))
        (refused,) = await sim.until_called("getUpdates")
        await (await sim.person("Jan")).send_text("hello")
    assert refused["status"] == 409
    assert refused["description"] == (
        "Conflict: terminated by other getUpdates request; make sure that only one bot instance is running"
    )
    assert {first.result().status_code, second.result().status_code} == {409, 200}


async def test_allowed_updates_stick(api: Api, eva: Person) -> None:
    await api.updates(allowed_updates=["callback_query"])
    await eva.send_text("not wanted")
    await eva.edit((await eva.messages())[-1].message_id, "still not")
    message = await api("sendMessage", chat_id=eva.chat_id, text="x", reply_markup={
        "inline_keyboard": [[{"text": "Go", "callback_data": "go"}]]
    })  # fmt: skip
    await eva.press(message["message_id"], "Go")
    (start,) = await api.updates()
    assert "message" in start
    assert [list(u)[1] for u in await api.updates(start["update_id"] + 1)] == ["callback_query"]


async def test_updates_and_queries_expire(api: Api, sim: Sim, eva: Person) -> None:
    keys = {"inline_keyboard": [[{"text": "Go", "callback_data": "go"}]]}
    message = await api("sendMessage", chat_id=eva.chat_id, text="x", reply_markup=keys)
    callback = await eva.press(message["message_id"], "go")
    await sim.advance(151)
    assert ["message" in u for u in await api.updates()] == [True]
    with pytest.raises(Refused, match="query is too old and response timeout expired or query ID is invalid"):
        await api("answerCallbackQuery", callback_query_id=callback)
    await sim.advance(24 * 3600)
    assert (await api("getWebhookInfo"))["pending_update_count"] == 0


async def test_a_press_is_answered_once(api: Api, eva: Person) -> None:
    keys = {"inline_keyboard": [[{"text": "Cancel", "callback_data": "c:1"}, {"text": "?", "url": "https://a.org"}]]}
    message = await api("sendMessage", chat_id=eva.chat_id, text="x", reply_markup=keys)
    callback = await eva.press(message["message_id"], "Cancel")
    query = (await api.updates())[-1]["callback_query"]
    assert (query["id"], query["data"], query["from"]["id"]) == (callback, "c:1", eva.user_id)
    assert query["message"]["message_id"] == message["message_id"]
    assert await api("answerCallbackQuery", callback_query_id=callback, text="ok", show_alert=True) is True
    answer = await eva.answer(callback)
    assert (answer["text"], answer["alert"]) == ("ok", True)
    with pytest.raises(Refused, match="query is too old"):
        await api("answerCallbackQuery", callback_query_id=callback)
    other = await eva.press(message["message_id"], "c:1")
    with pytest.raises(Refused, match="MESSAGE_TOO_LONG"):
        await api("answerCallbackQuery", callback_query_id=other, text="x" * 201)
    for gone in ("Nowhere", "?"):
        with pytest.raises(SimRefused, match="no such button"):
            await eva.press(message["message_id"], gone)


async def test_albums_come_item_by_item(api: Api, eva: Person) -> None:
    sent = await eva.send_album([jpeg(), jpeg(shade=1)], "first and last")
    first, second = [u["message"] for u in (await api.updates())[-2:]]
    assert first["media_group_id"] == second["media_group_id"] == sent[0].media_group_id
    assert (first["caption"], "caption" in second) == ("first and last", False)
    assert first["photo"][-1]["file_unique_id"] != second["photo"][-1]["file_unique_id"]


async def test_what_people_send_arrives_as_telegram_shows_it(api: Api, eva: Person) -> None:
    big = await eva.send_document(b"x", name="huge.mov", mime_type="video/quicktime", pretend_bytes=30 << 20)
    await eva.send_document(png(), "as file")
    await eva.send_photo(jpeg(4000, 3000))
    await eva.send_photo(jpeg(4000, 3000), hd=True, spoiler=True)
    await eva.send_photo(jpeg(400, 300, exif_turn=6))
    await eva.send_photo(b"\xff\xd8\xff broken", raw=True)
    await eva.send_media("animation", mp4(sound=False))
    await eva.send_media("video_note", mp4(), duration=3)
    await eva.send_media("sticker", b"webp", mime_type="image/webp")
    await eva.send_live_photo(mp4(), jpeg())
    m = [u["message"] for u in await api.updates()][1:]
    assert (m[0]["document"]["file_size"], m[0]["document"]["file_name"]) == (30 << 20, "huge.mov")
    assert (m[1]["document"]["mime_type"], m[1]["caption"]) == ("image/png", "as file")
    assert [(p["photo"][-1]["width"], p["photo"][-1]["height"]) for p in m[2:6]] == [
        (1280, 960),
        (2560, 1920),
        (300, 400),
        (1280, 960),
    ]
    assert "file_size" in m[2]["photo"][-1]
    assert m[3]["has_media_spoiler"] is True
    assert {"animation", "document"} <= m[6].keys()
    assert (m[7]["video_note"]["length"], m[7]["video_note"]["duration"]) == (160, 3)
    assert m[8]["sticker"]["type"] == "regular"
    assert m[9]["photo"] == m[9]["live_photo"]["photo"]
    with pytest.raises(Refused, match="file is too big"):
        await api("getFile", file_id=big.media.file_id)  # type: ignore[union-attr]
    with pytest.raises(SimRefused, match="send them as a document"):
        await eva.send_photo(b"no picture")


async def test_blocking_and_coming_back(api: Api, eva: Person) -> None:
    await eva.block()
    with pytest.raises(SimRefused, match="unblock it first"):
        await eva.send_text("x")
    await eva.unblock()
    blocked, back = [u["my_chat_member"] for u in (await api.updates())[-2:]]
    assert (blocked["old_chat_member"]["status"], blocked["new_chat_member"]["status"]) == ("member", "kicked")
    assert back["new_chat_member"] == {
        "user": {"id": 4242, "is_bot": True, "first_name": "imgvid", "username": "imgvid_demo_bot"},
        "status": "member",
    }


async def test_privacy_mode_in_groups(api: Api, sim: Sim, eva: Person) -> None:
    jan = await sim.person("Jan")
    group = eva.within(await sim.group("Studio", [eva, jan]))
    ours = await api("sendMessage", chat_id=group.chat_id, text="hello")
    for text in ("just talking", "/status", "/status@other_bot", "/start@imgvid_demo_bot", "hey @imgvid_demo_bot"):
        await group.send_text(text)
    await jan.within(group.chat_id).send_text("me too", reply_to=ours["message_id"])
    await group.send_photo(jpeg(), "nobody asked")
    heard = [u["message"] for u in (await api.news())[1:]]
    assert [m["text"] for m in heard] == ["/status", "/start@imgvid_demo_bot", "hey @imgvid_demo_bot", "me too"]
    assert heard[0]["chat"] == {"id": group.chat_id, "type": "group", "title": "Studio"}
    await sim.post("/sim/bot", privacy=False)
    await group.send_text("anything")
    assert (await api.news())[-1]["message"]["text"] == "anything"


async def test_edited_messages_and_members(api: Api, sim: Sim, eva: Person) -> None:
    message = await eva.send_photo(jpeg(), "a")
    await eva.edit(message.message_id, "b")
    assert (await api.news())[-1]["edited_message"]["caption"] == "b"
    group = eva.within(await sim.group("Studio", [eva]))
    jan = await sim.person("Jan")
    await sim.post(f"/sim/chats/{group.chat_id}/members", action="join", user_id=jan.user_id)
    assert (await api.news())[-1]["message"]["new_chat_members"][0]["first_name"] == "Jan"
    assert await api("getChatMemberCount", chat_id=group.chat_id) == 3
    assert (await api("getChatMember", chat_id=group.chat_id, user_id=jan.user_id))["status"] == "member"
    assert (await api("getChatAdministrators", chat_id=group.chat_id))[0]["user"]["id"] == eva.user_id
