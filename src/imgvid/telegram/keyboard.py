"""Buttons as plain data, and the closed set of what a button of ours may say.

Shared by the bot (which may not import httpx) and by the dispatcher and worker: nothing here does I/O. Every edit
method removes the keyboard when none is given, so whoever edits a message says its keyboard each time.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum

from imgvid.catalog import Makes, Mode
from imgvid.catalog.choices import context
from imgvid.catalog.pick import Scalar
from imgvid.texts import say

SHORT_ID = re.compile(r"[0-9a-hjkmnp-tv-z]{7}")  # Crockford base 32, lower case
AS_FILE = "as_file"  # the parameter of image modes that sends the picture uncompressed
DATA_MAX_BYTES = 64  # Bot API, InlineKeyboardButton.callback_data


class Action(StrEnum):
    """What a press on a job's button asks for; the value is the callback data's first letter."""

    CANCEL = "c"
    AGAIN = "a"  # the same inputs, prompt and settings
    SEED = "s"  # the same with another seed
    CHANGE = "e"  # a card with everything that it was made of
    MOVE = "m"  # a card that makes a video of the picture
    FILE = "d"  # the same with the same seed, as a file


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


_LABELS = {
    Action.CANCEL: "button-cancel",
    Action.AGAIN: "button-again",
    Action.SEED: "button-seed",
    Action.CHANGE: "button-change",
    Action.MOVE: "button-move",
    Action.FILE: "button-file",
}


def _job_button(action: Action, locale: str, short_id: str) -> Button:
    return Button(text=say(locale, _LABELS[action]), data=pack(action, short_id))


def while_open(locale: str, short_id: str) -> Keyboard:
    """Under the placeholder of a job that can still be cancelled: Cancel."""
    return Keyboard(rows=((_job_button(Action.CANCEL, locale, short_id),),))


def after_result(
    locale: str,
    short_id: str,
    mode: Mode | None,
    params: Mapping[str, Scalar],
    *,
    roles: Collection[str] = (),
    moves: bool = True,
) -> Keyboard:
    """Under a delivered result: what may be made of it next.

    `params` and `roles` are the job's choices and the roles of its pictures: they say whether a seed has an effect. `moves`:
    a photo → video mode is on offer. A mode that this process does not know (None: an older one) is a seeded video.
    """
    seeded = mode is None or mode.is_seeded(context(mode, params, roles))
    actions = [Action.AGAIN, *([Action.SEED] if seeded else []), Action.CHANGE]
    if mode is not None and mode.makes is Makes.IMAGE:
        actions += [Action.FILE] if mode.param(AS_FILE) is not None and not params.get(AS_FILE) else []
        actions += [Action.MOVE] if moves else []
    return _in_rows(actions, locale, short_id)


def after_end(locale: str, short_id: str) -> Keyboard:
    """Under the text of a failed or cancelled job: Again, Change settings."""
    return _in_rows([Action.AGAIN, Action.CHANGE], locale, short_id)


def _in_rows(actions: Sequence[Action], locale: str, short_id: str) -> Keyboard:
    """Two a row: Russian labels are long and phones are narrow."""
    buttons = [_job_button(action, locale, short_id) for action in actions]
    return Keyboard(rows=tuple(tuple(buttons[at : at + 2]) for at in range(0, len(buttons), 2)))
