"""What people do: write, send files and albums, press, edit, delete, block, leave, pay. Each becomes the bot's updates."""

from __future__ import annotations

import mimetypes
from dataclasses import dataclass, replace

from imgvid.sandbox.telegram import pictures
from imgvid.sandbox.telegram.entities import finish
from imgvid.sandbox.telegram.errors import Impossible
from imgvid.sandbox.telegram.jsons import JsonObject, as_int, as_text
from imgvid.sandbox.telegram.ledger import Checkout
from imgvid.sandbox.telegram.methods.media import add_photo
from imgvid.sandbox.telegram.model import (
    WITH_CAPTION,
    Callback,
    Chat,
    ChatType,
    Content,
    File,
    Kind,
    Message,
    Standing,
    User,
)
from imgvid.sandbox.telegram.params import Upload
from imgvid.sandbox.telegram.render import message_json, user_json
from imgvid.sandbox.telegram.updates import QUERY_LIFE
from imgvid.sandbox.telegram.world import World

_ALBUM_KINDS = {Kind.PHOTO, Kind.VIDEO, Kind.DOCUMENT, Kind.AUDIO}
_CLIPS = {Kind.VIDEO, Kind.ANIMATION, Kind.VIDEO_NOTE, Kind.LIVE_PHOTO}
_MIME = {
    Kind.VIDEO: "video/mp4",
    Kind.ANIMATION: "video/mp4",
    Kind.LIVE_PHOTO: "video/mp4",
    Kind.VIDEO_NOTE: "video/mp4",
    Kind.AUDIO: "audio/mpeg",
    Kind.VOICE: "audio/ogg",
    Kind.STICKER: "image/webp",
}
_SIDES = {Kind.STICKER: (512, 512), Kind.VIDEO_NOTE: (384, 384)}  # what clients send where nothing is told
RAW_PHOTO_SIDES = (1280, 960)


@dataclass(frozen=True, slots=True, kw_only=True)
class Sending:
    """A person's send button: what kind, with which words, and how the client was told to treat the files."""

    kind: Kind
    caption: str = ""
    reply_to: int | None = None
    spoiler: bool = False
    hd: bool = False
    raw: bool = False
    width: int = 0
    height: int = 0
    duration: int = 0
    pretend_bytes: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Said:
    """What was posted, and the updates that the bot gets of it (none where privacy mode hides it)."""

    messages: list[Message]
    update_ids: list[int]


