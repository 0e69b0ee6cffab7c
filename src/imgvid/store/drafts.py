"""Cards on the way to a job: open, save, find, close. One row a card; its id is the job's origin, so a card makes one job."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from typing import Any

import asyncpg

from imgvid.jobs.model import Input
from imgvid.store.pool import Database, fields


@dataclass(frozen=True, slots=True, kw_only=True)
class Draft:
    """What a person is about to ask for. `params` are wishes as they were typed or pressed; the catalogue settles them.

    `among` says which modes may be chosen: photo | words | a group of the catalogue. `awaits` says what the person's next
    message is: prompt | image | mask | a text parameter. `heard` are the messages that were taken in already.
    """

    id: str
    user_id: int
    bot_id: int
    chat_id: int
    thread_id: int | None
    source_message_id: int | None
    message_id: int | None  # the card itself; None: not shown yet
    among: str
    mode: str | None = None
    params: Mapping[str, Any] = field(default_factory=dict)
    prompt: str | None = None
    seed: int | None = None
    inputs: tuple[Input, ...] = ()
    awaits: str | None = None
    album: str | None = None
    heard: tuple[int, ...] = ()
    closed: bool = False
    job: str | None = None  # short id of the job that was made of it

    def input(self, role: str) -> Input | None:
        return next((one for one in self.inputs if one.role == role), None)


_DRAFT = tuple(Draft.__dataclass_fields__)


def draft(record: asyncpg.Record) -> Draft:
    values = fields(record, _DRAFT)
    inputs = tuple(Input(**item) for item in values["inputs"])
    return Draft(**{**values, "inputs": inputs, "heard": tuple(values["heard"])})


class DraftStore:
    """The bot's cards. Every method may be repeated."""

    def __init__(self, database: Database) -> None:
        self._db = database

    async def open(self, origin: str, new: Draft, *, per_chat_minute: int) -> Draft | None:
        """A new card, or the one that this origin opened before; None: the chat opened too many in a minute.

        `origin` is the update that asked for it, as a job's: m:… | g:… | c:…. The id of `new` is the database's to choose.
        """
        row = await self._db.row(
            "open_draft",
            origin,
            new.user_id,
            new.bot_id,
            new.chat_id,
            new.thread_id,
            new.source_message_id,
            new.among,
            new.mode,
            dict(new.params),
            new.prompt,
            new.seed,
            [item.as_json() for item in new.inputs],
            new.awaits,
            new.album,
            list(new.heard),
            per_chat_minute,
        )
        return draft(row) if row else None

    async def find(self, draft_id: str, bot_id: int) -> Draft | None:
        """A card by its id; None: never there, or forgotten."""
        row = await self._db.row("draft_by_id", draft_id, bot_id)
        return draft(row) if row else None

    async def find_for_message(
        self,
        *,
        user_id: int,
        chat_id: int,
        bot_id: int,
        message_id: int,
        reply_to: int | None,
        album: str | None,
        picture_roles: Collection[str],
        is_picture: bool,
    ) -> Draft | None:
        """The person's card that a message is meant for.

        The one that took it in already, the one that it replies to, the one whose album it belongs to, or the newest that
        has waited for such a thing for less than an hour.
        """
        row = await self._db.row(
            "draft_for_message",
            user_id,
            chat_id,
            bot_id,
            message_id,
            reply_to,
            album,
            list(picture_roles),
            is_picture,
        )
        return draft(row) if row else None

    async def save(self, changed: Draft) -> None:
        """Everything that a person may change of a card; nothing once it is closed."""
        await self._db.run(
            "save_draft",
            changed.id,
            changed.among,
            changed.mode,
            dict(changed.params),
            changed.prompt,
            changed.seed,
            [item.as_json() for item in changed.inputs],
            changed.awaits,
            changed.album,
            list(changed.heard),
        )

    async def shown(self, draft_id: str, message_id: int) -> None:
        """This message is the card from now on."""
        await self._db.run("show_draft", draft_id, message_id)

    async def close(self, draft_id: str) -> None:
        """Made or thrown away: what it said is wiped, the row stays for two days so that its origin opens no second card."""
        await self._db.run("close_draft", draft_id)
