"""Pictures: a photo, an image sent as a file, a still sticker, an album of two, or text in reply to any of them."""

from __future__ import annotations

from aiogram import Router
from aiogram.filters import Filter
from aiogram.types import Message

from imgvid.bot import orders
from imgvid.bot.addressing import maker
from imgvid.bot.desk import Desk
from imgvid.bot.offers import PHOTO, of_photos
from imgvid.bot.opening import begun, of_picture, open_card
from imgvid.bot.reading import Usable, read_message
from imgvid.bot.reception import refusal
from imgvid.bot.talk import Talk
from imgvid.catalog import Mode


class HasPicture(Filter):
    """Lets pass what a video can be made of, and hands it on as `usable`."""

    async def __call__(self, message: Message, desk: Desk) -> bool | dict[str, Usable]:
        reading = read_message(message, desk.me)
        return {"usable": reading} if isinstance(reading, Usable) else False


async def on_picture(message: Message, usable: Usable, talk: Talk, desk: Desk) -> None:
    offer = await desk.offers.now()
    asked = maker(message)
    among = asked if asked is not None and of_photos(asked) and asked in offer.groups else PHOTO
    if offer.plain is not None:
        await queue(usable, offer.plain, talk, desk)
    elif not offer.among(among):
        await talk.refuse("reject-photo" if offer.modes else "reject-nothing")
    else:
        origin, draft = of_picture(usable, talk, bot_id=desk.me.id, among=among)
        await open_card(origin, begun(draft, offer, talk), talk, desk)


async def queue(usable: Usable, mode: Mode, talk: Talk, desk: Desk) -> None:
    """There is nothing to ask: the job at once."""
    if usable.prompt is not None and len(usable.prompt) > mode.prompt.max_chars:
        await talk.refuse("reject-prompt", {"max": mode.prompt.max_chars})
        return
    job = orders.from_picture(
        usable,
        talk=talk,
        bot_id=desk.me.id,
        mode=mode,
        seed=orders.new_seed(),
        album_wait=desk.settings.album_wait_s,
    )
    put = await desk.reception.enqueue(job, talk)
    if put.verdict == "queued":
        await desk.reception.place(put, job, talk)
    elif (sentence := refusal(put)) is not None:
        key, args = sentence
        per_album = key in ("reject-third", "reject-late")
        await talk.refuse(key, args, once_per=(usable.album or "") if per_album else "")


def router() -> Router:
    made = Router(name="photos")
    made.message.register(on_picture, HasPicture())
    return made
