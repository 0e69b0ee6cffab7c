"""Where the value of an input really comes from: through subgraphs, reroutes, Get and Set, bypassed and muted nodes.

active node of a server class   the link ends here
muted                           no value
bypassed                        goes on at the input that fits the output: the same place if both types fit, else the
                                first of exactly the wanted type, else the first that fits both
subgraph host                   goes on inside, at what feeds that output
virtual (Reroute, ...)          goes on at the input of the same place
a subgraph's input              goes on outside, at the host's link; without one the host's promoted value counts
"""

from __future__ import annotations

from dataclasses import dataclass

from imgvid.comfy.compile.errors import CompileError
from imgvid.comfy.compile.live import (
    BYPASSED,
    INSIDE_INPUT,
    MUTED,
    LiveGraph,
    LiveLink,
    LiveNode,
    Value,
    is_compatible,
)
from imgvid.comfy.compile.reader import RESAVE


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """A node where it runs: in a graph, inside the hosts that lead to it."""

    node: LiveNode
    graph: LiveGraph
    parent: Place | None = None

    @property
    def id(self) -> str:
        """The id in the API graph, `92:81` for node 81 inside host 92."""
        return f"{self.parent.id}:{self.node.id}" if self.parent is not None else self.node.id

    def beside(self, node: LiveNode) -> Place:
        """Another node of the same graph."""
        return Place(node=node, graph=self.graph, parent=self.parent)


@dataclass(frozen=True, slots=True, kw_only=True)
class Source:
    """The end of a link: an output of a node that runs."""

    place: Place
    slot: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Promoted:
    """The end of a link that leads to a subgraph's own value."""

    value: Value


Origin = Source | Promoted | None
_Seen = set[tuple[str, str, int]]


def resolve_input(place: Place, index: int, seen: _Seen | None = None, wanted: str | None = None) -> Origin:
    """What feeds input `index` of a node. Raises CompileError for a circle or a link into nothing."""
    seen = _visit(place, "in", index, seen)
    if index >= len(place.node.inputs):
        raise _broken(place, f"something asks for its input {index}, which it does not have")
    slot = place.node.inputs[index]
    if slot.link is None:
        return None
    link = place.graph.links.get(slot.link)
    if link is None:
        raise _broken(place, f"its input {slot.name} names link {slot.link}, which is not in the file")
    if link.origin == INSIDE_INPUT and place.parent is not None:
        return _outside(place, place.parent, link, seen)
    origin = place.graph.nodes.get(link.origin)
    if origin is None:
        raise _broken(place, f"its input {slot.name} comes from node {link.origin}, which is not in the file")
    return _resolve_output(place.beside(origin), link.origin_slot, wanted or slot.type, seen)


def _outside(place: Place, host: Place, link: LiveLink, seen: _Seen) -> Origin:
    if link.origin_slot >= len(host.node.inputs):
        raise _broken(place, f"it uses input {link.origin_slot} of its subgraph, which has no such input")
    slot = host.node.inputs[link.origin_slot]
    if slot.link is None:
        return Promoted(value=slot.promoted.cell.value) if slot.promoted is not None else None
    return resolve_input(host, link.origin_slot, seen)


def _resolve_output(place: Place, index: int, wanted: str, seen: _Seen) -> Origin:
    seen = _visit(place, "out", index, seen)
    node = place.node
    if node.mode == MUTED:
        return None
    if node.mode == BYPASSED:
        return _through(place, index, wanted, seen)
    if node.inside is not None:
        return _inside(place, node.inside, index, wanted, seen)
    if node.virtual:
        return _virtual(place, index, wanted, seen)
    return Source(place=place, slot=index)


def _through(place: Place, index: int, wanted: str, seen: _Seen) -> Origin:
    inputs = place.node.inputs
    if index >= len(place.node.outputs):
        raise _broken(place, f"a link leaves its output {index}, which it does not have")
    given = place.node.outputs[index].type
    if wanted in ("*", ""):
        chosen = index if index < len(inputs) else 0
    elif index < len(inputs) and is_compatible(inputs[index].type, given) and is_compatible(inputs[index].type, wanted):
        chosen = index
    else:
        exact = [i for i, slot in enumerate(inputs) if slot.type == wanted]
        fitting = [
            i for i, slot in enumerate(inputs) if is_compatible(slot.type, given) and is_compatible(slot.type, wanted)
        ]
        if not exact and not fitting:
            return None
        chosen = (exact or fitting)[0]
    return resolve_input(place, chosen, seen)


def _inside(place: Place, inside: LiveGraph, index: int, wanted: str, seen: _Seen) -> Origin:
    if index >= len(inside.outputs):
        raise _broken(place, f"a link leaves its output {index}, which its subgraph does not have")
    links = [inside.links[key] for key in inside.outputs[index].links if key in inside.links]
    if not links:
        return None
    origin = inside.nodes.get(links[0].origin)
    if origin is None:
        raise _broken(place, f'its output "{inside.outputs[index].name}" is not made by a node inside')
    return _resolve_output(Place(node=origin, graph=inside, parent=place), links[0].origin_slot, wanted, seen)


def _virtual(place: Place, index: int, wanted: str, seen: _Seen) -> Origin:
    if place.node.type == "GetNode":
        setter = _setter(place)
        if setter is None:
            raise _broken(place, "there is no Set node of its name")
        return resolve_input(setter, index, seen, wanted)
    if index >= len(place.node.inputs) or place.node.inputs[index].link is None:
        return None
    return resolve_input(place, index, seen, wanted)


def _setter(place: Place) -> Place | None:
    """The Set node of a Get node's name: in its own graph, else in the graphs around it."""
    name = _first_value(place.node)
    here: Place | None = place
    while here is not None:
        found = [node for node in here.graph.nodes.values() if node.type == "SetNode" and _first_value(node) == name]
        if len(found) > 1:
            raise _broken(place, f'several Set nodes are called "{name}"')
        if found:
            return here.beside(found[0])
        here = here.parent
    return None


def _first_value(node: LiveNode) -> object:
    saved = node.saved_values
    if isinstance(saved, dict):
        return next(iter(saved.values()), None)
    return saved[0] if isinstance(saved, list) and saved else None


def _visit(place: Place, side: str, index: int, seen: _Seen | None) -> _Seen:
    seen = set() if seen is None else seen
    step = (place.id, side, index)
    if step in seen:
        raise CompileError(
            "its links run in a circle.", remedy="Cut the circle in the editor.", node=place.id, title=place.node.title
        )
    seen.add(step)
    return seen


def _broken(place: Place, reason: str) -> CompileError:
    return CompileError(f"{reason}.", remedy=RESAVE, node=place.id, title=place.node.title)
