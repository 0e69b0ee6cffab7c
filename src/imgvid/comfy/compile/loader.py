"""From the saved file to live graphs: nodes of server classes here, subgraph hosts in hosts.py.

A saved node lists only some of its inputs. The class says which inputs there are, the file which of them are linked; what
the class does not know (an input of an older version, a slot added by a pack) is kept at the end, as the editor keeps it.
"""

from __future__ import annotations

from imgvid.comfy.compile import hosts, promotions
from imgvid.comfy.compile.additions import with_additions
from imgvid.comfy.compile.live import LiveGraph, LiveLink, LiveNode, Outlet, Rail, Slot
from imgvid.comfy.compile.reader import SavedFile, SavedGraph, SavedNode, SavedSlot, leaf_first
from imgvid.comfy.compile.sockets import build, grow
from imgvid.comfy.compile.values import apply_values, settle
from imgvid.comfy.objectinfo import NodeDef, ObjectInfo

# Nodes that exist in the browser only. Most pass their input on; those without links just disappear.
VIRTUAL = frozenset(
    {
        "Note",
        "MarkdownNote",
        "PrimitiveNode",
        "Reroute",
        "SetNode",
        "GetNode",
        "Bookmark (rgthree)",
        "Fast Actions Button (rgthree)",
        "Fast Bypasser (rgthree)",
        "Fast Groups Bypasser (rgthree)",
        "Fast Groups Muter (rgthree)",
        "Fast Muter (rgthree)",
        "Label (rgthree)",
        "Mute / Bypass Relay (rgthree)",
        "Mute / Bypass Repeater (rgthree)",
        "Node Collector (rgthree)",
        "Node Combiner (rgthree)",
        "Random Unmuter (rgthree)",
    }
)


class Loader:
    """Builds the live graphs of one file. The graphs by key; the root graph's key is empty."""

    def __init__(self, info: ObjectInfo) -> None:
        self._info = info
        self._definitions: dict[str, NodeDef | None] = {}
        self.graphs: dict[str, LiveGraph] = {}

    def load(self, saved: SavedFile) -> LiveGraph:
        """The root graph, with every subgraph definition in `graphs`. Raises CompileError."""
        for key, definition in saved.definitions.items():
            self.graphs[key] = _empty(definition)
        for key in leaf_first(saved.definitions):
            self._fill(self.graphs[key], saved.definitions[key])
        root = self.graphs[""] = _empty(saved.root)
        self._fill(root, saved.root)
        for graph in self.graphs.values():
            for node in graph.nodes.values():
                settle(node)
        return root

    def _fill(self, graph: LiveGraph, saved: SavedGraph) -> None:
        for link in saved.links:
            graph.links[link.id] = LiveLink(
                id=link.id,
                origin=link.origin,
                origin_slot=link.origin_slot,
                target=link.target,
                target_slot=link.target_slot,
                type=link.type,
            )
        graph.last_link = max((int(key) for key in graph.links if key.isdecimal()), default=0)
        for node in saved.nodes:
            graph.nodes[node.id] = self._node(node)
        for node in saved.nodes:
            inside = graph.nodes[node.id].inside
            if inside is not None:
                inside.hosts.append(graph.nodes[node.id])
        promotions.migrate_all(graph)

    def _node(self, saved: SavedNode) -> LiveNode:
        node = LiveNode(
            id=saved.id,
            type=saved.type,
            title=saved.title,
            mode=saved.mode,
            properties=saved.properties,
            saved_values=saved.values,
        )
        if saved.type in self.graphs:
            node.inside = self.graphs[saved.type]
            node.title = saved.title or node.inside.name
            hosts.configure(node, saved)
        elif saved.type in VIRTUAL:
            node.virtual, node.title = True, saved.title or saved.type
            _take_saved_slots(node, saved)
        elif (definition := self._definition(saved.type)) is not None:
            node.title = saved.title or definition.title
            build(node, definition)
            _merge_inputs(node, saved)
            _merge_outputs(node, saved)
            apply_values(node)
        else:
            node.title = saved.title or saved.type
            _take_saved_slots(node, saved)
        return node

    def _definition(self, name: str) -> NodeDef | None:
        if name not in self._definitions:
            found = self._info.get(name)
            self._definitions[name] = with_additions(found) if found is not None else None
        return self._definitions[name]


def _empty(saved: SavedGraph) -> LiveGraph:
    return LiveGraph(
        key=saved.key,
        name=saved.name,
        inputs=[Rail(name=rail.name, type=rail.type, links=list(rail.links)) for rail in saved.inputs],
        outputs=[Rail(name=rail.name, type=rail.type, links=list(rail.links)) for rail in saved.outputs],
        extra=saved.extra,
    )


def _take_saved_slots(node: LiveNode, saved: SavedNode) -> None:
    node.inputs = [_slot(slot) for slot in saved.inputs]
    node.outputs = [Outlet(name=slot.name, type=slot.type, links=list(slot.links)) for slot in saved.outputs]


def _slot(saved: SavedSlot) -> Slot:
    return Slot(name=saved.name, type=saved.type, link=saved.links[0] if saved.links else None, widget=saved.widget)


def _merge_inputs(node: LiveNode, saved: SavedNode) -> None:
    by_name = {slot.name: slot for slot in saved.inputs}
    known = {slot.name for slot in node.inputs}
    for slot in node.inputs:
        data = by_name.get(slot.name)
        if data is not None:
            slot.link = data.links[0] if data.links else None
            slot.widget = slot.widget or data.widget
    node.inputs.extend(_slot(slot) for slot in saved.inputs if slot.name not in known)
    index = 0
    while index < len(node.inputs):  # a linked member of a growing list adds the next one
        if node.inputs[index].link is not None:
            grow(node, index)
        index += 1


def _merge_outputs(node: LiveNode, saved: SavedNode) -> None:
    for index, slot in enumerate(saved.outputs):
        if index < len(node.outputs):
            node.outputs[index].links = list(slot.links)
        else:
            node.outputs.append(Outlet(name=slot.name, type=slot.type, links=list(slot.links)))
