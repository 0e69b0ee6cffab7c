"""What the processes of the demo say: the newest lines, each with its process, for the page and for --verbose."""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass

KEPT_LINES = 4000


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """One line of one process. `seq` rises by one a line; `at` is Unix time in seconds."""

    seq: int
    at: float
    source: str
    text: str


class Logbook:
    """Keeps the newest `KEPT_LINES` lines and hands each to `echo` as it comes."""

    def __init__(self, *, echo: Callable[[Line], None] | None = None, clock: Callable[[], float] = time.time) -> None:
        self._lines: deque[Line] = deque(maxlen=KEPT_LINES)
        self._echo = echo
        self._clock = clock
        self._seq = 0

    def write(self, source: str, text: str) -> None:
        """Add a line; trailing white space goes, an empty line is left out."""
        text = text.rstrip()
        if not text:
            return
        self._seq += 1
        line = Line(seq=self._seq, at=self._clock(), source=source, text=text)
        self._lines.append(line)
        if self._echo is not None:
            self._echo(line)

    def after(self, seq: int, *, limit: int = 500) -> list[Line]:
        """The lines that came after `seq`, at most the newest `limit` of them."""
        found: list[Line] = []
        for line in reversed(self._lines):
            if line.seq <= seq or len(found) == limit:
                break
            found.append(line)
        return found[::-1]

    def tail(self, source: str, count: int) -> list[str]:
        """The last words of one process."""
        return [line.text for line in self._lines if line.source == source][-count:]
