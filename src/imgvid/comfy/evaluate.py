"""What a graph says before it runs: values of constants, sums and switches, and the nodes that will really run.

Only classes that are known here are evaluated; anything else is *unknown* (None), never guessed. Lazy switches run one of
their two branches, so that "in the graph" and "runs" differ: the operator's file holds two model pairs and runs one.
"""

from __future__ import annotations

import ast
import operator
from collections.abc import Callable, Iterable, Mapping

from imgvid.comfy.graph import Graph, Link, Node, parse_link
from imgvid.comfy.jsontypes import Json

Known = bool | int | float | str | None

# Classes that hand one input on as it is: class -> input names, the first that is there counts.
HOLDERS = ("value", "size", "int", "float", "boolean", "string", "text")
HOLDER_CLASSES = frozenset(
    {
        "BOOLConstant",
        "FloatConstant",
        "INTConstant",
        "PrimitiveBoolean",
        "PrimitiveFloat",
        "PrimitiveInt",
        "PrimitiveString",
        "PrimitiveStringMultiline",
        "StringConstant",
        "StringConstantMultiline",
        "Width/Height Literal (Image Saver)",
        "SimpleMathInt+",
        "SimpleMathFloat+",
    }
)
SWITCHES = frozenset({"LazySwitchKJ", "ComfySwitchNode", "Switch any [Crystools]"})
SUMS = {"SimpleMath+": "value", "ComfyMathExpression": "expression"}

_OPERATORS: dict[type[ast.AST], Callable[[float, float], float]] = {
    ast.Add: operator.add,
    ast.Sub: operator.sub,
    ast.Mult: operator.mul,
    ast.Div: operator.truediv,
    ast.FloorDiv: operator.floordiv,
    ast.Mod: operator.mod,
}
_DEPTH = 200  # links from a value to its source; a longer chain counts as unknown


class Flow:
    """Static knowledge about one graph."""

    def __init__(self, graph: Graph) -> None:
        self._graph = graph

    def input(self, node: Node, name: str, depth: int = 0) -> Known:
        """The value that an input will have, None if it is not known before the run."""
        return self._value(node.inputs.get(name), depth)

    def number(self, node: Node, name: str) -> float | None:
        """The same for numbers; a whole number comes as int."""
        value = self.input(node, name)
        if isinstance(value, bool) or not isinstance(value, int | float):
            return None
        return int(value) if isinstance(value, float) and value.is_integer() else value

    def holder(self, node: Node, name: str) -> tuple[Node, str] | None:
        """Where a person would change this input: the node and input with the literal behind it."""
        value = node.inputs.get(name)
        for _ in range(_DEPTH):
            link = parse_link(value)
            if link is None:
                return (node, name) if value is not None and not isinstance(value, dict) else None
            origin = self._graph.nodes.get(link.node)
            if origin is None or origin.class_type not in HOLDER_CLASSES:
                return None
            node, name = origin, _held(origin)
            value = node.inputs.get(name)
        return None

    def branch(self, node: Node) -> Link | None:
        """The branch that a switch takes, None where it is no switch or not known."""
        if node.class_type not in SWITCHES:
            return None
        switch = self.input(node, "switch")
        if not isinstance(switch, bool):
            return None
        return node.link("on_true" if switch else "on_false")

    def runs(self, roots: Iterable[str]) -> set[str]:
        """The nodes that will run for these outputs: untaken branches of switches left out."""
        todo, seen = list(roots), set[str]()
        while todo:
            key = todo.pop()
            node = self._graph.nodes.get(key)
            if key in seen or node is None:
                continue
            seen.add(key)
            taken = self.branch(node)
            for name, link in node.links():
                if taken is None or name == "switch" or link == taken:
                    todo.append(link.node)
        return seen

    def through(self, link: Link | None) -> Link | None:
        """A link followed through switches to what really makes the value."""
        for _ in range(_DEPTH):
            node = self._graph.nodes.get(link.node) if link is not None else None
            taken = self.branch(node) if node is not None else None
            if taken is None:
                return link
            link = taken
        return link

    def _value(self, value: Json, depth: int) -> Known:
        link = parse_link(value)
        if link is None:
            return None if isinstance(value, list | dict) else value
        node = self._graph.nodes.get(link.node)
        if node is None or depth > _DEPTH:
            return None
        if node.class_type in SUMS:
            return self._sum(node, link.slot, depth)
        name: str | None = None
        if node.class_type in HOLDER_CLASSES:
            name = _held(node)
        elif node.class_type in SWITCHES:
            switch = self.input(node, "switch", depth + 1)
            name = {True: "on_true", False: "on_false"}.get(switch) if isinstance(switch, bool) else None
        return None if name is None else self._value(node.inputs.get(name), depth + 1)

    def _sum(self, node: Node, slot: int, depth: int) -> Known:
        text = self.input(node, SUMS[node.class_type], depth + 1)
        names = {name.rpartition(".")[2]: self._value(value, depth + 1) for name, value in node.inputs.items()}
        result = calculate(text, names) if isinstance(text, str) else None
        if result is None:
            return None
        whole = slot == (0 if node.class_type == "SimpleMath+" else 1)
        return round(result) if whole else result


def calculate(text: str, names: Mapping[str, Known]) -> float | None:
    """A sum such as `a * 2 + 1`; None for anything but numbers, names and the basic operators."""
    try:
        return _evaluate(ast.parse(text.strip(), mode="eval").body, names)
    except (SyntaxError, ZeroDivisionError, TypeError, ValueError, OverflowError, RecursionError):
        return None


def _evaluate(node: ast.AST, names: Mapping[str, Known]) -> float:
    match node:
        case ast.Constant(value=bool()):
            raise TypeError(node.value)
        case ast.Constant(value=int() | float() as number):
            return number
        case ast.Name(id=name):
            value = names.get(name)
            if isinstance(value, bool) or not isinstance(value, int | float):
                raise TypeError(name)
            return value
        case ast.UnaryOp(op=ast.USub(), operand=inner):
            return -_evaluate(inner, names)
        case ast.BinOp(left=left, op=op, right=right) if type(op) in _OPERATORS:
            return _OPERATORS[type(op)](_evaluate(left, names), _evaluate(right, names))
        case ast.Call(func=ast.Name(id="int" | "floor" | "round" as name), args=[inner], keywords=[]):
            value = _evaluate(inner, names)
            return round(value) if name == "round" else int(value // 1) if name == "floor" else int(value)
    raise ValueError


def _held(node: Node) -> str:
    return next((name for name in HOLDERS if name in node.inputs), "value")
