"""Older files list promoted widgets in `properties.proxyWidgets`; the present editor turns them into inputs of the subgraph.

Each entry is `[inner node id, widget name]` and owns the value at its place in the host's list. An entry whose widget is
an input already just sets it; another becomes a new input (named like the widget, numbered if taken), also on every other
host of the same subgraph; an entry that leads nowhere is dropped, as the editor drops it.
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass

from imgvid.comfy.compile import hosts
from imgvid.comfy.compile.errors import CompileError
from imgvid.comfy.compile.live import INSIDE_INPUT, LiveGraph, LiveNode, Rail, Slot, Widget
from imgvid.comfy.jsontypes import Json, as_list

_PREFIX = re.compile(r"^\s*(\d+)\s*:\s*(.+)$")


@dataclass(slots=True, kw_only=True)
class _Entry:
    node: str
    name: str
    hint: str | None
    value: Json  # None: the host has no value for it

    def key(self) -> tuple[str, str, str | None]:
        return self.node, self.name, self.hint


def migrate_all(graph: LiveGraph) -> None:
    """Bring the hosts of one graph to the present form, in their order."""
    for node in graph.nodes.values():
        if node.inside is not None:
            _migrate(node, node.inside)
            hosts.settle(node)


def _migrate(host: LiveNode, inside: LiveGraph) -> None:
    entries = _entries(host, inside)
    primitives: dict[str, list[_Entry]] = {}
    for entry in entries:
        slot = _shown(host, inside, entry)
        if slot is not None:
            _set(slot, entry.value)
            continue
        node = inside.nodes.get(entry.node)
        if node is None:
            _set_by_name(host, entry)
        elif node.type == "PrimitiveNode":
            primitives.setdefault(node.id, []).append(entry)
        else:
            widget = _widget(node, entry)
            if widget is not None and not entry.name.startswith("$$"):
                _add_input(host, inside, node, widget, entry)
    for key, cohort in primitives.items():
        _replace_primitive(host, inside, inside.nodes[key], cohort)


def _entries(host: LiveNode, inside: LiveGraph) -> list[_Entry]:
    raw = host.properties.get("proxyWidgets")
    if isinstance(raw, str):
        try:
            raw = json.loads(raw)
        except ValueError:
            return []
    pairs = as_list(raw)
    values = as_list(host.saved_values)
    found: list[_Entry] = []
    for index, pair in enumerate(pairs):
        parts = [part for part in as_list(pair) if isinstance(part, str)]
        if len(parts) not in (2, 3) or len(parts) != len(as_list(pair)):
            return []  # one malformed entry voids the list
        hint = parts[2] if len(parts) == 3 else None
        value = values[index] if index < len(values) else None
        found.append(_normal(inside, _Entry(node=parts[0], name=parts[1], hint=hint, value=value)))
    return found


def _normal(inside: LiveGraph, entry: _Entry) -> _Entry:
    """Older names carry the path in front, `12: 7: seed`; they count only where the plain name leads nowhere."""
    if _leads(inside, entry.node, entry.name):
        return entry
    name, deepest = entry.name, None
    while (match := _PREFIX.match(name)) is not None:
        deepest, name = match.group(1), match.group(2)
    return _Entry(node=entry.node, name=name, hint=deepest or entry.hint, value=entry.value)


def _leads(inside: LiveGraph, key: str, name: str) -> bool:
    """Whether node and name lead to a concrete widget, through nested subgraphs if need be."""
    node = inside.nodes.get(key)
    for _ in range(100):
        if node is None:
            return False
        if node.inside is None:
            return node.widget(name) is not None
        rail = next((rail for rail in node.inside.inputs if rail.name == name), None)
        found = hosts.source(node, rail) if rail is not None else None
        if found is None:
            return False
        node, name = found
    return False


def _shown(host: LiveNode, inside: LiveGraph, entry: _Entry) -> Slot | None:
    """The host's input that shows this widget already."""
    for rail in inside.inputs:
        found = hosts.source(host, rail)
        if found is not None and found[0].id == entry.node and found[1] == entry.name:
            return next((slot for slot in host.inputs if slot.name == rail.name), None)
    node = inside.nodes.get(entry.node)
    if node is not None and node.type == "PrimitiveNode":
        replaced_by = node.properties.get("proxyBypassedToSubgraphInput")
        return next((slot for slot in host.inputs if slot.name == replaced_by), None)
    return None


