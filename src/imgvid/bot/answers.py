"""Texts and pictures for a card that waits: what it asked for, or a reply to it."""

from __future__ import annotations

from dataclasses import dataclass

from aiogram import Router
from aiogram.filters import Filter
from aiogram.types import Message

from imgvid.bot import drafts
from imgvid.bot.addressing import command, prompt
from imgvid.bot.desk import Desk
from imgvid.bot.drafts import IMAGE, PICTURE_ROLES, Refused
from imgvid.bot.offers import Offer, of_photos
from imgvid.bot.reading import Picture, read_picture
from imgvid.bot.talk import Talk
from imgvid.catalog.choices import ANYTHING
from imgvid.store.drafts import Draft


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """A message for a card: its own picture, and its words."""

    draft: Draft
    picture: Picture | None
    words: str | None


class ForCard(Filter):
    """Lets pass what a card of this person waits for, and hands it on as `answer`."""

    async def __call__(self, message: Message, talk: Talk, desk: Desk) -> bool | dict[str, Answer]:
        offer = await desk.offers.now()
        found = read_picture(message)
        picture = found if isinstance(found, Picture) else None
        if not _may_be_an_answer(message, picture, offer):
            return False
        replied = message.reply_to_message
        draft = await desk.drafts.find_for_message(
            user_id=talk.user_id,
            chat_id=talk.chat_id,
            bot_id=desk.me.id,
            message_id=message.message_id,
            reply_to=replied.message_id if replied is not None else None,
            album=message.media_group_id,
            picture_roles=PICTURE_ROLES,
            is_picture=picture is not None,
        )
        if draft is None or not _is_for(draft, message, picture, offer):
            return False
        return {"answer": Answer(draft=draft, picture=picture, words=prompt(message, desk.me))}


def _may_be_an_answer(message: Message, picture: Picture | None, offer: Offer) -> bool:
    replied = message.reply_to_message
    if picture is not None:  # where a photo is queued at once no card waits for one
        return offer.plain is None or replied is not None
    if message.text is None or command(message) is not None:
        return False
    return replied is None or read_picture(replied) is None  # words to a picture make something of that picture


def _is_for(draft: Draft, message: Message, picture: Picture | None, offer: Offer) -> bool:
    if message.message_id in draft.heard:
        return True
    if draft.job is not None:
        return False
    mode = offer.mode(draft.mode)
    takes = of_photos(draft.among) if mode is None else mode.input(IMAGE) is not None
    return picture is None or takes


async def on_answer(message: Message, answer: Answer, talk: Talk, desk: Desk) -> None:
    draft = answer.draft
    if message.message_id in draft.heard:  # a second delivery
        if not draft.closed and draft.job is None:
            await desk.easel.show(draft, talk)
        return
    taken, refused = take_in(answer, message.media_group_id, await desk.offers.now(), talk)
    if taken != draft:
        taken = drafts.heard(taken, message.message_id)
        await desk.drafts.save(taken)
        await desk.easel.show(taken, talk)
    if refused is not None:
        per_album = refused.key == "reject-third"
        await talk.refuse(refused.key, refused.args, once_per=(message.media_group_id or "") if per_album else "")


def take_in(answer: Answer, album: str | None, offer: Offer, talk: Talk) -> tuple[Draft, Refused | None]:
    """The picture first, then its words: a good picture with words that cannot be used is kept. Pure."""
    draft = answer.draft
    mode = offer.mode(draft.mode)
    if answer.picture is not None:
        changed = drafts.pictured(draft, mode, answer.picture, album, talk.memory)
        if isinstance(changed, Refused):
            return draft, changed
        draft = changed
    if answer.words is None:
        return draft, None
    said = drafts.typed(draft, mode, offer.room(mode) if mode is not None else ANYTHING, answer.words)
    return (draft, said) if isinstance(said, Refused) else (said, None)


def router() -> Router:
    """Included before those that make something new of texts and pictures."""
    made = Router(name="answers")
    made.message.register(on_answer, ForCard())
    return made
