"""The job's one message, as commit record and fence (DESIGN section 7): write and see, look, take away, deliver.

    text ──editMessageMedia──▶ video        a video never becomes text again
      └────deleteMessage─────▶ gone         every late edit of an old run then hits 'message to edit not found'

Retiring a message while an old attempt may still be alive, step by step, each idempotent:

    1. probe(...)       VIDEO: it is COMPLETED after all, stop. GONE: the person deleted it, or step 2 was done before.
    2. record the intent to take it away, then take_away(...)
    3. Telegram.send_text(...) a fresh text, record its id; only then submit the next attempt

Everything here repeats itself through lost answers, 429 and outages as long as its Patience lasts, because it touches
one known message only; nothing here ever sends a new one. A group that became a supergroup raises ChatMigrated: its
messages stay behind with the old chat, nobody can edit them any more, and their ids mean other messages in the new one.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from enum import StrEnum

from imgvid import log
from imgvid.telegram.client import Telegram
from imgvid.telegram.errors import (
    ChatGone,
    MessageGone,
    NoCaption,
    NotDeletable,
    NotEditable,
    NoText,
    OutcomeUnknown,
    Superseded,
)
from imgvid.telegram.keyboard import Keyboard
from imgvid.telegram.outgoing import Delivered
from imgvid.telegram.patience import Patience

WRITE_PATIENCE = Patience(span=timedelta(seconds=60))


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """The one message of a job."""

    chat_id: int
    message_id: int


class Seen(StrEnum):
    """What stands at a place."""

    TEXT = "text"  # no video has been delivered yet; an upload may be under way
    VIDEO = "video"  # a video has been delivered, for good
    GONE = "gone"  # no message that we could edit: no late edit of an old run can reach it either
    CHAT_GONE = "chat_gone"  # blocked, kicked, deactivated, deleted


class Look(StrEnum):
    """What a worker does after looking."""

    GO = "go"
    DELIVERED = "delivered"  # stop: the job is done
    GONE = "gone"  # stop: the message was deleted or retired, another attempt may be running
    CHAT_GONE = "chat_gone"  # stop: nobody to deliver to
    SUPERSEDED = "superseded"  # stop: someone else writes to this message


class Taken(StrEnum):
    """What became of a message that was to be taken away."""

    GONE = "gone"
    STUCK = "stuck"  # Telegram refuses to delete it (older than 48 h, no right): no fence, start no new attempt
    CHAT_GONE = "chat_gone"


async def probe(
    telegram: Telegram,
    *,
    place: Place,
    text: str,
    keyboard: Keyboard | None = None,
    patience: Patience = WRITE_PATIENCE,
) -> Seen:
    """Write the text that the message should show, and tell what stood there. Idempotent.

    TEXT means that the message shows `text` now. Raises Superseded when someone else kept writing, ChatMigrated,
    BadToken, Refused (a bug in the text), or the last Flood, Unreachable or OutcomeUnknown when the patience ended.
    """

    async def write() -> Seen:
        try:
            await telegram.edit_text(chat_id=place.chat_id, message_id=place.message_id, text=text, keyboard=keyboard)
        except NoText:
            return Seen.VIDEO
        except MessageGone:
            return Seen.GONE
        except NotEditable as error:
            log.get().warning(log.MESSAGE_NOT_EDITABLE, chat=place.chat_id, said=error.description, then="as deleted")
            return Seen.GONE
        except ChatGone:
            return Seen.CHAT_GONE
        except Superseded as error:
            raise _Raced(error) from None
        return Seen.TEXT

    try:
        return await patience.repeat(write)
    except _Raced as raced:
        superseded = raced.superseded
    raise superseded


class _Raced(OutcomeUnknown):
    """Our write was cut off by a newer one: ask again after a wait, like any lost answer."""

    def __init__(self, superseded: Superseded) -> None:
        super().__init__(str(superseded))
        self.superseded = superseded


async def look(
    telegram: Telegram,
    *,
    place: Place,
    text: str,
    keyboard: Keyboard | None = None,
    patience: Patience = WRITE_PATIENCE,
) -> Look:
    """A worker's look before it starts ("generating") and before it uploads ("sending"): write, and go on or stop.

    Raises as `probe` does, except Superseded, which is an answer here.
    """
    try:
        seen = await probe(telegram, place=place, text=text, keyboard=keyboard, patience=patience)
    except Superseded:
        return Look.SUPERSEDED
    return {
        Seen.TEXT: Look.GO,
        Seen.VIDEO: Look.DELIVERED,
        Seen.GONE: Look.GONE,
        Seen.CHAT_GONE: Look.CHAT_GONE,
    }[seen]


async def take_away(telegram: Telegram, *, place: Place, patience: Patience = WRITE_PATIENCE) -> Taken:
    """Delete the message until the answer is ok or 'not found'. Idempotent.

    GONE is the fence: whatever an old run still sends will not find its message. Raises ChatMigrated (which fences as
    well), BadToken, or the last Flood, Unreachable or OutcomeUnknown when the patience ended; then the message may
    or may not be there, and the caller repeats it later.
    """

    async def delete() -> Taken:
        try:
            await telegram.delete_message(chat_id=place.chat_id, message_id=place.message_id)
        except NotDeletable:
            return Taken.STUCK
        except ChatGone:
            return Taken.CHAT_GONE
        return Taken.GONE

    return await patience.repeat(delete)


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """What stands at a place, and the media where the answer told."""

    seen: Seen
    media: Delivered | None = None


async def ask(
    telegram: Telegram,
    *,
    place: Place,
    caption: str,
    keyboard: Keyboard | None = None,
    patience: Patience = WRITE_PATIENCE,
) -> Asked:
    """See what stands there without touching a text: editMessageCaption is refused on one. Idempotent.

    A video gets `caption` and `keyboard`, which it should have anyway. Raises as `probe` does.
    """

    async def caption_it() -> Asked:
        try:
            media = await telegram.edit_caption(
                chat_id=place.chat_id, message_id=place.message_id, caption=caption, keyboard=keyboard
            )
        except NoCaption:
            return Asked(seen=Seen.TEXT)
        except (MessageGone, NotEditable):
            return Asked(seen=Seen.GONE)
        except ChatGone:
            return Asked(seen=Seen.CHAT_GONE)
        except Superseded as error:
            raise _Raced(error) from None
        return Asked(seen=Seen.VIDEO, media=media)

    try:
        asked = await patience.repeat(caption_it)
    except _Raced as raced:
        superseded = raced.superseded
    else:
        if asked.seen is Seen.VIDEO and asked.media is None and keyboard is not None:
            return await _with_media(telegram, place=place, keyboard=keyboard, patience=patience)
        return asked
    raise superseded


async def _with_media(telegram: Telegram, *, place: Place, keyboard: Keyboard, patience: Patience) -> Asked:
    """The media of a video that shows just what it should, so that no edit of ours made Telegram describe it.

    Telegram describes a message only when an edit changed it: take the buttons off and put them back.
    """

    async def touch() -> Delivered | None:
        try:
            bare = await telegram.edit_keyboard(chat_id=place.chat_id, message_id=place.message_id)
            back = await telegram.edit_keyboard(chat_id=place.chat_id, message_id=place.message_id, keyboard=keyboard)
        except (MessageGone, ChatGone, NotEditable):
            return None
        return back or bare

    return Asked(seen=Seen.VIDEO, media=await patience.repeat(touch))
