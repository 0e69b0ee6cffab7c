"""Faults that are ordered happen, to the right call, as often as ordered, and leave the truth in the log."""

from __future__ import annotations

import asyncio
import time

import httpx
import pytest

from imgvid.sandbox.telegram import Person, Sim

from .conftest import TOKEN, Api, Refused
from .material import jpeg, mp4


async def test_429_once_with_its_header(api: Api, sim: Sim, eva: Person) -> None:
    rule = await sim.fault("429", method="send*", retry_after=7)
    response = await api.raw("sendMessage", chat_id=eva.chat_id, text="x")
    assert (response.status_code, response.headers["Retry-After"]) == (429, "7")
    assert response.json()["parameters"] == {"retry_after": 7}
    assert response.json()["description"] == "Too Many Requests: retry after 7"
    await api("sendMessage", chat_id=eva.chat_id, text="x")
    state = await sim.fault_state(rule)
    assert (state["seen"], state["hit"]) == (2, 1)


@pytest.mark.parametrize(("kind", "status"), [("500", 500), ("502", 502), ("413", 413)])
async def test_a_proxy_answers_with_html(api: Api, sim: Sim, kind: str, status: int) -> None:
    await sim.fault(kind)
    response = await api.raw("getMe")
    assert response.status_code == status
    assert response.text.startswith("<html>")
    assert response.headers["Content-Type"].startswith("text/html")


async def test_an_error_of_ones_own_words(api: Api, sim: Sim) -> None:
    await sim.fault("error", status=403, description="Forbidden: bot is not a member of the group chat")
    with pytest.raises(Refused, match="not a member"):
        await api("getMe")
    await sim.fault("413", html=False)
    assert (await api.raw("getMe")).json()["description"] == "Request Entity Too Large"


async def test_a_reset_applies_nothing_and_a_drop_applies_all(api: Api, sim: Sim, eva: Person) -> None:
    await sim.fault("reset", method="sendMessage")
    with pytest.raises(httpx.TransportError):
        await api("sendMessage", chat_id=eva.chat_id, text="never")
    await sim.fault("drop", method="sendMessage")
    with pytest.raises(httpx.TransportError):
        await api("sendMessage", chat_id=eva.chat_id, text="silently")
    assert [m.text for m in await eva.messages()] == ["/start", "silently"]
    reset, drop = await sim.calls("sendMessage")
    assert [(c["status"], c["applied"]) for c in (reset, drop)] == [(0, False), (0, True)]


async def test_nth_times_and_chat_choose_the_call(api: Api, sim: Sim, eva: Person) -> None:
    jan = await sim.person("Jan")
    await jan.send_text("hi")
    await sim.fault("500", method="SENDMESSAGE", chat_id=eva.chat_id, nth=2, times=2)

    async def status(person: Person) -> int:
        return (await api.raw("sendMessage", chat_id=person.chat_id, text="x")).status_code

    assert [await status(p) for p in (jan, jan, eva, jan, eva, eva, eva)] == [200, 200, 200, 200, 500, 500, 200]


async def test_dice_are_seeded(api: Api, sim: Sim) -> None:
    await sim.fault("500", probability=0.5, times=0)
    first = [(await api.raw("getMe")).status_code for _ in range(20)]
    assert set(first) == {200, 500}
    await sim.clear_faults()
    assert (await api.raw("getMe")).status_code == 200


async def test_latency_is_real_time(api: Api, sim: Sim) -> None:
    await sim.fault("latency", method="getMe", seconds=0.1)
    started = time.perf_counter()
    await api("getMe")
    assert time.perf_counter() - started >= 0.1
    await sim.rate(latency_s=0.05)
    started = time.perf_counter()
    await api("getMe")
    assert time.perf_counter() - started >= 0.05


async def test_a_slow_upload_trickles(api: Api, sim: Sim, eva: Person) -> None:
    await sim.fault("slow_upload", method="sendDocument", bytes_per_s=1_000_000, chat_id=eva.chat_id)
    started = time.perf_counter()
    await api("sendDocument", {"document": ("a.bin", b"\0" * 200_000)}, chat_id=eva.chat_id)
    assert time.perf_counter() - started >= 0.2


async def test_late_answers_come_when_released(api: Api, sim: Sim, eva: Person) -> None:
    rule = await sim.fault("late", method="sendMessage")
    sending = asyncio.create_task(api("sendMessage", chat_id=eva.chat_id, text="applied"))
    await eva.bot_message()
    assert not sending.done()
    await sim.until_held(rule)
    await sim.release(rule)
    assert (await sending)["text"] == "applied"


