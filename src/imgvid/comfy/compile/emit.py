"""From live graphs to the API graph: every active node of a server class, its widgets' values, then its links.

A node inside a muted or bypassed host of the root graph does not run. Inside nested subgraphs only a node's own mode
counts, as in the editor, where switching a host off switches off what is in it.
"""

from __future__ import annotations

import copy
from collections.abc import Iterator

from imgvid.comfy.compile.broadcasts import SENDERS
from imgvid.comfy.compile.errors import CompileError
from imgvid.comfy.compile.live import LiveGraph, LiveNode, Unset, Value, Widget
from imgvid.comfy.compile.resolve import Place, Promoted, Source, resolve_input
from imgvid.comfy.compile.texts import SAVERS, ByChance, as_browser_text, plain_prefix, plain_prompt
from imgvid.comfy.graph import Graph, Node, id_order, parse_link
from imgvid.comfy.jsontypes import Json
from imgvid.comfy.objectinfo import ObjectInfo

DICE = (
    "its text has a choice {a|b}, of which the browser takes one by chance each time; "
    "the same file would give different pictures."
)


class Emitter:
    """Emits one file. `problems` holds doubts by node id; only those of nodes that an output needs are raised."""

    def __init__(self, root: LiveGraph, graphs: dict[str, LiveGraph], info: ObjectInfo) -> None:
        self._root, self._graphs, self._info = root, graphs, info
        self.problems: dict[str, CompileError] = {}

    def emit(self) -> Graph:
        """The API graph. Raises CompileError."""
        nodes = {place.id: self._node(place) for place in self._places() if self._runs(place)}
        graph = Graph(nodes={key: _without_dead_links(nodes[key], nodes) for key in sorted(nodes, key=id_order)})
        needed = graph.upstream(graph.outputs(self._info.is_output))
        for key in sorted(self.problems, key=id_order):
            if key in needed:
                raise self.problems[key]
        return graph

    def _places(self) -> Iterator[Place]:
        for node in self._root.nodes.values():
            place = Place(node=node, graph=self._root)
            yield place
            if node.active:
                yield from _within(place)

    def _runs(self, place: Place) -> bool:
        node = place.node
        if not node.active or node.virtual or node.inside is not None or node.type in SENDERS:
            return False
        if node.definition is None:
            raise CompileError(
                f"the server has no class {node.type}.",
                remedy="Install its pack on the server and fetch object_info again, or bypass the node in the editor.",
                node=place.id,
                title=node.title,
            )
        return True

    def _node(self, place: Place) -> Node:
        node = place.node
        if node.problem is not None:
            self.problems[place.id] = _at(node.problem, place)
        inputs: dict[str, Value] = {}
        rolled: set[str] = set()
        for widget in node.widgets:
            if widget.sent and widget.name:
                inputs[widget.name] = self._literal(place, widget, rolled)
        for index, slot in enumerate(node.inputs):
            match resolve_input(place, index):
                case Source(place=origin, slot=out):
                    inputs[slot.name] = [origin.id, out]
                case Promoted(value=value):
                    inputs[slot.name] = _wrapped(value, None)
                case None:
                    continue
            rolled.discard(slot.name)
        if rolled:
            self.problems[place.id] = CompileError(
                DICE, remedy="Write out one choice, or escape the braces as \\{.", node=place.id, title=node.title
            )
        sent: dict[str, Json] = {name: value for name, value in inputs.items() if not isinstance(value, Unset)}
        assert node.definition is not None
        return Node(id=place.id, class_type=node.definition.name, inputs=sent, title=node.title)

    def _literal(self, place: Place, widget: Widget, rolled: set[str]) -> Value:
        value = widget.cell.value
        if isinstance(value, str) and widget.dice:
            try:
                return plain_prompt(value)
            except ByChance:
                rolled.add(widget.name)
        if isinstance(value, str) and widget.name == "filename_prefix" and place.node.type in SAVERS:
            return plain_prefix(value, self._value_of)
        return _wrapped(value, widget)

    def _value_of(self, name: str, widget_name: str) -> str | None:
        """The value of a widget of a node, found by its search name, else by its title, in all graphs."""
        everyone = [node for graph in self._graphs.values() for node in graph.nodes.values()]
        found = [node for node in everyone if _search_name(node) == name]
        found = found or [node for node in everyone if node.title == name]
        widget = found[0].widget(widget_name) if found else None
        if widget is None:
            return None
        value = widget.cell.value
        return as_browser_text(None if isinstance(value, Unset) else value)


def _within(host: Place) -> Iterator[Place]:
    inside = host.node.inside
    if inside is None:
        return
    for node in inside.nodes.values():
        place = Place(node=node, graph=inside, parent=host)
        yield place
        yield from _within(place)


def _search_name(node: LiveNode) -> Json:
    if "Node name for S&R" in node.properties:
        return node.properties["Node name for S&R"]
    return node.type if node.definition is not None and node.type not in SAVERS else None


def _wrapped(value: Value, widget: Widget | None) -> Value:
    """A list would be read as a link by the server, so that a literal list travels in an object."""
    if isinstance(value, list):
        wrapped: dict[str, Json] = {"__value__": copy.deepcopy(value)}
        return {"__type__": "CURVE", **wrapped} if widget is not None and widget.kind == "curve" else wrapped
    return copy.deepcopy(value) if isinstance(value, dict) else value


def _without_dead_links(node: Node, nodes: dict[str, Node]) -> Node:
    """Links to nodes that do not run are left out."""
    kept = {
        name: value for name, value in node.inputs.items() if (link := parse_link(value)) is None or link.node in nodes
    }
    return Node(id=node.id, class_type=node.class_type, inputs=kept, title=node.title)


def _at(problem: CompileError, place: Place) -> CompileError:
    return CompileError(problem.reason, remedy=problem.remedy, node=place.id, title=place.node.title)
