from __future__ import annotations

import pytest

from imgvid.bot import keyboards
from imgvid.bot.keyboards import ForgetPress, LanguagePress, PagePress, unpack
from imgvid.telegram.keyboard import Action
from imgvid.texts import LOCALES, Locale


@pytest.mark.parametrize(
    ("data", "press"),
    [
        ("l:sk", LanguagePress(locale=Locale.SK)),
        ("l:de", None),
        ("f:y:7", ForgetPress(user_id=7, sure=True)),
        ("f:n:7", ForgetPress(user_id=7, sure=False)),
        ("f:maybe:7", None),
        ("p:0:7", PagePress(user_id=7, page=0)),
        ("p:-1:7", None),
        ("p:x:7", None),
        ("", None),
        ("c:ab12cd3", None),
    ],
)
def test_what_a_press_says(data: str, press: object) -> None:
    assert unpack(data) == press


def test_every_button_is_understood_and_is_no_job_button() -> None:
    made = [keyboards.languages(), keyboards.forget("sk", 2**52), keyboards.pages("ru", user_id=2**52, page=3, last=9)]
    datas = [button.data for keyboard in made if keyboard for row in keyboard.rows for button in row]
    assert len(datas) == len(LOCALES) + 4
    for data in datas:
        assert unpack(data) is not None
        assert data[0] not in set(Action)


@pytest.mark.parametrize(("page", "last", "buttons"), [(0, 0, 0), (0, 2, 1), (1, 2, 2), (2, 2, 1)])
def test_pages_turn_only_where_there_is_one(page: int, last: int, buttons: int) -> None:
    keyboard = keyboards.pages("en", user_id=1, page=page, last=last)
    assert (len(keyboard.rows[0]) if keyboard else 0) == buttons
