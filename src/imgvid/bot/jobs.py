"""/my, /status <id>, /cancel [id]: a person's jobs by their short ids."""

from __future__ import annotations

from aiogram import F, Router
from aiogram.filters import Command, CommandObject
from aiogram.types import CallbackQuery, Message

from imgvid.bot import cards, keyboards
from imgvid.bot.desk import Desk
from imgvid.bot.talk import Talk
from imgvid.jobs.model import Card
from imgvid.jobs.state import State
from imgvid.telegram.keyboard import SHORT_ID, Keyboard, unpack

PER_PAGE = 5
_LOOK_BACK = 50  # newest jobs among which open ones are looked for; limits keep them far fewer
_ID_SHOWN = 20  # characters of an unknown id that are repeated


async def _page(talk: Talk, desk: Desk, page: int) -> tuple[str, Keyboard | None]:
    found, total = await desk.intake.cards(talk.user_id, limit=PER_PAGE, offset=page * PER_PAGE)
    makes = (await desk.offers.now()).makes
    last = max(0, (total - 1) // PER_PAGE)
    if not found and page > last:
        return await _page(talk, desk, last)
    if not found:
        return talk.words("my-empty", makes=makes), None
    rows = [cards.row(talk.locale, card, with_prompt=talk.private) for card in found]
    title = talk.words("my-title", page=page + 1, pages=last + 1, makes=makes)
    keyboard = keyboards.pages(talk.locale, user_id=talk.user_id, page=page, last=last)
    return "\n".join([title, "", *rows]), keyboard


async def on_my(_message: Message, talk: Talk, desk: Desk) -> None:
    text, keyboard = await _page(talk, desk, 0)
    await talk.say(text, keyboard=keyboard)


async def on_turn(callback: CallbackQuery, talk: Talk, desk: Desk) -> None:
    """A page turned: the same message shows the other page."""
    press = keyboards.unpack(callback.data or "")
    if not isinstance(press, keyboards.PagePress):
        return
    if press.user_id != talk.user_id:
        await desk.voice.answer_press(callback.id, talk.words("alert-not-yours"), alert=True)
        return
    text, keyboard = await _page(talk, desk, press.page)
    await desk.voice.rewrite(talk.chat_id, talk.message_id, text, keyboard)
    await desk.voice.answer_press(callback.id, "")


def asked_id(message: Message, command: CommandObject) -> str | None:
    """The short id after the command, or the one behind the buttons of the message that the command replies to."""
    if command.args:
        return command.args.split()[0].lower().strip("<>#.,")
    replied = message.reply_to_message
    rows = replied.reply_markup.inline_keyboard if replied is not None and replied.reply_markup is not None else []
    for row in rows:
        for button in row:
            press = unpack(button.callback_data or "")
            if press is not None:
                return press.short_id
    return None


async def _card(short: str, talk: Talk, desk: Desk) -> Card | None:
    """The person's own job (any job for an admin); None after saying why not."""
    card = await desk.intake.card(short) if SHORT_ID.fullmatch(short) else None
    if card is None:
        await talk.say(talk.words("unknown-id", id=short[:_ID_SHOWN]))
        return None
    if card.user_id != talk.user_id and not talk.admin:
        await talk.say(talk.words("not-yours"))
        return None
    return card


async def _open_cards(talk: Talk, desk: Desk) -> list[Card]:
    found, _total = await desk.intake.cards(talk.user_id, limit=_LOOK_BACK, offset=0)
    return [card for card in found if cards.is_open(card)]


async def on_status(message: Message, command: CommandObject, talk: Talk, desk: Desk) -> None:
    short = asked_id(message, command)
    if short is None:
        await talk.say(talk.words("status-usage"))
        return
    card = await _card(short, talk, desk)
    if card is None:
        return
    own = card.user_id == talk.user_id
    with_prompt = own and (talk.private or card.chat_id == talk.chat_id)
    ahead = await _ahead(card, talk, desk) if own else None
    await talk.say(cards.status(talk.locale, card, ahead=ahead, with_prompt=with_prompt))


async def _ahead(card: Card, talk: Talk, desk: Desk) -> int | None:
    """Ready jobs before this one; None where it is not in the line itself (begun, or behind the person's own)."""
    if card.state is not State.QUEUED or card.message_id is None:
        return None
    mine = await _open_cards(talk, desk)
    if any(other.lane == card.lane and other.id < card.id for other in mine):
        return None
    return await desk.intake.ahead_of(card.id)


async def on_cancel(message: Message, command: CommandObject, talk: Talk, desk: Desk) -> None:
    short = asked_id(message, command)
    if short is not None:
        card = await _card(short, talk, desk)
        if card is not None:
            await _cancel(card, talk, desk)
        return
    waiting = await _open_cards(talk, desk)
    if not waiting:
        await talk.say(talk.words("cancel-nothing"))
    elif len(waiting) == 1:
        await _cancel(waiting[0], talk, desk)
    else:
        rows = [cards.row(talk.locale, card, with_prompt=talk.private) for card in waiting[:PER_PAGE]]
        await talk.say("\n".join([talk.words("cancel-usage"), "", *rows]))


async def _cancel(card: Card, talk: Talk, desk: Desk) -> None:
    verdict = await desk.intake.wish_cancel(card.id, card.user_id if talk.admin else talk.user_id)
    key = {"closing": "cancel-started", "wished": "cancel-started", "over": "cancel-late", "not_yours": "not-yours"}
    await talk.say(talk.words(key.get(verdict, "unknown-id"), id=card.short))


def router() -> Router:
    made = Router(name="jobs")
    made.message.register(on_my, F.text, Command("my", ignore_case=True))
    made.message.register(on_status, F.text, Command("status", ignore_case=True))
    made.message.register(on_cancel, F.text, Command("cancel", ignore_case=True))
    made.callback_query.register(on_turn, F.data.startswith("p:"))
    return made
