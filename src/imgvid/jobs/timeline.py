"""A job's timeline: its events become phases that follow each other without a gap and add up to the wall time.

Pure. Between two events the phase is the one that the earlier event began; where the worker told its own phases with the
result, the stretch from its beginning to the end is divided the way it measured.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from imgvid.jobs.model import HistoryEvent

ENDS = frozenset({"job.completed", "job.told"})
_BEGINS = {
    "job.queued": "queued",
    "job.given_back": "queued",
    "job.retried": "queued",
    "job.leased": "submit",
    "job.submitted": "boot",
    "job.rerun": "boot",
    "job.began": "prepare",
    "job.delivering": "upload",
    "job.closing": "tell",
}
# worker/outcome.py, "phases"; of a result that we fetch ourselves: fetch, pack, upload (dispatch/errand.py)
PIPELINE = ("look", "fetch", "download", "prepare", "load", "sample", "decode", "encode", "pack", "upload", "wipe")
# the worker's own names -> the phases that people are shown
_SHOWN = {"look": "prepare", "download": "prepare", "pack": "encode", "wipe": "finish"}
_WAITS = ("queued", "submit", "boot")
_REST = "finish"  # what the worker did not count: its answer's way back to us


@dataclass(frozen=True, slots=True, kw_only=True)
class Phase:
    """A stretch of the job's life. Seconds count from its first event; `open` is still going on."""

    name: str
    attempt: int
    from_s: float
    seconds: float
    open: bool = False


def worker_phases(result: Mapping[str, object]) -> dict[str, float]:
    """`{"look_s": 0.1, ...}` of a worker's output as `{"look": 0.1, ...}`, in the order of its pipeline (jsonb has none)."""
    told = result.get("phases")
    if not isinstance(told, Mapping):
        return {}
    known = {name.removesuffix("_s"): float(value) for name, value in told.items() if isinstance(value, int | float)}
    return dict(
        sorted(known.items(), key=lambda item: PIPELINE.index(item[0]) if item[0] in PIPELINE else len(PIPELINE))
    )


def _phase_after(event: HistoryEvent, current: str) -> str:
    if event.event == "job.phase":
        named = str(event.detail.get("phase") or current)
        return _SHOWN.get(named, named)
    return _BEGINS.get(event.event, current)


def phases_of(
    events: Sequence[HistoryEvent], *, now: datetime, worker: Mapping[str, float] | None = None
) -> list[Phase]:
    """The phases of one job in order; equal neighbours are one. `worker` are the last run's own seconds by phase: of
    all of it, or of what came after it where the result had to be fetched."""
    if not events:
        return []
    began = events[0].at
    found: list[Phase] = []
    current = "queued"
    for event, following in zip(events, [*events[1:], None], strict=True):
        if event.event in ENDS:
            break
        current = _phase_after(event, current)
        until = now if following is None else following.at
        piece = Phase(
            name=current,
            attempt=event.attempt,
            from_s=(event.at - began).total_seconds(),
            seconds=max(0.0, (until - event.at).total_seconds()),
            open=following is None,
        )
        found = _joined(found, piece)
    return _divided(found, worker) if worker and events[-1].event == "job.completed" else found


def _joined(found: list[Phase], piece: Phase) -> list[Phase]:
    last = found[-1] if found else None
    if last is None or last.name != piece.name or last.attempt != piece.attempt:
        return [*found, piece]
    return [
        *found[:-1],
        Phase(
            name=last.name,
            attempt=last.attempt,
            from_s=last.from_s,
            seconds=piece.from_s + piece.seconds - last.from_s,
            open=piece.open,
        ),
    ]


def _divided(found: list[Phase], worker: Mapping[str, float]) -> list[Phase]:
    """The last run, from the worker's beginning on, as the worker counted it; scaled down where it counted too much."""
    counted = sum(worker.values())
    before = {*_WAITS, "sample"} if "fetch" in worker else _WAITS
    begins = max((place + 1 for place, phase in enumerate(found) if phase.name in before), default=0)
    run = found[begins:]
    if not run or counted <= 0:
        return found
    whole, at, attempt = sum(phase.seconds for phase in run), run[0].from_s, run[0].attempt
    scale = min(1.0, whole / counted)
    divided = found[:begins]
    for name, seconds in [*((name, told * scale) for name, told in worker.items()), (_REST, whole - counted * scale)]:
        if seconds > 0:
            divided = _joined(divided, Phase(name=_SHOWN.get(name, name), attempt=attempt, from_s=at, seconds=seconds))
            at += seconds
    return divided


def seconds_by_phase(phases: Sequence[Phase]) -> dict[str, float]:
    """How long each phase took in all, in order of first appearance, rounded to milliseconds."""
    total: dict[str, float] = {}
    for phase in phases:
        total[phase.name] = total.get(phase.name, 0.0) + phase.seconds
    return {name: round(seconds, 3) for name, seconds in total.items()}
