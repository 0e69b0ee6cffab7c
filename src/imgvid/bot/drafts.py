"""What a press, a text or a picture makes of a card. Pure: a draft in, a draft or a refusal out."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from imgvid.bot.crop import nearest_ratio, same_shape
from imgvid.bot.memory import remembered
from imgvid.bot.reading import Picture
from imgvid.catalog import Mode
from imgvid.catalog.choices import Room, Settled, combinations, settle, why_not
from imgvid.catalog.param import Param
from imgvid.catalog.pick import Scalar
from imgvid.catalog.shorthand import read
from imgvid.jobs.model import Input
from imgvid.store.drafts import Draft

IMAGE, LAST, MASK, PROMPT = "image", "last", "mask", "prompt"
PICTURE_ROLES = (IMAGE, LAST, MASK)
_LINK = re.compile(r"(?:https?://|www\.|t\.me/)\S+", re.I)


@dataclass(frozen=True, slots=True, kw_only=True)
class Refused:
    """The text that says why not, and its variables. The card stays as it is."""

    key: str
    args: Mapping[str, str | int | float] = field(default_factory=dict)


def used(draft: Draft, mode: Mode) -> tuple[Input, ...]:
    """The draft's pictures that the mode takes."""
    return tuple(one for one in draft.inputs if mode.input(one.role) is not None)


def roles(draft: Draft, mode: Mode) -> tuple[str, ...]:
    return tuple(one.role for one in used(draft, mode))


def settled(draft: Draft, mode: Mode, room: Room) -> Settled:
    """What the wishes become. Where not even the file's own choices fit the room, the first that fit stand in."""
    there = roles(draft, mode)
    found = settle(mode, draft.params, room, there)
    if why_not(mode, found.choices, room, there) is None:
        return found
    return settle(mode, next(combinations(mode, room, there), found.choices), room, there)


def missing(draft: Draft, mode: Mode) -> str | None:
    """What the mode cannot do without and the draft has not: a picture's role, or the prompt."""
    there = roles(draft, mode)
    lacking = next((rule.role for rule in mode.inputs if rule.required and rule.role not in there), None)
    if lacking is not None:
        return lacking
    return PROMPT if mode.prompt.required and not draft.prompt else None


def prompt_problem(mode: Mode | None, words: str) -> Refused | None:
    """What is wrong with these words, if anything."""
    if words and all(_LINK.fullmatch(word) for word in words.split()):
        return Refused(key="prompt-only-link")
    if mode is not None and len(words) > mode.prompt.max_chars:
        return Refused(key="reject-prompt", args={"max": mode.prompt.max_chars})
    return None


def problem(draft: Draft, mode: Mode) -> Refused | None:
    """Why it cannot be made yet."""
    lacking = missing(draft, mode)
    if lacking == PROMPT:
        return Refused(key="prompt-missing")
    if lacking is not None:
        return Refused(key="photo-missing")
    return prompt_problem(mode, draft.prompt or "")


def choose(draft: Draft, mode: Mode, memory: Mapping[str, Any]) -> Draft:
    """This mode: shorthand comes off the words, and what was not said is as the last time."""
    said = read(mode, draft.prompt or "")
    changed = replace(
        draft,
        mode=mode.id,
        prompt=said.rest or None,
        seed=draft.seed if said.seed is None else said.seed,
        params={**draft.params, **said.wanted},
    )
    return _whole(changed, mode, memory)


def _whole(draft: Draft, mode: Mode, memory: Mapping[str, Any]) -> Draft:
    """Fills in what nobody said, once the pictures are there: the picture's own shape, and the last choices."""
    lacking = missing(draft, mode)
    if lacking not in (None, PROMPT):
        return replace(draft, awaits=lacking)
    return replace(draft, awaits=lacking, params={**remembered(memory, mode), **_shape(draft, mode), **draft.params})


def _shape(draft: Draft, mode: Mode) -> dict[str, Scalar]:
    """The ratio nearest to the picture's own, so that as little as possible is cut off."""
    found: dict[str, Scalar] = {}
    for rule in mode.inputs:
        picture, param = draft.input(rule.role), mode.param(rule.crop) if rule.crop else None
        ratio = nearest_ratio(picture, param) if picture is not None and param is not None else None
        if param is not None and ratio is not None:
            found[param.name] = ratio
    return found


def other(draft: Draft, among: str) -> Draft:
    """Back to the question which mode it shall be; everything said so far stays said."""
    return replace(draft, mode=None, among=among, awaits=None)


