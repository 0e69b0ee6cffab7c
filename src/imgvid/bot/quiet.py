"""One sentence for a flood of the same mistake, and an answer for everybody who comes back later."""

from __future__ import annotations

from collections import OrderedDict
from dataclasses import dataclass

QUIET_S = 5.0  # a pause of the flood that long, and the next one is answered again
AT_LEAST_EVERY_S = 60.0  # a flood that never pauses is told again


@dataclass(slots=True)
class _Said:
    said_s: float
    seen_s: float


class Quiet:
    """What was said lately, by chat and text. Bounded; times are monotonic seconds given by the caller."""

    def __init__(self, *, remember: int = 4096) -> None:
        self._said: OrderedDict[tuple[int, str], _Said] = OrderedDict()
        self._remember = remember

    def may_say(self, chat_id: int, what: str, now_s: float) -> bool:
        """Whether this text is due in this chat. Asking counts as the mistake being made once more."""
        known = self._said.get((chat_id, what))
        if known is None:
            return True
        due = now_s - known.seen_s > QUIET_S or now_s - known.said_s > AT_LEAST_EVERY_S
        known.seen_s = now_s
        return due

    def said(self, chat_id: int, what: str, now_s: float) -> None:
        """The text went out."""
        self._said[chat_id, what] = _Said(said_s=now_s, seen_s=now_s)
        self._said.move_to_end((chat_id, what))
        while len(self._said) > self._remember:
            self._said.popitem(last=False)