async def test_several_holds_are_released_one_by_one(api: Api, sim: Sim, eva: Person) -> None:
    rule = await sim.fault("hold", method="sendMessage", times=0)
    sends = [asyncio.create_task(api("sendMessage", chat_id=eva.chat_id, text=str(n))) for n in range(3)]
    await sim.until_held(rule, calls=3)
    await sim.release(rule, times=1)
    assert len(await eva.wait_for(lambda ms: [m for m in ms if m.by == "bot"])) == 1
    assert (await sim.fault_state(rule))["holding"] == 2
    await sim.remove_fault(rule)
    await asyncio.gather(*sends)
    with pytest.raises(KeyError):
        await sim.fault_state(rule)


async def test_a_hold_with_seconds_ends_by_itself(api: Api, sim: Sim, eva: Person) -> None:
    await sim.fault("hold", method="sendMessage", seconds=0.05)
    assert (await api("sendMessage", chat_id=eva.chat_id, text="x"))["text"] == "x"


async def test_an_update_can_come_twice_in_other_order_or_not_at_all(api: Api, sim: Sim, eva: Person) -> None:
    (start,) = await api.news()
    await sim.fault("duplicate_update", chat_id=eva.chat_id)
    await eva.send_text("next")
    again, fresh = await api.news()
    assert again == start
    await sim.fault("reorder_updates")
    for text in "abc":
        await eva.send_text(text)
    assert [u["message"]["text"] for u in await api.updates(fresh["update_id"] + 1)] == ["c", "b", "a"]
    await sim.fault("lost_updates_answer")
    with pytest.raises(httpx.TransportError):
        await api.updates(fresh["update_id"] + 2)
    assert [u["message"]["text"] for u in await api.updates(fresh["update_id"] + 3)] == ["c"]


async def test_files_get_lost_and_links_die(api: Api, sim: Sim, eva: Person) -> None:
    photo = await eva.send_photo(jpeg())
    file_id = photo.media.file_id  # type: ignore[union-attr]
    await sim.fault("file_lost")
    with pytest.raises(Refused, match="wrong file_id or the file is temporarily unavailable"):
        await api("getFile", file_id=file_id)
    found = await api("getFile", file_id=file_id)
    assert found["file_size"] == len(jpeg())
    path = f"/file/bot{TOKEN}/{found['file_path']}"
    await sim.fault("file_expired")
    assert [(await api.http.get(path)).status_code for _ in range(2)] == [404, 200]
    await sim.fault("502", method="file")
    assert [(await api.http.get(path)).status_code for _ in range(2)] == [502, 200]
    assert await sim.post("/sim/expire_files") == {"expired": 1}
    assert (await api.http.get(path)).status_code == 404
    renewed = (await api("getFile", file_id=file_id))["file_path"]
    assert (await api.http.get(f"/file/bot{TOKEN}/{renewed}")).content == jpeg()
    await sim.advance(3601)
    assert (await api.http.get(f"/file/bot{TOKEN}/{renewed}")).status_code == 404
    with pytest.raises(Refused, match="invalid file_id"):
        await api("getFile", file_id="AgAC-nothing")


async def test_the_bots_own_files_can_be_fetched_too(api: Api, eva: Person) -> None:
    sent = await api("sendVideo", {"video": ("v.mp4", mp4())}, chat_id=eva.chat_id)
    found = await api("getFile", file_id=sent["video"]["file_id"])
    assert (await api.http.get(f"/file/bot{TOKEN}/{found['file_path']}")).content == mp4()
    assert found["file_path"].startswith("videos/")


async def test_flood_limits_in_a_chat_and_in_a_group(api: Api, sim: Sim, eva: Person) -> None:
    await sim.post("/sim/clock", freeze=True)
    await sim.rate(enabled=True)
    group = await sim.group("Studio", [eva])
    for _ in range(5):
        message = await api("sendMessage", chat_id=eva.chat_id, text="x")
    with pytest.raises(Refused, match="Too Many Requests: retry after 1"):
        await api("editMessageText", chat_id=eva.chat_id, message_id=message["message_id"], text="y")
    await api("sendChatAction", chat_id=eva.chat_id, action="typing")
    await sim.advance(1)
    await api("editMessageText", chat_id=eva.chat_id, message_id=message["message_id"], text="y")
    for n in range(20):
        await api("sendMessage", chat_id=group, text=str(n))
        await sim.advance(1)
    limited = [(await api.raw("sendMessage", chat_id=group, text="x")).status_code for _ in range(10)]
    assert 429 in limited


async def test_uploads_of_one_size_are_spaced(api: Api, sim: Sim, eva: Person) -> None:
    await sim.post("/sim/clock", freeze=True)
    await sim.rate(enabled=True, same_size_uploads=True, burst=100)
    codes = [
        (await api.raw("sendDocument", {"document": ("a", b"\0" * 3_000_000)}, chat_id=eva.chat_id)).status_code
        for _ in range(20)
    ]
    assert codes[:10] == [200] * 10
    assert codes[-1] == 429
