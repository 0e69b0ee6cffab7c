"""Callback data is a closed set that both sides read the same way."""

from __future__ import annotations

import subprocess
import sys

import pytest
from hypothesis import given
from hypothesis import strategies as st

from imgvid.catalog import modes
from imgvid.telegram.keyboard import Action, Button, Keyboard, Press, after_end, after_result, pack, unpack, while_open

SHORT_IDS = st.text(alphabet="0123456789abcdefghjkmnpqrstvwxyz", min_size=7, max_size=7)


@given(action=st.sampled_from(Action), short_id=SHORT_IDS)
def test_what_is_packed_unpacks_to_the_same(action: Action, short_id: str) -> None:
    data = pack(action, short_id)
    assert len(data.encode()) <= 64
    assert unpack(data) == Press(action=action, short_id=short_id)


@given(data=st.text())
def test_anything_else_is_no_press(data: str) -> None:
    press = unpack(data)
    assert press is None or pack(press.action, press.short_id) == data


@pytest.mark.parametrize(
    "data", ["", "c", "c:", "c:ab12cd", "c:ab12cd34", "x:ab12cd3", "c:AB12CD3", "c:ab12cdl", "c:ab12cd3\n"]
)
def test_near_misses_are_no_press(data: str) -> None:
    assert unpack(data) is None


def test_the_wire_form_is_pinned() -> None:
    letters = [pack(a, "ab12cd3") for a in Action]
    assert letters == [f"{letter}:ab12cd3" for letter in "casemd"]
    assert while_open("sk", "ab12cd3").as_json() == {
        "inline_keyboard": [[{"text": "Zrušiť", "callback_data": "c:ab12cd3"}]]
    }
    assert letters_of(after_end("en", "ab12cd3")) == ["ae"]


def letters_of(keyboard: Keyboard) -> list[str]:
    return ["".join(button.data[0] for button in row) for row in keyboard.rows]


@pytest.mark.parametrize(
    ("mode", "params", "roles", "moves", "rows"),
    [
        ("wan22-i2v", {}, ["image"], True, ["as", "e"]),
        ("photo-video", {"seconds": 8}, ["image"], True, ["ae"]),
        ("image", {"as_file": False}, [], True, ["as", "ed", "m"]),
        ("image", {"as_file": True}, [], False, ["as", "e"]),
        ("image-edit", {}, ["image"], True, ["ae", "dm"]),
        ("image-edit", {}, ["image", "mask"], True, ["as", "ed", "m"]),
        ("gone-since", {}, ["image"], True, ["as", "e"]),
    ],
)
def test_under_a_result_stands_what_has_an_effect(
    mode: str, params: dict[str, str | int | bool], roles: list[str], moves: bool, rows: list[str]
) -> None:
    assert letters_of(after_result("ru", "ab12cd3", modes().get(mode), params, roles=roles, moves=moves)) == rows


def test_what_is_no_short_id_is_refused() -> None:
    with pytest.raises(ValueError, match="no short job id"):
        pack(Action.CANCEL, "not one")


@pytest.mark.parametrize("data", ["", "x" * 65])
def test_a_button_holds_the_limits_of_callback_data(data: str) -> None:
    with pytest.raises(ValueError, match="bytes"):
        Button(text="x", data=data)


def test_the_bot_can_have_keyboards_without_httpx() -> None:
    code = "import sys, imgvid.telegram.keyboard; sys.exit('httpx' in sys.modules or 'tenacity' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
