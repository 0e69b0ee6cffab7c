"""Which models are asked, in which order, and with which body: by the mode's file. Pure."""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace

from imgvid.catalog.choices import context
from imgvid.catalog.fill import fill
from imgvid.catalog.mode import InputRule, Mode, Model
from imgvid.catalog.pick import Scalar, When, parse_when
from imgvid.providers.base import Work

# Google's and Black Forest Labs' seeds have 31 bits, ours up to 53; below that they are what the person typed.
SEED_BELOW = 2**31
MODEL_ID = re.compile(r"[A-Za-z0-9][\w.-]*(/[A-Za-z0-9][\w.-]*)+")


@dataclass(frozen=True, slots=True, kw_only=True)
class Head:
    """The model that the operator put before the catalogue's own, for some choices of one mode."""

    mode: str
    when: When
    model: str


def heads(*, standard: str, premium: str) -> tuple[Head, ...]:
    """What FAL_STANDARD_MODEL and FAL_PREMIUM_MODEL stand for; an empty one stands for nothing. Raises ValueError."""
    for model in (standard, premium):
        if model and not MODEL_ID.fullmatch(model):
            raise ValueError(f"{model!r} is no model of Fal's: owner/app, and perhaps a path")
    wanted = (
        ("image", {"quality": "standard"}, standard),
        ("image", {"quality": "premium"}, premium),
        ("image-edit", {"mask": False}, premium and f"{premium}/edit"),
    )
    return tuple(Head(mode=mode, when=parse_when(when), model=model) for mode, when, model in wanted if model)


def models_for(mode: Mode, choices: Mapping[str, Scalar], front: Sequence[Head]) -> tuple[Model, ...]:
    """The models that can make it, best first, the operator's own in front.

    A model that the catalogue does not know is asked as the one that it replaces at the head.
    """
    listed = mode.models_for(choices)
    head = next((one for one in front if one.mode == mode.id and one.when.holds(choices)), None)
    if head is None or not listed:
        return listed
    known = next((model for model in listed if model.id == head.model), replace(listed[0], id=head.model, price=None))
    return (known, *(model for model in listed if model.id != head.model))


def asked(mode: Mode, work: Work) -> dict[str, Scalar]:
    """The choices and which inputs are there: what the conditions of the mode's file are asked with."""
    return context(mode, work.params, _roles(work))


def body_for(mode: Mode, model: Model, work: Work, urls: Mapping[str, str]) -> dict[str, object]:
    """The model's input. `urls` has an address for each role of pictures."""
    choices = asked(mode, work)
    negative = str(work.params.get("negative") or "").strip()
    prompt = mode.prompt_for(work.prompt, choices)
    if negative and model.negative_in_prompt:
        prompt = f"{prompt}\n\nAvoid: {negative}"
    values: dict[str, object] = {
        **work.params,
        **urls,
        "prompt": prompt or None,
        "negative": negative or None,
        "seed": work.seed % SEED_BELOW,
    }
    filled: dict[str, object] = fill(model.body, choices, values)
    return filled


def ratio_for(rule: InputRule, work: Work) -> float | None:
    """The width / height that a picture is cut to; None where it keeps its shape."""
    chosen = work.params.get(rule.crop) if rule.crop is not None else None
    width, colon, height = str(chosen).partition(":")
    return int(width) / int(height) if colon and width.isdecimal() and height.isdecimal() and int(height) else None


def _roles(work: Work) -> Collection[str]:
    return {picture.role for picture in work.pictures}
