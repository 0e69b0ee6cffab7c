from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from imgvid.comfy.history import Ended, Kind, choose, parse_entry


def made(name: str, kind: str = "output", subfolder: str = "") -> dict[str, Any]:
    return {"filename": name, "subfolder": subfolder, "type": kind}


@pytest.mark.parametrize(
    ("outputs", "wanted"),
    [
        ({"5": {"images": [made("a.mp4")], "animated": [True]}}, "a.mp4"),  # SaveVideo
        ({"28": {"gifs": [made("b.mp4")]}}, "b.mp4"),  # VHS
        ({"28": {"videos": [made("c.webm")]}}, "c.webm"),
        ({"1": {"images": [made("p.png", "temp")]}, "5": {"images": [made("a.mp4")]}}, "a.mp4"),  # a preview beside it
        ({"9": {"gifs": [made("late.webm")]}, "5": {"gifs": [made("a.mp4")]}}, "a.mp4"),  # the better format
        (
            {"5": {"gifs": [made("t.mp4", "temp")]}, "28": {"gifs": [made("o.webm")]}},
            "o.webm",
        ),  # saved before temporary
        ({"5": {"gifs": [made("t.mp4", "temp")]}}, "t.mp4"),  # save_output false
        ({"5": {"gifs": [made("a.mp4")]}, "28": {"gifs": [made("b.mp4")]}}, "b.mp4"),  # the last node
        ({"5": {"images": [made("A.MP4")]}}, "A.MP4"),
        ({"5": {"images": [made("a.png")]}}, None),
        ({"5": {"text": ["hello"], "images": [None, {"filename": 3}]}}, None),
        ({}, None),
    ],
)
def test_the_video_among_what_was_made(outputs: dict[str, Any], wanted: str | None) -> None:
    found = choose(outputs, Kind.VIDEO)
    assert (found.filename if found else None) == wanted


def test_a_named_node_is_the_only_one() -> None:
    outputs = {"5": {"gifs": [made("a.mp4")]}, "28": {"gifs": [made("b.mp4")]}}
    assert choose(outputs, Kind.VIDEO, node="5") is not None
    assert choose(outputs, Kind.VIDEO, node="6") is None


def test_the_first_image_of_a_batch() -> None:
    outputs = {"7": {"images": [made("i_00001_.png"), made("i_00002_.png")]}}
    found = choose(outputs, Kind.IMAGE)
    assert found is not None
    assert found.filename == "i_00001_.png"


@pytest.mark.parametrize(
    "answer", [{}, {"ID": {}}, {"ID": {"status": {"messages": []}}}, {"OTHER": {"status": {}}}, None]
)
def test_no_entry_yet(answer: Any) -> None:
    assert parse_entry(answer, "ID") is None


def test_an_entry_says_how_it_ended_and_how_long_it_ran() -> None:
    messages = [["execution_start", {"timestamp": 1000}], ["execution_success", {"timestamp": 3500}]]
    status = {"status_str": "success", "completed": True, "messages": messages}
    entry = parse_entry({"ID": {"outputs": {}, "status": status}}, "ID")
    assert entry is not None
    assert (entry.ended, entry.ran_for) == (Ended.SUCCESS, timedelta(seconds=2.5))
