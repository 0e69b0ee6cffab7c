"""Which write to Telegram may go next, and when: the decision of the flood budget, without any waiting.

Limits (facts/telegram.md 1.6; edits and sends share them): about 1 message a second in one chat with short bursts, 20
a minute in a group, 30 a second altogether. Each is kept as one number per key, the generic cell rate algorithm: a
write at time t is allowed when t >= due - tolerance, and moves `due` to max(due, t) + spacing. Within any window of w
seconds that lets through at most 1 + (w + tolerance) / spacing writes.

Among the writes that are allowed now the highest priority goes first, then the oldest. Positions leave the last place
of a burst to what matters more. A 429 blocks its chat for its method class until retry_after is over.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import timedelta
from enum import IntEnum, StrEnum


class Priority(IntEnum):
    """What goes first: finals, failures, cancels, positions. A lower number goes first."""

    FINAL = 0
    FAILURE = 1
    CANCEL = 2
    POSITION = 3  # queue positions and progress: dropped when a newer write for the same message comes


class MethodClass(StrEnum):
    """Which calls Telegram counts together when it answers 429."""

    SEND = "send"
    EDIT = "edit"
    MEDIA = "media"
    DELETE = "delete"


@dataclass(frozen=True, slots=True, kw_only=True)
class Rate:
    """One write each `spacing`, up to `burst` at once after a quiet time."""

    spacing: timedelta
    burst: int

    @property
    def spacing_s(self) -> float:
        return self.spacing.total_seconds()

    def tolerance_s(self, *, kept_back: int) -> float:
        """How far ahead of its due time a write may go, with the last `kept_back` places of a burst left alone."""
        return max(0, self.burst - 1 - kept_back) * self.spacing_s


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """The three rates; a burst and its refill together stay within Telegram's window."""

    chat: Rate = Rate(spacing=timedelta(seconds=1), burst=3)
    group: Rate = Rate(spacing=timedelta(seconds=4), burst=5)  # at most 5 + 60 / 4 = 20 in any minute
    everything: Rate = Rate(spacing=timedelta(milliseconds=40), burst=5)  # at most 5 + 1 / 0.04 = 30 in any second

    def of_chat(self, chat_id: int) -> Rate:
        """Groups and channels have negative ids."""
        return self.group if chat_id < 0 else self.chat


@dataclass(frozen=True, slots=True, kw_only=True)
class Wish:
    """A write that wants its turn; `number` tells its age and is unique."""

    number: int
    chat_id: int
    priority: Priority
    method: MethodClass
    message_key: str | None

    def yields_to(self, newer: Wish) -> bool:
        """Is this write pointless once `newer` is there? Only a position of the same message is."""
        return (
            self.priority is Priority.POSITION
            and self.message_key is not None
            and self.message_key == newer.message_key
        )


@dataclass(slots=True)
class Flow:
    """The budget's whole state. Times are seconds of one monotonic clock, handed in."""

    limits: Limits = field(default_factory=Limits)
    waiting: dict[int, Wish] = field(default_factory=dict)
    _chat_due_s: dict[int, float] = field(default_factory=dict)
    _blocked_until_s: dict[tuple[int, MethodClass], float] = field(default_factory=dict)
    _everything_due_s: float = float("-inf")

    def add(self, wish: Wish) -> tuple[int, ...]:
        """Let a wish wait; returns the numbers of those that it makes pointless, itself perhaps."""
        if any(wish.yields_to(other) for other in self.waiting.values() if other.priority < wish.priority):
            return (wish.number,)
        dropped = tuple(other.number for other in self.waiting.values() if other.yields_to(wish))
        for number in dropped:
            del self.waiting[number]
        self.waiting[wish.number] = wish
        return dropped

    def remove(self, number: int) -> None:
        """The one who wished no longer waits."""
        self.waiting.pop(number, None)

    def block(self, *, chat_id: int, method: MethodClass, until_s: float) -> None:
        """A 429 came: nothing of this class to this chat before `until_s`."""
        key = (chat_id, method)
        self._blocked_until_s[key] = max(until_s, self._blocked_until_s.get(key, until_s))

    def allowed_at_s(self, wish: Wish) -> float:
        """When this wish may go, were it alone."""
        kept_back = 1 if wish.priority is Priority.POSITION else 0
        chat, everything = self.limits.of_chat(wish.chat_id), self.limits.everything
        never_before = float("-inf")
        return max(
            self._chat_due_s.get(wish.chat_id, never_before) - chat.tolerance_s(kept_back=kept_back),
            self._everything_due_s - everything.tolerance_s(kept_back=kept_back),
            self._blocked_until_s.get((wish.chat_id, wish.method), never_before),
        )

    def grant(self, now_s: float) -> Wish | None:
        """Take the wish whose turn it is now out of the waiting ones and charge for it; None when nobody's is."""
        ready = [wish for wish in self.waiting.values() if self.allowed_at_s(wish) <= now_s]
        if not ready:
            return None
        chosen = min(ready, key=lambda wish: (wish.priority, wish.number))
        del self.waiting[chosen.number]
        self._charge(chosen.chat_id, now_s)
        return chosen

    def next_at_s(self) -> float | None:
        """When to look again; None when nobody waits."""
        return min((self.allowed_at_s(wish) for wish in self.waiting.values()), default=None)

    def _charge(self, chat_id: int, now_s: float) -> None:
        spacing_s = self.limits.of_chat(chat_id).spacing_s
        self._chat_due_s[chat_id] = max(self._chat_due_s.get(chat_id, now_s), now_s) + spacing_s
        self._everything_due_s = max(self._everything_due_s, now_s) + self.limits.everything.spacing_s
        if len(self._chat_due_s) > 10_000:  # what is due already limits nobody: a chat counts only while it is busy
            self._chat_due_s = {chat: due for chat, due in self._chat_due_s.items() if due > now_s}
            self._blocked_until_s = {key: until for key, until in self._blocked_until_s.items() if until > now_s}
