"""docs/modes.md: what every mode takes, gives, costs and refuses, written out of the catalogue. Pure."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping

from imgvid.catalog.choices import combinations, context
from imgvid.catalog.mode import Makes, Mode
from imgvid.catalog.param import Param
from imgvid.catalog.pick import Choices, When

_HEAD = """\
# Modes

Written by `imgvid doctor --modes-page`; a test holds it to `src/imgvid/catalog/modes`, one file a mode. Costs are the operator's, by the
providers' price lists; times are for one job alone, a cold start apart. Nobody is offered a mode whose backend is not configured.

| mode | takes | gives | made by | costs | takes about |
|---|---|---|---|---|---|
"""


def page(modes: Mapping[str, Mode]) -> str:
    """The whole page."""
    rows = "".join(f"| {' | '.join(_row(mode))} |\n" for mode in modes.values())
    return _HEAD + rows + "".join(f"\n{_chapter(mode)}" for mode in modes.values())


def _row(mode: Mode) -> Iterator[str]:
    yield f"[{mode.id}](#{mode.id})"
    yield _takes(mode)
    yield "a picture" if mode.makes is Makes.IMAGE else "a video"
    yield f"`{mode.backend}`"
    yield _span([cost for choices in _all(mode) if (cost := _cost(mode, choices)) is not None], _dollars)
    yield _span([mode.expected(choices).total_seconds() for choices in _all(mode)], "{:.0f} s".format)


def _takes(mode: Mode) -> str:
    needs = [rule.role for rule in mode.inputs if rule.required]
    may = [rule.role for rule in mode.inputs if not rule.required]
    words = "words" if mode.prompt.required else "(words)"
    return " + ".join([*needs, words, *(f"({role})" for role in may)])


def _all(mode: Mode) -> Iterator[Choices]:
    required = {rule.role for rule in mode.inputs if rule.required}
    for roles in (required, {rule.role for rule in mode.inputs}):
        for choices in combinations(mode, roles=roles):
            yield context(mode, choices, roles)


def _cost(mode: Mode, choices: Choices) -> float | None:
    price = mode.price_for(choices)
    return price.of(choices) if price is not None else None


def _dollars(cost: float) -> str:
    return f"${cost:.2f}" if round(cost, 2) == cost else f"${cost:.2g}"


def _span(values: Iterable[float], form: Callable[[float], str]) -> str:
    listed = sorted(values)
    if not listed:
        return "–"
    low, high = form(listed[0]), form(listed[-1])
    return low if low == high else f"{low} – {high}"


def _chapter(mode: Mode) -> str:
    lines = [f"## {mode.id}\n"]
    lines += [f"- **{param.name}**: {_param(param)}" for param in mode.params]
    if not mode.params:
        lines.append("- Nothing to choose but the words and the seed.")
    lines += [f"- Refused: {_when(refusal.when)}" for refusal in mode.refuses]
    if mode.vram_gb is not None:
        lines += [
            f"- {needed} GB of GPU memory: {_when(when, nothing='otherwise')}" for when, needed in mode.vram_gb.cases
        ]
    lines += [f"- The picture is cut to `{rule.crop}`." for rule in mode.inputs if rule.crop]
    lines.append(
        f"- At most {mode.prompt.max_chars} characters; one attempt may take {mode.run_for.total_seconds():.0f} s."
    )
    lines += [f"- Model `{model.id}`: {_when(model.when)}" for model in mode.models]
    if mode.workflow is not None:
        last = "otherwise" if len(mode.workflow.cases) > 1 else "always"
        lines += [f"- Workflow `{name}`: {_when(when, nothing=last)}" for when, name in mode.workflow.cases]
    return "\n".join(lines) + "\n"


def _param(param: Param) -> str:
    if param.text_max:
        said = f"a text of at most {param.text_max} characters"
    elif param.is_flag:
        said = "on or off" + (", on by default" if param.default else "")
    else:
        shown = (f"{value}{param.unit}" + (" (default)" if value == param.default else "") for value in param.values)
        said = ", ".join(shown)
    return said if not param.only_when.allowed else f"{said}; only with {_when(param.only_when)}"


def _when(when: When, *, nothing: str = "always") -> str:
    parts = (f"{name} {' or '.join(_value(one) for one in values)}" for name, values in when.allowed)
    return ", ".join(parts) or nothing


def _value(value: object) -> str:
    return {True: "on", False: "off"}[value] if isinstance(value, bool) else str(value)
