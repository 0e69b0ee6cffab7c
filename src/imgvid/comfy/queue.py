"""The server's queue (`GET /queue`): what runs, what waits and in which order, and what its owners sent along. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from imgvid.comfy.jsontypes import Json, as_dict, as_list, as_text


class Place(StrEnum):
    """Where a prompt is on the server. ABSENT is finished, cancelled while it waited, or never seen."""

    RUNNING = "running"
    WAITING = "waiting"
    ABSENT = "absent"


@dataclass(frozen=True, slots=True, kw_only=True)
class Queued:
    """One prompt of the queue. `extra` is its `extra_data`."""

    id: str
    extra: Mapping[str, Json] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Queue:
    """One look at the queue; `waiting` in the order in which they will run."""

    running: tuple[Queued, ...] = ()
    waiting: tuple[Queued, ...] = ()

    def __len__(self) -> int:
        return len(self.running) + len(self.waiting)

    def place(self, prompt_id: str) -> Place:
        if any(one.id == prompt_id for one in self.running):
            return Place.RUNNING
        return Place.WAITING if any(one.id == prompt_id for one in self.waiting) else Place.ABSENT

    def find(self, prompt_id: str) -> Queued | None:
        return next((one for one in (*self.running, *self.waiting) if one.id == prompt_id), None)

    def before(self, prompt_id: str) -> int:
        """How many prompts end before this waiting one begins."""
        ids = [one.id for one in self.waiting]
        return len(self.running) + (ids.index(prompt_id) if prompt_id in ids else 0)


def parse_queue(answer: Json) -> Queue:
    """The answer of `/queue`. The server writes waiting prompts as they lie in its heap, so their numbers decide."""
    queue = as_dict(answer)
    waiting = sorted((as_list(item) for item in as_list(queue.get("queue_pending"))), key=_number)
    return Queue(
        running=tuple(_queued(as_list(item)) for item in as_list(queue.get("queue_running"))),
        waiting=tuple(_queued(item) for item in waiting),
    )


def _queued(item: list[Json]) -> Queued:
    return Queued(
        id=as_text(item[1]) if len(item) > 1 else "",
        extra=as_dict(item[3]) if len(item) > 3 else {},
    )


def _number(item: list[Json]) -> float:
    number = item[0] if item else 0
    return number if isinstance(number, int | float) else 0
