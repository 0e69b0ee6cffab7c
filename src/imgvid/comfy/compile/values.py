"""Putting a file's nameless list of values into the widgets, as the editor does when it opens the file."""

from __future__ import annotations

import re

from imgvid.comfy.compile import packs
from imgvid.comfy.compile.errors import CompileError
from imgvid.comfy.compile.live import UNSET, LiveNode, Widget
from imgvid.comfy.compile.sockets import set_value
from imgvid.comfy.jsontypes import Json

PACK_CHANGED = (
    "Install the version of its pack that the file was saved with, or open the file with this server's version, "
    "look at the node's values, and save it again."
)
PRESENT_FIXES = re.compile(r"^sample_")


def apply_values(node: LiveNode) -> None:
    """Fill the widgets of a node of a server class from `saved_values`. A doubt is left in `node.problem`."""
    saved = node.saved_values
    if packs.apply(node):
        return
    if isinstance(saved, dict):
        node.problem = _doubt(node, "its values are saved by name, in a form that only its own pack reads.")
        return
    if not isinstance(saved, list) or not saved:
        return
    saved = _without_socket_values(node, saved)
    taken = 0
    index = 0
    while index < len(node.widgets) and taken < len(saved):  # a dynamic combo inserts widgets while we walk
        widget = node.widgets[index]
        index += 1
        if not widget.stored:
            continue
        value = saved[taken]
        taken += 1
        if _is_pack(node) and not fits(widget, value):
            node.problem = _doubt(node, f"its saved value {value!r} cannot be the value of {widget.name}.")
        set_value(node, widget, value)


def settle(node: LiveNode) -> None:
    """What the editor repairs after a file is open: empty choices take the first one, an old sampler name its new form."""
    for widget in node.widgets:
        value = widget.cell.value
        if widget.kind == "combo" and widget.choices and (value is None or value is UNSET):
            set_value(node, widget, widget.choices[0])
        if node.type in ("KSampler", "KSamplerAdvanced") and widget.name == "sampler_name" and isinstance(value, str):
            widget.cell.value = PRESENT_FIXES.sub("", value)


def fits(widget: Widget, value: Json) -> bool:
    """Whether a saved value can be a value of this kind of widget at all."""
    match widget.kind:
        case "number":
            return value is None or (isinstance(value, int | float) and not isinstance(value, bool))
        case "toggle":
            return value is None or isinstance(value, bool)
        case "text" | "paragraph":
            return value is None or isinstance(value, str)
        case "combo":
            return not isinstance(value, dict | list)
    return True


def _without_socket_values(node: LiveNode, saved: list[Json]) -> list[Json]:
    """Old files keep a value for inputs that have become plain sockets; exactly then the list has one entry for each."""
    assert node.definition is not None
    names = {widget.name for widget in node.widgets}
    forced: list[bool] = []
    for spec in node.definition.inputs:
        if spec.name in names or spec.force_input:
            forced.append(spec.force_input)
            if spec.options.get("control_after_generate"):
                forced.append(False)
    if len(forced) != len(saved) or not any(forced):
        return saved
    return [value for value, socket in zip(saved, forced, strict=True) if not socket]


def _is_pack(node: LiveNode) -> bool:
    return node.definition is not None and node.definition.module.startswith("custom_nodes")


def _doubt(node: LiveNode, reason: str) -> CompileError:
    return CompileError(reason, remedy=PACK_CHANGED, node=node.id, title=node.title)
