"""The control API and its clients: the stream, waiting, media with ranges, the clock."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime, timedelta

import httpx
import pytest

from imgvid.sandbox.telegram import Person, Sim, SimRefused, serve

from .conftest import TOKEN, Api
from .material import jpeg, mp4


async def test_a_watcher_sees_a_message_come_change_and_go(api: Api, sim: Sim, eva: Person) -> None:
    seq = int(str((await sim.get("/sim"))["seq"]))
    message = await api("sendMessage", chat_id=eva.chat_id, text="queued")
    await api("sendChatAction", chat_id=eva.chat_id, action="typing")
    await api("editMessageText", chat_id=eva.chat_id, message_id=message["message_id"], text="50 %")
    await api("deleteMessage", chat_id=eva.chat_id, message_id=message["message_id"])
    types = []
    async with sim.events(after=seq, chat_id=eva.chat_id, types="message,action,edit,delete") as events:
        async for event in events:
            types.append(event["type"])
            if event["type"] == "delete":
                break
    assert types == ["message", "action", "edit", "delete"]


async def test_only_the_chat_that_was_asked_for(sim: Sim, eva: Person) -> None:
    jan = await sim.person("Jan")
    async with sim.events(after=0, chat_id=jan.chat_id) as events:
        await eva.send_text("not for Jan's watcher")
        await jan.send_text("hello")
        async for event in events:
            assert event["chat_id"] == jan.chat_id
            if event["type"] == "message":
                break


async def test_waiting_ends_with_the_first_true_answer_or_says_what_is_there(api: Api, eva: Person) -> None:
    waiting = asyncio.create_task(eva.wait_for(lambda ms: [m.text for m in ms if m.by == "bot"], timeout_s=10))
    await api("sendMessage", chat_id=eva.chat_id, text="here")
    assert await waiting == ["here"]
    with pytest.raises(TimeoutError, match="'here'"):
        await eva.wait_for(lambda ms: None, timeout_s=0.05)
    with pytest.raises(TimeoutError, match="calls of sendVideo"):
        await eva.sim.until_called("sendVideo", timeout_s=0.05)


async def test_old_events_are_forgotten_loudly(url: str, sim: Sim, eva: Person) -> None:
    from imgvid.sandbox.telegram.clock import SystemClock
    from imgvid.sandbox.telegram.errors import Impossible
    from imgvid.sandbox.telegram.feed import KEPT, Feed

    feed = Feed(SystemClock())
    for _ in range(KEPT + 5):
        feed.emit("x", None, dict)
    with pytest.raises(Impossible, match="forgotten"):
        feed.watch(after=3, chat_id=None, types=())
    assert feed.watch(after=KEPT, chat_id=None, types=()).queue.qsize() == 5


async def test_media_versions_sizes_and_ranges(url: str, api: Api, eva: Person) -> None:
    photo = await eva.send_photo(jpeg())
    sent = await api("sendPhoto", {"photo": ("p.jpg", jpeg(shade=5))}, chat_id=eva.chat_id)
    await api.video(eva.chat_id, sent["message_id"], mp4())
    shown = await eva.message(sent["message_id"])
    assert [step.kind for step in shown.history] == ["photo", "video"]
    assert await eva.media(shown.message_id, version=0) == jpeg(shade=5)
    assert await eva.media(shown.message_id) == mp4()
    assert shown.media is not None
    assert (shown.media.audio, shown.media.width, shown.media.bytes) == (True, 160, len(mp4()))
    async with httpx.AsyncClient(base_url=url, trust_env=False) as http:
        part = await http.get(shown.media.url, headers={"Range": "bytes=4-7"})
        assert (part.status_code, part.content) == (206, b"ftyp")
        assert part.headers["Content-Range"] == f"bytes 4-7/{len(mp4())}"
        assert part.headers["Content-Type"] == "video/mp4"
        assert (await http.get(shown.media.url, headers={"Range": "bytes=999999999-"})).status_code == 416
        small = await http.get(f"/sim/chats/{eva.chat_id}/messages/{photo.message_id}/media?size=s")
        assert len(small.content) < len(jpeg())
    with pytest.raises(SimRefused, match="no version"):
        await eva.media(photo.message_id, version=4)
    with pytest.raises(SimRefused, match="shows no file"):
        await eva.media((await eva.send_text("x")).message_id)


async def test_the_clock_is_ours(sim: Sim, eva: Person) -> None:
    await sim.post("/sim/clock", freeze=True, set="2030-01-01T00:00:00+00:00")
    message = await eva.send_text("new year")
    assert message.date == "2030-01-01T00:00:00+00:00"
    assert await sim.post("/sim/clock", advance_s=90) == {"now": "2030-01-01T00:01:30+00:00"}
    with pytest.raises(SimRefused, match="ISO 8601"):
        await sim.post("/sim/clock", set="tomorrow")


async def test_an_injected_clock_is_used() -> None:
    class Fixed:
        def now(self) -> datetime:
            return datetime(2027, 5, 1, tzinfo=UTC)

    async with serve(token=TOKEN, clock=Fixed()) as served, Sim(served.url) as sim:
        assert (await sim.get("/sim"))["now"] == "2027-05-01T00:00:00+00:00"
        await sim.advance(timedelta(days=1).total_seconds())
        assert (await (await sim.person()).send_text("x")).date == "2027-05-02T00:00:00+00:00"


async def test_the_same_seed_gives_the_same_ids() -> None:
    async def run() -> tuple[str, int]:
        async with serve(token=TOKEN, seed=3) as served, Sim(served.url) as sim:
            photo = await (await sim.person()).send_photo(jpeg())
            assert photo.media is not None
            return photo.media.file_id, photo.chat_id

    assert await run() == await run()


async def test_ending_lets_everybody_go() -> None:
    async with (
        serve(token=TOKEN) as served,
        Sim(served.url) as sim,
        httpx.AsyncClient(base_url=served.url, timeout=10, trust_env=False) as http,
    ):
        poll = asyncio.create_task(http.get(f"/bot{TOKEN}/getUpdates", params={"timeout": 30}))
        rule = await sim.fault("hold", method="getMe")
        held = asyncio.create_task(http.get(f"/bot{TOKEN}/getMe"))
        await sim.until_held(rule)
        async with sim.events() as events:
            await served.app.shutdown()
            assert [event async for event in events] == []
        assert (await poll).json() == {"ok": True, "result": []}
        assert (await held).json()["ok"] is True


async def test_people_delete_and_the_summary_counts(api: Api, sim: Sim, eva: Person) -> None:
    message = await api("sendVideo", {"video": ("v.mp4", mp4())}, chat_id=eva.chat_id)
    await api("sendMessage", chat_id=eva.chat_id, text="text")
    assert (await eva.delete(message["message_id"])).alive is False
    with pytest.raises(SimRefused, match="deleted already"):
        await eva.delete(message["message_id"])
    summary = await sim.summary(eva.chat_id)
    assert (summary["texts"], summary["videos"], summary["videos_ever"], summary["deleted"]) == (1, 0, 1, 1)
    everything = await sim.summary()
    assert (everything["videos_shown"], everything["videos_ever"]) == (0, 1)


async def test_whom_one_may_not_act_for(sim: Sim, eva: Person) -> None:
    group = eva.within(await sim.group("Studio", [eva]))
    jan = await sim.person("Jan")
    with pytest.raises(SimRefused, match="no member"):
        await jan.within(group.chat_id).send_text("let me in")
    grown = await group.migrate()
    with pytest.raises(SimRefused, match="became"):
        await group.send_text("old")
    await grown.send_text("new")
    with pytest.raises(SimRefused, match="the actions are"):
        await eva.kick_bot()
