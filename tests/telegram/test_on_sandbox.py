"""The message's whole life against the stand-in for Telegram: faults that come in the wild, on real sockets."""

from __future__ import annotations

import asyncio
import io
from collections.abc import AsyncIterator, Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import av
import httpx
import numpy as np
import pytest
from PIL import Image

from imgvid.sandbox.telegram import serve
from imgvid.telegram import errors
from imgvid.telegram.client import Telegram
from imgvid.telegram.delivery import Delivery, End, deliver
from imgvid.telegram.keyboard import after_result, while_open
from imgvid.telegram.message import Look, Place, Seen, Taken, look, probe, take_away
from imgvid.telegram.outgoing import Kind, Outgoing
from imgvid.telegram.patience import Patience

TOKEN = "42:secret"
OPEN, DONE = while_open("en", "ab12cd3"), after_result("en", "ab12cd3", None, {})


def _film(*, sound: bool, level: int = 90) -> bytes:
    """A third of a second of H.264, with or without a silent audio track."""
    target = io.BytesIO()
    with av.open(target, "w", format="mp4") as container:
        video = container.add_stream("libx264", rate=24, options={"preset": "ultrafast"})
        video.width, video.height, video.pix_fmt = 64, 48, "yuv420p"
        audio = container.add_stream("aac", rate=48_000) if sound else None
        for number in range(8):
            picture = np.full((48, 64, 3), level + number, dtype=np.uint8)
            container.mux(video.encode(av.VideoFrame.from_ndarray(picture, format="rgb24")))
        container.mux(video.encode())
        if audio is not None:
            for number in range(16):
                silence = av.AudioFrame.from_ndarray(np.zeros((1, 1024), np.float32), format="fltp", layout="mono")
                silence.sample_rate, silence.pts = 48_000, number * 1024
                container.mux(audio.encode(silence))
            container.mux(audio.encode())
    return target.getvalue()


FILM, SILENT, OTHER_FILM = _film(sound=True), _film(sound=False), _film(sound=True, level=10)


class Chat:
    """The person's side: one private chat and the levers of the stand-in."""

    def __init__(self, url: str, http: httpx.AsyncClient) -> None:
        self._url, self._http = f"{url}/sim", http
        self.id = 0

    async def post(self, path: str, **body: object) -> Any:
        response = await self._http.post(f"{self._url}{path}", json=body)
        assert response.is_success, response.text
        return response.json()

    async def get(self, path: str) -> Any:
        response = await self._http.get(f"{self._url}{path}")
        assert response.is_success, response.text
        return response.json()

    async def begin(self) -> None:
        self.id = (await self.post("/users", first_name="Eva", language_code="sk"))["chat_id"]
        await self.post(f"/chats/{self.id}/messages", text="/start")

    async def send_photo(self) -> str:
        picture = io.BytesIO()
        Image.new("RGB", (640, 480), "teal").save(picture, "JPEG")
        files = {"file": ("photo.jpg", picture.getvalue(), "image/jpeg")}
        response = await self._http.post(f"{self._url}/chats/{self.id}/messages", data={"kind": "photo"}, files=files)
        return str(response.json()["messages"][0]["media"]["file_id"])

    async def message(self, message_id: int) -> Any:
        return await self.get(f"/chats/{self.id}/messages/{message_id}")

    async def from_bot(self) -> list[Any]:
        return [m for m in (await self.get(f"/chats/{self.id}/messages"))["messages"] if m["by"] == "bot"]

    async def fault(self, method: str, kind: str, **fields: object) -> int:
        return int((await self.post("/faults", method=method, kind=kind, **fields))["id"])

    async def held(self, fault: int) -> None:
        await until(lambda: self._holds(fault))

    async def _holds(self, fault: int) -> bool:
        return any(f["id"] == fault and f["holding"] for f in (await self.get("/faults"))["faults"])

    async def release(self, fault: int) -> None:
        await self.post(f"/faults/{fault}/release")

    async def videos(self) -> tuple[int, int]:
        """Videos shown now, and edits that replaced one: (1, 0) is one job well done."""
        summary = await self.get(f"/summary?chat={self.id}")
        return summary["videos_shown"], summary["video_replacements"]


