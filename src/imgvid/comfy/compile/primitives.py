"""PrimitiveNode: a widget of its own that the browser writes into the widgets it is linked to, before it sends anything.

A number is first brought into the range that all its targets share, and to their step, as the editor does on opening.
"""

from __future__ import annotations

import math
from collections.abc import Iterator

from imgvid.comfy.compile.live import UNSET, LiveGraph, LiveNode, Slot, Value, Widget
from imgvid.comfy.compile.sockets import set_value
from imgvid.comfy.jsontypes import Json, as_list
from imgvid.comfy.objectinfo import InputSpec

# Options that may differ between two inputs fed by one primitive without making them incompatible.
_FREE = {"default", "forceInput", "defaultInput", "control_after_generate", "multiline", "tooltip", "dynamicPrompts"}


def apply(graph: LiveGraph) -> None:
    """Write every primitive of a graph into its targets. Idempotent."""
    for node in graph.nodes.values():
        if node.type == "PrimitiveNode" and node.outputs:
            _apply(graph, node)


def _apply(graph: LiveGraph, primitive: LiveNode) -> None:
    fed = list(_fed(graph, primitive))
    if not fed:
        return
    first_node, first_slot = fed[0]
    first = first_node.behind(first_slot)
    if first is None:
        return
    saved = as_list(primitive.saved_values)
    value: Value = saved[0] if saved else first.cell.value
    if value is UNSET:
        return
    if first.kind == "combo" and value is None and first.choices:
        value = first.choices[0]
    specs = [widget.spec for node, slot in fed if (widget := node.behind(slot)) is not None and widget.spec is not None]
    value = _within(value, specs)
    for node, slot in fed:
        widget = _target(node, slot)
        if widget is not None:
            set_value(node, widget, value)


def _fed(graph: LiveGraph, primitive: LiveNode) -> Iterator[tuple[LiveNode, Slot]]:
    for key in primitive.outputs[0].links:
        link = graph.links.get(key)
        held = graph.holder(link) if link is not None else None
        if held is not None:
            yield held


def _target(node: LiveNode, slot: Slot) -> Widget | None:
    return node.widget(slot.widget) if slot.widget else None


def _within(value: Value, specs: list[InputSpec]) -> Value:
    if not specs or specs[0].type not in ("INT", "FLOAT"):
        return value
    if isinstance(value, bool) or not isinstance(value, int | float):
        return value
    low, high, step = -math.inf, math.inf, 0.0
    for spec in specs:
        if spec.type != specs[0].type or not _alike(specs[0], spec):
            continue
        low_here, high_here = _bound(spec, "min", -math.inf), _bound(spec, "max", math.inf)
        if low > high_here or high < low_here:
            continue
        low, high = max(low, low_here), min(high, high_here)
        step = _common(step, _bound(spec, "step", 1.0))
    clamped = min(max(value, low), high)
    if specs[0].type == "INT":
        return _on_step(clamped, low, step)
    return _rounded(clamped, specs[0], step, low, high)


def _alike(first: InputSpec, other: InputSpec) -> bool:
    keys = (set(first.options) | set(other.options)) - _FREE - {"min", "max", "step"}
    return all(first.options.get(key) == other.options.get(key) for key in keys)


def _bound(spec: InputSpec, key: str, fallback: float) -> float:
    value = spec.options.get(key)
    return value if isinstance(value, int | float) and not isinstance(value, bool) else fallback


def _common(first: float, second: float) -> float:
    """The least common step of two; the second alone where there is no first yet or a step is no whole number."""
    if not first:
        return second
    if float(first).is_integer() and float(second).is_integer():
        return math.lcm(int(first), int(second))
    return max(first, second)


def _on_step(value: float, low: float, step: float) -> Json:
    if step in (0, 1):
        return round_half_up(value)
    offset = low % step if math.isfinite(low) else 0
    return round_half_up(round_half_up((value - offset) / step) * step + offset)


def _rounded(value: float, spec: InputSpec, step: float, low: float, high: float) -> Json:
    declared = spec.options.get("round")
    digits = max(0, -math.floor(math.log10(step))) if step > 0 else 0
    unit = _bound(spec, "round", 0.0) if declared else (10.0**-digits if digits else 0.0)
    if not unit:
        return value
    return min(max(round(round_half_up(value / unit) * unit, digits), low), high)


def round_half_up(value: float) -> int:
    """The browser's rounding: a half goes up, also below zero."""
    return value if isinstance(value, int) else math.floor(value + 0.5)
