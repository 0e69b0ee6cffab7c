"""Faults on demand: rules that decide what goes wrong with which call, and the calls that they hold.

Deciding is pure in the rule's counters and its own seeded dice; doing it is the gate's work.
"""

from __future__ import annotations

import asyncio
import random
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from enum import StrEnum
from fnmatch import fnmatchcase

from imgvid.sandbox.telegram.errors import Impossible
from imgvid.sandbox.telegram.jsons import JsonObject, as_float, as_int, as_text

FILE_METHOD = "file"


class FaultKind(StrEnum):
    TOO_MANY = "429"
    INTERNAL = "500"
    BAD_GATEWAY = "502"
    TOO_LARGE = "413"
    ERROR = "error"
    RESET = "reset"
    LATENCY = "latency"
    SLOW_UPLOAD = "slow_upload"
    HOLD = "hold"
    DROP = "drop"
    LATE = "late"
    DUPLICATE_UPDATE = "duplicate_update"
    REORDER_UPDATES = "reorder_updates"
    LOST_UPDATES_ANSWER = "lost_updates_answer"
    FILE_EXPIRED = "file_expired"
    FILE_LOST = "file_lost"


_ABOUT_UPDATES = frozenset({FaultKind.DUPLICATE_UPDATE, FaultKind.REORDER_UPDATES, FaultKind.LOST_UPDATES_ANSWER})
_BEFORE_READING = frozenset({FaultKind.SLOW_UPLOAD})
_OF_A_CALL = frozenset(FaultKind) - _ABOUT_UPDATES - _BEFORE_READING


@dataclass(slots=True, kw_only=True)
class Fault:
    id: int
    kind: FaultKind
    method: str
    chat_id: int | None
    nth: int | None
    probability: float
    times: int  # 0: without end
    own: JsonObject
    dice: random.Random
    seen: int = 0
    hit: int = 0
    holding: list[asyncio.Event] = field(default_factory=list)

    def strikes(self, method: str, chat_id: int | None) -> bool:
        """Does it happen to this call? Counts the call where it matches."""
        if not fnmatchcase(method.casefold(), self.method.casefold()):
            return False
        if self.chat_id is not None and self.chat_id != chat_id:
            return False
        self.seen += 1
        if (self.times and self.hit >= self.times) or (self.nth is not None and self.seen < self.nth):
            return False
        if self.probability < 1 and self.dice.random() >= self.probability:
            return False
        self.hit += 1
        return True

    def number(self, name: str, default: float) -> float:
        value = as_float(self.own.get(name))
        return default if value is None else value

    async def hold(self) -> None:
        """Stand still until released, or for the rule's `seconds` where it has them."""
        gate = asyncio.Event()
        self.holding.append(gate)
        try:
            with suppress(TimeoutError):
                async with asyncio.timeout(as_float(self.own.get("seconds"))):
                    await gate.wait()
        finally:
            if gate in self.holding:
                self.holding.remove(gate)

    def release(self, times: int | None = None) -> None:
        for gate in self.holding[:times]:
            gate.set()
            self.holding.remove(gate)

    def view(self) -> JsonObject:
        named: JsonObject = {"id": self.id, "method": self.method, "kind": self.kind.value, "times": self.times}
        named |= {"chat_id": self.chat_id} if self.chat_id is not None else {}
        named |= {"nth": self.nth} if self.nth is not None else {}
        named |= {"probability": self.probability} if self.probability < 1 else {}
        return named | self.own | {"seen": self.seen, "hit": self.hit, "holding": len(self.holding)}


class Faults:
    """All rules, in the order in which they were added; several may strike one call."""

    def __init__(self, *, seed: int) -> None:
        self._seed = seed
        self._rules: dict[int, Fault] = {}
        self._count = 0

    def add(self, body: JsonObject) -> Fault:
        """A rule from its JSON. Raises Impossible 400."""
        try:
            kind = FaultKind(as_text(body.get("kind")))
        except ValueError:
            raise Impossible(400, f"no such kind of fault; there are {', '.join(FaultKind)}") from None
        self._count += 1
        common = {"kind", "method", "chat_id", "nth", "probability", "times"}
        probability, times = as_float(body.get("probability")), as_int(body.get("times"))
        fault = Fault(
            id=self._count,
            kind=kind,
            method=as_text(body.get("method")) or (FILE_METHOD if kind is FaultKind.FILE_EXPIRED else "*"),
            chat_id=as_int(body["chat_id"]) if body.get("chat_id") is not None else None,
            nth=as_int(body["nth"]) if body.get("nth") is not None else None,
            probability=1.0 if probability is None else probability,
            times=1 if times is None else times,
            own={key: value for key, value in body.items() if key not in common},
            dice=random.Random(f"{self._seed}:{self._count}"),
        )
        if kind is FaultKind.FILE_LOST:
            fault.method = "getFile"
        self._rules[fault.id] = fault
        return fault

    def get(self, fault_id: int) -> Fault:
        try:
            return self._rules[fault_id]
        except KeyError:
            raise Impossible(404, f"there is no fault {fault_id}") from None

    def all(self) -> list[Fault]:
        return list(self._rules.values())

    def remove(self, fault_id: int) -> Fault:
        fault = self.get(fault_id)
        fault.release()
        del self._rules[fault_id]
        return fault

    def clear(self) -> None:
        for fault in self._rules.values():
            fault.release()
        self._rules.clear()

    def of_call(self, method: str, chat_id: int | None) -> list[Fault]:
        """The rules that strike this call now, each counted."""
        return self._take(lambda kind: kind in _OF_A_CALL, method, chat_id)

    def upload_pace(self, method: str, chat_id: int | None) -> float | None:
        """Bytes per second at which this call's file is to be read, or None."""
        struck = self._take(lambda kind: kind in _BEFORE_READING, method, chat_id)
        return min((fault.number("bytes_per_s", 50_000) for fault in struck), default=None)

    def of_update(self, kind: FaultKind, chat_id: int | None) -> Fault | None:
        struck = self._take(lambda one: one is kind, "*", chat_id, any_method=True)
        return struck[0] if struck else None

    def _take(
        self, wanted: Callable[[FaultKind], bool], method: str, chat_id: int | None, *, any_method: bool = False
    ) -> list[Fault]:
        return [
            fault
            for fault in self._rules.values()
            if wanted(fault.kind) and fault.strikes(fault.method if any_method else method, chat_id)
        ]
