"""What modes, parameters and values are called in a person's language. Pure."""

from __future__ import annotations

from imgvid.catalog import Group, Mode
from imgvid.catalog.choices import Note
from imgvid.catalog.param import Param
from imgvid.catalog.pick import Scalar
from imgvid.texts import head, keys, say

TEXT_HEAD = 80  # characters of a text that a line of the card repeats


def of_group(locale: str, group: Group) -> str:
    return say(locale, f"group-{group}")


def of_mode(locale: str, mode: Mode) -> str:
    return say(locale, f"mode-{mode.id}")


def about_mode(locale: str, mode: Mode) -> str:
    """One line: what it is good for."""
    return say(locale, f"about-{mode.id}")


def of_param(locale: str, name: str) -> str:
    return say(locale, f"param-{_key(name)}")


def of_value(locale: str, param: Param, value: Scalar) -> str:
    """A word of the catalogue in the person's language, a number with its unit, a ratio as it is."""
    key = f"choice-{_key(param.name)}-{_key(str(value).lower())}"
    if value is None or value == "":
        return say(locale, "value-none")
    if param.text_max:
        return head(str(value), TEXT_HEAD)
    if key in keys():
        return say(locale, key)
    if isinstance(value, bool):
        return say(locale, "flag-yes" if value else "flag-no")
    if isinstance(value, int) and param.unit:
        return say(locale, f"unit-{param.unit}", number=str(value))
    return str(value)


def line(locale: str, param: Param, value: Scalar) -> str:
    """`Length: 8 s`, on the card and on buttons that say what is chosen."""
    return say(locale, "card-choice", name=of_param(locale, param.name), value=of_value(locale, param, value))


def capital(label: str) -> str:
    """A value as a button begins."""
    return label[:1].upper() + label[1:]


def note(locale: str, mode: Mode, told: Note) -> str:
    """What a wish became, and why where there is a reason."""
    param = mode.param(told.param)
    assert param is not None
    wanted, became = of_value(locale, param, told.wanted), of_value(locale, param, told.became)
    if told.why is None:
        return say(locale, "note-nearest", wanted=wanted, became=became)
    return say(locale, "note-refused", wanted=wanted, became=became, why=say(locale, told.why))


def _key(name: str) -> str:
    return name.replace("_", "-")
