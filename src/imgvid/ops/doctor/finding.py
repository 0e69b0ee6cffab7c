"""What a look found, for an operator: fine, worth knowing, or in need of a person."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum

from imgvid import log


class Verdict(StrEnum):
    FINE = "ok"
    NOTE = "note"
    BAD = "BAD"


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """One line: what was looked at and what was seen; a BAD one says what to do."""

    verdict: Verdict
    about: str
    text: str

    def __str__(self) -> str:
        return f"{self.verdict:<4}  {self.about}: {log.mask(self.text)}"


def fine(about: str, text: str) -> Finding:
    return Finding(verdict=Verdict.FINE, about=about, text=text)


def note(about: str, text: str) -> Finding:
    return Finding(verdict=Verdict.NOTE, about=about, text=text)


def bad(about: str, text: str) -> Finding:
    return Finding(verdict=Verdict.BAD, about=about, text=text)


def all_bad(about: str, texts: Iterable[str], *, else_fine: str) -> list[Finding]:
    """A line for each trouble, or one that says that there is none."""
    return [bad(about, text) for text in texts] or [fine(about, else_fine)]
