"""The input's contract: what jobs/model.py writes is taken, and nothing else gets as far as a folder's name."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from imgvid.jobs.model import Leased
from imgvid.worker.request import BadRequest, parse

JOB = UUID("5d2b1c8e-0a34-4f6b-9c1d-2e3f4a5b6c7d")


def payload(**changes: Any) -> dict[str, Any]:
    leased = Leased(
        id=JOB,
        short="ab12cd3",
        attempt=2,
        chat_id=-100,
        message_id=7,
        user_id=5,
        locale="sk",
        mode="wan22-i2v",
        params={"steps": 6},
        prompt="waves",
        seed=11,
        inputs=({"role": "image", "file_id": "F", "kind": "photo", "has_spoiler": True},),
        deadline_at=datetime(2026, 11, 21, 3, 0, tzinfo=UTC),
        tries_own=0,
        tries_ours=0,
    )
    return leased.payload() | changes


def test_what_the_dispatcher_writes_is_understood() -> None:
    request = parse(payload())
    assert (request.job_id, request.short, request.attempt, request.seed) == (JOB, "ab12cd3", 2, 11)
    assert (request.chat_id, request.message_id, request.locale) == (-100, 7, "sk")
    assert request.prompt == "waves"
    assert request.params["steps"] == 6
    assert request.has_spoiler
    assert request.deadline == datetime(2026, 11, 21, 3, 0, tzinfo=UTC)
    assert request.shown_id == "ab12cd3"


@pytest.mark.parametrize("version", [0, None])
def test_the_version_before_had_no_short_id_and_no_deadline(version: int | None) -> None:
    raw = payload(v=version)
    for name in ("short", "deadline") + (("v",) if version is None else ()):
        raw.pop(name)
    request = parse(raw)
    assert (request.short, request.deadline, request.shown_id) == (None, None, "5d2b1c8e")


def test_the_current_version_must_have_them() -> None:
    raw = payload()
    raw.pop("short")
    raw.pop("deadline")
    with pytest.raises(BadRequest, match=r"deadline is missing; short is missing"):
        parse(raw)


@pytest.mark.parametrize(
    ("changes", "complaint"),
    [
        ({"v": 2}, "version 2"),
        ({"job_id": "../../etc"}, "job_id is no UUID"),
        ({"job_id": str(JOB) + "/.."}, "job_id is no UUID"),
        ({"job_id": "{" + str(JOB) + "}"}, "job_id is no UUID"),
        ({"job_id": JOB.hex}, "job_id is no UUID"),
        ({"job_id": 5}, "job_id is no UUID"),
        ({"chat_id": "5"}, "chat_id is no integer"),
        ({"chat_id": True}, "chat_id is no integer"),
        ({"seed": 1.5}, "seed is no integer"),
        ({"mode": ""}, "mode is no text"),
        ({"params": []}, "params is no object"),
        ({"params": {"a": {"b": 1}}}, "params holds something that is no scalar"),
        ({"deadline": "tomorrow"}, "deadline is no time"),
        ({"deadline": "2026-11-21T03:00:00"}, "deadline is no time with an offset"),
        ({"deadline": 1e30}, "deadline is no time"),
        ({"inputs": "F"}, "inputs is no list"),
        ({"inputs": ["F"]}, r"inputs\[0\] is no object"),
        ({"inputs": [{"role": "../x", "file_id": "F"}]}, r"inputs\[0\].role is one of image, last"),
        ({"inputs": [{"role": "image"}]}, r"inputs\[0\].file_id is no text"),
        ({"inputs": [{"role": "image", "file_id": "F"}] * 2}, "names a role twice"),
    ],
)
def test_what_is_wrong_is_named(changes: dict[str, Any], complaint: str) -> None:
    with pytest.raises(BadRequest, match=complaint):
        parse(payload(**changes))


def test_all_problems_are_named_at_once_and_no_value_is() -> None:
    with pytest.raises(BadRequest) as caught:
        parse(payload(chat_id="secret-1", mode=None, inputs=[{"role": "secret-2", "file_id": "secret-3"}]))
    assert str(caught.value).count(";") == 2
    assert "secret" not in str(caught.value)


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=8,
)


@given(raw=JSON, name=st.sampled_from(sorted(payload())), value=JSON)
def test_no_input_raises_anything_else(raw: object, name: str, value: object) -> None:
    for candidate in (raw, payload(**{name: value})):
        try:
            parse(candidate)
        except BadRequest:
            continue