async def until(condition: Callable[[], Any]) -> None:
    async with asyncio.timeout(20):
        while not await condition():
            await asyncio.sleep(0.01)


@pytest.fixture
async def telegram_url() -> AsyncIterator[str]:
    async with serve(token=TOKEN) as served:
        yield served.url


@pytest.fixture
async def chat(telegram_url: str) -> AsyncIterator[Chat]:
    async with httpx.AsyncClient() as http:
        person = Chat(telegram_url, http)
        await person.begin()
        yield person


@pytest.fixture
def telegram(telegram_url: str, http: httpx.AsyncClient, time: Any) -> Telegram:
    return Telegram(token=TOKEN, api_url=telegram_url, http=http, sleep=time.skip)


@pytest.fixture
async def place(telegram: Telegram, chat: Chat) -> Place:
    return Place(chat_id=chat.id, message_id=await telegram.send_text(chat_id=chat.id, text="queued", keyboard=OPEN))


@pytest.fixture
def patience(time: Any) -> Patience:
    return Patience(span=timedelta(minutes=10), clock=time.clock, sleep=time.skip)


@pytest.fixture
def send(telegram: Telegram, place: Place, patience: Patience) -> Callable[..., Any]:
    async def sending(film: bytes = FILM, *, to: Place = place, patience: Patience = patience) -> Delivery:
        media = Outgoing(source=film, width=64, height=48, duration_s=0.33)
        return await deliver(
            telegram, place=to, media=media, caption="waves · ab12cd3", keyboard=DONE, patience=patience
        )

    return sending


def _labels(message: Any) -> list[str]:
    return [button["text"] for row in message["buttons"] for button in row]


async def test_a_placeholder_becomes_the_video(telegram: Telegram, chat: Chat, place: Place, send: Any) -> None:
    assert await look(telegram, place=place, text="generating", keyboard=OPEN) is Look.GO
    assert _labels(await chat.message(place.message_id)) == ["Cancel"]
    ended = await send()
    shown = await chat.message(place.message_id)
    assert ended.end is End.DELIVERED
    assert ended.media.file_id == shown["media"]["file_id"]
    assert (shown["kind"], shown["text"], _labels(shown)) == (
        "video",
        "waves · ab12cd3",
        ["Again", "Another seed", "Change settings"],
    )
    assert await look(telegram, place=place, text="generating") is Look.DELIVERED
    assert await probe(telegram, place=place, text="failed") is Seen.VIDEO
    assert await chat.videos() == (1, 0)


async def test_a_silent_film_is_known_as_an_animation(send: Any) -> None:
    ended = await send(SILENT)
    assert (ended.end, ended.media.kind) == (End.DELIVERED, Kind.ANIMATION)


@pytest.mark.parametrize("film", [FILM, SILENT])
async def test_an_answer_dropped_after_it_was_applied(chat: Chat, place: Place, send: Any, film: bytes) -> None:
    await chat.fault("editMessageMedia", "drop")
    ended = await send(film)
    shown = await chat.message(place.message_id)
    assert ended.end is End.DELIVERED
    assert ended.media.file_id == shown["media"]["file_id"]
    assert _labels(shown) == ["Again", "Another seed", "Change settings"]
    assert await chat.videos() == (1, 0)
    uploads = await chat.get("/calls?method=editMessageMedia")
    assert len(uploads["calls"]) == 1


