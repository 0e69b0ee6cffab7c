"""The buttons under a result that begin something else: Change settings, Make it move, As a file."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from aiogram.types import CallbackQuery

from imgvid.bot import orders
from imgvid.bot.desk import Desk
from imgvid.bot.drafts import IMAGE, back
from imgvid.bot.opening import begun, blank, open_card
from imgvid.bot.reception import refusal
from imgvid.bot.sheet import family
from imgvid.bot.talk import Talk
from imgvid.catalog import Group, Mode
from imgvid.catalog.choices import context
from imgvid.catalog.pick import Scalar
from imgvid.jobs.model import Card, Input
from imgvid.store.drafts import Draft
from imgvid.telegram.keyboard import AS_FILE


async def change_settings(callback: CallbackQuery, job: Card, mode: Mode, talk: Talk, desk: Desk) -> None:
    """A new card with everything that the job was made of."""
    await open_card(f"c:{desk.me.id}:{callback.id}", card_of(job, mode, talk, bot_id=desk.me.id), talk, desk)
    await desk.voice.answer_press(callback.id, "")


def card_of(job: Card, mode: Mode, talk: Talk, *, bot_id: int) -> Draft:
    """The job's pictures, words (none once they were wiped), choices, and its seed where one has an effect. Pure."""
    inputs = tuple(Input(**item) for item in job.inputs)
    asked = context(mode, job.params, [one.role for one in inputs])
    draft = replace(
        blank(talk, bot_id=bot_id, among=family(mode), source=talk.message_id),
        mode=mode.id,
        params=dict(job.params),
        prompt=job.prompt,
        seed=job.seed if mode.is_seeded(asked) else None,
        inputs=inputs,
    )
    return back(draft, mode)


async def make_it_move(callback: CallbackQuery, job: Card, talk: Talk, desk: Desk) -> None:
    """A new card whose photo is the result."""
    offer = await desk.offers.now()
    picture = picture_of(job, talk.message_id)
    if Group.PHOTO_VIDEO not in offer.groups or picture is None:
        key = "alert-mode-gone" if picture is not None else "alert-result-gone"
        await desk.voice.answer_press(callback.id, talk.words(key), alert=True)
        return
    among = blank(talk, bot_id=desk.me.id, among=Group.PHOTO_VIDEO, source=talk.message_id)
    await open_card(f"c:{desk.me.id}:{callback.id}", begun(replace(among, inputs=(picture,)), offer, talk), talk, desk)
    await desk.voice.answer_press(callback.id, "")


def picture_of(job: Card, message_id: int) -> Input | None:
    """The picture that a job delivered, as one to start from; None where Telegram's answer was lost, or it is a video. Pure."""
    file = (job.result or {}).get("file") or {}
    if file.get("kind") not in ("photo", "document") or not file.get("file_id"):
        return None
    return Input(
        role=IMAGE,
        file_id=file["file_id"],
        file_unique_id=file.get("file_unique_id") or "",
        kind=file["kind"],
        message_id=message_id,
        width=file.get("width"),
        height=file.get("height"),
    )


async def as_file(callback: CallbackQuery, job: Card, mode: Mode, talk: Talk, desk: Desk) -> None:
    """The same once more with the same seed, uncompressed."""
    params = {**job.params, AS_FILE: True} if mode.param(AS_FILE) is not None else None
    await once_more(callback, job, talk, desk, mode=mode, seed=job.seed, params=params)


async def once_more(
    callback: CallbackQuery,
    job: Card,
    talk: Talk,
    desk: Desk,
    *,
    mode: Mode,
    seed: int,
    params: Mapping[str, Scalar] | None = None,
) -> None:
    """Queue a job anew, at once. One press is one job."""
    new = orders.from_card(
        job, talk=talk, bot_id=desk.me.id, callback_id=callback.id, mode=mode, seed=seed, params=params
    )
    put = await desk.reception.enqueue(new, talk)
    sentence = refusal(put)
    if sentence is not None:
        key, args = sentence
        await desk.voice.answer_press(callback.id, talk.words(key, **args), alert=True)
        return
    if put.verdict == "queued":
        await desk.reception.place(put, new, talk)
    await desk.voice.answer_press(callback.id, talk.words("alert-queued"))
