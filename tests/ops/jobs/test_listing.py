"""The table: equal columns, why a job stands where it stands, nothing of what people wrote."""

from __future__ import annotations

from datetime import timedelta

import pytest

from imgvid.jobs.state import State
from imgvid.ops.jobs.listing import span, table, why
from tests.ops.jobs.records import START, record


def test_a_line_a_job() -> None:
    head, first, second = table([record(), record(short="zz99zz9", state=State.RUNNING, phase="sample", percent=40)])
    assert first.split("  ")[0] == "ab12cd3"
    assert "1 min 15 s" in first
    assert second.endswith("sample 40 %")
    assert head.index("state") == first.index("COMPLETED") == second.index("RUNNING")
    assert "ships" not in first


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"state": State.FAILED, "verdict": "FAILED", "error_code": "worker_lost"}, "worker_lost"),
        ({"state": State.SUBMITTED, "cancel_at": START}, "cancel wished for"),
        ({"state": State.QUEUED, "run_at": START + timedelta(days=1)}, "waits for its time"),
        ({"state": State.QUEUED}, "waits for its person's turn or its message"),
        ({"state": State.QUEUED, "ready_at": START}, ""),
        ({"state": State.RUNNING, "phase": "load"}, "load"),
    ],
)
def test_why_it_stands_there(changes: dict[str, object], said: str) -> None:
    assert why(record(**changes)) == said


@pytest.mark.parametrize(
    ("seconds", "said"), [(0.04, "0.0 s"), (59.9, "59.9 s"), (75.2, "1 min 15 s"), (7500, "2 h 05 min")]
)
def test_spans(seconds: float, said: str) -> None:
    assert span(timedelta(seconds=seconds)) == said
