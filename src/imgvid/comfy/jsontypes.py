"""JSON as this package sees it: one recursive type, and readers that never raise on a shape they did not expect.

Workflow files come from many editors and many years. Whoever reads them asks for a shape and gets an empty value of
that shape where the file has something else; what must not be absent is checked by the caller, with a sentence.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TypeAlias, Union

Json: TypeAlias = Union[bool, int, float, str, "list[Json]", "dict[str, Json]", None]


def as_dict(value: object) -> dict[str, Json]:
    """The value if it is an object, else an empty one."""
    return value if isinstance(value, dict) else {}


def as_list(value: object) -> list[Json]:
    """The value if it is a list, else an empty one."""
    return value if isinstance(value, list) else []


def as_text(value: object, default: str = "") -> str:
    """The value if it is text, else the default."""
    return value if isinstance(value, str) else default


def as_int(value: object, default: int = 0) -> int:
    """The value if it is a whole number (no boolean), else the default."""
    return value if isinstance(value, int) and not isinstance(value, bool) else default


def identity(value: object) -> str:
    """A node id as text: editors write `5`, `"5"` and `5.0` for the same node."""
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    return str(value)


def lookup(data: Mapping[str, Json], *path: str) -> Json:
    """The value under nested keys, None where any of them is missing."""
    value: Json = dict(data)
    for key in path:
        if not isinstance(value, dict):
            return None
        value = value.get(key)
    return value
