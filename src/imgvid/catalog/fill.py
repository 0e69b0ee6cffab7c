"""Templates of a mode's file: `$name` stands for a value, everything else is what it says. Pure.

    [models.body]                                    [roles]
    prompt = "$prompt"                               frames = [{ when = { seconds = 10 }, is = 241 }, { is = 361 }]
    image_urls = ["$image"]                          width = "$width"
    duration = [{ when = { seconds = 4 }, is = "4" }, { is = "8" }]

A `$name` without a value leaves its key (or its place in a list) out.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, TypeAlias

from imgvid.catalog.pick import Choices, Pick, is_cases, parse_pick

Template: TypeAlias = "Pick | dict[str, Template] | list[Template] | str | int | float | bool"


def parse_template(raw: object) -> Template:
    """A template from a file's value. Raises PickError."""
    if is_cases(raw):
        pick = parse_pick(raw)
        return Pick(cases=tuple((when, parse_template(value)) for when, value in pick.cases))
    if isinstance(raw, Mapping):
        return {str(key): parse_template(value) for key, value in raw.items()}
    if isinstance(raw, list):
        return [parse_template(value) for value in raw]
    assert isinstance(raw, str | int | float | bool)
    return raw


def fill(template: Template, choices: Choices, values: Mapping[str, object]) -> Any:
    """The template with its values; None stands for a place that is left out."""
    match template:
        case Pick():
            chosen = template.of(choices)
            return None if chosen is None else fill(chosen, choices, values)  # type: ignore[arg-type]
        case dict():
            filled = {key: fill(value, choices, values) for key, value in template.items()}
            return {key: value for key, value in filled.items() if value is not None}
        case list():
            return [made for made in (fill(value, choices, values) for value in template) if made is not None]
        case str() if template.startswith("$"):
            return values.get(template[1:])
        case _:
            return template


def names_in(template: Template) -> frozenset[str]:
    """Every `$name` of a template, and every name that its cases ask for."""
    return frozenset(_names(template))


def _names(template: object) -> Iterator[str]:
    match template:
        case Pick():
            yield from template.names
            for value in template.values:
                yield from _names(value)
        case dict():
            for value in template.values():
                yield from _names(value)
        case list():
            for value in template:
                yield from _names(value)
        case str() if template.startswith("$"):
            yield template[1:]
        case _:
            return
