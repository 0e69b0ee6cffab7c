"""The same job once more: same pictures, words, parameters and seed, through the same queue, into an operator's chat.

    refusal (pure) ▸ anew (pure) ▸ enqueue ▸ wait ▸ compare the digests of the decoded frames

The origin is r:<short>:<number>, so a command that is run twice (or was cut off) finds its own job again and makes none.
The placeholder is the dispatcher's to send: announce does that for every job that has none after 5 s.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta

from imgvid.jobs.model import Input, Limits, NewJob
from imgvid.jobs.state import TERMINAL, State
from imgvid.ops.jobs.listing import age, moment, span, why
from imgvid.ops.jobs.recipe import compare, digest, verdict
from imgvid.store.intake import Intake
from imgvid.store.records import Record, RecordStore

NUMBERS = 9  # replays of one job; sql/schema/0004 (jobs_about) knows as many origins
_UNLIMITED = Limits(pending_per_person=1_000_000_000, queued=1_000_000_000, per_chat_minute=1_000_000_000)
Say = Callable[[str], None]


@dataclass(frozen=True, slots=True, kw_only=True)
class Into:
    """Where the replay goes and whose job it is. `number` tells replays of one job apart."""

    chat_id: int
    user_id: int
    number: int = 1


@dataclass(frozen=True, slots=True, kw_only=True)
class Patience:
    """How long is waited for the end, and how often is looked."""

    most: timedelta = timedelta(hours=1)
    look: timedelta = timedelta(seconds=1)


class NotMade(Exception):
    """There is nothing to compare; the sentence says why and what to do."""


def refusal(record: Record) -> str | None:
    """Why this job cannot be replayed; None where it can."""
    of, _, _ = (record.origin or "").removeprefix("r:").partition(":")
    if (record.origin or "").startswith("r:"):
        return f"{record.short} is a replay itself, of {of}: replay that one"
    if record.state is not State.COMPLETED:
        return f"{record.short} is {record.state}: only a completed job has frames to compare with"
    if digest(record.result) is None:
        return (
            f"{record.short} has no digest of its frames (its result was lost, or seen in the chat only): "
            "there is nothing to compare with"
        )
    return None


def anew(record: Record, into: Into) -> NewJob:
    """The job to insert. Its language is kept as well: the preview engine writes it into the picture."""
    return NewJob(
        origin=f"r:{record.short}:{into.number}",
        user_id=into.user_id,
        chat_id=into.chat_id,
        thread_id=None,
        source_message_id=None,
        locale=record.locale,
        mode=record.mode,
        lane=record.lane,
        backend=record.backend,
        params=record.params,
        prompt=record.prompt,
        seed=record.seed,
        inputs=tuple(Input(**item) for item in record.inputs),
        run_for=record.run_for,
        expires_in=record.expires_at - record.created_at,
    )


def warnings(record: Record, into: Into, *, keep_prompts: timedelta) -> list[str]:
    """What an operator should know before the GPU starts."""
    found = [f"the video and the head of its prompt will be shown in chat {into.chat_id}"]
    if into.chat_id == record.chat_id and record.user_id != into.user_id:
        found.append("that is the job's own chat: its person will see it")
    old = record.finished_at is not None and record.now - record.finished_at >= keep_prompts
    if record.prompt is None and old:
        found.append(
            "it has no prompt any more, if it ever had one: prompts are wiped, and without it the frames differ"
        )
    return found


async def begin(record: Record, into: Into, intake: Intake, say: Say) -> str:
    """Insert it, or find the one of this number; answers its short id. Raises NotMade."""
    put = await intake.enqueue(anew(record, into), _UNLIMITED)
    if put.short is None:
        raise NotMade(f"the queue did not take it: {put.verdict} (person {into.user_id})")
    if put.verdict == "duplicate":
        say(f"replay {into.number} of {record.short} is there already: {put.short}; --number makes another one")
    else:
        say(f"replay {into.number} of {record.short} is {put.short}; the dispatcher sends its message in 5 s")
    return put.short


async def until_over(short: str, records: RecordStore, say: Say, patience: Patience) -> Record:
    """The job when it has ended, saying what changes until then. Raises NotMade when it does not end in time."""
    loop, told = asyncio.get_running_loop(), ""
    ends = loop.time() + patience.most.total_seconds()
    while True:
        record = await records.one(short)
        if record is None:
            raise NotMade(f"{short} is gone: its rows were wiped")
        if record.state in TERMINAL:
            return record
        line = f"{record.state} {why(record)}".rstrip()
        if line != told:
            say(f"{short}: {line}")
            told = line
        if loop.time() >= ends:
            hint = "" if record.attempt else f"; no dispatcher leased it: is one running for {record.backend}?"
            raise NotMade(f"{short} is {record.state} after {span(age(record))} and goes on: run this again{hint}")
        await asyncio.sleep(patience.look.total_seconds())


def judge(record: Record, made: Record) -> tuple[bool, list[str]]:
    """Equal or not, and the lines to print. Raises NotMade for a replay that has no frames."""
    if made.state is not State.COMPLETED:
        code = f" ({made.error_code}): docs/ONCALL.md#{made.error_code}" if made.error_code else ""
        raise NotMade(f"{made.short} ended {made.state}{code}; `imgvid jobs show {made.short}` tells its story")
    found = compare(record.result, made.result)
    took = f"{record.short} took {span(age(record))} ({moment(record.created_at)}), {made.short} {span(age(made))}"
    return found.equal is True, [*verdict(found), took]