class People:
    """Acts in a world as its people do. Raises Impossible for what a client would not let them do."""

    def __init__(self, world: World) -> None:
        self._world = world

    def member(self, chat: Chat, user_id: int | None) -> User:
        """The person who acts: named, or the chat's first."""
        first = next(iter(chat.members.values()), None)
        user = first if user_id is None else chat.members.get(user_id)
        if user is None:
            raise Impossible(409, f"user {user_id} is no member of chat {chat.id}")
        return user

    # -- saying

    def write(self, chat: Chat, user: User, text: str, reply_to: int | None = None) -> Said:
        plain, entities = finish(text, [])
        if not plain:
            raise Impossible(400, "a message needs text")
        return self._say(chat, user, [Content(kind=Kind.TEXT, text=plain, entities=entities)], reply_to)

    async def send(self, chat: Chat, user: User, sending: Sending, files: list[Upload], still: Upload | None) -> Said:
        """One message per file; several are an album with the caption on the first."""
        if not files:
            raise Impossible(400, "there is no file part")
        if len(files) > 1 and sending.kind not in _ALBUM_KINDS:
            raise Impossible(400, f"an album holds no {sending.kind}")
        caption, entities = finish(sending.caption if sending.kind in WITH_CAPTION else "", [])
        contents: list[Content] = []
        for upload in files:
            first = not contents
            contents.append(
                Content(
                    kind=sending.kind,
                    file=await self._file(sending, upload),
                    still=await self._still(sending, still) if sending.kind is Kind.LIVE_PHOTO else None,
                    text=caption if first else "",
                    entities=entities if first else (),
                    spoiler=sending.spoiler,
                )
            )
        return self._say(chat, user, contents, sending.reply_to)

    def _say(self, chat: Chat, user: User, contents: list[Content], reply_to: int | None) -> Said:
        if chat.bot is Standing.MIGRATED:
            raise Impossible(409, f"chat {chat.id} became {chat.migrated_to}")
        if chat.bot is Standing.BLOCKED:
            raise Impossible(409, "the bot is blocked here: unblock it first")
        if chat.bot is Standing.NEW:
            chat.bot = Standing.MEMBER
        group = self._world.new_album() if len(contents) > 1 else None
        messages = [
            self._world.post(chat, user, content, method="user", reply_to=reply_to, group=group) for content in contents
        ]
        ids = [self._tell_bot("message", chat, message) for message in messages]
        return Said(messages=messages, update_ids=[update_id for update_id in ids if update_id is not None])

    def _tell_bot(self, type: str, chat: Chat, message: Message) -> int | None:
        if not self._bot_sees(chat, message):
            return None
        return self._world.updates.add(type, message_json(message, self._world), chat.id)

    def _bot_sees(self, chat: Chat, message: Message) -> bool:
        """Privacy mode in groups: commands, mentions of the bot, replies to it (https://core.telegram.org/bots/faq)."""
        if chat.bot is not Standing.MEMBER:
            return False
        if chat.type is ChatType.PRIVATE or not self._world.privacy or message.content.kind is Kind.SERVICE:
            return True
        replied = chat.messages.get(message.reply_to) if message.reply_to is not None else None
        if replied is not None and replied.sender.id == self._world.bot.id:
            return True
        text, name = message.content.text, f"@{self._world.bot.username}".casefold()
        if name in text.casefold():
            return True
        command = text.split(maxsplit=1)[0] if text.startswith("/") else ""
        return bool(command) and "@" not in command

    async def _file(self, sending: Sending, upload: Upload) -> File:
        if not upload.data and sending.pretend_bytes is None:
            raise Impossible(400, "an empty file")
        blob = self._world.files.keep(upload.data)
        if sending.kind is Kind.PHOTO and not sending.raw:
            return await self._photo(blob, sending)
        clip = await self._world.files.clip(blob) if sending.kind in _CLIPS else None
        if sending.kind is Kind.PHOTO:
            header = self._world.files.header(blob)
            width, height = (header.width, header.height) if header is not None else RAW_PHOTO_SIDES
        elif clip is not None:
            width, height = clip.width, clip.height
        else:
            width, height = _SIDES.get(sending.kind, (0, 0))
        guessed = upload.content_type or mimetypes.guess_type(upload.filename or "")[0] or "application/octet-stream"
        own_mime = sending.kind in {Kind.DOCUMENT, Kind.STICKER} and upload.content_type is not None
        return self._world.files.add(
            File(
                unique="",
                kind=sending.kind,
                blob=blob,
                size=len(upload.data) if sending.pretend_bytes is None else sending.pretend_bytes,
                mime=guessed if own_mime else _MIME.get(sending.kind, guessed),
                name=upload.filename,
                width=sending.width or width,
                height=sending.height or height,
                duration=sending.duration or (clip.duration if clip is not None else 0),
                audio=clip.audio if clip is not None else None,
            )
        )

    async def _photo(self, blob: str, sending: Sending) -> File:
        box_px = pictures.HD_BOX_PX if sending.hd else pictures.USUAL_BOX_PX
        try:
            made = await self._world.files.as_photo(blob, box_px)
        except pictures.NotAPicture as error:
            sentence = "a client cannot make a photo of these bytes; send them as a document, or with raw=1"
            raise Impossible(400, sentence) from error
        return add_photo(self._world, made, told_bytes=sending.pretend_bytes)

    async def _still(self, sending: Sending, still: Upload | None) -> File:
        if still is None:
            raise Impossible(400, "a live photo needs a part `still`")
        return await self._photo(self._world.files.keep(still.data), replace(sending, pretend_bytes=None))

    # -- doing something to a message

    def rewrite(self, message: Message, text: str) -> Message:
        """The person edits their own text or caption: `edited_message`."""
        if message.sender.is_bot or not message.alive:
            raise Impossible(409, "only their own living messages can be edited by people")
        plain, entities = finish(text, [])
        content = replace(message.content, text=plain, entities=entities)
        if content != message.content:
            self._world.change(message, content, message.markup, method="user")
            self._tell_bot("edited_message", self._world.chat(message.chat_id), message)
        return message

    def delete(self, message: Message) -> Message:
        """For both sides. The bot is not told, as on the real service."""
        if not message.alive:
            raise Impossible(409, f"message {message.id} is deleted already")
        self._world.remove(message)
        return message

    def press(self, message: Message, user: User, wanted: JsonObject) -> Callback:
        """Press an inline button, found by data, text, or row and column. Raises Impossible 409 where it is not shown."""
        chat = self._world.chat(message.chat_id)
        button = _find_button(message, wanted)
        if not message.alive or button is None or "callback_data" not in button:
            raise Impossible(409, f"message {message.id} shows no such button")
        if chat.bot is not Standing.MEMBER:
            raise Impossible(409, f"the bot is {chat.bot} in this chat")
        callback = Callback(
            id=str(self._world.dice.getrandbits(62)),
            chat_id=chat.id,
            message_id=message.id,
            user=user,
            data=as_text(button["callback_data"]),
            at=self._world.now(),
        )
        self._world.callbacks[callback.id] = callback
        body: JsonObject = {
            "id": callback.id,
            "from": user_json(user),
            "message": message_json(message, self._world),
            "chat_instance": str(chat.id * 7919),
            "data": callback.data,
        }
        self._world.updates.add("callback_query", body, chat.id, QUERY_LIFE)
        about: JsonObject = {"callback_query_id": callback.id, "message_id": message.id, "data": callback.data}
        self._world.feed.emit("callback", chat.id, lambda: about)
        return callback

    def pay(self, message: Message, user: User) -> Checkout:
        """Press Pay on an invoice: a pre_checkout_query."""
        invoice = message.content.fields.get("invoice")
        if not isinstance(invoice, dict) or not message.alive:
            raise Impossible(409, f"message {message.id} is no invoice")
        world = self._world
        checkout = Checkout(
            id=str(world.dice.getrandbits(62)),
            chat_id=message.chat_id,
            user_id=user.id,
            amount=as_int(invoice["total_amount"]) or 0,
            payload=world.ledger.payloads[(message.chat_id, message.id)],
            at=world.now(),
        )
        world.ledger.checkouts[checkout.id] = checkout
        body: JsonObject = {
            "id": checkout.id,
            "from": user_json(user),
            "currency": "XTR",
            "total_amount": checkout.amount,
            "invoice_payload": checkout.payload,
        }
        world.updates.add("pre_checkout_query", body, message.chat_id, QUERY_LIFE)
        return checkout


def _find_button(message: Message, wanted: JsonObject) -> JsonObject | None:
    if message.markup is None:
        return None
    row, column = as_int(wanted.get("row")), as_int(wanted.get("column"))
    if row is not None:
        rows = message.markup.rows
        inside = 0 <= row < len(rows) and 0 <= (column or 0) < len(rows[row])
        return rows[row][column or 0] if inside else None
    buttons = [button for line in message.markup.rows for button in line]
    for name, field in (("data", "callback_data"), ("text", "text")):
        if wanted.get(name) is not None:
            return next((button for button in buttons if button.get(field) == wanted[name]), None)
    return None
