"""One job of the stand-in: what was asked, where it stands, every delivery to a worker, and its history."""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from dataclasses import dataclass, field

from imgvid.sandbox.runpod.clock import iso
from imgvid.sandbox.runpod.rules import BadRequest, Rules
from imgvid.sandbox.runpod.words import Outcome, Status

DAY_MS = 86_400_000
Bounds = tuple[int, int]
EXECUTION_TIMEOUT_MS: Bounds = (5_000, 7 * DAY_MS)  # documented range
TTL_MS: Bounds = (10_000, 7 * DAY_MS)  # documented range

PASSED_TO_WORKER = ("webhook", "s3Config")  # top-level fields that reach the handler beside id and input


@dataclass(frozen=True, slots=True, kw_only=True)
class Policy:
    execution_timeout_s: float
    ttl_s: float

    def view(self) -> dict[str, object]:
        return {"executionTimeout": round(self.execution_timeout_s * 1000), "ttl": round(self.ttl_s * 1000)}


@dataclass(frozen=True, slots=True, kw_only=True)
class Order:
    """A validated body of /run."""

    input: Mapping[str, object]
    policy: Policy
    extras: Mapping[str, object]


def parse_order(body: object, rules: Rules) -> Order:
    """The body of /run, checked as the service documents it. Raises BadRequest."""
    if not isinstance(body, dict):
        raise BadRequest("the body must be a JSON object")
    payload = body.get("input")
    if not isinstance(payload, dict):
        raise BadRequest("input is required and must be an object")
    policy = body.get("policy") or {}
    if not isinstance(policy, dict):
        raise BadRequest("policy must be an object")
    return Order(
        input=payload,
        policy=Policy(
            execution_timeout_s=_span(policy, "executionTimeout", EXECUTION_TIMEOUT_MS, rules.execution_timeout_s),
            ttl_s=_span(policy, "ttl", TTL_MS, rules.ttl_s),
        ),
        extras={name: body[name] for name in PASSED_TO_WORKER if name in body},
    )


def _span(policy: Mapping[str, object], name: str, bounds: Bounds, default_s: float) -> float:
    value = policy.get(name)
    if value is None:
        return default_s
    if not isinstance(value, int) or isinstance(value, bool) or not bounds[0] <= value <= bounds[1]:
        raise BadRequest(f"policy.{name} must be {bounds[0]} to {bounds[1]} milliseconds")
    return value / 1000


@dataclass(slots=True, kw_only=True)
class Run:
    """One delivery of a job to a worker."""

    worker: str
    taken: float
    ended: float | None = None
    outcome: Outcome | None = None

    def end(self, at: float, outcome: Outcome) -> None:
        self.ended, self.outcome = at, outcome

    def view(self) -> dict[str, object]:
        view: dict[str, object] = {"worker": self.worker, "taken": iso(self.taken)}
        if self.ended is not None and self.outcome is not None:
            view |= {"ended": iso(self.ended), "outcome": self.outcome}
        return view


@dataclass(frozen=True, slots=True, kw_only=True)
class Result:
    """What a worker reported as its end. `output` is None when it sent none."""

    status: Status
    output: object
    has_output: bool
    error: object


@dataclass(frozen=True, slots=True, kw_only=True)
class Held:
    """A result that was accepted and is not published yet; `until` None = until released by hand."""

    result: Result
    until: float | None


@dataclass(slots=True, kw_only=True, eq=False)
class Job:
    """Mutable; only `endpoint.Endpoint` changes it."""

    id: str
    endpoint: str
    order: Order
    created: float
    status: Status = Status.IN_QUEUE
    worker: str | None = None
    retries: int = 0
    first_taken: float | None = None
    taken: float | None = None
    ended: float | None = None
    output: object = None
    has_output: bool = False
    error: object = None
    gone: str | None = None
    held: Held | None = None
    runs: list[Run] = field(default_factory=list)
    stream: list[object] = field(default_factory=list)
    history: list[dict[str, object]] = field(default_factory=list)

    def note(self, at: float, text: str | None = None, *, worker: str | None = None) -> None:
        """Append to the history; `at` on the stand-in's clock."""
        entry: dict[str, object] = {"at": iso(at), "status": self.status}
        if worker is not None:
            entry["worker"] = worker
        if text is not None:
            entry["note"] = text
        self.history.append(entry)

    def open_runs(self) -> list[Run]:
        return [run for run in self.runs if run.outcome is None]

    def run_of(self, worker: str) -> Run | None:
        """The latest delivery to that worker."""
        return next((run for run in reversed(self.runs) if run.worker == worker), None)

    def for_worker(self) -> dict[str, object]:
        """What a take poll answers."""
        return {"id": self.id, "input": dict(self.order.input), **self.order.extras}

    def status_view(self, now: float) -> dict[str, object]:
        """What /status answers. Times are milliseconds; every field but id and status may be missing."""
        view: dict[str, object] = {"id": self.id, "status": self.status}
        if self.first_taken is not None:
            view["delayTime"] = round((self.first_taken - self.created) * 1000)
        if self.taken is not None and self.status is not Status.IN_QUEUE:
            view["executionTime"] = round(((self.ended or now) - self.taken) * 1000)
        if self.has_output:
            view["output"] = self.output
        if self.error is not None:
            view["error"] = self.error
        if self.worker is not None:
            view["workerId"] = self.worker
        if self.retries:
            view["retries"] = self.retries
        return view

    def sim_view(self, now: float) -> dict[str, object]:
        """The job in the control API: everything."""
        view: dict[str, object] = {
            **self.status_view(now),
            "endpoint": self.endpoint,
            "input": dict(self.order.input),
            "policy": self.order.policy.view(),
            "created": iso(self.created),
            "retries": self.retries,
            "runs": [run.view() for run in self.runs],
            "history": self.history,
        }
        if self.gone is not None:
            view["gone"] = self.gone
        return view


def new_id() -> str:
    """As seen in public logs: a UUID and the region of the queue."""
    return f"{uuid.uuid4()}-u1"
