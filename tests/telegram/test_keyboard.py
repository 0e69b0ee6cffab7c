"""Callback data is a closed set that both sides read the same way."""

from __future__ import annotations

import subprocess
import sys

import pytest
from hypothesis import given
from hypothesis import strategies as st

from imgvid.telegram.keyboard import Action, Button, Press, after_end, after_video, pack, unpack, while_open

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
    assert [pack(a, "ab12cd3") for a in Action] == ["c:ab12cd3", "a:ab12cd3", "s:ab12cd3"]
    assert while_open("sk", "ab12cd3").as_json() == {
        "inline_keyboard": [[{"text": "Zrušiť", "callback_data": "c:ab12cd3"}]]
    }
    assert [b.data[0] for b in after_video("ru", "ab12cd3").rows[0]] == ["a", "s"]
    assert [b.data[0] for b in after_end("en", "ab12cd3").rows[0]] == ["a"]


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
