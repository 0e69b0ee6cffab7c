"""What a job looks like to those who work on it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from imgvid.jobs.state import State

PAYLOAD_VERSION = 1


@dataclass(frozen=True, slots=True, kw_only=True)
class Input:
    """One picture as Telegram knows it: a reference, never bytes. Its size in pixels is known of photos, not of files."""

    role: str  # image | last | mask
    file_id: str
    file_unique_id: str
    kind: str  # photo | document
    message_id: int
    has_spoiler: bool = False
    width: int | None = None
    height: int | None = None

    def as_json(self) -> dict[str, Any]:
        size = {"width": self.width, "height": self.height} if self.width and self.height else {}
        return {
            "role": self.role,
            "file_id": self.file_id,
            "file_unique_id": self.file_unique_id,
            "kind": self.kind,
            "message_id": self.message_id,
            "has_spoiler": self.has_spoiler,
            **size,
        }


@dataclass(frozen=True, slots=True, kw_only=True)
class NewJob:
    """What the bot inserts. `wait` delays the first attempt (albums), `run_for` bounds one attempt, `expires_in` the whole job."""

    origin: str
    user_id: int
    chat_id: int
    thread_id: int | None
    source_message_id: int | None
    locale: str
    mode: str
    lane: str
    backend: str
    params: Mapping[str, Any]
    prompt: str | None
    seed: int
    inputs: tuple[Input, ...]
    run_for: timedelta
    expires_in: timedelta
    wait: timedelta = timedelta(0)
    max_inputs: int = 2


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """How much is taken in: open jobs of one person, waiting jobs of one lane, jobs of one chat in a minute."""

    pending_per_person: int
    queued: int
    per_chat_minute: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Enqueued:
    """The answer to an insert.

    verdict: queued | duplicate | joined | album_late | album_full | too_many_pending | queue_full | too_fast | forgetting.
    `behind` is the number of the person's own jobs ahead (queued), or pending (too_many_pending).
    """

    verdict: str
    job_id: UUID | None
    short: str | None
    behind: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Leased:
    """One attempt in the hand of the dispatcher that leased it. Write-backs name `(id, attempt)`."""

    id: UUID
    short: str
    attempt: int
    chat_id: int
    message_id: int
    user_id: int
    locale: str
    mode: str
    params: Mapping[str, Any]
    prompt: str | None
    seed: int
    inputs: tuple[Mapping[str, Any], ...]
    deadline_at: datetime
    tries_own: int
    tries_ours: int

    def payload(self) -> dict[str, Any]:
        """What the worker gets (DESIGN section 8): the whole contract, version included."""
        return {
            "v": PAYLOAD_VERSION,
            "job_id": str(self.id),
            "short": self.short,
            "attempt": self.attempt,
            "mode": self.mode,
            "params": {**self.params, "prompt": self.prompt or ""},
            "seed": self.seed,
            "chat_id": self.chat_id,
            "message_id": self.message_id,
            "inputs": [dict(item) for item in self.inputs],
            "locale": self.locale,
            "deadline": self.deadline_at.isoformat(),
        }


@dataclass(frozen=True, slots=True, kw_only=True)
class Running:
    """A row whose provider is to be asked, or whose deadline has come."""

    id: UUID
    short: str
    attempt: int
    state: State
    mode: str
    lane: str
    backend: str
    chat_id: int
    message_id: int | None
    locale: str
    request_id: str | None
    worker: str | None
    phase: str | None
    reruns: int
    tries_own: int
    tries_ours: int
    cancel_at: datetime | None
    submitting_at: datetime | None
    leased_at: datetime | None
    started_at: datetime | None
    deadline_at: datetime | None
    expires_at: datetime
    check_at: datetime | None
    next_poll_at: datetime | None
    now: datetime  # the database's clock when the row was read
    report: Mapping[str, Any] | None  # what the worker itself reported, if it may
    missing_since: datetime | None  # the provider answers 404 for its request since then
    delivering_until: datetime | None = None  # a dispatcher brings the result, and holds the row so long


@dataclass(frozen=True, slots=True, kw_only=True)
class Claimed:
    """What a dispatcher needs of a job whose result it brings to the chat."""

    params: Mapping[str, Any]
    prompt: str | None
    seed: int
    inputs: tuple[Mapping[str, Any], ...]
    user_id: int
    cancel_at: datetime | None

    @property
    def has_spoiler(self) -> bool:
        """A result is hidden like the picture that it came from."""
        return any(item.get("has_spoiler") for item in self.inputs)


@dataclass(frozen=True, slots=True, kw_only=True)
class Owed:
    """A chat that is owed something: the job, what it was last told, and what decides the next text."""

    id: UUID
    short: str
    attempt: int
    state: State
    verdict: str | None
    error_code: str | None
    mode: str
    lane: str
    backend: str
    user_id: int
    chat_id: int
    locale: str
    message_id: int | None
    source_message_id: int | None
    thread_id: int | None
    told: str | None
    told_at: datetime | None
    told_position: int | None
    retiring: int | None
    deleting: bool
    again_at: datetime | None
    ping_claimed_at: datetime | None
    failures: int
    claimed_until: datetime | None  # names the claim that this row was read under
    token: bool
    tries_own: int
    tries_ours: int
    run_at: datetime
    ready_at: datetime | None
    leased_at: datetime | None
    started_at: datetime | None
    cancel_at: datetime | None
    created_at: datetime
    finished_at: datetime | None
    prompt: str | None
    result: Mapping[str, Any] | None
    phase: str | None
    now: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Card:
    """A job as /status, /my and `imgvid jobs` show it."""

    id: UUID
    short: str
    user_id: int
    chat_id: int
    mode: str
    state: State
    verdict: str | None
    error_code: str | None
    attempt: int
    phase: str | None
    percent: int | None
    prompt: str | None
    seed: int
    params: Mapping[str, Any]
    inputs: tuple[Mapping[str, Any], ...]
    message_id: int | None
    cancel_at: datetime | None
    created_at: datetime
    finished_at: datetime | None
    lane: str
    backend: str
    result: Mapping[str, Any] | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Backend:
    """One backend's lane: exact cap, what is in flight, and why it is paused if it is."""

    backend: str
    lane: str
    cap: int
    in_flight: int
    paused_until: datetime | None
    pause_reason: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class HistoryEvent:
    """One line of a job's story."""

    at: datetime
    attempt: int
    event: str
    state: str
    detail: Mapping[str, Any] = field(default_factory=dict)
