"""Records and outputs made by hand."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

from imgvid.jobs.state import State
from imgvid.store.records import Record

START = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)
PICTURE = {
    "role": "image", "file_id": "f", "file_unique_id": "u", "kind": "photo", "message_id": 1, "has_spoiler": False,
}  # fmt: skip


def output(digest: str | None = "d1", **recipe: Any) -> dict[str, Any]:
    """A worker's output."""
    return {
        "outcome": "delivered",
        "worker_id": "w1",
        "file": {"kind": "video", "width": 480, "height": 688, "fps": 60.0, "frames": 241},
        "phases": {"look_s": 1.0, "sample_s": 60.0, "upload_s": 4.0},
        "recipe": {"graph": "g1", "gpu": "A", "prompt_id": "p", **recipe}
        | ({"frames_sha256": digest} if digest else {}),
    }


def record(**changes: Any) -> Record:
    values: dict[str, Any] = {
        "id": UUID(int=1),
        "short": "ab12cd3",
        "origin": "m:1:5:6",
        "user_id": 5,
        "chat_id": 5,
        "message_id": 9,
        "thread_id": None,
        "locale": "sk",
        "mode": "wan22-i2v",
        "lane": "video",
        "backend": "runpod",
        "params": {"size": "720p"},
        "prompt": "two ships at dusk",
        "seed": 7,
        "inputs": (PICTURE,),
        "state": State.COMPLETED,
        "verdict": None,
        "error_code": None,
        "attempt": 1,
        "tries_own": 0,
        "tries_ours": 0,
        "reruns": 0,
        "worker": "w1",
        "phase": None,
        "percent": None,
        "cancel_at": None,
        "run_at": START,
        "ready_at": None,
        "run_for": timedelta(minutes=30),
        "deadline_at": None,
        "expires_at": START + timedelta(days=1),
        "created_at": START,
        "finished_at": START + timedelta(seconds=75),
        "result": output(),
        "now": START + timedelta(hours=1),
    }
    return Record(**{**values, **changes})
