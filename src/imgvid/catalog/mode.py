"""A mode: id, lane, backend, what it takes, how long one attempt may run, what to expect."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from functools import cache
from pathlib import Path
from typing import Any

_KNOWN = {"id", "lane", "backend", "inputs", "run_for_s", "expires_in_s", "expected_s", "workflow", "text", "prompt"}


class CatalogError(ValueError):
    """A mode file that cannot be used; says which file and what is wrong."""


@dataclass(frozen=True, slots=True, kw_only=True)
class InputRule:
    """One role of pictures that the mode takes."""

    role: str
    required: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Mode:
    """One way to make a picture or a video."""

    id: str
    lane: str
    backend: str
    inputs: tuple[InputRule, ...]
    run_for: timedelta  # deadline of one attempt, boot included
    expires_in: timedelta  # of the whole job, waiting included
    expected: timedelta  # until our own history knows better
    workflow: str | None
    prompt_default: str
    prompt_max: int  # characters

    @property
    def max_inputs(self) -> int:
        return len(self.inputs)


def parse(values: Mapping[str, Any], name: str) -> Mode:
    """A mode from its file's values. Raises CatalogError naming the file and the key."""
    unknown = set(values) - _KNOWN
    if unknown:
        raise CatalogError(f"{name}: unknown key {', '.join(sorted(unknown))}")
    try:
        prompt = values.get("prompt", {})
        return Mode(
            id=values["id"],
            lane=values["lane"],
            backend=values["backend"],
            inputs=tuple(InputRule(role=item["role"], required=item["required"]) for item in values["inputs"]),
            run_for=timedelta(seconds=values["run_for_s"]),
            expires_in=timedelta(seconds=values["expires_in_s"]),
            expected=timedelta(seconds=values["expected_s"]),
            workflow=values.get("workflow"),
            prompt_default=prompt.get("default", ""),
            prompt_max=prompt.get("max_chars", 2000),
        )
    except KeyError as error:
        raise CatalogError(f"{name}: {error.args[0]} is missing") from error


def load_mode(path: Path) -> Mode:
    """Read one file. Raises CatalogError."""
    try:
        values = tomllib.loads(path.read_text())
    except tomllib.TOMLDecodeError as error:
        raise CatalogError(f"{path.name}: {error}") from error
    mode = parse(values, path.name)
    if mode.id != path.stem:
        raise CatalogError(f"{path.name}: id is {mode.id}, the file's name says {path.stem}")
    return mode


@cache
def modes() -> Mapping[str, Mode]:
    """Every mode of the catalogue by id."""
    return {mode.id: mode for mode in (load_mode(path) for path in sorted(Path(__file__).parent.glob("*.toml")))}