def value_of(param: Param, text: str) -> Scalar:
    """The value that a button's data stands for; None for one that the parameter has not."""
    if param.is_flag:
        return {"true": True, "false": False}.get(text)
    return next((one for one in param.values if str(one) == text), None)


def pick(draft: Draft, mode: Mode, room: Room, name: str, value: Scalar) -> Draft:
    """One choice by button: only this one changes, whatever was typed before."""
    return replace(draft, params={**draft.params, **settled(draft, mode, room).choices, name: value})


def ask(draft: Draft, what: str) -> Draft:
    """The person's next message is this."""
    return replace(draft, awaits=what)


def back(draft: Draft, mode: Mode) -> Draft:
    """Nothing is asked but what the mode cannot do without."""
    return replace(draft, awaits=missing(draft, mode))


def without(draft: Draft, mode: Mode, what: str) -> Draft:
    """Take away the mask, the seed, the words or a text."""
    match what:
        case "seed":
            changed = replace(draft, seed=None)
        case "prompt":
            changed = replace(draft, prompt=None)
        case "mask":
            changed = replace(draft, inputs=tuple(one for one in draft.inputs if one.role != MASK))
        case _:
            changed = replace(draft, params={name: value for name, value in draft.params.items() if name != what})
    return back(changed, mode)


def typed(draft: Draft, mode: Mode | None, room: Room, text: str) -> Draft | Refused:
    """A text that was asked for, or that changes the card: shorthand changes choices, other words become the prompt."""
    if mode is None:
        asked = None if draft.awaits == PROMPT else draft.awaits
        return prompt_problem(None, text) or replace(draft, prompt=text, awaits=asked)
    param = mode.param(draft.awaits) if draft.awaits else None
    if param is not None and param.text_max:
        if len(text) > param.text_max:
            return Refused(key="reject-prompt", args={"max": param.text_max})
        return back(pick(draft, mode, room, param.name, text), mode)
    said = read(mode, text)
    wrong = prompt_problem(mode, said.rest)
    if wrong is not None:
        return wrong
    shown = {} if missing(draft, mode) in PICTURE_ROLES else settled(draft, mode, room).choices
    changed = replace(
        draft,
        prompt=said.rest or draft.prompt,
        seed=draft.seed if said.seed is None else said.seed,
        params={**draft.params, **shown, **said.wanted} if said.wanted else draft.params,
    )
    return back(changed, mode)


def pictured(
    draft: Draft, mode: Mode | None, picture: Picture, album: str | None, memory: Mapping[str, Any]
) -> Draft | Refused:
    """A picture that was asked for, a further one of the album, or another one to start from."""
    if album is not None and album == draft.album and draft.input(IMAGE) is not None:
        return _joined(draft, mode, picture, memory)
    if mode is not None and draft.awaits == MASK:
        image = draft.input(IMAGE)
        mask = as_input(picture, MASK)
        if image is not None and not same_shape(image, mask):
            return Refused(key="mask-mismatch")
        inputs = (*(one for one in draft.inputs if one.role != MASK), mask)
        return back(replace(draft, inputs=inputs), mode)
    changed = replace(draft, inputs=(as_input(picture, IMAGE),), album=album, awaits=None)
    if mode is None:
        return changed
    if draft.input(IMAGE) is not None:  # another picture has a shape of its own
        shapes = {rule.crop for rule in mode.inputs}
        changed = replace(changed, params={name: value for name, value in draft.params.items() if name not in shapes})
    return _whole(changed, mode, memory)


def _joined(draft: Draft, mode: Mode | None, picture: Picture, memory: Mapping[str, Any]) -> Draft | Refused:
    """First and last frame, in the order in which they were sent."""
    if draft.input(LAST) is not None:
        return Refused(key="reject-third")
    first = (one for one in draft.inputs if one.role == IMAGE)
    both = sorted((*first, as_input(picture, LAST)), key=lambda one: one.message_id)
    inputs = tuple(replace(one, role=role) for one, role in zip(both, (IMAGE, LAST), strict=False))
    changed = replace(draft, inputs=inputs)
    return changed if mode is None else _whole(changed, mode, memory)


def as_input(picture: Picture, role: str) -> Input:
    return Input(
        role=role,
        file_id=picture.file_id,
        file_unique_id=picture.file_unique_id,
        kind=picture.kind,
        message_id=picture.message_id,
        has_spoiler=picture.has_spoiler,
        width=picture.width,
        height=picture.height,
    )


def heard(draft: Draft, message_id: int) -> Draft:
    """This message is taken in."""
    return draft if message_id in draft.heard else replace(draft, heard=(*draft.heard, message_id))
