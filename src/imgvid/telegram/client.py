"""The Bot API methods that the dispatcher and the worker use, one coroutine each.

Nothing that is not idempotent is ever repeated here: `send_text` is tried once, and its OutcomeUnknown is the caller's
to resolve. Edits, deletes and asking are idempotent (same message, same content) and are tried once as well; who
wants them repeated says how long (`telegram/patience.py`). Only reading a file repeats itself, because nobody has to
decide anything about it.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

import httpx

from imgvid.telegram.call import Wire
from imgvid.telegram.download import MAX_DOWNLOAD_BYTES, Downloads
from imgvid.telegram.errors import MessageGone, NotModified, OutcomeUnknown
from imgvid.telegram.keyboard import Keyboard
from imgvid.telegram.outgoing import Delivered, Outgoing, delivered_in

CALL_TIMEOUT = timedelta(seconds=30)
UPLOAD_TIMEOUT = timedelta(seconds=300)  # 50 MB at 1.4 Mbit/s; never below 120 s
TEXT_MAX = 4096  # Bot API, after entity parsing
CAPTION_MAX = 1024


@dataclass(frozen=True, slots=True, kw_only=True)
class Me:
    """Who the token is: the bot's id and its name without the @."""

    id: int
    username: str


class Telegram:
    """A bot's hands: sends and edits text, edits media into a message, reads files."""

    def __init__(
        self,
        *,
        token: str,
        api_url: str,
        http: httpx.AsyncClient,
        call_timeout: timedelta = CALL_TIMEOUT,
        upload_timeout: timedelta = UPLOAD_TIMEOUT,
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
    ) -> None:
        """`http` is shared and owned by the caller; `sleep` is how the reading of files waits between its tries."""
        self._wire = Wire(token=token, api_url=api_url, http=http)
        self._call_timeout = call_timeout
        self._upload_timeout = upload_timeout
        self._downloads = Downloads(wire=self._wire, http=http, timeout=call_timeout, sleep=sleep)

    def __repr__(self) -> str:
        return f"Telegram({self._wire!r})"

    @property
    def bot_id(self) -> int:
        """The bot's own user id: the token's first part."""
        return self._wire.bot_id

    async def send_text(
        self,
        *,
        chat_id: int,
        text: str,
        keyboard: Keyboard | None = None,
        reply_to: int | None = None,
        silent: bool = False,
        thread_id: int | None = None,
    ) -> int:
        """Send a plain text and return its message id. Not idempotent and tried once.

        A `reply_to` that is gone does not stop the message. Raises ChatGone, ChatMigrated, TopicGone, Flood, and
        OutcomeUnknown when a message may or may not stand in the chat now.
        """
        params: dict[str, object] = {
            "chat_id": chat_id,
            "text": clip(text, TEXT_MAX),
            "link_preview_options": {"is_disabled": True},
        }
        if keyboard is not None:
            params["reply_markup"] = keyboard.as_json()
        if reply_to is not None:
            params["reply_parameters"] = {"message_id": reply_to, "allow_sending_without_reply": True}
        if silent:
            params["disable_notification"] = True
        if thread_id is not None:
            params["message_thread_id"] = thread_id
        sent = await self._call("sendMessage", params)
        if not isinstance(sent, dict) or not isinstance(sent.get("message_id"), int):
            raise OutcomeUnknown("sendMessage: answered ok without a message_id")
        return int(sent["message_id"])

    async def edit_text(self, *, chat_id: int, message_id: int, text: str, keyboard: Keyboard | None = None) -> None:
        """Make the message show `text`; no keyboard given removes the one it had. Idempotent.

        'message is not modified' is success. Raises NoText when a video is there, MessageGone, ChatGone, Superseded.
        """
        params: dict[str, object] = {
            "chat_id": chat_id,
            "message_id": message_id,
            "text": clip(text, TEXT_MAX),
            "link_preview_options": {"is_disabled": True},
        }
        await self._edit("editMessageText", params, keyboard)

    async def edit_caption(
        self, *, chat_id: int, message_id: int, caption: str, keyboard: Keyboard | None = None
    ) -> Delivered | None:
        """Make a media message show `caption`; None when it already did. Idempotent. Raises NoCaption on a text."""
        params: dict[str, object] = {
            "chat_id": chat_id,
            "message_id": message_id,
            "caption": clip(caption, CAPTION_MAX),
        }
        return await self._edit("editMessageCaption", params, keyboard)

    async def edit_keyboard(
        self, *, chat_id: int, message_id: int, keyboard: Keyboard | None = None
    ) -> Delivered | None:
        """Make the message carry `keyboard` (or none); the media it holds, if the answer says. Idempotent."""
        return await self._edit("editMessageReplyMarkup", {"chat_id": chat_id, "message_id": message_id}, keyboard)

    async def edit_media(
        self, *, chat_id: int, message_id: int, media: Outgoing, caption: str, keyboard: Keyboard | None = None
    ) -> Delivered:
        """Upload `media` into the message, which may be a text or hold a media, and return what it holds now.

        Safe to repeat: it is the same message. Tried once; after OutcomeUnknown ask the message first, it costs less
        than an upload. Raises Superseded when a newer edit aborted it, NotModified when it already held exactly this,
        UploadTooLarge above 50 MB.
        """
        files: dict[str, tuple[str, Path | bytes, str]] = {"media": (media.filename, media.source, media.mime)}
        thumbnail_part = None
        if media.thumbnail is not None:
            thumbnail_part = "thumbnail"
            files[thumbnail_part] = ("thumbnail.jpg", media.thumbnail, "image/jpeg")
        params: dict[str, object] = {
            "chat_id": chat_id,
            "message_id": message_id,
            "media": media.as_input_media(
                part="media", caption=clip(caption, CAPTION_MAX), thumbnail_part=thumbnail_part
            ),
        }
        if keyboard is not None:
            params["reply_markup"] = keyboard.as_json()
        message = await self._wire.call("editMessageMedia", params, files=files, timeout=self._upload_timeout)
        delivered = delivered_in(message)
        if delivered is None:
            raise OutcomeUnknown("editMessageMedia: answered ok without a media")
        return delivered

    async def delete_message(self, *, chat_id: int, message_id: int) -> None:
        """Take the message away; one that is gone already is success. Idempotent. Raises NotDeletable."""
        try:
            await self._call("deleteMessage", {"chat_id": chat_id, "message_id": message_id})
        except MessageGone:
            return

    async def send_chat_action(self, *, chat_id: int, action: str = "upload_video") -> None:
        """Show `action` in the chat's header for at most 5 s. Decoration: callers may ignore its errors."""
        await self._call("sendChatAction", {"chat_id": chat_id, "action": action})

    async def get_me(self) -> Me:
        """Who this token is; raises BadToken when it is nobody."""
        me = await self._call("getMe", {})
        if not isinstance(me, dict) or "id" not in me:
            raise OutcomeUnknown("getMe: answered ok without a user")
        return Me(id=int(me["id"]), username=str(me.get("username", "")))

    async def get_file_path(self, *, file_id: str) -> str:
        """Where the file lies now, relative to the file address; good for an hour. Repeats itself a few times."""
        return (await self._downloads.locate(file_id)).path

    async def download(self, *, file_id: str, into: Path, max_bytes: int = MAX_DOWNLOAD_BYTES) -> int:
        """Stream the file's bytes into `into` (overwritten) and return how many there were.

        Repeats itself a few times. Raises FileTooBig above `max_bytes`, FileUnavailable, Unreachable or
        OutcomeUnknown (nothing was changed anywhere, only the read failed); on any error `into` is removed.
        """
        return await self._downloads.fetch(file_id, into=into, max_bytes=max_bytes)

    async def read(self, *, file_id: str, max_bytes: int = MAX_DOWNLOAD_BYTES) -> bytes:
        """The file's bytes, in memory alone. Repeats itself and raises as `download` does."""
        return await self._downloads.read(file_id, max_bytes=max_bytes)

    async def _edit(self, method: str, params: dict[str, object], keyboard: Keyboard | None) -> Delivered | None:
        if keyboard is not None:
            params["reply_markup"] = keyboard.as_json()
        try:
            return delivered_in(await self._call(method, params))
        except NotModified:
            return None

    async def _call(self, method: str, params: dict[str, object]) -> object:
        result: object = await self._wire.call(method, params, timeout=self._call_timeout)
        return result


def clip(text: str, limit: int) -> str:
    """`text` within `limit` UTF-16 units (how Telegram counts), cut with an ellipsis: a clipped text is told, a
    refused one is silence."""
    if len(text.encode("utf-16-le")) // 2 <= limit:
        return text
    kept = text.encode("utf-16-le")[: (limit - 1) * 2].decode("utf-16-le", errors="ignore")
    return f"{kept}…"
