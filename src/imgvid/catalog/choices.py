"""What a person may choose beside what is chosen already, and what a wish becomes. Pure.

Impossible combinations are not offered; a typed or remembered one falls back to the nearest possible, and says so.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from itertools import product

from imgvid.catalog.mode import Mode
from imgvid.catalog.param import Param
from imgvid.catalog.pick import Choices, Scalar

VRAM = "refuse-vram"  # the text for a choice that the endpoint's GPU is too small for


@dataclass(frozen=True, slots=True, kw_only=True)
class Room:
    """What the backend of a mode can do; None: not known, so nothing is held back."""

    vram_gb: int | None = None


ANYTHING = Room()


@dataclass(frozen=True, slots=True, kw_only=True)
class Note:
    """A wish that became something else: the nearest value, or the one that can be combined (`why` is a text's key)."""

    param: str
    wanted: Scalar
    became: Scalar
    why: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Settled:
    """A value for every parameter that applies, and what had to give way."""

    choices: Mapping[str, Scalar]
    notes: tuple[Note, ...] = ()


def context(mode: Mode, choices: Choices, roles: Collection[str]) -> dict[str, Scalar]:
    """Choices and, for each input of the mode, whether it is there: what conditions of its file are asked with."""
    return {**choices, **{rule.role: rule.role in roles for rule in mode.inputs}}


def why_not(mode: Mode, choices: Choices, room: Room, roles: Collection[str] = ()) -> str | None:
    """The key of the text that says why these choices cannot be made together; None when they can."""
    asked = context(mode, choices, roles)
    for refusal in mode.refuses:
        if refusal.when.holds(asked):
            return refusal.why
    needed = mode.vram_gb.number(asked) if mode.vram_gb is not None else None
    return VRAM if needed is not None and room.vram_gb is not None and needed > room.vram_gb else None


def defaults(mode: Mode) -> dict[str, Scalar]:
    """The file's own choices. Texts have none."""
    return {param.name: param.default for param in mode.params if not param.text_max}


def settle(mode: Mode, wanted: Mapping[str, Scalar], room: Room = ANYTHING, roles: Collection[str] = ()) -> Settled:
    """Wishes over defaults: each becomes the nearest value; while they cannot be combined, one that is in the way gives
    way, the last of the file's order first. What does not apply is left out."""
    wishes = {
        param.name: became
        for param in mode.params
        if wanted.get(param.name) is not None and (became := param.nearest(wanted[param.name])) is not None
    }
    kept, reasons, plain = dict(wishes), dict[str, str](), defaults(mode)
    chosen = {**plain, **kept}
    while kept and (why := why_not(mode, chosen, room, roles)) is not None:
        without = {name: {**plain, **kept, name: plain.get(name)} for name in reversed(kept)}
        free = (name for name, trial in without.items() if why_not(mode, trial, room, roles) is None)
        in_the_way = next(free, next(iter(without)))
        del kept[in_the_way]
        reasons[in_the_way] = why
        chosen = {**plain, **kept}
    asked = context(mode, chosen, roles)
    choices = {param.name: chosen[param.name] for param in mode.params if param.name in chosen and param.applies(asked)}
    notes = (
        Note(param=name, wanted=wanted[name], became=chosen.get(name), why=reasons.get(name))
        for name in wishes
        if chosen.get(name) != wanted[name] and (name in choices or name in reasons)
    )
    return Settled(choices=choices, notes=tuple(notes))


def offered(
    mode: Mode, choices: Choices, room: Room = ANYTHING, roles: Collection[str] = ()
) -> list[tuple[Param, list[Scalar]]]:
    """The parameters that apply, each with the values that can be combined with the other choices. Texts have no values."""
    asked = context(mode, choices, roles)
    rows: list[tuple[Param, list[Scalar]]] = []
    for param in mode.params:
        if not param.applies(asked):
            continue
        values: tuple[Scalar, ...] = () if param.text_max else param.values or (False, True)
        rows.append(
            (param, [one for one in values if why_not(mode, {**choices, param.name: one}, room, roles) is None])
        )
    return rows


def combinations(mode: Mode, room: Room = ANYTHING, roles: Collection[str] = ()) -> Iterator[dict[str, Scalar]]:
    """Every possible set of choices (texts left out), for those who check a mode as a whole."""
    free = [param for param in mode.params if not param.text_max]
    for values in product(*(param.values or (False, True) for param in free)):
        choices: dict[str, Scalar] = dict(zip((param.name for param in free), values, strict=True))
        if why_not(mode, choices, room, roles) is None:
            asked = context(mode, choices, roles)
            yield {param.name: choices[param.name] for param in free if param.applies(asked)}
