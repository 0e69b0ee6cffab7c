"""A card as words and buttons: which mode, what it is made of, what was chosen, what it takes. Pure.

    the question which mode it shall be  ─▶  (what is missing: the photo)  ─▶  the settings, with Make

`view` decides which of them a draft shows; `page` opens a list of values for a moment, nothing else remembers it.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from imgvid.bot import card_rows, labels
from imgvid.bot.crop import cut
from imgvid.bot.drafts import LAST, MASK, PICTURE_ROLES, missing, prompt_problem
from imgvid.bot.memory import last_first
from imgvid.bot.offers import PHOTO, WORDS
from imgvid.bot.sheet import Scene, Sheet, candidates, sheet
from imgvid.store.drafts import Draft
from imgvid.telegram.keyboard import Keyboard
from imgvid.texts import about_span, head, price, say

PROMPT_SHOWN = 300  # characters of the words that the card repeats


@dataclass(frozen=True, slots=True, kw_only=True)
class View:
    text: str
    keyboard: Keyboard


def view(draft: Draft, scene: Scene, *, page: str | None = None) -> View:
    """The card of this draft. `page` names a parameter whose values are listed."""
    mode = scene.offer.mode(draft.mode)
    if mode is None:
        return _question(draft, scene)
    on = sheet(draft, mode, scene)
    lacking = missing(draft, mode)
    if lacking in PICTURE_ROLES:
        text = _blocks([_head(on), _ask(on, lacking)])
        return View(text=text, keyboard=card_rows.asking(on))
    param = mode.param(page) if page else None
    if param is not None and param.values:
        keyboard = card_rows.values(on, param)
    elif draft.awaits is not None and draft.awaits != lacking:
        keyboard = card_rows.asking(on)
    else:
        keyboard = card_rows.settings(on)
    return View(text=_blocks([_head(on), *_body(on)]), keyboard=keyboard)


def _question(draft: Draft, scene: Scene) -> View:
    """Which mode shall it be? Also where the chosen one has gone."""
    locale = scene.locale
    offered = last_first(scene.memory, draft.among, candidates(draft, scene.offer))
    key = {PHOTO: "offer-photo", WORDS: "offer-words"}.get(draft.among, "offer-group")
    asked = say(locale, key if draft.inputs or draft.prompt else "offer-group")
    gone = say(locale, "alert-mode-gone") if draft.mode is not None or not offered else ""
    told = [
        say(locale, "offer-line", name=labels.of_mode(locale, mode), about=labels.about_mode(locale, mode))
        for mode in offered
    ]
    text = _blocks([gone, _quote(draft, locale), asked if offered else "", "\n".join(told)])
    return View(text=text, keyboard=card_rows.modes(draft, offered, locale))


def _blocks(blocks: Iterable[str]) -> str:
    return "\n\n".join(block for block in blocks if block)


def _head(on: Sheet) -> str:
    return "\n".join(line for line in (labels.of_mode(on.locale, on.mode), _quote(on.draft, on.locale)) if line)


def _quote(draft: Draft, locale: str) -> str:
    return say(locale, "card-quote", prompt=head(draft.prompt, PROMPT_SHOWN)) if draft.prompt else ""


def _body(on: Sheet) -> list[str]:
    """The blocks under the head: choices, what became of wishes and pictures, what it takes, what is asked."""
    choices = [labels.line(on.locale, param, on.value(param)) for param in on.mode.params if param.applies(on.asked)]
    if on.has_seed:
        choices.append(say(on.locale, "card-seed", seed=str(on.draft.seed)))
    asked = [_ask(on, on.draft.awaits)] if on.draft.awaits is not None else []
    return ["\n".join(block) for block in (choices, [*_notes(on), *_pictures(on)], _cost(on), asked)]


def _notes(on: Sheet) -> list[str]:
    """Wishes that became something else, and words that cannot be used."""
    notes = [labels.note(on.locale, on.mode, note) for note in on.chosen.notes]
    wrong = prompt_problem(on.mode, on.draft.prompt or "")
    return [*notes, say(on.locale, wrong.key, **wrong.args)] if wrong is not None else notes


def _pictures(on: Sheet) -> list[str]:
    """What becomes of the pictures: frames, the mark, what is cut off."""
    lines = []
    if on.draft.input(LAST) is not None:
        lines.append(say(on.locale, "card-two-frames" if on.mode.input(LAST) is not None else "card-first-only"))
    if MASK in on.roles:
        lines.append(say(on.locale, "card-marked"))
    for rule in on.mode.inputs:
        picture, ratio = on.draft.input(rule.role), on.chosen.choices.get(rule.crop) if rule.crop else None
        gone = cut(picture, str(ratio)) if picture is not None and ratio is not None else None
        if gone is not None:
            lines.append(say(on.locale, f"cut-{gone.edge}", ratio=str(ratio), percent=gone.percent))
    return lines


def _cost(on: Sheet) -> list[str]:
    """The expected time, and the price where prices are told."""
    took = about_span(on.locale, on.mode.expected(on.asked).total_seconds())
    lines = [say(on.locale, "card-expected", span=took)]
    listed = on.mode.price_for(on.asked) if on.scene.prices else None
    usd = listed.of(on.asked) if listed is not None else None
    return [*lines, price(on.locale, usd)] if usd is not None else lines


def _ask(on: Sheet, what: str) -> str:
    """What is to be sent now, and in a group how."""
    param = on.mode.param(what)
    if param is not None:
        text = say(on.locale, "ask-text", name=labels.of_param(on.locale, param.name), max=param.text_max)
    else:
        text = say(on.locale, f"ask-{what}", makes=on.mode.makes)
    return text if on.scene.private else f"{text} {say(on.locale, 'ask-by-reply')}"
