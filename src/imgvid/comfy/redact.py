"""Foreign texts made fit for a log: one line, no paths, nothing that a person wrote.

A node's exception may quote what it was given. Whatever follows the words of a prompt for three words in a row is
dropped whole rather than cut, for what stands around it may be the rest.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping

from imgvid.comfy.jsontypes import Json

_MOST = 200
_PATH = re.compile(r"(?:[A-Za-z]:)?(?:[\\/][\w.@%+~-]+){2,}[\\/]?|~[\\/][\w./\\-]+")
_TRACE = re.compile(r"tensor\(.*", re.DOTALL)
_WORDS = re.compile(r"\w+")
_RUN = 3  # so many words in a row are no chance


def redact(text: str, private: Iterable[str] = ()) -> str:
    """The first line of a foreign text, at most 200 characters, folders cut off paths, without any of `private`."""
    line = next((part.strip() for part in text.splitlines() if part.strip()), "")
    if any(_quotes(line, secret) for secret in private):
        return "(its text quotes the input)"
    line = _TRACE.sub("tensor", line)
    line = _PATH.sub(_last_part, line)
    return line if len(line) <= _MOST else line[: _MOST - 1] + "…"


def private_texts(graph: Mapping[str, Json]) -> list[str]:
    """Every literal text of an API graph that a person may have written: all that are longer than one word."""
    found: list[str] = []
    for node in graph.values():
        inputs = node.get("inputs") if isinstance(node, dict) else None
        if isinstance(inputs, dict):
            found += [value for value in inputs.values() if isinstance(value, str) and " " in value.strip()]
    return found


def _last_part(found: re.Match[str]) -> str:
    return "…/" + re.split(r"[\\/]", found[0].rstrip("/"))[-1]


def _quotes(line: str, secret: str) -> bool:
    said, kept = (_WORDS.findall(text.casefold()) for text in (line, secret))
    size = min(_RUN, len(kept))
    if size == 0:
        return False
    runs = {tuple(kept[at : at + size]) for at in range(len(kept) - size + 1)}
    return any(tuple(said[at : at + size]) in runs for at in range(len(said) - size + 1))
