"""Reading a mode's file: every key known, every bound possible, every name that is used there.

What is wrong is found here (and so by `imgvid doctor` and by a test), never by a person who presses a button.
"""

from __future__ import annotations

import tomllib
from collections.abc import Callable, Mapping
from datetime import timedelta
from functools import cache
from itertools import chain
from pathlib import Path
from typing import Any, TypeVar

from imgvid.catalog.fill import Template, names_in, parse_template
from imgvid.catalog.mode import InputRule, Makes, Mode, Model, PromptRule, Refusal
from imgvid.catalog.param import Param, parse_param
from imgvid.catalog.pick import Pick, PickError, When, parse_pick, parse_when
from imgvid.catalog.price import parse_price

T = TypeVar("T")

_KEYS = {
    "id", "makes", "lane", "backend", "inputs", "prompt", "params", "refuses", "run_for_s", "expires_in_s", "expected_s",
    "price", "vram_gb", "seeded", "workflow", "roles", "faces", "models",
}  # fmt: skip
_PROMPT_KEYS = {"required", "max_chars", "default", "suffix", "chooses"}
_INPUT_KEYS = {"role", "required", "crop"}
_MODEL_KEYS = {"id", "when", "body", "negative_in_prompt", "price"}
_LANES = ("image", "video")
# What a template may name beside parameters and inputs: the person's words, as the model gets them, and the seed.
_GIVEN = frozenset({"prompt", "seed"})
_FACE = frozenset({"face_x", "face_y", "face_width", "face_height"})  # of a mode that looks for faces (comfy/faces.py)


class CatalogError(ValueError):
    """A mode file that cannot be used; says which file and what is wrong."""


def parse(values: Mapping[str, Any], name: str) -> Mode:
    """A mode from its file's values. Raises CatalogError naming the file and the key."""
    try:
        return _Reader(values).mode()
    except KeyError as error:
        raise CatalogError(f"{name}: {error.args[0]} is missing") from error
    except (ValueError, TypeError) as error:
        raise CatalogError(f"{name}: {error}") from error


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


def load_modes(folder: Path) -> dict[str, Mode]:
    """Every mode of a folder by id, in the order of the files' names. Raises CatalogError."""
    return {mode.id: mode for mode in (load_mode(path) for path in sorted(folder.glob("*.toml")))}


@cache
def modes() -> Mapping[str, Mode]:
    """Every mode of the catalogue by id."""
    return load_modes(Path(__file__).parent / "modes")