@pytest.mark.parametrize(
    ("kind", "fields"),
    [("429", {"retry_after": 42}), ("502", {}), ("500", {}), ("reset", {})],
)
async def test_trouble_before_it_was_applied(
    chat: Chat, send: Any, time: Any, kind: str, fields: dict[str, object]
) -> None:
    await chat.fault("editMessageMedia", kind, times=2, **fields)
    assert (await send()).end is End.DELIVERED
    assert await chat.videos() == (1, 0)
    if kind == "429":
        assert time.slept_s == [42.0, 42.0]


@pytest.mark.parametrize("html", [True, False])
async def test_an_upload_that_the_front_refuses(
    telegram: Telegram, chat: Chat, place: Place, send: Any, html: bool
) -> None:
    await chat.fault("editMessageMedia", "413", times=0, html=html)
    ended = await send()
    assert ended.end is End.REFUSED
    assert isinstance(ended.error, errors.UploadTooLarge)
    assert await probe(telegram, place=place, text="too large") is Seen.TEXT
    assert (await chat.message(place.message_id))["text"] == "too large"


async def test_a_slow_upload_is_superseded_by_a_second_run_of_the_same_job(chat: Chat, send: Any) -> None:
    slow = await chat.fault("editMessageMedia", "hold", times=1)
    first = asyncio.create_task(send(FILM))
    await chat.held(slow)
    second = await send(OTHER_FILM)
    await chat.release(slow)
    assert second.end is End.DELIVERED
    assert (await first).end is End.ALREADY
    assert await chat.videos() == (1, 0)


async def test_a_retired_message_stops_a_late_upload_and_the_next_one_gets_the_video(
    telegram: Telegram, chat: Chat, place: Place, patience: Patience, send: Any
) -> None:
    slow = await chat.fault("editMessageMedia", "hold", times=1)
    late = asyncio.create_task(send())
    await chat.held(slow)
    assert await probe(telegram, place=place, text="starting over") is Seen.TEXT
    assert await take_away(telegram, place=place, patience=patience) is Taken.GONE
    assert await take_away(telegram, place=place, patience=patience) is Taken.GONE
    fresh = Place(chat_id=chat.id, message_id=await telegram.send_text(chat_id=chat.id, text="starting over"))
    await chat.release(slow)
    assert (await late).end is End.GONE
    assert await look(telegram, place=place, text="sending") is Look.GONE
    assert (await send(OTHER_FILM, to=fresh)).end is End.DELIVERED
    assert await chat.videos() == (1, 0)


async def test_taking_away_through_lost_answers(
    telegram: Telegram, chat: Chat, place: Place, patience: Patience
) -> None:
    await chat.fault("deleteMessage", "drop")
    assert await take_away(telegram, place=place, patience=patience) is Taken.GONE
    assert (await chat.message(place.message_id))["deleted"]


async def test_a_message_that_the_person_deleted(
    telegram: Telegram, chat: Chat, place: Place, send: Any, http: httpx.AsyncClient, telegram_url: str
) -> None:
    await http.delete(f"{telegram_url}/sim/chats/{chat.id}/messages/{place.message_id}")
    assert await probe(telegram, place=place, text="x") is Seen.GONE
    assert (await send()).end is End.GONE


async def test_a_blocked_bot(telegram: Telegram, chat: Chat, place: Place, send: Any) -> None:
    await chat.post(f"/chats/{chat.id}/status", action="block")
    assert await probe(telegram, place=place, text="x") is Seen.CHAT_GONE
    assert (await send()).end is End.CHAT_GONE
    with pytest.raises(errors.ChatGone):
        await telegram.send_text(chat_id=chat.id, text="x")


async def test_a_chat_that_does_not_exist(telegram: Telegram) -> None:
    assert await probe(telegram, place=Place(chat_id=999_999, message_id=1), text="x") is Seen.CHAT_GONE


