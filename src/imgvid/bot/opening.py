"""A new card: the row first, then its message. The same update opens one card, however often it is delivered."""

from __future__ import annotations

from dataclasses import replace

from imgvid import log
from imgvid.bot import orders
from imgvid.bot.desk import Desk
from imgvid.bot.drafts import IMAGE, PROMPT, Refused, as_input, choose, prompt_problem
from imgvid.bot.memory import known_or_only
from imgvid.bot.offers import Offer, of_photos
from imgvid.bot.reading import Usable
from imgvid.bot.reception import TOO_FAST_S
from imgvid.bot.talk import Talk
from imgvid.catalog import Mode
from imgvid.store.drafts import Draft


def blank(talk: Talk, *, bot_id: int, among: str, source: int | None, words: str | None = None) -> Draft:
    """A card about nothing yet but perhaps words. `source` is the message that it hangs under."""
    return Draft(
        id="",
        user_id=talk.user_id,
        bot_id=bot_id,
        chat_id=talk.chat_id,
        thread_id=talk.thread_id,
        source_message_id=source,
        message_id=None,
        among=among,
        prompt=words,
        heard=(talk.message_id,) if source == talk.message_id else (),
    )


def of_picture(usable: Usable, talk: Talk, *, bot_id: int, among: str) -> tuple[str, Draft]:
    """The origin and the card of a picture with what was said to it. An album is one card."""
    album = usable.album
    origin = f"g:{bot_id}:{talk.chat_id}:{album}" if album else f"m:{bot_id}:{talk.chat_id}:{talk.message_id}"
    draft = replace(
        blank(talk, bot_id=bot_id, among=among, source=talk.message_id, words=usable.prompt),
        inputs=(as_input(usable.picture, IMAGE),),
        album=album,
    )
    return origin, draft


def begun(draft: Draft, offer: Offer, talk: Talk) -> Draft:
    """The mode where there is nothing to ask, and what the card waits for."""
    mode = known_or_only(talk.memory, draft.among, offer.among(draft.among))
    if mode is not None:
        return choose(draft, mode, talk.memory)
    if of_photos(draft.among):
        return draft if draft.input(IMAGE) is not None else replace(draft, awaits=IMAGE)
    return draft if draft.prompt else replace(draft, awaits=PROMPT)


def words_problem(words: str, offered: tuple[Mode, ...]) -> Refused | None:
    """What is wrong with words that are all there is to start from: wrong for every mode on offer."""
    wrong = [prompt_problem(mode, words) for mode in offered]
    return wrong[-1] if wrong and all(wrong) else None


async def open_card(origin: str, draft: Draft, talk: Talk, desk: Desk) -> None:
    """Raises StoreUnavailable and what may pass by the next try."""
    limits = orders.limits(talk, pending_per_person=0, queued=0, per_chat_minute=desk.settings.chat_jobs_per_minute)
    opened = await desk.drafts.open(origin, draft, per_chat_minute=limits.per_chat_minute)
    if opened is None:
        await talk.refuse("limit-rate", {"seconds": TOO_FAST_S})
    elif opened.closed or opened.job is not None:
        if draft.album is not None and talk.message_id not in opened.heard:
            await talk.refuse("reject-late", once_per=draft.album)
    elif opened.message_id is None:
        log.get().info(log.CARD_OPENED, card=opened.id, mode=opened.mode, chat=talk.chat_id, user=talk.user_id)
        await desk.easel.show(opened, talk)
