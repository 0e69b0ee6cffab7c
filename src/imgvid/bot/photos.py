"""Pictures: a photo, an image sent as a file, a still sticker, an album of two, or text in reply to any of them."""

from __future__ import annotations

from aiogram import Router
from aiogram.filters import Filter
from aiogram.types import Message

from imgvid.bot import orders
from imgvid.bot.desk import Desk
from imgvid.bot.reading import Usable, read_message
from imgvid.bot.reception import refusal
from imgvid.bot.talk import Talk


class HasPicture(Filter):
    """Lets pass what a video can be made of, and hands it on as `usable`."""

    async def __call__(self, message: Message, desk: Desk) -> bool | dict[str, Usable]:
        reading = read_message(message, desk.me)
        return {"usable": reading} if isinstance(reading, Usable) else False


async def on_picture(_message: Message, usable: Usable, talk: Talk, desk: Desk) -> None:
    mode = orders.photo_mode()
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
