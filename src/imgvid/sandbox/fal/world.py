"""The whole stand-in in memory: models, requests, files, clock, faults, the ledger of calls."""

from __future__ import annotations

import asyncio
import secrets
from collections import deque
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from imgvid.sandbox.fal.faults import Faults
from imgvid.sandbox.fal.order import Order
from imgvid.sandbox.fal.rules import Rules
from imgvid.sandbox.fal.schema import Model, load_models
from imgvid.sandbox.fal.shelf import Shelf
from imgvid.sandbox.runpod.clock import Clock, iso

CALLS_KEPT = 5000
_SECRET_HEADERS = frozenset({"authorization", "cookie"})


class Life(StrEnum):
    """A model's state: deprecated ones still work, gone ones answer as if they had never been."""

    ACTIVE = "active"
    DEPRECATED = "deprecated"
    GONE = "gone"


@dataclass(slots=True, kw_only=True)
class Call:
    """One request that came in; `status` 0 = the connection was cut, or the call is still held. No key, no body."""

    at: float
    op: str
    method: str
    path: str
    query: str
    headers: Mapping[str, str]
    model: str | None = None
    request: str | None = None
    status: int = 0
    fault: str | None = None

    def view(self) -> dict[str, object]:
        view: dict[str, object] = {
            "at": iso(self.at),
            "op": self.op,
            "method": self.method,
            "path": self.path,
            "query": self.query,
            "headers": dict(self.headers),
            "status": self.status,
        }
        named = (("model", self.model), ("request", self.request), ("fault", self.fault))
        return {**view, **{name: value for name, value in named if value is not None}}


@dataclass(frozen=True, slots=True, kw_only=True)
class Ticket:
    """An upload address: it takes bytes of that type for that file, without a key."""

    path: str
    content_type: str
    until: float


@dataclass(slots=True, kw_only=True)
class Fal:
    """Everything that the HTTP side reads and changes. `url` is known once `serve` listens."""

    key: str
    rules: Rules = field(default_factory=Rules)
    clock: Clock = field(default_factory=Clock)
    faults: Faults = field(default_factory=Faults)
    models: Mapping[str, Model] = field(default_factory=load_models)
    lives: dict[str, Life] = field(default_factory=dict)
    orders: dict[str, Order] = field(default_factory=dict)
    calls: deque[Call] = field(default_factory=lambda: deque(maxlen=CALLS_KEPT))
    tickets: dict[str, Ticket] = field(default_factory=dict)
    tokens: dict[str, float] = field(default_factory=dict)  # upload token -> until
    closing: asyncio.Event = field(default_factory=asyncio.Event)
    url: str = ""
    shelf: Shelf = field(init=False)

    def __post_init__(self) -> None:
        self.shelf = Shelf(self.clock)

    def life(self, endpoint: str) -> Life:
        return self.lives.get(endpoint, Life.ACTIVE)

    def model(self, endpoint: str) -> Model | None:
        """A model that answers."""
        return None if self.life(endpoint) is Life.GONE else self.models.get(endpoint)

    def has_app(self, app: str) -> bool:
        """An app lives as long as one of its models does."""
        return any(model.app == app and self.life(model.id) is not Life.GONE for model in self.models.values())

    def new_token(self, lifetime_s: float) -> str:
        token = secrets.token_urlsafe(24)
        self.tokens[token] = self.clock.now() + lifetime_s
        return token


def shown(headers: Mapping[str, str]) -> dict[str, str]:
    """Headers for the ledger: of a secret only its scheme ("Key ...")."""
    return {
        name: f"{value.split(' ')[0]} ..." if name.lower() in _SECRET_HEADERS else value
        for name, value in headers.items()
    }
