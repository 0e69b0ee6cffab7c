"""A worker's word about how its run ended, read with suspicion: it crossed a network and two versions.

The contract is `worker/outcome.py`; what does not keep to it is no word at all, and the message is asked instead.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

from imgvid.jobs.errors import Code


class Outcome(StrEnum):
    DELIVERED = "delivered"
    STOPPED = "stopped"
    FAILED = "failed"


REASONS = frozenset({"already_delivered", "message_gone", "superseded", "chat_gone", "chat_moved"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Word:
    """What a worker said; `output` is all of it, kept as the job's result."""

    outcome: Outcome
    reason: str | None
    code: Code
    detail: str
    output: Mapping[str, object]

    @property
    def shows_video(self) -> bool:
        """The message carries the video: put there by this run, or found there."""
        return self.outcome is Outcome.DELIVERED or self.reason == "already_delivered"

    def is_of(self, job_id: str, attempt: int) -> bool:
        """Whether it speaks of this attempt (one that names none does)."""
        return self.output.get("job_id") in {None, job_id} and self.output.get("attempt") in {None, attempt}


def read_word(output: object) -> Word | None:
    """The word in a worker's output, or None when it holds none that we know."""
    if not isinstance(output, Mapping):
        return None
    try:
        outcome = Outcome(str(output.get("outcome")))
    except ValueError:
        return None
    reason, detail = output.get("reason"), output.get("detail")
    if outcome is Outcome.STOPPED and reason not in REASONS:
        return None
    try:
        code = Code(str(output.get("code")))
    except ValueError:
        code = Code.WORKER_FAILED
    return Word(
        outcome=outcome,
        reason=str(reason) if outcome is Outcome.STOPPED else None,
        code=code,
        detail=str(detail)[:300] if detail is not None else "",
        output=dict(output),
    )
