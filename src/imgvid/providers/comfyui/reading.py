"""What the queue and the history say about one of our prompts, as a RemoteStatus. Pure."""

from __future__ import annotations

from imgvid.comfy.errors import ComfyError, NoOutput
from imgvid.comfy.history import Ended, Entry, OutputFile, choose
from imgvid.comfy.queue import Place, Queue
from imgvid.comfy.redact import private_texts
from imgvid.comfy.verdicts import failure, interruption
from imgvid.jobs.errors import Code
from imgvid.providers.base import RemoteState, RemoteStatus
from imgvid.providers.comfyui.tag import Tag, parse_tag

# Accepted, answered for, and neither queued nor remembered: it does not run. Taken out while it waited, it leaves no trace.
ABSENT = RemoteStatus(
    state=RemoteState.FAILED,
    raw_state="absent",
    error="the server knows it no more: it was started again, or it was taken out of the queue",
    failure=Code.WORKER_LOST,
)
TOO_LATE = RemoteStatus(
    state=RemoteState.FAILED, raw_state="stopped", error="stopped at its time limit", failure=Code.WAIT_EXCEEDED
)


def in_queue(queue: Queue, prompt: str) -> RemoteStatus | None:
    """Running or waiting; None where it is in the queue no more."""
    match queue.place(prompt):
        case Place.RUNNING:
            return RemoteStatus(state=RemoteState.RUNNING, raw_state="running")
        case Place.WAITING:
            return RemoteStatus(state=RemoteState.QUEUED, raw_state="pending", position=queue.before(prompt))
        case Place.ABSENT:
            return None


def is_late(tag: Tag | None, now: float) -> bool:
    """Whether its time limit is over. `now` is Unix time."""
    return tag is not None and tag.until is not None and now >= tag.until


def ended(entry: Entry, now: float) -> RemoteStatus:
    """How it ended. A prompt that was stopped is cancelled, unless its time limit stopped it."""
    tag = parse_tag(entry.extra)
    match entry.ended:
        case Ended.SUCCESS:
            if result_of(entry) is not None:
                return RemoteStatus(
                    state=RemoteState.SUCCEEDED, raw_state="success", fetchable=True, execution=entry.ran_for
                )
            return _failed(entry, NoOutput("the graph ended well and made no file of the wanted kind"))
        case Ended.INTERRUPTED:
            if is_late(tag, now):
                return TOO_LATE
            return RemoteStatus(
                state=RemoteState.CANCELLED,
                raw_state="interrupted",
                error=interruption(entry.last).detail,
                execution=entry.ran_for,
            )
        case Ended.ERROR:
            return _failed(entry, failure(entry.last, private_texts(entry.graph)))


def result_of(entry: Entry) -> OutputFile | None:
    """The file that is the result, by what was sent along with the prompt."""
    tag = parse_tag(entry.extra)
    return choose(entry.outputs, tag.kind, node=tag.output) if tag is not None else None


def _failed(entry: Entry, error: ComfyError) -> RemoteStatus:
    return RemoteStatus(
        state=RemoteState.FAILED,
        raw_state="error",
        error=error.detail,
        failure=error.code,
        execution=entry.ran_for,
    )
