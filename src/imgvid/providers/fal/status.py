"""Fal's status object in our words. Pure. Three states only: a failure is COMPLETED too (facts/models.md 1.3)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import timedelta

from imgvid.jobs.errors import Code
from imgvid.providers.base import RemoteState, RemoteStatus
from imgvid.providers.fal.verdicts import CANCELLED, Verdict, code_of, problem_in

_STATES = {
    "IN_QUEUE": RemoteState.QUEUED,
    "IN_PROGRESS": RemoteState.RUNNING,
    "COMPLETED": RemoteState.SUCCEEDED,
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Look:
    """One look, and the type of its error where it names one."""

    status: RemoteStatus
    error_type: str = ""


def parse_status(body: Mapping[str, object]) -> Look | None:
    """The look of a status object; None where it has no status word. A failed one waits for its reason (`settle`)."""
    word = body.get("status")
    if not isinstance(word, str) or not word:
        return None
    state = _STATES.get(word, RemoteState.RUNNING)
    error_type = problem_in(body).word
    if state is RemoteState.SUCCEEDED and (body.get("error") or body.get("error_type")):
        state = RemoteState.CANCELLED if error_type == CANCELLED else RemoteState.FAILED
    position = body.get("queue_position")
    metrics = body.get("metrics")
    took_s = metrics.get("inference_time") if isinstance(metrics, dict) else None
    status = RemoteStatus(
        state=state,
        error=(error_type or "no type") if state is RemoteState.FAILED else None,
        raw_state=word,
        position=position if state is RemoteState.QUEUED and isinstance(position, int) else None,
        execution=timedelta(seconds=took_s) if isinstance(took_s, int | float) else None,
        fetchable=state is RemoteState.SUCCEEDED,
    )
    return Look(status=status, error_type=error_type)


def settle(look: Look, verdict: Verdict | None) -> RemoteStatus:
    """A failed look with the job's failure code: by the result's answer, else by the status's own type."""
    if verdict is None and look.error_type:
        verdict = Verdict(code=code_of(look.error_type, 500), word=look.error_type)
    if verdict is None:
        return replace(look.status, failure=Code.WORKER_FAILED)
    return replace(look.status, failure=verdict.code, error=str(verdict))
