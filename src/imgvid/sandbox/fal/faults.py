"""What the stand-in does wrong on request: which call or run, from which time on, how often, and how."""

from __future__ import annotations

import itertools
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from imgvid.sandbox.fal.rules import BadRequest


class Op(StrEnum):
    """Every call that a fault may hit and the ledger names; RUN is a runner taking a request."""

    SUBMIT = "submit"
    STATUS = "status"
    RESULT = "result"
    CANCEL = "cancel"
    RUN = "run"
    INITIATE = "initiate"
    PUT = "put"
    TOKEN = "token"  # noqa: S105  the name of a call
    UPLOAD = "upload"
    MEDIA = "media"
    MODELS = "models"
    PRICING = "pricing"


class Kind(StrEnum):
    DROP_BEFORE = "drop_before"
    DROP_AFTER = "drop_after"
    ANSWER = "answer"
    BUSY = "busy"
    HTML = "html"
    UNAUTHORIZED = "unauthorized"
    LOCKED = "locked"
    NOT_FOUND = "not_found"
    DELAY = "delay"
    HANG = "hang"
    BACKWARDS = "backwards"
    URLS = "urls"
    SLOW = "slow"
    TRUNCATE = "truncate"
    ERROR = "error"
    NSFW = "nsfw"
    STUCK = "stuck"


_ONLY_FOR: Mapping[Kind, frozenset[Op]] = {
    Kind.BACKWARDS: frozenset({Op.STATUS}),
    Kind.URLS: frozenset({Op.SUBMIT}),
    Kind.SLOW: frozenset({Op.MEDIA, Op.RUN}),
    Kind.TRUNCATE: frozenset({Op.MEDIA}),
    Kind.ERROR: frozenset({Op.RUN}),
    Kind.NSFW: frozenset({Op.RUN}),
    Kind.STUCK: frozenset({Op.RUN}),
}
OF_RUN = frozenset({Kind.ERROR, Kind.NSFW, Kind.STUCK, Kind.SLOW, Kind.HANG})
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
    "form": str,
    "type": str,
    "msg": str,
    "loc": list,
    "ctx": dict,
    "retryable": bool,
    "bytes": int,
}


@dataclass(slots=True, kw_only=True)
class Fault:
    """One order for trouble. `nth` counts down to the first hit, `left` the hits that remain (None = no end)."""

    id: str
    op: Op | None
    kind: Kind
    nth: int
    left: int | None
    model: str | None
    request: str | None
    extra: Mapping[str, object] = field(default_factory=dict)

    def matches(self, op: Op, model: str | None, request: str | None) -> bool:
        return (
            (self.op is op or (self.op is None and op is not Op.RUN))
            and self.model in {None, model}
            and self.request in {None, request}
            and op in _ONLY_FOR.get(self.kind, frozenset({op}))
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
        narrowed = {name: value for name, value in (("model", self.model), ("request", self.request)) if value}
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

    def strike(self, op: Op, model: str | None, request: str | None) -> Fault | None:
        """The fault that this call or run meets, if any; counts every fault that it matches."""
        hit: Fault | None = None
        for fault in list(self._faults.values()):
            if not fault.matches(op, model, request):
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
    if op is Op.RUN and kind not in OF_RUN:
        raise BadRequest(f"a run knows no {kind}")
    if op not in _ONLY_FOR.get(kind, frozenset({op})):
        raise BadRequest(f"{kind} is for op {' or '.join(sorted(_ONLY_FOR[kind]))}")
    extra = {name: value for name, value in body.items() if name in _FIELDS}
    left_over = set(body) - set(extra) - {"op", "kind", "nth", "times", "model", "request"}
    if left_over:
        raise BadRequest(f"a fault has no field {', '.join(sorted(left_over))}")
    for name, value in extra.items():
        if not isinstance(value, _FIELDS[name]):
            raise BadRequest(f"{name} cannot be {value!r}")
    return Fault(
        id=fault_id,
        op=op,
        kind=kind,
        nth=max(1, _count(body, "nth")),
        left=_count(body, "times") or None,
        model=_name(body, "model"),
        request=_name(body, "request"),
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
