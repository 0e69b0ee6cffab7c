"""Choices as people in a hurry type them: `9:16 8s seed 7 She turns around`. Pure.

They stand together at the beginning or at the end of the words, so that "at 5:30 a pro skater" stays what it is. Bare
words ("pro", "sound") count only beside something unmistakable (a ratio, a number with its unit, a seed), or alone.

Where no model reads the words (`prompt.chooses`), a sentence chooses as well: "She smiles" is a smile, "without a smile" is
none. The sentence stays as it is; of several choices for one thing the first counts that is not the file's own.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from imgvid.catalog.mode import Mode
from imgvid.catalog.param import Param, measure
from imgvid.catalog.pick import Scalar

SEED_BELOW = 2**53  # JSON numbers stay exact below it, in every language on the way
_MARKS = ".,;:!?…\"'()«»„“”"
_SEED = re.compile(r"(?:seed|сид)", re.I)
_RATIO = re.compile(r"(\d{1,2})[:x×](\d{1,2})", re.I)
_AMOUNT = re.compile(r"(\d{1,5})([^\W\d_]{1,4})?", re.I)
_NEGATION = re.compile(r"no|not|never|without|\w+n[’']?t|nie|bez|ani|не|нет|без|ни", re.I)
_NEGATES = 2  # words further on: "without a smile"
_UNITS = {"s": {"s", "sec", "sek", "с", "сек"}, "p": {"p", "р"}}  # Latin and Cyrillic


@dataclass(frozen=True, slots=True, kw_only=True)
class Shorthand:
    """What was typed: wishes by parameter, a seed, and the words that are left."""

    wanted: Mapping[str, Scalar] = field(default_factory=dict)
    seed: int | None = None
    rest: str = ""


@dataclass(frozen=True, slots=True)
class _Token:
    """One wish and how many words it took; `sure`: it cannot be part of a sentence."""

    name: str
    value: Scalar
    length: int
    sure: bool


def read(mode: Mode, text: str) -> Shorthand:
    """Take the shorthand of this mode off the ends of a text."""
    words = text.split()
    head = _run(mode, words)
    words = words[sum(token.length for token in head) :]
    tail = _tail(mode, words)
    words = words[: len(words) - sum(token.length for token in tail)] if tail else words
    found = {**(_said(mode, words) if mode.prompt.chooses else {}), **{one.name: one.value for one in (*head, *tail)}}
    seed = found.pop("seed", None)
    rest = text.strip() if not head and not tail else " ".join(words)
    return Shorthand(wanted=found, seed=seed if isinstance(seed, int) else None, rest=rest)


def _run(mode: Mode, words: Sequence[str]) -> list[_Token]:
    """The shorthand at the beginning; none where it could as well be a sentence."""
    found: list[_Token] = []
    at = 0
    while at < len(words) and (token := _token(mode, words[at:])) is not None:
        found.append(token)
        at += token.length
    return found if any(token.sure for token in found) or at == len(words) else []


def _tail(mode: Mode, words: Sequence[str]) -> list[_Token]:
    """The longest shorthand that ends the words. Where a sentence chooses too, its last word stays with it."""
    for start in range(len(words)):
        run = _run(mode, words[start:])
        if not run or sum(token.length for token in run) != len(words) - start:
            continue
        if run[0].sure or (not mode.prompt.chooses and any(token.sure for token in run)):
            return run
    return []


def _said(mode: Mode, words: Sequence[str]) -> dict[str, Scalar]:
    """What a sentence chooses."""
    plain = [word.strip(_MARKS).lower() for word in words]
    said: dict[str, Scalar] = {}
    for at, word in enumerate(plain):
        token = _word(mode, word, plain[at + 1] if at + 1 < len(plain) else "")
        if token is None or any(_NEGATION.fullmatch(one) for one in plain[max(0, at - _NEGATES) : at]):
            continue
        param = mode.param(token.name)
        if token.name not in said or (param is not None and said[token.name] == param.default):
            said[token.name] = token.value
    return said


def _token(mode: Mode, words: Sequence[str]) -> _Token | None:
    first, second = words[0].strip(",;").lower(), (words[1] if len(words) > 1 else "").strip(",;").lower()
    return _seed(first, second) or _ratio(mode, first) or _amount(mode, first, second) or _word(mode, first, second)


def _seed(first: str, second: str) -> _Token | None:
    name, _, value = first.partition("=")
    length = 1
    if not value and _SEED.fullmatch(name):
        value, length = second, 2
    if not _SEED.fullmatch(name) or not value.isdecimal():
        return None
    return _Token("seed", int(value) % SEED_BELOW, length, True)


def _ratio(mode: Mode, word: str) -> _Token | None:
    found = _RATIO.fullmatch(word)
    param = next((one for one in mode.params if any(_is_ratio(value) for value in one.values)), None)
    if found is None or param is None or not int(found[1]) * int(found[2]):
        return None
    return _Token(param.name, f"{int(found[1])}:{int(found[2])}", 1, True)


def _is_ratio(value: str | int) -> bool:
    return isinstance(value, str) and measure(value) is not None


def _amount(mode: Mode, first: str, second: str) -> _Token | None:
    """`8s`, `8 s`, `1080p`."""
    found = _AMOUNT.fullmatch(first)
    if found is None:
        return None
    unit, length = (found[2], 1) if found[2] else (second, 2)
    param = next((one for one in mode.params if unit and unit in _UNITS.get(one.unit, {one.unit})), None)
    return None if param is None else _Token(param.name, int(found[1]), length, True)


def _word(mode: Mode, first: str, second: str) -> _Token | None:
    for text, length in ((f"{first} {second}", 2), (first, 1)):
        for param in mode.params:
            value = param.meant(text)
            value = _spelt(param, text) if value is None else value
            if value is not None:
                return _Token(param.name, value, length, False)
    return None


def _spelt(param: Param, text: str) -> str | None:
    return next(
        (one for one in param.values if isinstance(one, str) and not _is_ratio(one) and one.lower() == text), None
    )
