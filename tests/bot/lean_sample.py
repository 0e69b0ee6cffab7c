"""Prints what aiogram makes of a few updates and methods: `lean` as the bot imports it, `plain` as it comes."""

from __future__ import annotations

import sys
from pathlib import Path

if sys.argv[1] == "lean":
    from imgvid.bot import lean

    assert lean

from aiogram.methods import Response, SendMessage, SetMyCommands
from aiogram.types import (
    BotCommand,
    BotCommandScopeChat,
    InlineKeyboardButton,
    InlineKeyboardMarkup,
    Message,
    ReplyParameters,
    Update,
)
from pydantic import ValidationError

CHAT = {"id": 7, "type": "private", "first_name": "Eva"}
EVA = {"id": 7, "is_bot": False, "first_name": "Eva"}
FILE = {"file_id": "f", "file_unique_id": "u", "width": 3, "height": 4}
BASE = {"message_id": 1, "date": 1_700_000_000, "chat": CHAT, "from": EVA}
CONTENTS = (
    {"photo": [FILE], "caption": "c", "has_media_spoiler": True},
    {"text": "x", "entities": [{"type": "mention", "offset": 0, "length": 1}], "new_field": {"a": 1}},
    {"sticker": {**FILE, "type": "regular", "is_animated": False, "is_video": False}},
    {"pinned_message": {**BASE, "text": "q"}},
    {"pinned_message": {"chat": CHAT, "message_id": 3, "date": 0}},
    {"text": "q", "reply_to_message": {**BASE, "photo": [FILE]}},
    {"text": "q", "forward_origin": {"type": "user", "date": 1, "sender_user": EVA}},
)
MEMBER = {"user": EVA, "status": "member"}
BUTTON = InlineKeyboardButton(text="a", callback_data="b")

for content in CONTENTS:
    update = Update.model_validate({"update_id": 1, "message": {**BASE, **content}})
    print(repr(update), update.model_dump(exclude_unset=True))
member = {
    "chat": CHAT,
    "from": EVA,
    "date": 1,
    "old_chat_member": MEMBER,
    "new_chat_member": {**MEMBER, "status": "left"},
}
print(repr(Update.model_validate({"update_id": 2, "my_chat_member": member})))
press = {
    "id": "1",
    "from": EVA,
    "chat_instance": "x",
    "data": "d",
    "message": {"chat": CHAT, "message_id": 3, "date": 0},
}
print(repr(Update.model_validate({"update_id": 3, "callback_query": press})))
print(repr(Response[Message].model_validate({"ok": True, "result": {**BASE, "text": "t"}})))
try:
    Update.model_validate({"update_id": 4, "message": {**BASE, "date": "no"}})
except ValidationError as error:
    print(error.error_count())
keyboard = InlineKeyboardMarkup(inline_keyboard=[[BUTTON]])
sending = SendMessage(chat_id=1, text="x", reply_parameters=ReplyParameters(message_id=3), reply_markup=keyboard)
print(repr(sending), sending.model_dump(warnings=False))
scope = BotCommandScopeChat(chat_id=1)
print(SetMyCommands(commands=[BotCommand(command="a", description="bbb")], scope=scope).model_dump())
rss_kib = next(line for line in Path("/proc/self/status").read_text().splitlines() if line.startswith("VmRSS")).split()[
    1
]
print(rss_kib, file=sys.stderr)
