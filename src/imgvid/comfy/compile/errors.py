"""Why a workflow file is refused. The compiler never guesses: what it does not know it names."""

from __future__ import annotations


class CompileError(ValueError):
    """The file cannot be compiled faithfully. The text says which node, why, and what a person can do about it."""

    def __init__(self, reason: str, *, remedy: str, node: str = "", title: str = "") -> None:
        self.node, self.title, self.reason, self.remedy = node, title, reason, remedy
        where = f'Node {node} "{title}": ' if node else ""
        super().__init__(f"{where}{reason} {remedy}")
