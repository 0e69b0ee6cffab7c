"""One job's whole story: phases that add up, the timeline, the recipe; what people wrote only when asked for."""

from __future__ import annotations

import re
from datetime import timedelta

from imgvid.jobs.model import HistoryEvent
from imgvid.jobs.state import State
from imgvid.ops.jobs.story import tell
from imgvid.store.records import RequestRecord
from tests.ops.jobs.records import START, record


def event(at_s: float, name: str, state: str, attempt: int = 1, **detail: object) -> HistoryEvent:
    return HistoryEvent(at=START + timedelta(seconds=at_s), attempt=attempt, event=name, state=state, detail=detail)


EVENTS = [
    event(0, "job.queued", "QUEUED", 0, mode="wan22-i2v"),
    event(1, "job.leased", "LEASED"),
    event(2, "job.submitted", "SUBMITTED", request="ep1/r1"),
    event(9, "job.began", "RUNNING"),
    event(75.5, "job.completed", "COMPLETED"),
]
REQUEST = RequestRecord(
    backend="runpod", request_id="ep1/r1", attempt=1, learned_at=START, missing_since=None, place_until=None,
    over_at=START + timedelta(seconds=75), outcome="completed", sweep_at=None,
)  # fmt: skip


def test_its_phases_add_up() -> None:
    lines = tell(record(), EVENTS, [])
    begin = lines.index("where its seconds went") + 1
    until = next(place for place, line in enumerate(lines) if line.strip().startswith("in all"))
    seconds = {line.split()[0]: float(line.split()[1]) for line in lines[begin:until]}
    assert seconds == {
        "queued": 1.0, "submit": 1.0, "boot": 7.0, "prepare": 1.0, "sample": 60.0, "upload": 4.0, "finish": 1.5,
    }  # fmt: skip
    assert float(lines[until].split()[2]) == sum(seconds.values()) == 75.5


def test_everything_is_told() -> None:
    text = "\n".join(tell(record(), EVENTS, [REQUEST]))
    for part in (
        "ab12cd3  COMPLETED  wan22-i2v on runpod, lane video",
        "person 5, chat 5, message 9",
        "seed 7, pictures: image (photo), a prompt of 17 characters",
        "size = 720p",
        "9.000  #1 RUNNING    job.began",
        "2.000  #1 SUBMITTED  job.submitted        request=ep1/r1",
        "frames_sha256  d1",
        "#1 ep1/r1: learned 2026-01-02 03:04:05, over 2026-01-02 03:05:20 (completed)",
    ):
        assert part in text, part
    assert re.search(r"worker_id +w1", text)


def test_what_people_wrote_is_shown_only_when_asked_for() -> None:
    wordy = record(params={"size": "720p", "negative": "no people, no text"})
    hidden = "\n".join(tell(wordy, EVENTS, []))
    assert "ships" not in hidden
    assert "no people" not in hidden
    assert "negative = 18 characters (--prompt shows them)" in hidden
    shown = "\n".join(tell(wordy, EVENTS, [], with_prompt=True))
    assert 'prompt: "two ships at dusk"' in shown
    assert "negative = no people, no text" in shown


def test_a_failed_one_names_its_page() -> None:
    failed = record(state=State.FAILED, verdict="FAILED", error_code="out_of_memory", result=None, prompt=None)
    events = [*EVENTS[:4], event(12, "job.closing", "CLOSING", code="out_of_memory"), event(13, "job.told", "FAILED")]
    text = "\n".join(tell(failed, events, []))
    assert "docs/ONCALL.md#out_of_memory" in text
    assert "no prompt" in text
    assert "recipe" not in text


def test_an_open_one_says_what_goes_on() -> None:
    running = record(state=State.RUNNING, finished_at=None, result=None, now=START + timedelta(seconds=30))
    lines = tell(running, EVENTS[:4], [])
    assert "  prepare          21.000  (still going on)" in lines
    assert any("open (UTC): 30.0 s" in line for line in lines)


def test_a_request_that_is_not_over() -> None:
    lost = RequestRecord(
        backend="runpod", request_id=None, attempt=2, learned_at=START, missing_since=START, over_at=None, outcome=None,
        place_until=START, sweep_at=START,
    )  # fmt: skip
    (line,) = [line for line in tell(record(), EVENTS, [lost]) if "#2" in line]
    for part in ("the answer was lost", "unknown there since", "nobody waits for it", "keeps a place until"):
        assert part in line
