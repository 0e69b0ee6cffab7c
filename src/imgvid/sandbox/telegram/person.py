"""A person in a chat: sends, presses, waits and looks, the way somebody with a phone would."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable, Sequence
from typing import TypeVar

from imgvid.sandbox.telegram.jsons import JsonObject, as_int, as_list, as_object, as_text
from imgvid.sandbox.telegram.shown import Shown, shown_of
from imgvid.sandbox.telegram.sim import WAIT_S, Sim

T = TypeVar("T")
_CHANGES = "message,edit,delete,reaction"
_NAMES = {
    "photo": ("photo.jpg", "image/jpeg"),
    "video": ("video.mp4", "video/mp4"),
    "animation": ("clip.mp4", "video/mp4"),
}


class Person:
    """Speaks in one chat. The first message opens a private chat for the bot, as /start does."""

    def __init__(self, sim: Sim, *, chat_id: int, user_id: int, name: str = "") -> None:
        self.sim, self.chat_id, self.user_id, self.name = sim, chat_id, user_id, name

    def within(self, chat_id: int) -> Person:
        """The same person in a group."""
        return Person(self.sim, chat_id=chat_id, user_id=self.user_id, name=self.name)

    @property
    def _path(self) -> str:
        return f"/sim/chats/{self.chat_id}"

    # -- sending

    async def send_text(self, text: str, *, reply_to: int | None = None) -> Shown:
        said = await self.sim.post(f"{self._path}/messages", text=text, reply_to=reply_to, **{"from": self.user_id})
        return _messages(said)[0]

    async def send_photo(
        self,
        photo: bytes,
        caption: str | None = None,
        *,
        hd: bool = False,
        raw: bool = False,
        spoiler: bool = False,
        reply_to: int | None = None,
    ) -> Shown:
        """As a client does it: a JPEG of at most 1280 px (2560 with `hd`); `raw` passes the bytes on as they are."""
        own = {"hd": hd, "raw": raw, "spoiler": spoiler}
        return (await self._send("photo", [photo], caption=caption, reply_to=reply_to, **own))[0]

    async def send_document(
        self,
        document: bytes,
        caption: str | None = None,
        *,
        name: str = "photo.png",
        mime_type: str = "image/png",
        pretend_bytes: int | None = None,
    ) -> Shown:
        """The original bytes, as "send as file" does. `pretend_bytes` is a file_size that is told but not there."""
        files = [("file", (name, document, mime_type))]
        return (await self._send("document", files, caption=caption, pretend_bytes=pretend_bytes))[0]

    async def send_album(
        self, photos: Sequence[bytes], caption: str | None = None, *, kind: str = "photo"
    ) -> list[Shown]:
        """Several items: one update each, the caption on the first."""
        return await self._send(kind, list(photos), caption=caption)

    async def send_media(self, kind: str, data: bytes, caption: str | None = None, **own: object) -> Shown:
        """Any other kind: video, animation, audio, voice, video_note, sticker (own: width, height, duration, …)."""
        return (await self._send(kind, [data], caption=caption, **own))[0]

    async def send_live_photo(self, clip: bytes, still: bytes, caption: str | None = None) -> Shown:
        files = [("file", ("live.mp4", clip, "video/mp4")), ("still", ("live.jpg", still, "image/jpeg"))]
        return (await self._send("live_photo", files, caption=caption))[0]

    async def _send(
        self,
        kind: str,
        files: Sequence[bytes] | list[tuple[str, tuple[str, bytes, str]]],
        *,
        caption: str | None,
        **own: object,
    ) -> list[Shown]:
        name, mime = _NAMES.get(kind, ("file", "application/octet-stream"))
        parts = [item if isinstance(item, tuple) else ("file", (name, item, mime)) for item in files]
        fields = {"kind": kind, "from": str(self.user_id), "caption": caption or ""}
        for key, value in own.items():
            if value is not None and value is not False:
                fields[key] = "1" if value is True else as_text(value)
        return _messages(await self.sim.post_form(f"{self._path}/messages", fields, parts))

    # -- touching messages

    async def press(self, message_id: int, wanted: str) -> str:
        """Press the button with this data or text; the callback query's id. Raises SimRefused 409 where none is shown."""
        message = await self.message(message_id)
        button = message.button(wanted)
        choice = {"data": button.data} if button is not None and button.data is not None else {"text": wanted}
        pressed = await self.sim.post(f"{self._path}/messages/{message_id}/press", **choice, **{"from": self.user_id})
        return as_text(pressed["callback_query_id"])

    async def answer(self, callback_id: str, *, timeout_s: float = WAIT_S) -> JsonObject:
        """The bot's answer to a press: {"text", "alert", …}."""

        async def look() -> JsonObject | None:
            callback = await self.sim.get(f"/sim/callbacks/{callback_id}")
            return callback if callback["answered"] else None

        what = f"an answer to press {callback_id}"
        return await self.sim.until(look, timeout_s=timeout_s, chat_id=self.chat_id, types="callback_answer", what=what)

    async def edit(self, message_id: int, text: str) -> Shown:
        return shown_of(await self.sim.post(f"{self._path}/messages/{message_id}/edit", text=text))

    async def delete(self, message_id: int) -> Shown:
        return shown_of(await self.sim.delete(f"{self._path}/messages/{message_id}"))

    # -- the chat itself

    async def block(self) -> None:
        await self._status("block")

    async def unblock(self) -> None:
        await self._status("unblock")

    async def deactivate(self) -> None:
        await self._status("deactivate")

    async def kick_bot(self) -> None:
        await self._status("kick")

    async def add_bot(self) -> None:
        await self._status("add")

    async def _status(self, action: str) -> None:
        await self.sim.post(f"{self._path}/status", action=action, **{"from": self.user_id})

    async def migrate(self) -> Person:
        """The group becomes a supergroup; the same person there."""
        grown = await self.sim.post(f"{self._path}/migrate")
        return self.within(as_int(grown["chat_id"]) or 0)

    # -- looking and waiting

    async def messages(self) -> list[Shown]:
        """Everything in the chat in order, deleted messages included."""
        return _messages(await self.sim.get(f"{self._path}/messages"))

    async def message(self, message_id: int) -> Shown:
        return shown_of(await self.sim.get(f"{self._path}/messages/{message_id}"))

    async def media(self, message_id: int, *, version: int | None = None) -> bytes:
        """The bytes that a message shows now, or showed in a version of its history."""
        query = "" if version is None else f"?version={version}"
        return await self.sim.fetch(f"{self._path}/messages/{message_id}/media{query}")

    async def wait_for(self, predicate: Callable[[list[Shown]], T | None], timeout_s: float = WAIT_S) -> T:
        """The first true answer of `predicate(messages)`, now or after any change. Raises TimeoutError with the chat."""
        known: dict[int, Shown] = {}
        try:
            async with asyncio.timeout(timeout_s):
                transcript = await self.sim.get(f"{self._path}/messages")
                known = {message.message_id: message for message in _messages(transcript)}
                if found := predicate(list(known.values())):
                    return found
                after = as_int(transcript["seq"])
                async with self.sim.events(after=after, chat_id=self.chat_id, types=_CHANGES) as events:
                    async for event in events:
                        await self._take_in(event, known)
                        if found := predicate(sorted(known.values(), key=lambda message: message.message_id)):
                            return found
                raise ConnectionError("the stand-in ended the event stream")
        except TimeoutError:
            raise TimeoutError(f"waited {timeout_s:g} s in vain; the chat shows:\n{render(known.values())}") from None

    async def _take_in(self, event: JsonObject, known: dict[int, Shown]) -> None:
        raw = as_object(event.get("message"))
        message = shown_of(raw) if raw is not None else await self.message(as_int(event["message_id"]) or 0)
        known[message.message_id] = message

    async def bot_message(self, fits: Callable[[Shown], bool] = lambda _: True, *, timeout_s: float = WAIT_S) -> Shown:
        """The newest living message of the bot that fits."""
        return await self.wait_for(
            lambda messages: next((m for m in reversed(messages) if m.by == "bot" and m.alive and fits(m)), None),
            timeout_s,
        )

    async def video(self, *, timeout_s: float = WAIT_S) -> Shown:
        """The newest message in which the bot shows a video."""
        return await self.bot_message(lambda message: message.kind in {"video", "animation"}, timeout_s=timeout_s)


def render(messages: Iterable[Shown]) -> str:
    """A chat as a few lines of text, for errors."""
    lines = [
        f"  {m.message_id:>4} {m.by:<7} {m.kind:<9} {'(deleted) ' if not m.alive else ''}{m.text[:100]!r}"
        for m in messages
    ]
    return "\n".join(lines) or "  (nothing)"


def _messages(body: JsonObject) -> list[Shown]:
    return [shown_of(as_object(item) or {}) for item in as_list(body["messages"]) or []]
