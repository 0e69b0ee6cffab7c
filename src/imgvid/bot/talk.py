"""One update's conversation: who asks, where, in which language, and the way to answer."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any

from imgvid.bot.quiet import Quiet
from imgvid.bot.voice import Sentence, Voice
from imgvid.telegram.keyboard import Keyboard
from imgvid.texts import say

_NONE: Mapping[str, str | int | float] = MappingProxyType({})


@dataclass(frozen=True, slots=True, kw_only=True)
class Talk:
    """`message_id` is what the person sent, or pressed a button on. `settle` says that the update needs no second delivery."""

    user_id: int
    chat_id: int
    thread_id: int | None
    message_id: int
    private: bool
    admin: bool
    locale: str
    voice: Voice
    quiet: Quiet
    settle: Callable[[], None]
    memory: Mapping[str, Any] = field(default_factory=dict)  # what the person chose the last time (memory.py)

    def words(self, key: str, **args: str | int | float) -> str:
        """The text `key` in the person's language."""
        return say(self.locale, key, **args)

    async def say(self, text: str, *, keyboard: Keyboard | None = None, reply: bool = False) -> int | None:
        """Send a text; in a group always as a reply, so that it is plain whom it answers."""
        sentence = Sentence(
            chat_id=self.chat_id,
            text=text,
            thread_id=self.thread_id,
            reply_to=self.message_id if reply or not self.private else None,
            keyboard=keyboard,
        )
        return await self.voice.say(sentence, settle=self.settle)

    async def refuse(self, key: str, args: Mapping[str, str | int | float] = _NONE, *, once_per: str = "") -> None:
        """Say why not and what to do instead, once for a flood of the same. `once_per` tells two floods apart."""
        what = f"{key} {once_per}"
        if not self.quiet.may_say(self.chat_id, what, time.monotonic()):
            return
        await self.say(self.words(key, **args), reply=True)
        self.quiet.said(self.chat_id, what, time.monotonic())
