"""The buttons of a card: short labels, two or three a row, only what can be combined with the rest. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from imgvid.bot import labels
from imgvid.bot.card_keys import Verb, pack, pack_menu
from imgvid.bot.drafts import IMAGE, MASK, PICTURE_ROLES, PROMPT, missing
from imgvid.bot.sheet import Sheet
from imgvid.catalog import Group, Mode
from imgvid.catalog.param import Param
from imgvid.catalog.pick import Scalar
from imgvid.store.drafts import Draft
from imgvid.telegram.keyboard import AS_FILE, Button, Keyboard
from imgvid.texts import say

IN_A_ROW = 3  # values of one parameter that are shown at once; longer lists open on a page of their own
PAIR = 2  # buttons with whole words: Russian ones are long and phones are narrow

_MORE = "\N{NO-BREAK SPACE}»"

Row = tuple[Button, ...]


def menu(locale: str, groups: Iterable[Group]) -> Keyboard:
    """Under /start: one button a group."""
    buttons = [Button(text=labels.of_group(locale, group), data=pack_menu(group)) for group in groups]
    return Keyboard(rows=tuple(_pairs(buttons)))


def modes(draft: Draft, among: Sequence[Mode], locale: str) -> Keyboard:
    """One button a mode, and Discard."""
    rows = [(Button(text=labels.of_mode(locale, mode), data=pack(draft.id, Verb.MODE, mode.id)),) for mode in among]
    discard = Button(text=say(locale, "button-discard"), data=pack(draft.id, Verb.DISCARD))
    return Keyboard(rows=(*rows, (discard,)))


def asking(on: Sheet) -> Keyboard:
    """While something is asked for: Back where there is a card to go back to, Remove where it is there already."""
    row: list[Button] = []
    if missing(on.draft, on.mode) not in PICTURE_ROLES:
        row.append(_word(on, Verb.BACK, "button-back"))
    elif on.others:
        row.append(_word(on, Verb.OTHER, "button-other"))
    if on.draft.awaits is not None and _may_go(on, on.draft.awaits):
        row.append(_word(on, Verb.WITHOUT, "button-remove", on.draft.awaits))
    row.append(_word(on, Verb.DISCARD, "button-discard"))
    return Keyboard(rows=(tuple(row),))


def values(on: Sheet, param: Param) -> Keyboard:
    """All values of one parameter that can be combined with the other choices, and Back."""
    possible = next((found for one, found in on.offered if one is param), [])
    buttons = [_value(on, param, value) for value in possible]
    return Keyboard(rows=(*_pairs(buttons), (_word(on, Verb.BACK, "button-back"),)))


def settings(on: Sheet) -> Keyboard:
    """Every choice, then what it is made of, then Make."""
    rows: list[Row] = []
    openers: list[Button] = []
    for param, possible in on.offered:
        told = labels.line(on.locale, param, on.value(param))
        if param.text_max:
            openers.append(_button(on, Verb.ASK, labels.of_param(on.locale, param.name), param.name))
        elif len(possible) > IN_A_ROW:
            openers.append(_button(on, Verb.LIST, f"{told}{_MORE}", param.name))
        elif param.is_flag and param.name != AS_FILE:
            openers += [_button(on, Verb.VALUE, told, param.name, one) for one in possible if one != on.value(param)]
        elif len(possible) > 1:
            rows.append(tuple(_value(on, param, value) for value in possible))
    openers += _made_of(on)
    ends = [_word(on, Verb.OTHER, "button-other")] if on.others else []
    ends.append(_word(on, Verb.DISCARD, "button-discard"))
    return Keyboard(rows=(*rows, *_pairs(openers), (_word(on, Verb.MAKE, "button-make"),), tuple(ends)))


def _made_of(on: Sheet) -> list[Button]:
    """Words where a model reads them, mark and seed."""
    key = "button-words-change" if on.draft.prompt else "button-words-add"
    buttons = [] if on.mode.prompt.chooses else [_word(on, Verb.ASK, key, PROMPT)]
    if on.mode.input(MASK) is not None and on.draft.input(IMAGE) is not None:
        marked = on.draft.input(MASK) is not None
        buttons.append(_word(on, Verb.ASK, "button-marked" if marked else "button-mark", MASK))
    if on.has_seed:
        buttons.append(_word(on, Verb.WITHOUT, "button-seed-any", "seed"))
    return buttons


def _may_go(on: Sheet, what: str) -> bool:
    """Whether it is there, and the mode can do without it."""
    if what == PROMPT:
        return bool(on.draft.prompt) and not on.mode.prompt.required
    if what in PICTURE_ROLES:
        return what == MASK and on.draft.input(MASK) is not None
    return bool(on.draft.params.get(what))


def _value(on: Sheet, param: Param, value: Scalar) -> Button:
    mark = "✓ " if on.value(param) == value else ""
    label = labels.capital(labels.of_value(on.locale, param, value))
    return _button(on, Verb.VALUE, f"{mark}{label}", param.name, value)


def _word(on: Sheet, verb: Verb, key: str, name: str = "") -> Button:
    return _button(on, verb, say(on.locale, key), name)


def _button(on: Sheet, verb: Verb, text: str, name: str = "", value: Scalar = None) -> Button:
    return Button(text=text, data=pack(on.draft.id, verb, name, value))


def _pairs(buttons: Sequence[Button]) -> list[Row]:
    return [tuple(buttons[at : at + PAIR]) for at in range(0, len(buttons), PAIR)]
