"""sendMessage, sendPhoto and its sisters, sendMediaGroup, copyMessage."""

from __future__ import annotations

from imgvid.sandbox.telegram import errors
from imgvid.sandbox.telegram.entities import Formatted
from imgvid.sandbox.telegram.errors import bad
from imgvid.sandbox.telegram.jsons import JsonObject, as_flag, as_int, as_object, as_text
from imgvid.sandbox.telegram.keyboard import parse_markup
from imgvid.sandbox.telegram.methods.call import Call, Method, Run
from imgvid.sandbox.telegram.methods.media import SENDABLE, content_of
from imgvid.sandbox.telegram.methods.texts import caption, message_text
from imgvid.sandbox.telegram.model import WITH_CAPTION, Chat, Content, Kind, Message
from imgvid.sandbox.telegram.render import message_json

ALBUM_KINDS = {Kind.PHOTO, Kind.VIDEO, Kind.DOCUMENT, Kind.AUDIO}


def reply_target(call: Call, chat: Chat) -> int | None:
    """The message to reply to, None where there is none or it may be left out. Raises ApiError."""
    given = call.params.mapping("reply_parameters")
    if given is not None:
        wanted, lenient = as_int(given.get("message_id")), as_flag(given.get("allow_sending_without_reply"))
    else:
        wanted = as_int(call.params.fields.get("reply_to_message_id"))
        lenient = call.params.flag("allow_sending_without_reply")
    if not wanted:
        return None
    message = chat.messages.get(wanted)
    if message is not None and message.alive:
        return wanted
    if lenient:
        return None
    raise bad(errors.REPLY_NOT_FOUND)


def _post(call: Call, chat: Chat, content: Content, *, method: str) -> Message:
    message = call.world.post(
        chat,
        call.world.bot,
        content,
        method=method,
        markup=parse_markup(call.params.fields.get("reply_markup")),
        reply_to=reply_target(call, chat),
        protected=call.params.flag("protect_content"),
    )
    call.message_id = message.id
    return message


async def send_message(call: Call) -> object:
    chat = call.world.chat_for_bot(call.params.fields.get("chat_id"))
    text, entities = message_text(call.params.fields)
    message = _post(call, chat, Content(kind=Kind.TEXT, text=text, entities=entities), method="sendMessage")
    return message_json(message, call.world)


def _send(kind: Kind, method: str) -> Run:
    async def run(call: Call) -> object:
        chat = call.world.chat_for_bot(call.params.fields.get("chat_id"))
        source = call.params.text(kind.value)
        if not source and kind.value in call.params.files:
            source = f"attach://{kind.value}"
        if not source:
            raise bad(f"there is no {kind.value.replace('_', ' ')} in the request")
        parse_markup(call.params.fields.get("reply_markup"))  # refused before the file is looked at
        content = await content_of(call.world, call.params, kind, source, call.params.fields)
        chat = call.world.chat_for_bot(call.params.fields.get("chat_id"))
        return message_json(_post(call, chat, content, method=method), call.world)

    return run


async def send_media_group(call: Call) -> object:
    """2 to 10 items, one media_group_id, no keyboard (https://core.telegram.org/bots/api#sendmediagroup)."""
    world, params = call.world, call.params
    chat = world.chat_for_bot(params.fields.get("chat_id"))
    items = params.array("media")
    if items is None:
        raise bad(errors.MEDIA_NOT_JSON)
    if not 2 <= len(items) <= 10:
        raise bad("expected an Array of InputMedia with 2-10 elements")
    contents = [await _album_item(call, as_object(item)) for item in items]
    reply_to, group = reply_target(call, chat), world.new_album()
    messages = [
        world.post(chat, world.bot, content, method="sendMediaGroup", reply_to=reply_to, group=group)
        for content in contents
    ]
    return [message_json(message, world) for message in messages]


async def _album_item(call: Call, item: JsonObject | None) -> Content:
    if item is None:
        raise bad(errors.MEDIA_NOT_JSON)
    kind = input_kind(item)
    if kind not in ALBUM_KINDS:
        raise bad("can't use the media of the specified type in the album")
    return await content_of(call.world, call.params, kind, as_text(item.get("media")), item, in_album=True)


def input_kind(item: JsonObject) -> Kind:
    """The kind an InputMedia names. Raises ApiError."""
    named = as_text(item.get("type")).casefold()
    if named not in {kind.value for kind in SENDABLE}:
        raise bad("can't parse InputMedia: invalid type specified" if named else errors.MEDIA_NOT_JSON)
    if not as_text(item.get("media")):
        raise bad(errors.MEDIA_NOT_FOUND)
    return Kind(named)


async def copy_message(call: Call) -> object:
    """The same content as a new message; the caption may be replaced, and "" removes it."""
    world, params = call.world, call.params
    chat = world.chat_for_bot(params.fields.get("chat_id"))
    source = world.chat_for_bot(params.fields.get("from_chat_id"), write=False)
    original = world.living(source, params.message_id, "message to copy not found").content
    if original.kind in {Kind.SERVICE, Kind.INVOICE}:
        raise bad("message can't be copied")
    new: Formatted = (original.text, original.entities)
    if "caption" in params.fields and original.kind in WITH_CAPTION:
        new = caption(params.fields)
    copied = Content(
        kind=original.kind,
        text=new[0],
        entities=new[1],
        file=original.file,
        thumbnail=original.thumbnail,
        cover=original.cover,
        still=original.still,
        spoiler=original.spoiler,
        caption_above=params.flag("show_caption_above_media"),
    )
    return {"message_id": _post(call, chat, copied, method="copyMessage").id}


_NAMES = {
    Kind.PHOTO: "sendPhoto",
    Kind.VIDEO: "sendVideo",
    Kind.ANIMATION: "sendAnimation",
    Kind.DOCUMENT: "sendDocument",
    Kind.AUDIO: "sendAudio",
    Kind.VOICE: "sendVoice",
    Kind.VIDEO_NOTE: "sendVideoNote",
    Kind.STICKER: "sendSticker",
}
METHODS = [
    Method(name="sendMessage", run=send_message),
    *(Method(name=name, run=_send(kind, name)) for kind, name in _NAMES.items()),
    Method(name="sendMediaGroup", run=send_media_group),
    Method(name="copyMessage", run=copy_message),
]
