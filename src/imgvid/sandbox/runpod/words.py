"""RunPod's words for a job's state, and ours for how a delivery to a worker ended."""

from __future__ import annotations

from enum import StrEnum


class Status(StrEnum):
    IN_QUEUE = "IN_QUEUE"
    IN_PROGRESS = "IN_PROGRESS"
    COMPLETED = "COMPLETED"
    FAILED = "FAILED"
    CANCELLED = "CANCELLED"
    TIMED_OUT = "TIMED_OUT"

    @property
    def final(self) -> bool:
        return self not in {Status.IN_QUEUE, Status.IN_PROGRESS}


class Outcome(StrEnum):
    COMPLETED = "completed"
    FAILED = "failed"
    LOST = "lost"  # the worker showed no sign of life
    STOPPED = "stopped"  # cancelled, or out of time
    LATE = "late"  # it reported when the job was already over
    REFUSED = "refused"  # its result was answered 400
    SUPERSEDED = "superseded"  # another run of the same job reported first
