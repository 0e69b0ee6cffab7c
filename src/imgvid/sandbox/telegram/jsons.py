"""JSON as the wire brings it: types for it, and readers that refuse what is not there."""

from __future__ import annotations

import json
from typing import TypeAlias, cast

JsonObject: TypeAlias = dict[str, object]


def loads(text: str | bytes) -> object:
    return cast(object, json.loads(text))


def dumps(value: object) -> str:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))


def as_object(value: object) -> JsonObject | None:
    return cast(JsonObject, value) if isinstance(value, dict) else None


def as_list(value: object) -> list[object] | None:
    return cast(list[object], value) if isinstance(value, list) else None


def as_int(value: object) -> int | None:
    """An integer, also one that came as text; None for everything else."""
    if isinstance(value, bool):
        return int(value)
    if isinstance(value, int):
        return value
    try:
        return int(str(value).strip())
    except ValueError:
        return None


def as_float(value: object) -> float | None:
    if isinstance(value, int | float):
        return float(value)
    try:
        return float(str(value).strip())
    except ValueError:
        return None


def as_text(value: object) -> str:
    """Text as Telegram takes it: None is empty, a number is its digits, `true` is "true"."""
    if value is None:
        return ""
    if isinstance(value, str):
        return value
    return dumps(value)


def as_flag(value: object) -> bool:
    """The server's `to_bool`: "true", "yes" and "1" are true, whatever their case."""
    return value is True or as_text(value).strip().casefold() in {"true", "yes", "1"}
