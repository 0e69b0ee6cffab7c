"""Reads jobs and their events for the page's timeline and for `--once`. Only ever reads."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict
from datetime import datetime
from typing import Any

import asyncpg

from imgvid.jobs.model import HistoryEvent
from imgvid.jobs.timeline import phases_of, seconds_by_phase, worker_phases

_JOBS = """
SELECT j.id, j.short, j.chat_id, j.mode, j.state, j.verdict, j.error_code, j.attempt, j.worker, j.phase, j.percent, j.seed, j.prompt,
       j.cancel_at IS NOT NULL AS cancelling, j.created_at, j.finished_at, j.result, c.message_id, c.source_message_id,
       clock_timestamp() AS now
FROM jobs AS j LEFT JOIN job_chat AS c ON c.job_id = j.id
WHERE ($1::bigint IS NULL OR j.chat_id = $1) AND ($2::text IS NULL OR j.short = $2)
ORDER BY j.id DESC LIMIT $3
"""
_EVENTS = "SELECT at, attempt, event, state, detail FROM job_events WHERE job_id = $1 ORDER BY id"


def _object(value: Any) -> Mapping[str, Any]:
    """A jsonb column, whether or not the connection decodes it."""
    found = json.loads(value) if isinstance(value, str) else value
    return found if isinstance(found, dict) else {}


def _time(value: datetime | None) -> str | None:
    return None if value is None else value.isoformat()


async def _story(connection: asyncpg.Connection[Any], row: Mapping[str, Any]) -> dict[str, Any]:
    events = [
        HistoryEvent(at=e["at"], attempt=e["attempt"], event=e["event"], state=e["state"], detail=_object(e["detail"]))
        for e in await connection.fetch(_EVENTS, row["id"])
    ]
    result = _object(row["result"])
    phases = phases_of(events, now=row["now"], worker=worker_phases(result))
    return {
        "id": str(row["id"]),
        "short": row["short"],
        "chat_id": row["chat_id"],
        "message_id": row["message_id"],
        "source_message_id": row["source_message_id"],
        "mode": row["mode"],
        "state": row["state"],
        "verdict": row["verdict"],
        "error_code": row["error_code"],
        "cancelling": row["cancelling"],
        "attempt": row["attempt"],
        "worker": row["worker"],
        "percent": row["percent"],
        "seed": row["seed"],
        "prompt": row["prompt"],
        "created": _time(row["created_at"]),
        "finished": _time(row["finished_at"]),
        "phases": [asdict(phase) for phase in phases],
        "seconds": seconds_by_phase(phases),
        "total_s": round(sum(phase.seconds for phase in phases), 3),
        "events": [
            {"at": _time(e.at), "attempt": e.attempt, "event": e.event, "state": e.state, "detail": dict(e.detail)}
            for e in events
        ],
    }


async def read_stories(
    dsn: str, *, chat_id: int | None = None, short: str | None = None, limit: int = 12
) -> list[dict[str, Any]]:
    """The newest jobs first, each with its events and phases, as JSON-able values. Raises OSError or
    asyncpg.PostgresError while the database is down."""
    connection = await asyncpg.connect(dsn, timeout=3)
    try:
        async with connection.transaction(readonly=True):
            rows = await connection.fetch(_JOBS, chat_id, short, limit)
            return [await _story(connection, row) for row in rows]
    finally:
        await connection.close()
