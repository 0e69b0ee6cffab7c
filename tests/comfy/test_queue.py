"""The queue as the server tells it."""

from __future__ import annotations

from typing import Any

import pytest

from imgvid.comfy.queue import Place, parse_queue


def item(number: float, name: str, **extra: Any) -> list[Any]:
    return [number, name, {}, {"client_id": "c", **extra}, ["5"]]


def test_waiting_prompts_run_by_their_numbers_not_as_they_lie() -> None:
    queue = parse_queue({"queue_running": [item(1, "a")], "queue_pending": [item(2, "b"), item(9, "d"), item(-4, "c")]})
    assert [one.id for one in queue.waiting] == ["c", "b", "d"]
    assert [queue.before(name) for name in "cbd"] == [1, 2, 3]
    assert [queue.place(name) for name in "abx"] == [Place.RUNNING, Place.WAITING, Place.ABSENT]
    assert len(queue) == 4


def test_what_was_sent_along_comes_back() -> None:
    queue = parse_queue({"queue_running": [item(1, "a", imgvid={"mode": "m"})], "queue_pending": []})
    found = queue.find("a")
    assert found is not None
    assert found.extra["imgvid"] == {"mode": "m"}
    assert queue.find("b") is None


@pytest.mark.parametrize("answer", [None, {}, {"queue_running": None, "queue_pending": [3, [], ["x"]]}])
def test_an_answer_of_another_shape_is_no_crash(answer: Any) -> None:
    assert parse_queue(answer).place("x") is Place.ABSENT
