"""Buttons as plain data, and the closed set of what a button of ours may say.

Shared by the bot (which may not import httpx) and by the dispatcher and worker: nothing here does I/O. Every edit
method removes the keyboard when none is given, so whoever edits a message says its keyboard each time.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

from imgvid.catalog import Mode
from imgvid.catalog.pick import Scalar
from imgvid.texts import say

SHORT_ID = re.compile(r"[0-9a-hjkmnp-tv-z]{7}")  # Crockford base 32, lower case
DATA_MAX_BYTES = 64  # Bot API, InlineKeyboardButton.callback_data


class Action(StrEnum):
    """What a press on a job's button asks for; the value is the callback data's first letter."""

    CANCEL = "c"
    AGAIN = "a"  # the same inputs, prompt and settings
    SEED = "s"  # the same with another seed


@dataclass(frozen=True, slots=True, kw_only=True)
class Press:
    """A press on a job's button: what is asked for, and the job's short id."""

    action: Action
    short_id: str


def pack(action: Action, short_id: str) -> str:
    """Callback data like `c:ab12cd3`. Raises ValueError for what is no short id."""
    if not SHORT_ID.fullmatch(short_id):
        raise ValueError(f"{short_id!r} is no short job id: 7 letters of Crockford base 32, lower case")
    return f"{action}:{short_id}"


def unpack(data: str) -> Press | None:
    """The press that `data` stands for; None for anything that `pack` does not write."""
    letter, colon, short_id = data.partition(":")
    if not colon or not SHORT_ID.fullmatch(short_id) or letter not in set(Action):
        return None
    return Press(action=Action(letter), short_id=short_id)


@dataclass(frozen=True, slots=True, kw_only=True)
class Button:
    """One inline button: its label and its callback data (1 to 64 bytes)."""

    text: str
    data: str

    def __post_init__(self) -> None:
        if not 1 <= len(self.data.encode()) <= DATA_MAX_BYTES:
            raise ValueError(f"callback data of {len(self.data.encode())} bytes; the Bot API takes 1 to 64")


@dataclass(frozen=True, slots=True, kw_only=True)
class Keyboard:
    """Rows of inline buttons under a message."""

    rows: tuple[tuple[Button, ...], ...]

    def as_json(self) -> dict[str, object]:
        """The Bot API's InlineKeyboardMarkup."""
        return {"inline_keyboard": [[{"text": b.text, "callback_data": b.data} for b in row] for row in self.rows]}


def _job_button(action: Action, locale: str, short_id: str) -> Button:
    label = {Action.CANCEL: "button-cancel", Action.AGAIN: "button-again", Action.SEED: "button-seed"}[action]
    return Button(text=say(locale, label), data=pack(action, short_id))


def while_open(locale: str, short_id: str) -> Keyboard:
    """Under the placeholder of a job that can still be cancelled: Cancel."""
    return Keyboard(rows=((_job_button(Action.CANCEL, locale, short_id),),))


def after_video(locale: str, short_id: str) -> Keyboard:
    """Under a delivered video: Again, Another seed."""
    row = (_job_button(Action.AGAIN, locale, short_id), _job_button(Action.SEED, locale, short_id))
    return Keyboard(rows=(row,))


def after_result(locale: str, short_id: str, mode: Mode | None, params: Mapping[str, Scalar]) -> Keyboard:
    """Under a delivered result: Again, and Another seed where a seed has an effect."""
    again, seed = (_job_button(action, locale, short_id) for action in (Action.AGAIN, Action.SEED))
    seeded = mode is None or mode.is_seeded(params)
    return Keyboard(rows=((again, seed) if seeded else (again,),))


def after_end(locale: str, short_id: str) -> Keyboard:
    """Under the text of a failed or cancelled job: Again."""
    return Keyboard(rows=((_job_button(Action.AGAIN, locale, short_id),),))
