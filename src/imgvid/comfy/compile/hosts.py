"""A subgraph's host: the node that stands for it in the graph around it.

Its inputs are the subgraph's. An input that leads to a widget inside shows that widget (it is *promoted*): the host has a
value of its own for it, first the inner widget's, then what the host's file entry says, in the order of the promoted
inputs.
"""

from __future__ import annotations

import copy
import json

from imgvid.comfy.compile.live import UNSET, Cell, LiveGraph, LiveNode, Outlet, Rail, Slot, Value, Widget
from imgvid.comfy.compile.reader import SavedNode
from imgvid.comfy.jsontypes import Json, as_dict, as_list, as_text


def configure(node: LiveNode, saved: SavedNode) -> None:
    """Give a host its sockets, promoted widgets and their values."""
    assert node.inside is not None
    by_name = {slot.name: slot for slot in saved.inputs}
    for rail in node.inside.inputs:
        data = by_name.get(rail.name)
        link = data.links[0] if data is not None and data.links else None
        slot = Slot(name=rail.name, type=rail.type, link=link)
        promote(node.inside, rail, slot)
        node.inputs.append(slot)
    for index, rail in enumerate(node.inside.outputs):
        links = saved.outputs[index].links if index < len(saved.outputs) else []
        node.outputs.append(Outlet(name=rail.name, type=rail.type, links=list(links)))
    _apply_values(node, as_list(saved.values))


def promote(inside: LiveGraph, rail: Rail, slot: Slot) -> None:
    """Show the first widget that an input leads to inside; nothing where it leads to sockets only."""
    for target, inner in inside.rail_targets(rail):
        widget = target.behind(inner)
        if widget is not None:
            show(slot, rail, widget)
            return


def show(slot: Slot, rail: Rail, widget: Widget) -> None:
    """Make the host's input show this inner widget, with a value of its own."""
    slot.widget = rail.name
    value: Value = copy.deepcopy(widget.cell.value)
    if slot.promoted is not None and slot.promoted.kind == widget.kind:
        value = slot.promoted.cell.value
    slot.promoted = Widget(
        name=rail.name,
        kind=widget.kind,
        cell=Cell(value),
        choices=widget.choices,
        spec=widget.spec,
    )


def source(node: LiveNode, rail: Rail) -> tuple[LiveNode, str] | None:
    """The inner node and widget (or nested input) that an input of this host stands for."""
    assert node.inside is not None
    for target, inner in node.inside.rail_targets(rail):
        if target.inside is not None:
            return target, inner.name
        widget = target.behind(inner)
        if widget is not None:
            return target, widget.name
    return None


def settle(node: LiveNode) -> None:
    """A promoted choice without a value takes the first one."""
    for slot in node.inputs:
        widget = slot.promoted
        if widget is not None and widget.kind == "combo" and widget.choices and widget.cell.value in (None, UNSET):
            widget.cell.value = widget.choices[0]


def _apply_values(node: LiveNode, values: list[Json]) -> None:
    kept = _quarantined(node)
    place = 0
    for slot in node.inputs:
        if slot.promoted is None:
            continue
        if slot.name in kept:
            slot.promoted.cell.value = kept[slot.name]
        elif place < len(values):
            slot.promoted.cell.value = values[place]
        place += 1


def _quarantined(node: LiveNode) -> dict[str, Json]:
    """Values that an editor could not place when it modernised the file, by input name; the first entry counts."""
    raw = node.properties.get("proxyWidgetErrorQuarantine")
    entries = _parsed(raw)
    found: dict[str, Json] = {}
    for raw_entry in reversed(entries):
        entry = as_dict(raw_entry)
        original = as_list(entry.get("originalEntry"))
        if len(original) >= 2 and original[0] == "-1" and entry.get("hostValue") is not None:
            found[as_text(original[1])] = entry["hostValue"]
    return found


def _parsed(raw: Json) -> list[Json]:
    if isinstance(raw, str):
        try:
            return as_list(json.loads(raw))
        except ValueError:
            return []
    return as_list(raw)
