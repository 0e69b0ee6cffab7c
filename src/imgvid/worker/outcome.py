"""How a run of a job ended, as types here and as the JSON that the provider hands to the dispatcher.

    {"v": 1, "outcome": "delivered" | "stopped" | "failed", "job_id", "attempt", "worker_id",
     "reason":  stopped only: already_delivered | message_gone | superseded | chat_gone | chat_moved
     "code":    failed only: a code of jobs/errors.py
     "detail":  a sentence for the log, without paths, prompts or secrets (chat_moved: the new chat id)
     "file":    {"file_id", "file_unique_id", "kind", "width", "height", "fps", "duration_s", "frames", "bytes"} | null
     "phases":  {"look_s", "download_s", "prepare_s", "load_s", "sample_s", "decode_s", "encode_s", "pack_s",
                 "upload_s", "wipe_s"}: disjoint, only those that occurred; they add up to "total_s"
     "recipe":  what would make it again, "residual_bytes": files left below JOB_ROOT (0)}

A delivered run whose answer was lost may have a file without ids. A failed run also carries a string `error`: the
platform loses anything else (facts/runpod.md 3a).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from imgvid.jobs.errors import Code
from imgvid.worker.engines.base import Scalar

OUTPUT_VERSION = 1


class Reason(StrEnum):
    """Why a run stopped without a fault of its own."""

    ALREADY_DELIVERED = "already_delivered"
    MESSAGE_GONE = "message_gone"
    SUPERSEDED = "superseded"
    CHAT_GONE = "chat_gone"
    CHAT_MOVED = "chat_moved"  # the group became a supergroup: its message is out of reach


@dataclass(frozen=True, slots=True, kw_only=True)
class SentFile:
    """The video that stands in the message now. Ids are None where Telegram's answer was lost."""

    file_id: str | None
    file_unique_id: str | None
    kind: str
    width: int
    height: int
    fps: float
    duration_s: float
    frames: int
    bytes: int

    def as_json(self) -> dict[str, Scalar]:
        return {name: getattr(self, name) for name in self.__slots__}


@dataclass(frozen=True, slots=True, kw_only=True)
class Delivered:
    """The video is in the message, put there by this run."""

    file: SentFile


@dataclass(frozen=True, slots=True, kw_only=True)
class Stopped:
    """Someone or something else decided; nothing is to be told by this run."""

    reason: Reason
    detail: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Failed:
    """This attempt cannot deliver."""

    code: Code
    detail: str


Outcome = Delivered | Stopped | Failed


@dataclass(frozen=True, slots=True, kw_only=True)
class Report:
    """A finished run, all of it."""

    outcome: Outcome
    job_id: str | None
    attempt: int | None
    worker_id: str
    phases: Mapping[str, float]
    total_s: float
    recipe: Mapping[str, Scalar] = field(default_factory=dict)
    residual_bytes: int = 0

    def as_json(self) -> dict[str, object]:
        """The `output` of the job."""
        output: dict[str, object] = {
            "v": OUTPUT_VERSION,
            "job_id": self.job_id,
            "attempt": self.attempt,
            "worker_id": self.worker_id,
            "file": None,
            "phases": {f"{name}_s": round(span, 3) for name, span in self.phases.items()},
            "total_s": round(self.total_s, 3),
            "recipe": dict(self.recipe),
            "residual_bytes": self.residual_bytes,
        }
        match self.outcome:
            case Delivered(file=file):
                output |= {"outcome": "delivered", "file": file.as_json()}
            case Stopped(reason=reason, detail=detail):
                output |= {"outcome": "stopped", "reason": str(reason), "detail": detail}
            case Failed(code=code, detail=detail):
                output |= {"outcome": "failed", "code": str(code), "detail": detail}
        return output

    def as_result(self) -> dict[str, object]:
        """What the handler returns to the SDK: it takes a string `error` out and keeps the rest as `output`."""
        result = self.as_json()
        if isinstance(self.outcome, Failed):
            result["error"] = f"{self.outcome.code}: {self.outcome.detail}"
        return result
