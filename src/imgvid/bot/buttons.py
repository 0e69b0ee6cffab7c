"""The buttons under a job's message: Cancel, Again, Another seed. And every button that nobody knows any more.

A press on a message that is not its job's removes that message; a press for a job that is not there says so; a press by
somebody else is answered to them alone.
"""

from __future__ import annotations

from aiogram import Router
from aiogram.types import CallbackQuery

from imgvid.bot import orders
from imgvid.bot.desk import Desk
from imgvid.bot.reception import refusal
from imgvid.bot.talk import Talk
from imgvid.catalog import modes
from imgvid.jobs.model import Card
from imgvid.telegram.keyboard import Action, unpack

_CANCELLED = {
    "closing": "alert-cancelling",
    "wished": "alert-cancelling",
    "over": "alert-too-late",
    "not_yours": "alert-not-yours",
    "unknown": "unknown-job",
}


def is_stale(card: Card, *, chat_id: int, message_id: int) -> bool:
    """Whether the pressed message is not the job's own. A job without a message has none to be told from yet."""
    return card.message_id is not None and (card.chat_id, card.message_id) != (chat_id, message_id)


async def on_press(callback: CallbackQuery, talk: Talk, desk: Desk) -> None:
    press = unpack(callback.data or "")
    if press is None:
        await desk.voice.answer_press(callback.id, talk.words("alert-stale"), alert=True)
        return
    card = await desk.intake.card(press.short_id)
    if card is None:
        await desk.voice.answer_press(callback.id, talk.words("unknown-job"), alert=True)
    elif card.user_id != talk.user_id:
        await desk.voice.answer_press(callback.id, talk.words("alert-not-yours"), alert=True)
    elif is_stale(card, chat_id=talk.chat_id, message_id=talk.message_id):
        await desk.voice.answer_press(callback.id, talk.words("alert-stale"), alert=True)
        await desk.voice.take_away(talk.chat_id, talk.message_id)
    elif press.action is Action.CANCEL:
        verdict = await desk.intake.wish_cancel(card.id, talk.user_id)
        await desk.voice.answer_press(
            callback.id, talk.words(_CANCELLED[verdict]), alert=verdict not in {"closing", "wished"}
        )
    else:
        await _make_again(callback, card, press.action, talk, desk)


async def _make_again(callback: CallbackQuery, card: Card, action: Action, talk: Talk, desk: Desk) -> None:
    mode = modes().get(card.mode)
    if mode is None:  # the operator took it out of the catalogue since
        await desk.voice.answer_press(callback.id, talk.words("alert-stale"), alert=True)
        return
    seed = orders.new_seed() if action is Action.SEED else card.seed
    job = orders.from_card(card, talk=talk, bot_id=desk.me.id, callback_id=callback.id, mode=mode, seed=seed)
    put = await desk.reception.enqueue(job, talk)
    sentence = refusal(put)
    if sentence is not None:
        key, args = sentence
        await desk.voice.answer_press(callback.id, talk.words(key, **args), alert=True)
        return
    if put.verdict == "queued":
        await desk.reception.place(put, job, talk)
    await desk.voice.answer_press(callback.id, talk.words("alert-queued"))


def router() -> Router:
    """Included last: every press that no other router took ends here."""
    made = Router(name="buttons")
    made.callback_query.register(on_press)
    return made