class _Reader:
    """One file's values on their way to a Mode."""

    def __init__(self, values: Mapping[str, Any]) -> None:
        _only(values, _KEYS, "")
        self._values = values
        self._params = tuple(
            _within(f"params.{key}", parse_param, key, raw) for key, raw in values.get("params", {}).items()
        )
        self._inputs = tuple(_input(raw) for raw in values.get("inputs", []))

    def mode(self) -> Mode:
        values = self._values
        if values["lane"] not in _LANES:
            raise ValueError(f"lane is one of {', '.join(_LANES)}")
        mode = Mode(
            id=values["id"],
            makes=Makes(values["makes"]),
            lane=values["lane"],
            backend=values["backend"],
            inputs=self._inputs,
            prompt=self._prompt(values.get("prompt", {})),
            params=self._params,
            refuses=tuple(self._refusal(raw) for raw in values.get("refuses", [])),
            run_for=timedelta(seconds=_positive("run_for_s", values["run_for_s"])),
            expires_in=timedelta(seconds=_positive("expires_in_s", values["expires_in_s"])),
            expected_s=self._pick("expected_s", values["expected_s"], int | float),
            price=_within("price", parse_price, values["price"]) if "price" in values else None,
            vram_gb=self._pick("vram_gb", values["vram_gb"], int) if "vram_gb" in values else None,
            seeded=self._pick("seeded", values.get("seeded", True), bool),
            workflow=self._pick("workflow", values["workflow"], str) if "workflow" in values else None,
            roles=self._template("roles", values["roles"]) if "roles" in values else None,
            faces=str(values["faces"]) if "faces" in values else None,
            models=tuple(self._model(raw) for raw in values.get("models", [])),
        )
        self._check(mode)
        return mode

    def _names(self) -> frozenset[str]:
        return frozenset(chain((one.name for one in self._params), (rule.role for rule in self._inputs)))

    def _check(self, mode: Mode) -> None:
        """What only the whole can show."""
        names = self._names()
        if len(names) != len(self._params) + len(self._inputs) or names & _GIVEN:
            raise ValueError("parameters and inputs have names of their own, and none is prompt or seed")
        for rule in self._inputs:
            if rule.crop is not None and (mode.param(rule.crop) is None or not mode.param(rule.crop).values):  # type: ignore[union-attr]
                raise ValueError(f"input {rule.role}: crop names {rule.crop}, which is no parameter with values")
        for one in self._params:
            _known(f"params.{one.name}.only_when", one.only_when.names, names)
        if bool(mode.models) == (mode.workflow is not None):
            raise ValueError("a mode has either models or a workflow")
        if mode.faces is not None and (mode.workflow is None or mode.input("image") is None):
            raise ValueError("faces are looked for in an input called image, for a workflow")
        for value in (*mode.expected_s.values, *(mode.vram_gb.values if mode.vram_gb else ())):
            _positive("expected_s and vram_gb", value)

    def _prompt(self, raw: Mapping[str, Any]) -> PromptRule:
        _only(raw, _PROMPT_KEYS, "prompt.")
        return PromptRule(
            required=raw.get("required", False),
            max_chars=int(_positive("prompt.max_chars", raw.get("max_chars", 2000))),
            default=raw.get("default", ""),
            suffix=self._pick("prompt.suffix", raw["suffix"], str) if "suffix" in raw else None,
            chooses=raw.get("chooses", False) is True,
        )

    def _refusal(self, raw: Mapping[str, Any]) -> Refusal:
        _only(raw, {"when", "why"}, "refuses.")
        return Refusal(when=self._when("refuses.when", raw["when"]), why=raw["why"])

    def _model(self, raw: Mapping[str, Any]) -> Model:
        _only(raw, _MODEL_KEYS, "models.")
        name = f"models {raw['id']}"
        return Model(
            id=raw["id"],
            when=self._when(f"{name}: when", raw.get("when", {})),
            body=self._template(f"{name}: body", raw["body"]),
            negative_in_prompt=raw.get("negative_in_prompt", False),
            price=_within(f"{name}: price", parse_price, raw["price"]) if "price" in raw else None,
        )

    def _when(self, where: str, raw: object) -> When:
        when = _within(where, parse_when, raw)
        _known(where, when.names, self._names())
        self._reachable(where, when)
        return when

    def _pick(self, where: str, raw: object, kind: Any) -> Pick:
        pick = _within(where, parse_pick, raw)
        _known(where, pick.names, self._names())
        for value in pick.values:
            if not isinstance(value, kind) or (isinstance(value, bool) and kind is not bool):
                raise PickError(f"{where}: {value!r} is of the wrong kind")
        for when, _ in pick.cases:
            self._reachable(where, when)
        return pick

    def _template(self, where: str, raw: object) -> Template:
        template = _within(where, parse_template, raw)
        _known(where, names_in(template), self._names() | _GIVEN | (_FACE if "faces" in self._values else frozenset()))
        return template

    def _reachable(self, where: str, when: When) -> None:
        """A condition on a value that nobody can choose is a slip of the pen."""
        for name, values in when.allowed:
            param = next((one for one in self._params if one.name == name), None)
            allowed = (True, False) if param is None or param.is_flag else param.values
            if param is not None and param.text_max:
                raise PickError(f"{where}: {name} is a text, nothing can depend on it")
            for value in values:
                if value not in allowed or isinstance(value, bool) != isinstance(allowed[0], bool):
                    raise PickError(f"{where}: {name} is never {value!r}")


def _input(raw: Mapping[str, Any]) -> InputRule:
    _only(raw, _INPUT_KEYS, "inputs.")
    return InputRule(role=raw["role"], required=raw["required"], crop=raw.get("crop"))


def _within(where: str, read: Callable[..., T], *raw: object) -> T:
    try:
        return read(*raw)
    except ValueError as error:
        raise PickError(f"{where}: {error}") from error


def _only(raw: Mapping[str, Any], known: set[str], prefix: str) -> None:
    unknown = set(raw) - known
    if unknown:
        raise ValueError(f"unknown key {', '.join(prefix + key for key in sorted(unknown))}")


def _known(where: str, used: frozenset[str], known: frozenset[str]) -> None:
    if used - known:
        raise PickError(f"{where}: there is no {', '.join(sorted(used - known))}")


def _positive(where: str, value: object) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float) or value <= 0:
        raise ValueError(f"{where} must be a number above 0")
    return value


__all__ = ["CatalogError", "Param", "load_mode", "load_modes", "modes", "parse"]
