"""What to think of one file: the manifest's line against what was found. Pure.

GOOD       it is the file (size, and sha256 where anything told it)
UNPROVEN   the size is right and nothing told its sha256: usable, said in the log
ABSENT     not there, or a link whose target is not there: may still come while a cache fills
PARTIAL    shorter than it must be: may still grow
WRONG      another file under this name: waiting does not help
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

from imgvid.bundle.manifest import BundleFile


class Verdict(StrEnum):
    GOOD = "good"
    UNPROVEN = "unproven"
    ABSENT = "absent"
    PARTIAL = "partial"
    WRONG = "wrong"


USABLE = frozenset({Verdict.GOOD, Verdict.UNPROVEN})
HOPEFUL = frozenset({Verdict.ABSENT, Verdict.PARTIAL})


@dataclass(frozen=True, slots=True, kw_only=True)
class Held:
    """What lies where the file should: its real path, size in bytes, and sha256 if something tells it without reading."""

    path: Path
    size: int
    sha256: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Judged:
    """One file and what we think of it; `why` is a sentence for the log and the operator."""

    file: BundleFile
    verdict: Verdict
    why: str
    held: Held | None


def judge(file: BundleFile, held: Held | None) -> Judged:
    """Compare one line of the manifest with what was found."""

    def say(verdict: Verdict, why: str) -> Judged:
        return Judged(file=file, verdict=verdict, why=f"{file.path}: {why}", held=held)

    if file.size is None or file.sha256 is None:
        return say(Verdict.WRONG, "the manifest tells neither size nor sha256; run `imgvid bundle init` and push again")
    if held is None:
        return say(Verdict.ABSENT, f"missing ({readable(file.size)})")
    if held.size != file.size:
        verdict = Verdict.PARTIAL if held.size < file.size else Verdict.WRONG
        return say(verdict, f"{held.size} bytes are there, the manifest says {file.size}")
    if held.sha256 is None:
        return say(Verdict.UNPROVEN, "the size is right; nothing in this cache tells its sha256")
    if held.sha256 != file.sha256:
        return say(Verdict.WRONG, f"its sha256 starts {held.sha256[:12]}, the manifest says {file.sha256[:12]}")
    return say(Verdict.GOOD, "as the manifest says")


def readable(size: int) -> str:
    """Bytes for people, in the hub's decimal units."""
    for unit, scale in (("GB", 10**9), ("MB", 10**6), ("kB", 10**3)):
        if size >= scale:
            return f"{size / scale:.1f} {unit}"
    return f"{size} bytes"
