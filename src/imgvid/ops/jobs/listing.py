"""Jobs as a table: one line each, nothing of what people wrote. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

from imgvid.jobs.state import TERMINAL, State
from imgvid.store.records import Record

_HEAD = ("id", "state", "mode", "backend", "made (UTC)", "took", "attempt", "why")


def span(time: timedelta) -> str:
    """A measured time: "48.2 s", "5 min 12 s", "2 h 05 min"."""
    seconds = time.total_seconds()
    if seconds < 60:
        return f"{seconds:.1f} s"
    minutes, rest = divmod(round(seconds), 60)
    if minutes < 60:
        return f"{minutes} min {rest:02} s"
    return f"{minutes // 60} h {minutes % 60:02} min"


def moment(at: datetime) -> str:
    return at.astimezone(UTC).strftime("%Y-%m-%d %H:%M:%S")


def age(record: Record) -> timedelta:
    """From the insert to the end, or to now."""
    return (record.finished_at or record.now) - record.created_at


def why(record: Record) -> str:
    """What the state alone does not say: the failure's code, the worker's phase, what it waits for."""
    if record.error_code is not None:
        return record.error_code
    if record.cancel_at is not None and record.state not in TERMINAL:
        return "cancel wished for"
    if record.state is State.RUNNING and record.phase is not None:
        return record.phase if record.percent is None else f"{record.phase} {record.percent} %"
    if record.state is State.QUEUED and record.ready_at is None:
        return "waits for its time" if record.run_at > record.now else "waits for its person's turn or its message"
    return ""


def table(records: Sequence[Record]) -> list[str]:
    """Lines with equal columns, a head above them."""
    rows = [_HEAD, *(_row(record) for record in records)]
    widths = [max(len(row[column]) for row in rows) for column in range(len(_HEAD))]
    return ["  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip() for row in rows]


def _row(record: Record) -> tuple[str, ...]:
    return (
        record.short,
        str(record.state),
        record.mode,
        record.backend,
        moment(record.created_at),
        span(age(record)),
        str(record.attempt),
        why(record),
    )