def _set(slot: Slot, value: Json) -> None:
    if slot.promoted is not None and value is not None:
        slot.promoted.cell.value = value


def _set_by_name(host: LiveNode, entry: _Entry) -> None:
    if entry.node != "-1":
        return
    for slot in host.inputs:
        if slot.name == entry.name:
            _set(slot, entry.value)
            return


def _widget(node: LiveNode, entry: _Entry) -> Widget | None:
    if node.inside is None:
        return node.widget(entry.name)
    for rail, slot in zip(node.inside.inputs, node.inputs, strict=False):
        found = hosts.source(node, rail)
        if entry.hint is not None:
            fits = found is not None and found[1] == entry.name and found[0].id == entry.hint
        else:
            fits = slot.name == entry.name or (found is not None and found[1] == entry.name)
        if fits:
            return slot.promoted
    return node.widget(entry.name)


def _unique(name: str, inside: LiveGraph) -> str:
    taken = {rail.name for rail in inside.inputs}
    number, unique = 1, name
    while unique in taken:
        unique, number = f"{name}_{number}", number + 1
    return unique


def _add_rail(inside: LiveGraph, name: str, kind: str) -> Rail:
    rail = Rail(name=_unique(name, inside), type=kind)
    inside.inputs.append(rail)
    for host in inside.hosts:
        host.inputs.append(Slot(name=rail.name, type=kind))
    return rail


def _attach(inside: LiveGraph, rail: Rail, node: LiveNode, slot: Slot) -> None:
    """Lead a new input to an inner socket; every host shows the widget behind it."""
    widget = node.behind(slot)
    for host in inside.hosts:
        shown = next((s for s in host.inputs if s.name == rail.name), None)
        if shown is not None and widget is not None:
            hosts.show(shown, rail, widget)
    link = inside.connect(INSIDE_INPUT, inside.inputs.index(rail), node, slot)
    rail.links.append(link.id)


def _add_input(host: LiveNode, inside: LiveGraph, node: LiveNode, widget: Widget, entry: _Entry) -> None:
    slot = node.slot_of(widget)
    if slot is None:
        return  # a widget without a socket cannot be led to
    rail = _add_rail(inside, entry.name, slot.type)
    _attach(inside, rail, node, slot)
    shown = next((s for s in host.inputs if s.name == rail.name), None)
    if shown is not None:
        _set(shown, entry.value)


def _replace_primitive(host: LiveNode, inside: LiveGraph, primitive: LiveNode, cohort: list[_Entry]) -> None:
    """A promoted PrimitiveNode goes: the new input leads to all that it fed."""
    if not primitive.outputs or len({entry.name for entry in cohort}) != 1:
        return
    fed: list[tuple[LiveNode, Slot]] = []
    for key in primitive.outputs[0].links:
        link = inside.links.get(key)
        held = inside.holder(link) if link is not None else None
        if link is None or held is None:
            return
        if held[0].inputs.index(held[1]) != link.target_slot:
            raise _mixed_up(host, primitive)
        fed.append(held)
    kind = primitive.outputs[0].type
    if not fed or any("*" not in (slot.type, kind) and slot.type != kind for _, slot in fed):
        return
    named = primitive.title not in ("", "PrimitiveNode")
    rail = _add_rail(inside, primitive.title if named else cohort[0].name, kind)
    for node, slot in fed:
        _attach(inside, rail, node, slot)
    primitive.outputs[0].links = []
    primitive.properties = {**primitive.properties, "proxyBypassedToSubgraphInput": rail.name}
    shown = next((s for s in host.inputs if s.name == rail.name), None)
    value = next((entry.value for entry in cohort if entry.value is not None), None)
    if shown is not None:
        _set(shown, value)


def _mixed_up(host: LiveNode, primitive: LiveNode) -> CompileError:
    """The editor finds what a promoted primitive feeds by slot numbers, which an older file counts differently."""
    return CompileError(
        "it is promoted to its subgraph in an older way, and the editor itself connects it to other inputs on opening.",
        remedy="In the editor, replace this PrimitiveNode by a node such as Int, Float or String, and save the file again.",
        node=f"{host.id}:{primitive.id}",
        title=primitive.title,
    )
