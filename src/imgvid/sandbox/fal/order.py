"""One request in the queue: what was asked, under which wishes, where it stands."""

from __future__ import annotations

import asyncio
import json
import uuid
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from imgvid.sandbox.fal.failures import Failure
from imgvid.sandbox.fal.rules import BadRequest
from imgvid.sandbox.runpod.clock import iso

MIN_START_TIMEOUT_S = 0.1  # fal's page of headers; its clients want more than 1
_YES = frozenset({"1", "true", "yes"})


class Status(StrEnum):
    IN_QUEUE = "IN_QUEUE"
    IN_PROGRESS = "IN_PROGRESS"
    COMPLETED = "COMPLETED"


@dataclass(frozen=True, slots=True, kw_only=True)
class Wishes:
    """The headers of a submit. `lifetime_s` None with `has_lifetime` = never."""

    low_priority: bool = False
    retry: bool = True
    start_timeout_s: float | None = None
    store_io: bool = True
    has_lifetime: bool = False
    lifetime_s: float | None = None
    acl: str = "allow"
    webhook: str | None = None

    def view(self) -> dict[str, object]:
        return {
            "priority": "low" if self.low_priority else "normal",
            "retry": self.retry,
            "start_timeout_s": self.start_timeout_s,
            "store_io": self.store_io,
            "lifetime_s": self.lifetime_s if self.has_lifetime else "account",
            "acl": self.acl,
        }


def read_wishes(headers: Mapping[str, str], webhook: str | None) -> Wishes:
    """Raises BadRequest, which the platform answers with 400 bad_request."""
    timeout = headers.get("X-Fal-Request-Timeout")
    priority = headers.get("X-Fal-Queue-Priority", "normal")
    if priority not in {"normal", "low"}:
        raise BadRequest("Invalid X-Fal-Queue-Priority header.")
    has_lifetime, lifetime_s, acl = read_lifecycle(headers.get("X-Fal-Object-Lifecycle-Preference"))
    return Wishes(
        low_priority=priority == "low",
        retry=headers.get("X-Fal-No-Retry", "").lower() not in _YES,
        start_timeout_s=None if timeout is None else _seconds(timeout),
        store_io=headers.get("X-Fal-Store-IO", "1") != "0",
        has_lifetime=has_lifetime,
        lifetime_s=lifetime_s,
        acl=acl,
        webhook=webhook,
    )


def read_lifecycle(header: str | None) -> tuple[bool, float | None, str]:
    """Whether a lifetime was wished, which one (None = never), and the access wished. Raises BadRequest."""
    if header is None:
        return False, None, "allow"
    try:
        wish = json.loads(header)
    except ValueError:
        raise BadRequest("Invalid object lifecycle preference: not JSON.") from None
    if not isinstance(wish, dict):
        raise BadRequest("Invalid object lifecycle preference: not an object.")
    acl = wish.get("initial_acl") or {}
    access = acl.get("default", "allow") if isinstance(acl, dict) else None
    seconds = wish.get("expiration_duration_seconds")
    number = isinstance(seconds, int | float) and not isinstance(seconds, bool)
    if access not in {"allow", "hide", "forbid"} or not (seconds is None or number):
        raise BadRequest("Invalid object lifecycle preference.")
    # A 0 is no expiration to the backends (fal_client says so).
    return "expiration_duration_seconds" in wish, float(seconds) if seconds else None, str(access)


def _seconds(text: str) -> float:
    try:
        seconds = float(text)
    except ValueError:
        raise BadRequest("Invalid X-Fal-Request-Timeout header: not a number.") from None
    if not seconds > MIN_START_TIMEOUT_S:
        raise BadRequest(f"Invalid X-Fal-Request-Timeout header: must be greater than {MIN_START_TIMEOUT_S}.")
    return seconds


@dataclass(frozen=True, slots=True, kw_only=True)
class Made:
    """A run's good end."""

    output: Mapping[str, object]
    billable_units: float
    cost_usd: float


@dataclass(slots=True, kw_only=True, eq=False)
class Order:
    """Mutable; only `queue.Queue` changes it. `base` is the address that the caller used."""

    endpoint: str
    base: str
    body: object
    wishes: Wishes
    created: float
    id: str = field(default_factory=lambda: str(uuid.uuid4()))
    status: Status = Status.IN_QUEUE
    queued: float = 0.0
    started: float | None = None
    ended: float | None = None
    runs: int = 0
    extra_s: float = 0.0
    stuck: bool = False
    outcome: Made | Failure | None = None  # of the run; published when its time is over
    cancelled: float | None = None
    gone: str | None = None
    task: asyncio.Task[None] | None = None
    inputs: Mapping[str, object] = field(default_factory=dict)
    ignored: list[str] = field(default_factory=list)
    logs: list[dict[str, object]] = field(default_factory=list)
    history: list[dict[str, object]] = field(default_factory=list)

    @property
    def app(self) -> str:
        return "/".join(self.endpoint.split("/")[:2])

    @property
    def deadline(self) -> float | None:
        """When the time to start is over; one for all runs."""
        return None if self.wishes.start_timeout_s is None else self.created + self.wishes.start_timeout_s

    def note(self, at: float, text: str) -> None:
        self.history.append({"at": iso(at), "status": self.status, "note": text})

    def log(self, at: float, message: str) -> None:
        self.logs.append({"message": message, "level": "INFO", "source": "USER", "timestamp": iso(at)})

    def urls(self, response_form: str) -> dict[str, object]:
        """The three addresses, under owner/app whatever the endpoint."""
        base = f"{self.base}/{self.app}/requests/{self.id}"
        tail = "/response" if response_form == "response" else ""
        return {"response_url": base + tail, "status_url": f"{base}/status", "cancel_url": f"{base}/cancel"}

    def sim_view(self) -> dict[str, object]:
        """The request in the control API: everything but the pictures."""
        view: dict[str, object] = {
            "id": self.id,
            "endpoint": self.endpoint,
            "status": self.status,
            "created": iso(self.created),
            "runs": self.runs,
            "wishes": self.wishes.view(),
            "inputs": _short(self.inputs),
            "ignored": self.ignored,
            "history": self.history,
        }
        if self.cancelled is not None:
            view["cancelled"] = iso(self.cancelled)
        if self.gone is not None:
            view["gone"] = self.gone
        match self.outcome if self.status is Status.COMPLETED else None:
            case Made() as made:
                view |= {
                    "output": _short(made.output),
                    "billable_units": made.billable_units,
                    "cost_usd": round(made.cost_usd, 6),
                }
            case Failure() as failure:
                view |= {"failure": {"status": failure.status, "body": _short(failure.body)}, "cost_usd": 0.0}
            case None:
                pass
        return view


def _short(value: object) -> object:
    """Data URIs cut, so that a view stays readable."""
    if isinstance(value, str) and value.startswith("data:") and len(value) > 80:
        return f"{value[:40]}... ({len(value)} characters)"
    if isinstance(value, Mapping):
        return {key: _short(one) for key, one in value.items()}
    return [_short(one) for one in value] if isinstance(value, list) else value
