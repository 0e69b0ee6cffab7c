"""The buttons under a job's message: Cancel, Again, Another seed, and those of results.py. And every button that nobody
knows any more.

A press on a message that is not its job's removes that message; a press for a job that is not there says so; a press by
somebody else is answered to them alone.
"""

from __future__ import annotations

from aiogram import Router
from aiogram.types import CallbackQuery

from imgvid.bot import orders, results
from imgvid.bot.desk import Desk
from imgvid.bot.talk import Talk
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
        await _begin_anew(callback, card, press.action, talk, desk)


async def _begin_anew(callback: CallbackQuery, card: Card, action: Action, talk: Talk, desk: Desk) -> None:
    """What begins another job: made of this one, or of its result."""
    mode = (await desk.offers.now()).mode(card.mode)
    if action is Action.MOVE:
        await results.make_it_move(callback, card, talk, desk)
    elif mode is None:  # it is not on offer any more
        await desk.voice.answer_press(callback.id, talk.words("alert-mode-gone"), alert=True)
    elif action is Action.CHANGE:
        await results.change_settings(callback, card, mode, talk, desk)
    elif action is Action.FILE:
        await results.as_file(callback, card, mode, talk, desk)
    else:
        seed = orders.new_seed() if action is Action.SEED else card.seed
        await results.once_more(callback, card, talk, desk, mode=mode, seed=seed)


def router() -> Router:
    """Included last: every press that no other router took ends here."""
    made = Router(name="buttons")
    made.callback_query.register(on_press)
    return made