async def test_a_group_that_migrated(telegram: Telegram, chat: Chat, send: Any) -> None:
    group = (await chat.post("/chats", type="group", title="Friends", members=[chat.id]))["chat_id"]
    old = Place(chat_id=group, message_id=await telegram.send_text(chat_id=group, text="queued"))
    new = (await chat.post(f"/chats/{group}/migrate"))["chat_id"]
    ended = await send(to=old)
    assert ended.end is End.MOVED
    assert ended.error.new_chat_id == new
    with pytest.raises(errors.ChatMigrated):
        await telegram.send_text(chat_id=group, text="x")


async def test_a_sent_text_whose_answer_was_lost_stands_once(telegram: Telegram, chat: Chat) -> None:
    await chat.fault("sendMessage", "drop")
    with pytest.raises(errors.OutcomeUnknown):
        await telegram.send_text(chat_id=chat.id, text="queued")
    assert [m["text"] for m in await chat.from_bot()] == ["queued"]


async def test_a_reply_to_a_deleted_message_is_sent_all_the_same(telegram: Telegram, chat: Chat) -> None:
    sent = await telegram.send_text(chat_id=chat.id, text="ready", reply_to=999, keyboard=OPEN)
    assert (await chat.message(sent))["text"] == "ready"


async def test_editing_the_same_text_twice_is_success(telegram: Telegram, chat: Chat, place: Place) -> None:
    for _ in range(2):
        await telegram.edit_text(chat_id=chat.id, message_id=place.message_id, text="same", keyboard=OPEN)
    await telegram.edit_keyboard(chat_id=chat.id, message_id=place.message_id)
    assert _labels(await chat.message(place.message_id)) == []


async def test_an_outage_longer_than_the_patience_is_unknown(chat: Chat, send: Any, patience: Patience) -> None:
    await chat.fault("edit*", "502", times=0)
    assert (await send()).end is End.UNKNOWN


async def test_a_photo_is_read_again_when_its_path_has_expired(telegram: Telegram, chat: Chat, tmp_path: Path) -> None:
    file_id = await chat.send_photo()
    await chat.fault("file", "file_expired", times=2)
    size = await telegram.download(file_id=file_id, into=tmp_path / "in.jpg")
    with Image.open(tmp_path / "in.jpg") as picture:
        assert picture.size == (640, 480)
    assert size == (tmp_path / "in.jpg").stat().st_size


async def test_a_photo_that_telegram_lost(telegram: Telegram, chat: Chat, tmp_path: Path) -> None:
    file_id = await chat.send_photo()
    await chat.fault("getFile", "file_lost", times=0)
    with pytest.raises(errors.FileUnavailable) as caught:
        await telegram.download(file_id=file_id, into=tmp_path / "in.jpg")
    assert caught.value.temporary
    with pytest.raises(errors.FileUnavailable):
        await telegram.download(file_id="AgACnonsense", into=tmp_path / "in.jpg")


async def test_a_wrong_token(telegram_url: str, http: httpx.AsyncClient) -> None:
    stranger = Telegram(token="42:wrong", api_url=telegram_url, http=http)
    with pytest.raises(errors.BadToken):
        await stranger.get_me()


async def test_who_we_are(telegram: Telegram) -> None:
    assert (await telegram.get_me()).id == telegram.bot_id


async def test_an_upload_too_slow_for_its_timeout_is_asked_about_and_repeated(
    telegram_url: str, http: httpx.AsyncClient, chat: Chat, place: Place, patience: Patience
) -> None:
    hurried = Telegram(token=TOKEN, api_url=telegram_url, http=http, upload_timeout=timedelta(milliseconds=400))
    await chat.fault("editMessageMedia", "slow_upload", bytes_per_s=len(FILM) // 4, times=1)
    ended = await deliver(hurried, place=place, media=Outgoing(source=FILM), caption="waves", patience=patience)
    assert ended.end is End.DELIVERED
    methods = [call["method"] for call in (await chat.get("/calls"))["calls"]]
    assert [m for m in methods if m.startswith("edit")].count("editMessageCaption") == 1
    assert await chat.videos() == (1, 0)
