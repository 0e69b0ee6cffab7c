"""Putting the finished video into the job's message, whatever happens on the way.

editMessageMedia on one known message is safe to repeat, and the message can be asked, so an upload whose answer was
lost ends as DELIVERED when the video is there, and never as a failure that nobody has seen. Nothing is ever sent as a
new message.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import timedelta
from enum import StrEnum

from imgvid import log
from imgvid.telegram.client import Telegram
from imgvid.telegram.errors import (
    BadToken,
    ChatGone,
    ChatMigrated,
    Flood,
    MessageGone,
    NoText,
    NotModified,
    OutcomeUnknown,
    Refused,
    Superseded,
    TelegramError,
    Unreachable,
)
from imgvid.telegram.keyboard import Keyboard
from imgvid.telegram.message import Place, Seen, ask
from imgvid.telegram.outgoing import Delivered, Outgoing
from imgvid.telegram.patience import Patience

DELIVER_PATIENCE = Patience(span=timedelta(minutes=10))
SETTLE = timedelta(seconds=5)  # after being cut off: how long until the other writer is asked about, first
ASIDE = timedelta(seconds=90)  # and how long altogether before we leave the message to him


class End(StrEnum):
    """How a delivery ended."""

    DELIVERED = "delivered"  # the video is in the message
    ALREADY = "already"  # a video is in the message, put there by another run of the same job
    GONE = "gone"  # the message was deleted or retired meanwhile
    CHAT_GONE = "chat_gone"
    MOVED = "moved"  # the group became a supergroup: `error` is ChatMigrated; the old message is out of reach
    SUPERSEDED = "superseded"  # another run is delivering: stop, say nothing
    UNKNOWN = "unknown"  # patience ended without an answer: the video may be there; never to be told as a failure
    REFUSED = "refused"  # Telegram refuses this media for good (`error`), and no video is there


@dataclass(frozen=True, slots=True, kw_only=True)
class Delivery:
    """How it ended; `media` is what the message holds where Telegram told, `error` the last trouble."""

    end: End
    media: Delivered | None = None
    error: TelegramError | None = None


async def deliver(
    telegram: Telegram,
    *,
    place: Place,
    media: Outgoing,
    caption: str,
    keyboard: Keyboard | None = None,
    patience: Patience = DELIVER_PATIENCE,
) -> Delivery:
    """Edit `media` into the message until it is there or cannot be. Idempotent: may be repeated from the start.

    Raises nothing of Telegram's but BadToken; every other trouble is an End.
    """
    courier = _Courier(
        telegram=telegram, place=place, media=media, caption=caption, keyboard=keyboard, patience=patience
    )
    try:
        return await courier.run()
    except ChatMigrated as error:
        return Delivery(end=End.MOVED, error=error)


class _Courier:
    """One delivery under way."""

    def __init__(
        self,
        *,
        telegram: Telegram,
        place: Place,
        media: Outgoing,
        caption: str,
        keyboard: Keyboard | None,
        patience: Patience,
    ) -> None:
        self._telegram, self._place, self._media = telegram, place, media
        self._caption, self._keyboard, self._patience = caption, keyboard, patience
        self._ends = patience.clock() + patience.span.total_seconds()

    async def run(self) -> Delivery:
        tries = 0
        while True:
            error: TelegramError
            try:
                return Delivery(end=End.DELIVERED, media=await self._upload())
            except (Flood, Unreachable) as not_applied:
                error = not_applied
            except (OutcomeUnknown, NotModified, NoText) as unsure:
                log.get().warning(log.DELIVERY_UNSURE, said=str(unsure), then="asking the message")
                asked = await self._ask(if_video=End.DELIVERED)
                if asked is not None:
                    return asked
                error = unsure
            except Superseded as cut_off:
                return await self._step_aside(cut_off)
            except (ChatMigrated, BadToken):
                raise
            except (MessageGone, ChatGone) as gone:
                return Delivery(end=End.CHAT_GONE if isinstance(gone, ChatGone) else End.GONE, error=gone)
            except Refused as refused:
                return await self._refused(refused)
            tries += 1
            wait_s = self._patience.wait_s(error, tries=tries)
            if self._patience.clock() + wait_s > self._ends:
                return Delivery(end=End.UNKNOWN, error=error)
            await self._patience.sleep(wait_s)

    async def _upload(self) -> Delivered:
        return await self._telegram.edit_media(
            chat_id=self._place.chat_id,
            message_id=self._place.message_id,
            media=self._media,
            caption=self._caption,
            keyboard=self._keyboard,
        )

    async def _ask(self, *, if_video: End) -> Delivery | None:
        """How it ended by what stands in the message; None while a text stands there."""
        left = timedelta(seconds=max(0.0, self._ends - self._patience.clock()))
        try:
            asked = await ask(
                self._telegram,
                place=self._place,
                caption=self._caption,
                keyboard=self._keyboard,
                patience=replace(self._patience, span=left),
            )
        except (Flood, Unreachable, OutcomeUnknown) as error:
            return Delivery(end=End.UNKNOWN, error=error)
        except Superseded as error:
            return Delivery(end=End.SUPERSEDED, error=error)
        match asked.seen:
            case Seen.TEXT:
                return None
            case Seen.VIDEO:
                return Delivery(end=if_video, media=asked.media)
            case Seen.GONE:
                return Delivery(end=End.GONE)
            case Seen.CHAT_GONE:
                return Delivery(end=End.CHAT_GONE)

    async def _step_aside(self, cut_off: Superseded) -> Delivery:
        """A newer edit aborted ours, so someone else delivers: wait, ask, stop."""
        log.get().warning(log.DELIVERY_SUPERSEDED, said=cut_off.description, then="waiting for the other run")
        leaves = min(self._ends, self._patience.clock() + ASIDE.total_seconds())
        while self._patience.clock() + SETTLE.total_seconds() <= leaves:
            await self._patience.sleep(SETTLE.total_seconds())
            asked = await self._ask(if_video=End.ALREADY)
            if asked is not None:
                return asked
        return Delivery(end=End.SUPERSEDED, error=cut_off)

    async def _refused(self, refused: Refused) -> Delivery:
        """Refused for good, unless a video is there after all: an earlier try, or another run, may have put it."""
        log.get().warning(log.DELIVERY_REFUSED, said=refused.description, then="asking the message")
        return await self._ask(if_video=End.DELIVERED) or Delivery(end=End.REFUSED, error=refused)
