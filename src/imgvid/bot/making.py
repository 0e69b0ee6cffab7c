"""Make: a card becomes a job, once, and its message becomes the job's placeholder.

enqueue (origin s:<bot>:<card>) ─▶ the card is edited to the placeholder ─▶ attach_message ─▶ the card is closed
killed in between: announce sends a placeholder after 5 s; the next press finds the job and removes what is left of the card
"""

from __future__ import annotations

from imgvid.bot import orders
from imgvid.bot.buttons import is_stale
from imgvid.bot.desk import Desk
from imgvid.bot.drafts import problem, settled, used
from imgvid.bot.memory import to_remember
from imgvid.bot.reception import refusal
from imgvid.bot.talk import Talk
from imgvid.catalog import Mode
from imgvid.catalog.choices import Room
from imgvid.jobs.model import Enqueued
from imgvid.store.drafts import Draft


async def make(callback_id: str, draft: Draft, talk: Talk, desk: Desk, *, mode: Mode, room: Room) -> None:
    """Answers the press in any case; a refusal leaves the card as it is."""
    wrong = problem(draft, mode)
    if wrong is not None:
        await desk.voice.answer_press(callback_id, talk.words(wrong.key, **wrong.args), alert=True)
        return
    choices = settled(draft, mode, room).choices
    job = orders.from_draft(draft, talk=talk, mode=mode, params=choices, inputs=used(draft, mode))
    put = await desk.reception.enqueue(job, talk)
    sentence = refusal(put)
    if sentence is not None:
        key, args = sentence
        await desk.voice.answer_press(callback_id, talk.words(key, **args), alert=True)
    elif put.verdict == "queued":
        await desk.reception.turn(put, talk, mode_id=mode.id, message_id=talk.message_id)
        await desk.drafts.close(draft.id)
        await desk.voice.answer_press(callback_id, talk.words("alert-queued"))
        await desk.intake.choose_settings(talk.user_id, to_remember(mode, choices))
    else:
        await made_already(callback_id, draft, put.short or "", talk, desk)


async def made_already(callback_id: str, draft: Draft, short: str, talk: Talk, desk: Desk) -> None:
    """A press on a card whose job is there: the job's own message, a card left behind by a crash, or a stale one."""
    job = await desk.intake.card(short)
    if job is None or is_stale(job, chat_id=talk.chat_id, message_id=talk.message_id):
        await desk.voice.answer_press(callback_id, talk.words("alert-stale"), alert=True)
        await desk.voice.take_away(talk.chat_id, talk.message_id)
    else:
        if job.message_id is None:
            put = Enqueued(verdict="duplicate", job_id=job.id, short=job.short, behind=0)
            await desk.reception.turn(put, talk, mode_id=job.mode, message_id=talk.message_id)
        await desk.voice.answer_press(callback_id, talk.words("alert-queued"))
    await desk.drafts.close(draft.id)
