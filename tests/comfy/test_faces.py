"""Which face of a photo moves."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from imgvid.comfy.faces import Box, FacesUnreadable, read_faces, surroundings


def _text(*boxes: tuple[float, float, float, float]) -> str:
    """As PreviewAny writes it, measured on 0.33.0."""
    frame = [{"x": x, "y": y, "width": w, "height": h, "label": "face", "score": 0.9} for x, y, w, h in boxes]
    return json.dumps([frame], indent=4)


def test_the_largest_face_comes_first() -> None:
    faces = read_faces(_text((700, 100, 120, 150), (100, 80, 300, 380)))
    assert [face.width for face in faces] == [300, 120]


@pytest.mark.parametrize("text", ["[\n    []\n]", "[]"])
def test_a_photo_without_a_face_has_none(text: str) -> None:
    assert read_faces(text) == ()


def test_what_is_too_small_to_move_is_no_face() -> None:
    assert read_faces(_text((10, 10, 20, 26), (10, 10, 0.0004, 0.002))) == ()


@pytest.mark.parametrize(
    "text", ["", "None", "{}", "[3]", '[[{"x": 1}]]', '[[{"x": 1, "y": 1, "width": NaN, "height": 90}]]']
)
def test_another_text_is_told_from_no_face(text: str) -> None:
    with pytest.raises(FacesUnreadable):
        read_faces(text)


def test_one_face_is_seen_with_what_the_cropper_takes() -> None:
    (face,) = read_faces(_text((400, 300, 200, 250)))
    assert surroundings([face]) == {"face_x": 200, "face_y": 100, "face_width": 600, "face_height": 650}


def test_at_the_photos_edge_it_begins_there() -> None:
    region = surroundings([Box(x=10, y=5, width=200, height=250)])
    assert (region["face_x"], region["face_y"]) == (0, 0)


@pytest.mark.parametrize(
    ("other", "role", "border"),
    [
        (Box(x=560, y=300, width=100, height=120), "face_width", 550),  # right of it: the border is between 540 and 560
        (Box(x=200, y=300, width=100, height=120), "face_x", 320),
        (Box(x=400, y=100, width=100, height=120), "face_y", 260),
        (Box(x=400, y=560, width=100, height=120), "face_height", 555),
    ],
)
def test_another_face_is_left_out(other: Box, role: str, border: int) -> None:
    region = surroundings([Box(x=340, y=300, width=200, height=250), other])
    start = {"face_width": region["face_x"], "face_height": region["face_y"]}.get(role, 0)
    assert start + region[role] == border


boxes = st.builds(
    Box,
    x=st.floats(0, 1000),
    y=st.floats(0, 1000),
    width=st.floats(24, 600),
    height=st.floats(24, 600),
)


@given(st.lists(boxes, min_size=1, max_size=6))
def test_the_middle_of_the_largest_face_is_always_inside(faces: list[Box]) -> None:
    largest_first = sorted(faces, key=lambda face: -face.area)
    face, region = largest_first[0], surroundings(largest_first)
    apart = all(
        max(face.x - other.right, face.y - other.bottom, other.x - face.right, other.y - face.bottom) >= 0
        for other in largest_first[1:]
    )
    assert region["face_x"] >= 0
    assert region["face_y"] >= 0
    assert min(region["face_width"], region["face_height"]) >= 1
    if apart:
        assert region["face_x"] <= face.x + face.width / 2 <= region["face_x"] + region["face_width"]
        assert region["face_y"] <= face.y + face.height / 2 <= region["face_y"] + region["face_height"]


def test_the_words_of_a_trouble_hold_nothing_of_the_photo() -> None:
    told: list[Any] = []
    try:
        read_faces('[[{"x": "secret"}]]')
    except FacesUnreadable as error:
        told = [str(error)]
    assert told == ["a face without x, y, width and height"]
