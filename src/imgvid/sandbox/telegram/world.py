"""The state of the stand-in: who there is, which chats, what was said, and what may happen to it.

Only here do messages come into being, change and go, so that the feed, the history and the ids cannot disagree.
"""

from __future__ import annotations

import random
from datetime import datetime, timedelta

from imgvid.sandbox.telegram import errors
from imgvid.sandbox.telegram.calls import CallLog
from imgvid.sandbox.telegram.clock import Clock, ShiftedClock
from imgvid.sandbox.telegram.errors import Impossible, bad, forbidden
from imgvid.sandbox.telegram.faults import Faults
from imgvid.sandbox.telegram.feed import Feed
from imgvid.sandbox.telegram.files import FileStore
from imgvid.sandbox.telegram.jsons import JsonObject, as_int
from imgvid.sandbox.telegram.ledger import Ledger
from imgvid.sandbox.telegram.menus import Menus
from imgvid.sandbox.telegram.model import (
    Callback,
    Chat,
    ChatType,
    Content,
    Kind,
    Markup,
    Message,
    Standing,
    User,
    Version,
)
from imgvid.sandbox.telegram.rates import Rates
from imgvid.sandbox.telegram.updates import Updates
from imgvid.sandbox.telegram.views import chat_view, message_view
from imgvid.sandbox.telegram.webhook import Webhook

FIRST_PERSON = 7_000_001
FIRST_GROUP = -4_000_000_001
FIRST_SUPERGROUP = -1_002_000_000_001
ACTION_LIFE = timedelta(seconds=5)  # https://core.telegram.org/bots/api#sendchataction


