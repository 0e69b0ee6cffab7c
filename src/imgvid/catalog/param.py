"""One parameter of a mode: what a person may choose, its default, and what a typed value becomes. Pure.

[params.aspect]                     [params.sound]             [params.negative]
values = ["16:9", "9:16"]           flag = true                text_max = 500
unit = "s"                          default = false            only_when = { quality = "premium" }
                                    words = { "sound" = true, "mut*" = false }         # `*`: all that begins so
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from fractions import Fraction

from imgvid.catalog.pick import Choices, Scalar, When, parse_when

_KEYS = {"values", "flag", "text_max", "default", "unit", "only_when", "words"}


class ParamError(ValueError):
    """A parameter of a mode's file that cannot be used; says what is wrong."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Param:
    """Choices (`values`), a flag (no values, no text_max), or a text of at most `text_max` characters."""

    name: str
    values: tuple[str | int, ...] = ()
    text_max: int = 0
    default: Scalar = None
    unit: str = ""  # written after a number, without a space in what people type: "8s"
    only_when: When = field(default_factory=When)
    words: Mapping[str, Scalar] = field(default_factory=dict)  # what people type for a value, in any language; "smil*"

    @property
    def is_flag(self) -> bool:
        return not self.values and not self.text_max

    def applies(self, choices: Choices) -> bool:
        """Whether it has an effect beside the other choices."""
        return self.only_when.holds(choices)

    def meant(self, text: str) -> Scalar:
        """The value that a word (in lower case) stands for; None for a word that stands for nothing here."""
        if text in self.words:
            return self.words[text]
        stems = (word for word in self.words if word.endswith("*") and text.startswith(word[:-1]) and " " not in text)
        longest = max(stems, key=len, default=None)
        return None if longest is None else self.words[longest]

    def nearest(self, value: Scalar) -> Scalar:
        """What a wanted value becomes: itself where it is allowed, the nearest of its kind, else the default."""
        if self.text_max:
            return value[: self.text_max] if isinstance(value, str) else None
        if self.is_flag:
            return value if isinstance(value, bool) else self.default
        if value in self.values and not isinstance(value, bool):
            return value
        wanted = measure(value)
        if wanted is None:
            return self.default
        near = [(abs(there - wanted), one) for one in self.values if (there := measure(one)) is not None]
        return min(near, key=lambda pair: pair[0])[1] if near else self.default


def measure(value: Scalar) -> float | None:
    """A number, or a ratio such as "16:9", as something that can be near; None for a word."""
    if isinstance(value, bool) or value is None:
        return None
    if isinstance(value, int | float):
        return float(value)
    width, colon, height = value.partition(":")
    if not colon or not width.isdecimal() or not height.isdecimal() or not int(width) * int(height):
        return None
    ratio = Fraction(int(width), int(height))
    return float(ratio) if ratio >= 1 else 2 - float(1 / ratio)  # 16:9 and 9:16 are as far from a square


def parse_param(name: str, raw: Mapping[str, object]) -> Param:
    """A parameter from its table. Raises ParamError, PickError."""
    unknown = set(raw) - _KEYS
    if unknown:
        raise ParamError(f"unknown key {', '.join(sorted(unknown))}")
    values, flag, text_max = raw.get("values", []), raw.get("flag", False), raw.get("text_max", 0)
    if not isinstance(values, list) or not all(isinstance(one, str | int) and one is not True for one in values):
        raise ParamError("values is a list of words or whole numbers")
    if not isinstance(text_max, int) or sum((bool(values), flag is True, text_max > 0)) != 1:
        raise ParamError("needs one of values, flag = true, text_max")
    if len(set(map(str, values))) != len(values) or len(values) == 1:
        raise ParamError("values are several, each once")
    default = raw.get("default", values[0] if values else False if flag else None)
    if (values and default not in values) or (flag is True and not isinstance(default, bool)):
        raise ParamError(f"the default {default!r} is not allowed")
    words = raw.get("words", {})
    if not isinstance(words, Mapping):
        raise ParamError("words is a table of what people type")
    meant = {str(word).lower(): value for word, value in words.items()}
    for word, value in meant.items():
        if value not in values and not (flag is True and isinstance(value, bool)):
            raise ParamError(f"the word {word} stands for {value!r}, which is not allowed")
    return Param(
        name=name,
        values=tuple(values),
        text_max=text_max,
        default=default,  # type: ignore[arg-type]
        unit=str(raw.get("unit", "")),
        only_when=parse_when(raw.get("only_when", {})),
        words=meant,
    )
