"""What a person chose the last time: flat keys in `people.settings`. Pure.

last:<photo|words|group>   the mode
<mode>:<parameter>         the value; texts are content and are not remembered
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from imgvid.bot.offers import PHOTO, WORDS, takes_photo
from imgvid.catalog import Mode
from imgvid.catalog.pick import Scalar


def remembered(memory: Mapping[str, Any], mode: Mode) -> dict[str, Scalar]:
    """The person's last choices for this mode; what they became meanwhile is the catalogue's to say."""
    kept = {param.name: memory.get(f"{mode.id}:{param.name}") for param in mode.params if not param.text_max}
    return {name: value for name, value in kept.items() if isinstance(value, str | int | float | bool)}


def to_remember(mode: Mode, choices: Mapping[str, Scalar]) -> dict[str, Scalar]:
    """What one made job teaches."""
    texts = {param.name for param in mode.params if param.text_max}
    chosen = {f"{mode.id}:{name}": value for name, value in choices.items() if name not in texts}
    among = PHOTO if takes_photo(mode) else WORDS
    return {f"last:{among}": mode.id, f"last:{mode.group}": mode.id, **chosen}


def last_first(memory: Mapping[str, Any], among: str, offered: Sequence[Mode]) -> list[Mode]:
    """The modes on offer, the person's last choice first."""
    last = memory.get(f"last:{among}")
    return sorted(offered, key=lambda mode: mode.id != last)


def known_or_only(memory: Mapping[str, Any], among: str, offered: Sequence[Mode]) -> Mode | None:
    """The mode that needs no question: the only one, or the group's last one. A photo alone is always asked about."""
    if len(offered) == 1:
        return offered[0]
    last = memory.get(f"last:{among}") if among not in (PHOTO, WORDS) else None
    return next((mode for mode in offered if mode.id == last), None)
