"""Values that depend on a person's choices, as a mode's file writes them. Pure.

    usd = 0.039                                                           # always
    usd = [{ when = { sound = true }, is = 0.126 }, { is = 0.084 }]       # the first case that matches
    when = { seconds = [15, 20], quality = "pro" }                        # all of these, each one of the listed

A `when` may also ask for an input: `{ mask = true }` means that a mask was sent.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import TypeAlias

Scalar: TypeAlias = str | int | float | bool | None
Choices: TypeAlias = Mapping[str, Scalar]
"""A value for each parameter of a mode, and for each of its inputs whether it is there."""


class PickError(ValueError):
    """A `when` or a case that cannot be read; says what is wrong."""


@dataclass(frozen=True, slots=True, kw_only=True)
class When:
    """A condition over choices; an empty one always holds."""

    allowed: tuple[tuple[str, tuple[Scalar, ...]], ...] = ()

    def holds(self, choices: Choices) -> bool:
        return all(_among(choices.get(name), values) for name, values in self.allowed)

    @property
    def names(self) -> frozenset[str]:
        return frozenset(name for name, _ in self.allowed)


def _among(value: Scalar, values: tuple[Scalar, ...]) -> bool:
    # 1 == True in Python; a flag is not a number here
    return any(value == one and isinstance(value, bool) == isinstance(one, bool) for one in values)


@dataclass(frozen=True, slots=True, kw_only=True)
class Pick:
    """One value out of several cases, by the choices."""

    cases: tuple[tuple[When, object], ...]

    def of(self, choices: Choices) -> object:
        """The first case that holds; None where none does."""
        return next((value for when, value in self.cases if when.holds(choices)), None)

    def number(self, choices: Choices) -> float | None:
        """The same for numbers. Raises PickError where the value is something else."""
        value = self.of(choices)
        if value is None:
            return None
        if isinstance(value, bool) or not isinstance(value, int | float):
            raise PickError(f"{value!r} is no number")
        return value

    @property
    def names(self) -> frozenset[str]:
        """Every name that a case asks for."""
        return frozenset().union(*(when.names for when, _ in self.cases))

    @property
    def values(self) -> Iterator[object]:
        return (value for _, value in self.cases)


def parse_when(raw: object) -> When:
    """A table of names with a value, or a list of them. Raises PickError."""
    if not isinstance(raw, Mapping):
        raise PickError("when is a table of choices")
    return When(allowed=tuple((str(name), _values(name, value)) for name, value in raw.items()))


def _values(name: object, value: object) -> tuple[Scalar, ...]:
    listed = value if isinstance(value, list) else [value]
    if not listed or not all(isinstance(one, str | int | float | bool) for one in listed):
        raise PickError(f"when.{name} is a value, or a list of them")
    return tuple(listed)


def is_cases(raw: object) -> bool:
    """Whether a value of a file is a list of cases, and not a value itself."""
    return isinstance(raw, list) and bool(raw) and all(isinstance(one, Mapping) and "is" in one for one in raw)


def parse_pick(raw: object) -> Pick:
    """Cases, or one value for all choices. Raises PickError."""
    if not is_cases(raw):
        return Pick(cases=((When(), raw),))
    assert isinstance(raw, list)
    cases = []
    for one in raw:
        unknown = set(one) - {"when", "is"}
        if unknown:
            raise PickError(f"a case has when and is, not {', '.join(sorted(unknown))}")
        cases.append((parse_when(one.get("when", {})), one["is"]))
    return Pick(cases=tuple(cases))
