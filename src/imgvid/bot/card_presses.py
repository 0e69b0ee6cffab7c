"""Presses on a card: a mode, a value, what is asked for, Make, Discard. Only its owner's count."""

from __future__ import annotations

from aiogram import F, Router
from aiogram.types import CallbackQuery

from imgvid.bot import card_keys, drafts
from imgvid.bot.card_keys import CardPress, Verb
from imgvid.bot.desk import Desk
from imgvid.bot.drafts import MASK, PROMPT
from imgvid.bot.making import made_already, make
from imgvid.bot.sheet import candidates, family
from imgvid.bot.talk import Talk
from imgvid.catalog import Mode
from imgvid.catalog.choices import Room
from imgvid.store.drafts import Draft


async def on_press(callback: CallbackQuery, talk: Talk, desk: Desk) -> None:
    press = card_keys.unpack(callback.data or "")
    draft = await desk.drafts.find(press.draft, desk.me.id) if isinstance(press, CardPress) else None
    if draft is not None and draft.user_id != talk.user_id:
        await desk.voice.answer_press(callback.id, talk.words("alert-card-not-yours"), alert=True)
    elif draft is not None and draft.job is not None:
        await made_already(callback.id, draft, draft.job, talk, desk)
    elif draft is None or draft.closed or is_stale(draft, talk):
        await desk.voice.answer_press(callback.id, talk.words("alert-stale"), alert=True)
        await desk.voice.take_away(talk.chat_id, talk.message_id)
    else:
        assert isinstance(press, CardPress)
        if draft.message_id is None:  # killed before it was written down: this is the card
            await desk.drafts.shown(draft.id, talk.message_id)
        await _act(callback.id, press, draft, talk, desk)


def is_stale(draft: Draft, talk: Talk) -> bool:
    """Whether the pressed message is not the card that is shown."""
    return draft.chat_id != talk.chat_id or draft.message_id not in (None, talk.message_id)


async def _act(callback_id: str, press: CardPress, draft: Draft, talk: Talk, desk: Desk) -> None:
    offer = await desk.offers.now()
    mode = offer.mode(draft.mode)
    if press.verb is Verb.DISCARD:
        await desk.drafts.close(draft.id)
        await desk.voice.answer_press(callback_id, "")
        await desk.voice.take_away(talk.chat_id, talk.message_id)
    elif press.verb is Verb.MODE:
        chosen = next((one for one in candidates(draft, offer) if one.id == press.name), None)
        await _show(callback_id, drafts.choose(draft, chosen, talk.memory) if chosen else None, talk, desk)
    elif mode is None:  # it has gone since: the card asks anew
        await _show(callback_id, draft, talk, desk, told="alert-mode-gone")
    elif press.verb is Verb.MAKE:
        await make(callback_id, draft, talk, desk, mode=mode, room=offer.room(mode))
    elif press.verb is Verb.LIST:
        await desk.easel.show(draft, talk, page=press.name)
        await desk.voice.answer_press(callback_id, "")
    else:
        await _show(callback_id, change(press, draft, mode, offer.room(mode)), talk, desk)


def change(press: CardPress, draft: Draft, mode: Mode, room: Room) -> Draft | None:
    """What a press makes of the card; None for one that this mode knows nothing of. Pure."""
    param = mode.param(press.name)
    changed: Draft | None = None
    match press.verb:
        case Verb.OTHER:
            changed = drafts.other(draft, family(mode))
        case Verb.VALUE if param is not None and not param.text_max:
            value = drafts.value_of(param, press.value)
            changed = drafts.pick(draft, mode, room, param.name, value) if value is not None else None
        case Verb.ASK if _may_be_asked(mode, press.name):
            changed = drafts.ask(draft, press.name)
        case Verb.WITHOUT:
            changed = drafts.without(draft, mode, press.name)
        case Verb.BACK:
            changed = drafts.back(draft, mode)
    return changed


def _may_be_asked(mode: Mode, what: str) -> bool:
    param = mode.param(what)
    return (
        what == PROMPT or (what == MASK and mode.input(MASK) is not None) or (param is not None and param.text_max > 0)
    )


async def _show(callback_id: str, draft: Draft | None, talk: Talk, desk: Desk, *, told: str = "") -> None:
    if draft is None:
        await desk.voice.answer_press(callback_id, talk.words("alert-mode-gone"), alert=True)
        return
    await desk.drafts.save(draft)
    await desk.easel.show(draft, talk)
    await desk.voice.answer_press(callback_id, talk.words(told) if told else "", alert=bool(told))


def router() -> Router:
    made = Router(name="card presses")
    made.callback_query.register(on_press, F.data.startswith("k:"))
    return made
