"""The callback data of cards and menus: a closed set, at most 64 bytes each. Pure.

n:<group>                        a new card of this group
k:<card>:m:<mode>                this mode
k:<card>:o                       the other modes
k:<card>:v:<parameter>:<value>   this value
k:<card>:l:<parameter>           the list of its values
k:<card>:a:<what>                ask me for this: prompt, mask, a text parameter
k:<card>:x:<what>                without this: mask, seed, prompt, a text parameter
k:<card>:b                       back to the card
k:<card>:g                       make it
k:<card>:d                       throw it away
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import StrEnum

from imgvid.catalog import Group
from imgvid.catalog.pick import Scalar
from imgvid.telegram.keyboard import SHORT_ID

_NAME = re.compile(r"[a-z0-9_-]{1,20}")
_VALUE = re.compile(r"[A-Za-z0-9_:.-]{1,20}")


class Verb(StrEnum):
    """What a press on a card asks for; the value is its letter."""

    MODE = "m"
    OTHER = "o"
    VALUE = "v"
    LIST = "l"
    ASK = "a"
    WITHOUT = "x"
    BACK = "b"
    MAKE = "g"
    DISCARD = "d"


_BARE = frozenset({Verb.OTHER, Verb.BACK, Verb.MAKE, Verb.DISCARD})


@dataclass(frozen=True, slots=True, kw_only=True)
class CardPress:
    """`name` is a mode, a parameter or what is asked for; `value` only comes with VALUE."""

    draft: str
    verb: Verb
    name: str = ""
    value: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class MenuPress:
    group: Group


def pack(draft: str, verb: Verb, name: str = "", value: Scalar = None) -> str:
    """Callback data like `k:ab12cd3:v:seconds:8`."""
    told = str(value).lower() if isinstance(value, bool) else str(value)
    return ":".join(("k", draft, verb, *((name,) if name else ()), *((told,) if value is not None else ())))


def pack_menu(group: Group) -> str:
    return f"n:{group}"


def unpack(data: str) -> CardPress | MenuPress | None:
    """The press that `data` stands for; None for anything that is not written here."""
    match data.split(":", 4):
        case ["n", group] if group in set(Group):
            return MenuPress(group=Group(group))
        case ["k", draft, verb, *rest] if SHORT_ID.fullmatch(draft) and verb in set(Verb):
            return _card_press(draft, Verb(verb), rest)
    return None


def _card_press(draft: str, verb: Verb, rest: list[str]) -> CardPress | None:
    match rest:
        case [] if verb in _BARE:
            return CardPress(draft=draft, verb=verb)
        case [name] if verb not in _BARE and verb is not Verb.VALUE and _NAME.fullmatch(name):
            return CardPress(draft=draft, verb=verb, name=name)
        case [name, value] if verb is Verb.VALUE and _NAME.fullmatch(name) and _VALUE.fullmatch(value):
            return CardPress(draft=draft, verb=verb, name=name, value=value)
    return None
