"""Callback data of cards: a closed set."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from imgvid.bot import keyboards
from imgvid.bot.card_keys import CardPress, MenuPress, Verb, pack, pack_menu, unpack
from imgvid.catalog import Group, modes
from imgvid.telegram.keyboard import DATA_MAX_BYTES, Action


@pytest.mark.parametrize(
    ("data", "press"),
    [
        ("n:photo-video", MenuPress(group=Group.PHOTO_VIDEO)),
        ("n:song", None),
        ("k:ab12cd3:g", CardPress(draft="ab12cd3", verb=Verb.MAKE)),
        ("k:ab12cd3:v:aspect:16:9", CardPress(draft="ab12cd3", verb=Verb.VALUE, name="aspect", value="16:9")),
        ("k:ab12cd3:m:photo-video", CardPress(draft="ab12cd3", verb=Verb.MODE, name="photo-video")),
        ("k:ab12cd3:g:more", None),
        ("k:ab12cd3:v:aspect", None),
        ("k:ab12cd3:m", None),
        ("k:ab12cd3:m:", None),
        ("k:ab12cd3:q", None),
        ("k:ab12cd:g", None),
        ("k:ab12cd3", None),
        ("", None),
    ],
)
def test_what_a_press_says(data: str, press: object) -> None:
    assert unpack(data) == press


def test_everything_of_the_catalogue_fits_and_comes_back() -> None:
    for mode in modes().values():
        packed = [pack("ab12cd3", Verb.MODE, mode.id)]
        for param in mode.params:
            values = param.values or (True, False)
            packed += [pack("ab12cd3", Verb.VALUE, param.name, value) for value in values]
            packed += [pack("ab12cd3", verb, param.name) for verb in (Verb.LIST, Verb.ASK, Verb.WITHOUT)]
        for data in packed:
            assert len(data.encode()) <= DATA_MAX_BYTES
            assert unpack(data) is not None, data


def test_cards_menus_jobs_and_the_rest_do_not_take_each_others_presses() -> None:
    mine = [pack("ab12cd3", Verb.MAKE), *(pack_menu(group) for group in Group)]
    assert {data[0] for data in mine} == {"k", "n"}
    assert not {"k", "n"} & {*Action, "l", "f", "p"}
    assert [keyboards.unpack(data) for data in mine] == [None] * len(mine)


@given(st.text(max_size=80))
def test_anything_else_is_no_press(data: str) -> None:
    press = unpack(data)
    if isinstance(press, CardPress):
        assert pack(press.draft, press.verb, press.name, press.value or None) == data
    elif press is not None:
        assert pack_menu(press.group) == data
