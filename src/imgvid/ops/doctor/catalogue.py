"""Is the catalogue whole? Every mode has its words in every language, and every choice of it leads somewhere. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from imgvid.catalog.choices import VRAM, combinations, context
from imgvid.catalog.mode import Mode
from imgvid.catalog.param import Param, measure
from imgvid.ops.doctor.finding import Finding, all_bad
from imgvid.texts import keys


def check(modes: Mapping[str, Mode]) -> list[Finding]:
    """Missing texts, and choices that no model or workflow serves."""
    return [
        finding
        for mode in modes.values()
        for finding in all_bad(
            f"mode {mode.id}", [*missing_texts(mode), *_unserved(mode)], else_fine="its choices and texts are whole"
        )
    ]


def missing_texts(mode: Mode) -> list[str]:
    """A sentence for every text that the chat would need and no language has."""
    wanted = {f"mode-{mode.id}", f"about-{mode.id}", *(refusal.why for refusal in mode.refuses)}
    wanted |= {VRAM} if mode.vram_gb is not None else set()
    for param in mode.params:
        wanted |= {f"param-{param.name}", *(f"choice-{param.name}-{value}" for value in words_of(param))}
    spelled = {key.replace("_", "-") for key in wanted}
    return [f"there is no text {key} in texts/*.ftl" for key in sorted(spelled - keys())]


def words_of(param: Param) -> list[str]:
    """Values that are words and so need a text: numbers and ratios speak for themselves."""
    return [value for value in param.values if isinstance(value, str) and measure(value) is None]


def _unserved(mode: Mode) -> Iterator[str]:
    required = {rule.role for rule in mode.inputs if rule.required}
    for roles in (required, {rule.role for rule in mode.inputs}):
        for choices in combinations(mode, roles=roles):
            asked = context(mode, choices, roles)
            served = mode.models_for(asked) if mode.workflow is None else mode.workflow.of(asked)
            if not served:
                yield f"nobody makes {dict(choices)}; give a model or a workflow for it in its file"
