"""The bot's own buttons and their callback data; the job's buttons are in `imgvid.telegram.keyboard`.

l:<locale>                  speak this language
f:y:<user>  f:n:<user>      delete everything about me, or do not
p:<page>:<user>             that page of this person's jobs
"""

from __future__ import annotations

from dataclasses import dataclass

from aiogram.types import InlineKeyboardButton, InlineKeyboardMarkup

from imgvid.telegram.keyboard import Button, Keyboard
from imgvid.texts import LOCALES, Locale, say


@dataclass(frozen=True, slots=True, kw_only=True)
class LanguagePress:
    locale: Locale


@dataclass(frozen=True, slots=True, kw_only=True)
class ForgetPress:
    user_id: int
    sure: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class PagePress:
    """`page` counts from 0."""

    user_id: int
    page: int


def markup(keyboard: Keyboard) -> InlineKeyboardMarkup:
    """aiogram's shape of a keyboard."""
    rows = [[InlineKeyboardButton(text=one.text, callback_data=one.data) for one in row] for row in keyboard.rows]
    return InlineKeyboardMarkup(inline_keyboard=rows)


def languages() -> Keyboard:
    """One button a language, each in its own."""
    return Keyboard(rows=(tuple(Button(text=say(one, "language-name"), data=f"l:{one}") for one in LOCALES),))


def forget(locale: str, user_id: int) -> Keyboard:
    yes = Button(text=say(locale, "button-delete-yes"), data=f"f:y:{user_id}")
    no = Button(text=say(locale, "button-delete-no"), data=f"f:n:{user_id}")
    return Keyboard(rows=((yes, no),))


def pages(locale: str, *, user_id: int, page: int, last: int) -> Keyboard | None:
    """Back and Next around page `page` of 0 … `last`; None when there is one page only."""
    row = []
    if page > 0:
        row.append(Button(text=say(locale, "button-previous"), data=f"p:{page - 1}:{user_id}"))
    if page < last:
        row.append(Button(text=say(locale, "button-next"), data=f"p:{page + 1}:{user_id}"))
    return Keyboard(rows=(tuple(row),)) if row else None


def unpack(data: str) -> LanguagePress | ForgetPress | PagePress | None:
    """The press that `data` stands for; None for anything that is not written here."""
    match data.split(":"):
        case ["l", locale] if locale in set(Locale):
            return LanguagePress(locale=Locale(locale))
        case ["f", "y" | "n" as choice, user] if user.isdecimal():
            return ForgetPress(user_id=int(user), sure=choice == "y")
        case ["p", page, user] if page.isdecimal() and user.isdecimal():
            return PagePress(user_id=int(user), page=int(page))
    return None
