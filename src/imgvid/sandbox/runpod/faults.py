"""What the stand-in does wrong on request: which call, from which time on, how often, and how."""

from __future__ import annotations

import itertools
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from imgvid.sandbox.runpod.rules import BadRequest


class Op(StrEnum):
    """Every call that a fault may hit and the call log names."""

    RUN = "run"
    STATUS = "status"
    STREAM = "stream"
    CANCEL = "cancel"
    RETRY = "retry"
    PURGE_QUEUE = "purge-queue"
    HEALTH = "health"
    JOB_TAKE = "job-take"
    JOB_STOP = "job-stop"
    JOB_DONE = "job-done"
    PROGRESS = "progress"
    JOB_STREAM = "job-stream"
    PING = "ping"


class Kind(StrEnum):
    DROP_BEFORE = "drop_before"
    DROP_AFTER = "drop_after"
    ANSWER = "answer"
    BUSY = "busy"
    HTML = "html"
    UNAUTHORIZED = "unauthorized"
    NOT_FOUND = "not_found"
    DELAY = "delay"
    BACKWARDS = "backwards"
    REDELIVER = "redeliver"
    HOLD_RESULT = "hold_result"
    RESULT_LOST = "result_lost"


_ONLY_FOR = {
    Kind.BACKWARDS: Op.STATUS,
    Kind.REDELIVER: Op.JOB_TAKE,
    Kind.HOLD_RESULT: Op.JOB_DONE,
    Kind.RESULT_LOST: Op.JOB_DONE,
}
_FIELDS: dict[str, type | tuple[type, ...]] = {
    "how": str,
    "status": (int, str),
    "body": (str, dict, list),
    "content_type": str,
    "headers": dict,
    "applied": bool,
    "retry_after_s": (int, float),
    "seconds": (int, float),
    "when": str,
}


@dataclass(slots=True, kw_only=True)
class Fault:
    """One order for trouble. `nth` counts down to the first hit, `left` the hits that remain (None = no end)."""

    id: str
    op: Op | None
    kind: Kind
    nth: int
    left: int | None
    endpoint: str | None
    job: str | None
    extra: Mapping[str, object] = field(default_factory=dict)

    def matches(self, op: Op, endpoint: str, job: str | None) -> bool:
        return (
            self.op in {None, op}
            and self.endpoint in {None, endpoint}
            and self.job in {None, job}
            and _ONLY_FOR.get(self.kind, op) is op
        )

    def text(self, name: str, default: str) -> str:
        value = self.extra.get(name, default)
        return value if isinstance(value, str) else default

    def number(self, name: str, default: float) -> float:
        value = self.extra.get(name, default)
        return float(value) if isinstance(value, int | float) else default

    def flag(self, name: str) -> bool:
        return self.extra.get(name) is True

    def view(self) -> dict[str, object]:
        base = {"id": self.id, "op": self.op or "*", "kind": self.kind, "nth": self.nth, "times": self.left or 0}
        narrowed = {name: value for name, value in (("endpoint", self.endpoint), ("job", self.job)) if value}
        return {**base, **narrowed, **self.extra}


class Faults:
    """The faults that wait or go on; those that are used up are gone."""

    def __init__(self) -> None:
        self._faults: dict[str, Fault] = {}
        self._ids = itertools.count(1)

    def add(self, body: object) -> Fault:
        """One fault from the control API's JSON. Raises BadRequest."""
        if not isinstance(body, dict):
            raise BadRequest("a fault is a JSON object")
        fault = _parse(str(next(self._ids)), body)
        self._faults[fault.id] = fault
        return fault

    def strike(self, op: Op, endpoint: str, job: str | None) -> Fault | None:
        """The fault that this call meets, if any; counts every fault that it matches."""
        hit: Fault | None = None
        for fault in list(self._faults.values()):
            if not fault.matches(op, endpoint, job):
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


def _parse(fault_id: str, body: Mapping[str, object]) -> Fault:
    try:
        op = None if body.get("op") == "*" else Op(str(body.get("op")))
        kind = Kind(str(body.get("kind")))
    except ValueError as unknown:
        raise BadRequest(str(unknown)) from None
    wanted = _ONLY_FOR.get(kind)
    if wanted is not None and op is not wanted:
        raise BadRequest(f"{kind} is for op {wanted}")
    extra = {name: value for name, value in body.items() if name in _FIELDS}
    left_over = set(body) - set(extra) - {"op", "kind", "nth", "times", "endpoint", "job"}
    if left_over:
        raise BadRequest(f"a fault has no field {', '.join(sorted(left_over))}")
    for name, value in extra.items():
        if not isinstance(value, _FIELDS[name]):
            raise BadRequest(f"{name} cannot be {value!r}")
    times = _count(body, "times")
    return Fault(
        id=fault_id,
        op=op,
        kind=kind,
        nth=max(1, _count(body, "nth")),
        left=times or None,
        endpoint=_name(body, "endpoint"),
        job=_name(body, "job"),
        extra=extra,
    )


def _count(body: Mapping[str, object], name: str) -> int:
    value = body.get(name, 1)
    if not isinstance(value, int) or isinstance(value, bool) or value < 0:
        raise BadRequest(f"{name} must be a whole number of 0 or more")
    return value


def _name(body: Mapping[str, object], name: str) -> str | None:
    value = body.get(name)
    if value is not None and not isinstance(value, str):
        raise BadRequest(f"{name} must be a text")
    return value