class World:
    """One bot and its chats. Not for several threads."""

    def __init__(self, *, token: str, username: str, clock: Clock, seed: int) -> None:
        self.token = token
        self.seed = seed
        self.dice = random.Random(seed)
        self.clock = ShiftedClock(clock)
        bot_id = as_int(token.split(":", 1)[0])
        if bot_id is None or bot_id <= 0 or ":" not in token:
            raise ValueError("a bot token is <digits>:<secret>")
        self.bot = User(id=bot_id, is_bot=True, first_name="imgvid", username=username)
        self.privacy = True  # in groups the bot sees only what is meant for it
        self.faults = Faults(seed=seed)
        self.rates = Rates()
        self.calls = CallLog()
        self.feed = Feed(self.clock)
        self.files = FileStore(bot_id=bot_id, seed=seed, clock=self.clock)
        self.updates = Updates(clock=self.clock, faults=self.faults, first_id=100_000_001 + seed)
        self.hook = Webhook(clock=self.clock, updates=self.updates)
        self.menus = Menus()
        self.ledger = Ledger()
        self.chats: dict[int, Chat] = {}
        self.people: dict[int, User] = {}
        self.callbacks: dict[str, Callback] = {}
        self._albums = 0

    def now(self) -> datetime:
        return self.clock.now()

    # -- people and chats

    def add_person(self, user: User) -> Chat:
        """A person with their private chat. Raises Impossible 409 where the id is taken."""
        if user.id in self.chats:
            raise Impossible(409, f"there is a chat {user.id} already")
        self.people[user.id] = user
        title = " ".join(part for part in (user.first_name, user.last_name) if part)
        return self._add_chat(
            Chat(
                id=user.id,
                type=ChatType.PRIVATE,
                title=title,
                username=user.username,
                members={user.id: user},
                bot=Standing.NEW,
            )
        )

    def add_group(self, *, title: str, type: ChatType, members: list[User], chat_id: int | None = None) -> Chat:
        first = FIRST_GROUP if type is ChatType.GROUP else FIRST_SUPERGROUP
        new_id = chat_id if chat_id is not None else self._free_id(first, -1)
        if new_id in self.chats:
            raise Impossible(409, f"there is a chat {new_id} already")
        return self._add_chat(Chat(id=new_id, type=type, title=title, members={user.id: user for user in members}))

    def new_person_id(self) -> int:
        return self._free_id(FIRST_PERSON, 1)

    def _free_id(self, first: int, step: int) -> int:
        wanted = first + step * len(self.chats)
        while wanted in self.chats:
            wanted += step
        return wanted

    def _add_chat(self, chat: Chat) -> Chat:
        self.chats[chat.id] = chat
        self.chat_changed(chat)
        return chat

    def chat_changed(self, chat: Chat) -> None:
        self.feed.emit("chat", chat.id, lambda: {"chat": chat_view(chat, self)})

    def chat(self, chat_id: int) -> Chat:
        """For the control API. Raises Impossible 404."""
        try:
            return self.chats[chat_id]
        except KeyError:
            raise Impossible(404, f"there is no chat {chat_id}") from None

    def message(self, chat_id: int, message_id: int) -> Message:
        """For the control API, also a deleted one. Raises Impossible 404."""
        try:
            return self.chat(chat_id).messages[message_id]
        except KeyError:
            raise Impossible(404, f"there is no message {message_id} in chat {chat_id}") from None

    # -- what the bot may reach

    def chat_for_bot(self, chat_id: object, *, write: bool = True) -> Chat:
        """The chat that a method names. Raises ApiError as check_chat_access does; `write=False` only reads."""
        if chat_id in (None, ""):
            raise bad("chat_id is empty")
        number = as_int(chat_id)
        chat = self.chats.get(number) if number is not None else None
        if chat is None:
            raise bad(errors.CHAT_NOT_FOUND)
        if not write:
            return chat
        match chat.bot:
            case Standing.MEMBER:
                return chat
            case Standing.MIGRATED:
                raise errors.upgraded(chat.migrated_to or 0)
            case Standing.BLOCKED:
                raise forbidden("bot was blocked by the user")
            case Standing.DEACTIVATED:
                raise forbidden("user is deactivated")
            case Standing.NEW:
                raise forbidden("bot can't initiate conversation with a user")
            case Standing.KICKED:
                raise forbidden(f"bot was kicked from the {chat.type} chat")

    def living(self, chat: Chat, message_id: int | None, missing: str) -> Message:
        """A message that is still there, or ApiError 400 with this text."""
        message = chat.messages.get(message_id) if message_id is not None else None
        if message is None or not message.alive:
            raise bad(missing)
        return message

    # -- messages

    def new_album(self) -> str:
        self._albums += 1
        return str(13_000_000_000_000_000 + self.seed * 1_000_003 + self._albums)

    def post(
        self,
        chat: Chat,
        sender: User,
        content: Content,
        *,
        method: str,
        markup: Markup | None = None,
        reply_to: int | None = None,
        group: str | None = None,
        protected: bool = False,
    ) -> Message:
        """A new message under the chat's next id."""
        now = self.now()
        chat.last_id += 1
        message = Message(
            chat_id=chat.id,
            id=chat.last_id,
            sender=sender,
            date=now,
            content=content,
            markup=markup,
            reply_to=reply_to,
            group=group,
            protected=protected,
            history=[Version(at=now, method=method, content=content, markup=markup)],
        )
        chat.messages[message.id] = message
        chat.used_at = now
        if sender.id == self.bot.id:
            chat.action = None
        self._tell("message", message)
        return message

    def change(self, message: Message, content: Content, markup: Markup | None, *, method: str) -> Message:
        """Put other content or another keyboard in place. Raises ApiError where nothing would change."""
        if content == message.content and markup == message.markup:
            raise bad(errors.NOT_MODIFIED)
        now = self.now()
        message.content, message.markup, message.edited_at = content, markup, now
        message.history.append(Version(at=now, method=method, content=content, markup=markup))
        self.chats[message.chat_id].used_at = now
        self._tell("edit", message)
        return message

    def remove(self, message: Message) -> None:
        """Take a message away. A media edit under way is told so (td cancel_send_deleted_message)."""
        message.deleted_at = self.now()
        if message.upload is not None and not message.upload.done():
            message.upload.set_result(errors.DELETED_MEANWHILE)
        self._tell("delete", message)

    def _tell(self, type: str, message: Message) -> None:
        self.feed.emit(
            type,
            message.chat_id,
            lambda: {"message_id": message.id, "message": message_view(message, self)},
        )

    def act(self, chat: Chat, action: str) -> None:
        """The bot seems to be typing, uploading, … for five seconds."""
        chat.action = (action, self.now() + ACTION_LIFE)
        self.feed.emit("action", chat.id, lambda: {"action": action})

    def react(self, message: Message, user: User, emoji: tuple[str, ...]) -> None:
        if emoji:
            message.reactions[user.id] = emoji
        else:
            message.reactions.pop(user.id, None)
        self.feed.emit(
            "reaction",
            message.chat_id,
            lambda: {"message_id": message.id, "reactions": message_view(message, self)["reactions"]},
        )

    def service(self, chat: Chat, sender: User, fields: JsonObject) -> Message:
        return self.post(chat, sender, Content(kind=Kind.SERVICE, fields=fields), method="service")

    def close(self) -> None:
        """Let everybody go who waits: the process ends."""
        self.faults.clear()
        self.updates.close()
        self.feed.close()
