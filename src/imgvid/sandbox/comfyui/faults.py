"""What the stand-in does wrong on request. A fault strikes at the `nth` matching moment, `times` times (0 = for good).

at                     what a moment is                                    kinds
call:<METHOD> <path>   an HTTP call whose path starts so, without /api     answer, delay, cut, cut_after, stall
frame:<type>           a websocket frame about to be sent                  cut_sockets, mute, die
node:<class>           a node about to run                                 raise, slow, deaf, die, restart
history                a prompt's entry about to be written                late, lost
"""

from __future__ import annotations

import itertools
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any


class Kind(StrEnum):
    ANSWER = "answer"  # status, body, applied: this answer; with applied true the call takes effect first
    DELAY = "delay"  # seconds: a slow answer
    CUT = "cut"  # the connection is cut, nothing was applied
    CUT_AFTER = "cut_after"  # applied, then cut
    STALL = "stall"  # GET /view: half of the file, then `seconds` of nothing, then cut
    CUT_SOCKETS = "cut_sockets"  # every websocket is cut; new ones are taken
    MUTE = "mute"  # websockets stay open and say nothing any more
    DIE = "die"  # the process ends, as kill -9 does
    RESTART = "restart"  # the server is started again: queue, history and temporary files are gone
    RAISE = "raise"  # error: oom | value | file | model
    SLOW = "slow"  # steps, step_s: the node takes so many steps, and looks for an interrupt before each
    DEAF = "deaf"  # seconds: the node runs on through interrupts, as a GPU kernel does
    LATE = "late"  # seconds between the last frame and the history entry
    LOST = "lost"  # no history entry at all


@dataclass(slots=True, kw_only=True)
class Fault:
    """One order for trouble; `nth` counts down to the first hit, `left` the hits that remain (None: no end)."""

    id: str
    at: str
    kind: Kind
    nth: int = 1
    left: int | None = 1
    extra: dict[str, Any] = field(default_factory=dict)

    def view(self) -> dict[str, Any]:
        return {
            "id": self.id,
            "at": self.at,
            "kind": self.kind,
            "nth": self.nth,
            "times": self.left or 0,
            **self.extra,
        }


class BadFault(ValueError):
    """The order makes no sense; says why."""


class Faults:
    """The faults that wait or go on; those that are used up are gone."""

    def __init__(self) -> None:
        self._faults: dict[str, Fault] = {}
        self._ids = itertools.count(1)

    def add(self, *, at: str, kind: str, nth: int = 1, times: int = 1, **extra: Any) -> Fault:
        """Order one. Raises BadFault."""
        try:
            known = Kind(kind)
        except ValueError:
            raise BadFault(f"no fault is called {kind!r}") from None
        if not (at == "history" or at.startswith(("call:", "frame:", "node:"))):
            raise BadFault(f"nothing happens at {at!r}")
        fault = Fault(id=str(next(self._ids)), at=at, kind=known, nth=max(1, nth), left=times or None, extra=extra)
        self._faults[fault.id] = fault
        return fault

    def strike(self, at: str) -> Fault | None:
        """The fault that this moment meets, if any; counts every fault that it matches."""
        hit: Fault | None = None
        for fault in list(self._faults.values()):
            if not (at.startswith(fault.at) if fault.at.startswith("call:") else at == fault.at):
                continue
            if fault.nth > 1:
                fault.nth -= 1
            elif hit is None:
                hit = fault
                if fault.left is not None:
                    fault.left -= 1
                    if fault.left == 0:
                        del self._faults[fault.id]
        return hit

    def remove(self, fault_id: str) -> bool:
        return self._faults.pop(fault_id, None) is not None

    def clear(self) -> None:
        self._faults.clear()

    def all(self) -> list[Fault]:
        return list(self._faults.values())
