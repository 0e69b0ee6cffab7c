"""What may be chosen together, and what a wish becomes."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from imgvid.catalog import modes
from imgvid.catalog.choices import VRAM, Note, Room, combinations, defaults, offered, settle, why_not
from imgvid.catalog.param import measure
from imgvid.catalog.read import parse
from tests.catalog.test_read import GOOD, changed

MODE = parse(GOOD, "m.toml")
BIG = parse(changed(vram_gb=[{"when": {"seconds": 8}, "is": 80}, {"is": 48}]), "m.toml")


def test_defaults_are_the_first_values() -> None:
    assert defaults(MODE) == {"seconds": 4, "aspect": "1:1", "sound": False}


def test_impossible_combinations_are_not_offered() -> None:
    rows = {param.name: values for param, values in offered(MODE, defaults(MODE))}
    assert rows == {"seconds": [4], "aspect": ["1:1", "16:9"], "sound": [False, True]}
    rows = {param.name: values for param, values in offered(MODE, {"seconds": 8, "aspect": "16:9", "sound": True})}
    assert rows == {"seconds": [4, 8], "aspect": ["16:9"], "sound": [False, True], "negative": []}


def test_a_small_gpu_offers_less() -> None:
    wide = {"seconds": 4, "aspect": "16:9", "sound": False}
    assert {p.name: v for p, v in offered(BIG, wide, Room(vram_gb=48))}["seconds"] == [4]
    assert {p.name: v for p, v in offered(BIG, wide, Room(vram_gb=80))}["seconds"] == [4, 8]
    assert why_not(BIG, {**wide, "seconds": 8}, Room(vram_gb=48)) == VRAM
    assert why_not(BIG, {**wide, "seconds": 8}, Room()) is None


def test_a_wish_becomes_the_nearest_and_says_so() -> None:
    settled = settle(MODE, {"seconds": 7, "aspect": "3:2", "sound": True, "negative": "blur"})
    assert settled.choices == {"seconds": 8, "aspect": "16:9", "sound": True, "negative": "blur"}
    assert settled.notes == (
        Note(param="seconds", wanted=7, became=8, why=None),
        Note(param="aspect", wanted="3:2", became="16:9", why=None),
    )


def test_wishes_that_exclude_each_other() -> None:
    settled = settle(MODE, {"seconds": 8, "aspect": "1:1", "sound": True})
    assert settled.choices == {"seconds": 4, "aspect": "1:1", "sound": True}
    assert settled.notes == (Note(param="seconds", wanted=8, became=4, why="refuse-x"),)


def test_what_does_not_apply_is_left_out() -> None:
    assert "negative" not in settle(MODE, {"negative": "blur"}).choices
    assert settle(MODE, {"negative": "x" * 80, "sound": True}).choices["negative"] == "x" * 50


@given(
    st.sampled_from(sorted(modes())),
    st.dictionaries(
        st.sampled_from(["seconds", "aspect", "sound", "quality", "size", "style", "negative", "camera", "resolution"]),
        st.one_of(st.none(), st.booleans(), st.integers(-5, 99), st.text(max_size=9), st.sampled_from(["16:9", "1:7"])),
    ),
    st.sampled_from([None, 24, 48, 80]),
)
def test_whatever_is_wished_can_be_made(name: str, wanted: dict[str, Any], vram: int | None) -> None:
    mode, room = modes()[name], Room(vram_gb=vram)
    settled = settle(mode, wanted, room)
    if why_not(mode, defaults(mode), room) is None:
        assert why_not(mode, settled.choices, room) is None
    texts = {param.name for param in mode.params if param.text_max}
    without = {key: value for key, value in settled.choices.items() if key not in texts}
    assert without in list(combinations(mode)), "a set of choices that nobody checks"
    assert settle(mode, settled.choices, room).choices == settled.choices


def test_ratios_are_as_far_from_a_square_as_their_twins() -> None:
    square, wide, tall = measure("1:1"), measure("16:9"), measure("9:16")
    assert square is not None
    assert wide is not None
    assert tall is not None
    assert wide - square == pytest.approx(square - tall)
    assert measure("wide") is None
    assert measure("16:0") is None
    assert measure(True) is None
