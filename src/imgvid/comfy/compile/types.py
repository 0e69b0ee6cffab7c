"""Sockets that take the type of what they are connected to (match types, reroutes).

Only one thing depends on it: which of its inputs a bypassed node passes on. The editor narrows whenever a link changes;
here it is repeated over all graphs until nothing changes.
"""

from __future__ import annotations

from collections.abc import Iterable

from imgvid.comfy.compile.live import INSIDE_INPUT, LiveGraph, LiveNode, Slot

_ROUNDS = 32  # a chain of match-type nodes longer than this keeps wildcards at its end


def narrow(graphs: Iterable[LiveGraph]) -> None:
    """Give every match-type and reroute socket the type that its links allow."""
    todo = list(graphs)
    for _ in range(_ROUNDS):
        changed = [_narrow_graph(graph) for graph in todo]  # every graph has its turn, also after the first change
        if not any(changed):
            return


def common_type(types: Iterable[str]) -> str | None:
    """What several types share, wildcards left out: `*` where nothing else is given, None where nothing is shared."""
    lists = [kind.split(",") for kind in types if kind != "*"]
    if not lists:
        return "*"
    shared = [kind for kind in dict.fromkeys(lists[0]) if all(kind in other for other in lists)]
    return ",".join(shared) or None


def _narrow_graph(graph: LiveGraph) -> bool:
    changed = False
    for node in graph.nodes.values():
        if node.type == "Reroute" and node.inputs and node.outputs:
            kind = _incoming(graph, node.inputs[0])
            changed |= node.outputs[0].type != kind
            node.outputs[0].type = kind
        for group, members in node.matches.items():
            changed |= _narrow_group(graph, node, group, members)
    return changed


def _narrow_group(graph: LiveGraph, node: LiveNode, group: str, members: dict[str, str]) -> bool:
    slots = [slot for slot in node.inputs if slot.name in members]
    incoming = [_incoming(graph, slot) for slot in slots]
    changed = False
    for index, slot in enumerate(slots):
        others = incoming[:index] + incoming[index + 1 :]
        kind = common_type([*others, members[slot.name]])
        if kind is not None and slot.type != kind:
            slot.type, changed = kind, True
    result = common_type(incoming)
    for out in node.outputs:
        if out.match == group and result is not None and out.type != result:
            out.type, changed = result, True
    return changed


def _incoming(graph: LiveGraph, slot: Slot) -> str:
    link = graph.links.get(slot.link) if slot.link is not None else None
    if link is None:
        return "*"
    if link.origin == INSIDE_INPUT:
        return graph.inputs[link.origin_slot].type if link.origin_slot < len(graph.inputs) else "*"
    origin = graph.nodes.get(link.origin)
    if origin is None or link.origin_slot >= len(origin.outputs):
        return "*"
    return origin.outputs[link.origin_slot].type
