"""Edits and deletions: what may become what, and the media edit that another one aborts.

Held to tdlib/td MessagesManager.cpp: a text or caption edit does not touch a running media edit, a new media edit aborts
it (`do_edit_message_media`), and so does a deletion (`cancel_send_deleted_message`). An omitted reply_markup clears the
keyboard. The bot's own messages have no edit time limit; deleting ends after 48 hours.
"""

from __future__ import annotations

import asyncio
from dataclasses import replace
from datetime import timedelta

from imgvid.sandbox.telegram import errors
from imgvid.sandbox.telegram.errors import bad
from imgvid.sandbox.telegram.jsons import as_int, as_text
from imgvid.sandbox.telegram.keyboard import parse_markup
from imgvid.sandbox.telegram.methods.call import Call, Method
from imgvid.sandbox.telegram.methods.media import content_of
from imgvid.sandbox.telegram.methods.sending import input_kind
from imgvid.sandbox.telegram.methods.texts import caption, message_text
from imgvid.sandbox.telegram.model import WITH_CAPTION, Chat, Content, Kind, Markup, Message, Standing
from imgvid.sandbox.telegram.render import message_json

DELETE_LIMIT = timedelta(hours=48)  # https://core.telegram.org/bots/api#deletemessage
_MEDIA_EDITABLE = {Kind.TEXT, Kind.ANIMATION, Kind.AUDIO, Kind.DOCUMENT, Kind.PHOTO, Kind.VIDEO}
_MEDIA_NEW = {Kind.ANIMATION, Kind.AUDIO, Kind.DOCUMENT, Kind.PHOTO, Kind.VIDEO}


def _own(call: Call, refusal: str = errors.CANT_BE_EDITED) -> Message:
    """The bot's message that may be edited. Raises ApiError."""
    world, params = call.world, call.params
    if params.has("inline_message_id"):
        raise bad("MESSAGE_ID_INVALID")  # inline mode is off: there are none
    if params.message_id is None and params.has("chat_id"):
        raise bad("message identifier is not specified")
    chat = world.chat_for_bot(params.fields.get("chat_id"))
    message = world.living(chat, params.message_id, errors.EDIT_NOT_FOUND)
    call.message_id = message.id
    if message.sender.id != world.bot.id or (message.markup is not None and not message.markup.inline):
        raise bad(refusal)
    return message


def _markup(call: Call) -> Markup | None:
    markup = parse_markup(call.params.fields.get("reply_markup"))
    if markup is not None and not markup.inline:
        raise bad("inline keyboard expected")
    return markup


async def edit_text(call: Call) -> object:
    text, entities = message_text(call.params.fields)
    message, markup = _own(call), _markup(call)
    if message.content.kind is not Kind.TEXT:
        raise bad(errors.NO_TEXT)
    content = Content(kind=Kind.TEXT, text=text, entities=entities)
    return message_json(call.world.change(message, content, markup, method="editMessageText"), call.world)


async def edit_caption(call: Call) -> object:
    text, entities = caption(call.params.fields)
    message, markup = _own(call), _markup(call)
    if message.content.kind not in WITH_CAPTION:
        raise bad(errors.NO_CAPTION)
    above = call.params.flag("show_caption_above_media")
    content = replace(message.content, text=text, entities=entities, caption_above=above)
    return message_json(call.world.change(message, content, markup, method="editMessageCaption"), call.world)


async def edit_markup(call: Call) -> object:
    message, markup = _own(call), _markup(call)
    changed = call.world.change(message, message.content, markup, method="editMessageReplyMarkup")
    return message_json(changed, call.world)


async def edit_media(call: Call) -> object:
    """Text or media becomes media. While it is under way a newer media edit or a deletion ends it with 400."""
    world, params = call.world, call.params
    item = params.mapping("media")
    if item is None:
        raise bad(errors.MEDIA_NOT_JSON)
    kind = input_kind(item)
    if kind not in _MEDIA_NEW:
        raise bad("can't parse InputMedia: invalid type specified")
    message, markup = _own(call, errors.MEDIA_CANT_BE_EDITED), _markup(call)
    if message.content.kind not in _MEDIA_EDITABLE:
        raise bad(errors.MEDIA_CANT_BE_EDITED)
    in_album = message.group is not None
    content = await content_of(world, params, kind, as_text(item.get("media")), item, in_album=in_album)
    await _under_way(call, message)
    message = _own(call, errors.MEDIA_CANT_BE_EDITED)  # the chat may have changed meanwhile
    return message_json(world.change(message, content, markup, method="editMessageMedia"), world)


async def _under_way(call: Call, message: Message) -> None:
    """The time of the upload: abort the one before, wait, and find out whether somebody aborted this one."""
    if message.upload is not None and not message.upload.done():
        message.upload.set_result(errors.CANCELED_BY_NEW_EDIT)
    aborted: asyncio.Future[str] = asyncio.get_running_loop().create_future()
    message.upload = aborted
    if not message.alive:  # deleted while the file was looked at
        aborted.set_result(errors.DELETED_MEANWHILE)
    pause = asyncio.ensure_future(call.pause())
    try:
        waits: set[asyncio.Future[None] | asyncio.Future[str]] = {pause, aborted}
        await asyncio.wait(waits, return_when=asyncio.FIRST_COMPLETED)
        if aborted.done():
            raise bad(aborted.result())
        await pause
    finally:
        pause.cancel()
        await asyncio.gather(pause, return_exceptions=True)
        if message.upload is aborted:
            message.upload = None


def _deletable(call: Call) -> Chat:
    """Deleting names messages, not a peer: it works in a chat whose person blocked the bot."""
    chat = call.world.chat_for_bot(call.params.fields.get("chat_id"), write=False)
    return chat if chat.bot is Standing.BLOCKED else call.world.chat_for_bot(chat.id)


async def delete_message(call: Call) -> object:
    world, params = call.world, call.params
    if params.message_id is None:
        raise bad("message identifier is not specified")
    message = world.living(_deletable(call), params.message_id, errors.DELETE_NOT_FOUND)
    call.message_id = message.id
    if world.now() - message.date > DELETE_LIMIT:
        raise bad("message can't be deleted for everyone")
    if message.sender.id != world.bot.id and message.chat_id < 0:
        raise bad("message can't be deleted")  # the bot is no administrator
    world.remove(message)
    return True


async def delete_messages(call: Call) -> object:
    """Up to 100; those that are not found or too old are skipped (https://core.telegram.org/bots/api#deletemessages)."""
    world, chat = call.world, _deletable(call)
    wanted = call.params.array("message_ids")
    if wanted is None or not 1 <= len(wanted) <= 100:
        raise bad("message identifiers are not specified")
    for message_id in wanted:
        message = chat.messages.get(as_int(message_id) or 0)
        if message is not None and message.alive and world.now() - message.date <= DELETE_LIMIT:
            world.remove(message)
    return True


METHODS = [
    Method(name="editMessageText", run=edit_text),
    Method(name="editMessageCaption", run=edit_caption),
    Method(name="editMessageReplyMarkup", run=edit_markup),
    Method(name="editMessageMedia", run=edit_media, pauses=True),
    Method(name="deleteMessage", run=delete_message),
    Method(name="deleteMessages", run=delete_messages),
]
