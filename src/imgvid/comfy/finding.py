"""One thing that does not fit, for a person: how bad, where, what. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from imgvid.comfy.graph import Node


class Level(StrEnum):
    ERROR = "error"
    WARNING = "warning"


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """One thing that does not fit. `node` is empty where it concerns the whole graph or the binding."""

    level: Level
    text: str
    node: str = ""
    title: str = ""

    def __str__(self) -> str:
        where = f'Node {self.node} "{self.title}": ' if self.node else ""
        return f"{self.level}: {where}{self.text}"


def error(node: Node, text: str) -> Finding:
    return Finding(level=Level.ERROR, text=text, node=node.id, title=node.title)


def warning(node: Node, text: str) -> Finding:
    return Finding(level=Level.WARNING, text=text, node=node.id, title=node.title)
