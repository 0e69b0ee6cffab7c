"""Named statements: `sql/queries/*.sql`, read once, asked for by name."""

from __future__ import annotations

import re
from functools import cache
from pathlib import Path

_NAME = re.compile(r"^-- name: (\w+)$", re.MULTILINE)


def sql_folder() -> Path:
    """Where `sql/` lies: inside the installed package, or at the top of a checkout."""
    installed = Path(__file__).parents[1] / "_sql"
    return installed if installed.is_dir() else Path(__file__).parents[3] / "sql"


def parse(text: str) -> dict[str, str]:
    """`{name: statement}` of one file. A name that appears twice is refused."""
    parts = _NAME.split(text)[1:]
    found: dict[str, str] = {}
    for name, body in zip(parts[::2], parts[1::2], strict=True):
        if name in found:
            raise ValueError(f"statement {name} is defined twice")
        found[name] = body.strip().rstrip(";")
    return found


@cache
def statements() -> dict[str, str]:
    """Every named statement. Names are unique across files."""
    found: dict[str, str] = {}
    for path in sorted((sql_folder() / "queries").glob("*.sql")):
        for name, body in parse(path.read_text()).items():
            if name in found:
                raise ValueError(f"statement {name} is defined twice (again in {path.name})")
            found[name] = body
    return found


def named(name: str) -> str:
    """The statement called `name`. Raises KeyError for a name that no file has."""
    return statements()[name]
