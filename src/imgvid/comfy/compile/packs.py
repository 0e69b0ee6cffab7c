"""Classes whose widgets are made by their pack's own browser code, known one by one; the others of that kind are refused.

VideoHelperSuite saves a list with the chosen format's widgets right after `format`, or (newer) values by name. rgthree's
Power Lora Loader saves one object a LoRA between decorations. The core's CustomCombo grows an option for every filled one.
"""

from __future__ import annotations

from imgvid.comfy.compile.errors import CompileError
from imgvid.comfy.compile.live import Cell, LiveNode, Slot, Widget
from imgvid.comfy.compile.sockets import set_value
from imgvid.comfy.compile.widgets import make_widgets
from imgvid.comfy.jsontypes import Json, as_dict, as_list, as_text
from imgvid.comfy.objectinfo import parse_spec

POWER_LORA = "Power Lora Loader (rgthree)"

# Their values exist only while a browser is open (a camera, a microphone, a 3D view), or are computed in it.
BROWSER_MADE = {
    "ScreencapStream": "takes its picture from the screen while the workflow is queued",
    "ImpactWildcardProcessor": "fills in its wildcards in the browser while the workflow is queued",
    "ImpactWildcardEncode": "fills in its wildcards in the browser while the workflow is queued",
    "Power Primitive (rgthree)": "has widgets that only its pack's browser code knows",
    "Power Puter (rgthree)": "has widgets that only its pack's browser code knows",
    "Power Prompt (rgthree)": "has widgets that only its pack's browser code knows",
    "Power Prompt - Simple (rgthree)": "has widgets that only its pack's browser code knows",
    "SDXL Power Prompt - Positive (rgthree)": "has widgets that only its pack's browser code knows",
    "SDXL Power Prompt - Simple / Negative (rgthree)": "has widgets that only its pack's browser code knows",
    "Ideogram4PromptBuilderKJ": "has widgets that only its pack's browser code knows",
}

# The same for core classes, by the type of the input.
BROWSER_MADE_INPUTS = {
    "AUDIO_RECORD": "takes its sound from a microphone while the workflow is queued",
    "LOAD_3D": "renders its pictures in the browser while the workflow is queued",
    "LOAD_3D_ADVANCED": "renders its pictures in the browser while the workflow is queued",
    "WEBCAM": "takes its picture from a camera while the workflow is queued",
}


def apply(node: LiveNode) -> bool:
    """Fill the widgets of a class known here; False where the common rule applies."""
    why = BROWSER_MADE.get(node.type) or _browser_made_input(node)
    if why:
        node.problem = CompileError(
            f"its class {node.type} {why}.",
            remedy="Replace it by a node with fixed values, or bypass it.",
            node=node.id,
            title=node.title,
        )
        return False
    if node.type == POWER_LORA:
        _power_lora(node)
        return True
    if node.type == "CustomCombo":
        _custom_combo(node)
        return True
    if node.type.startswith("VHS_"):
        return _video_helper(node)
    return False


def _browser_made_input(node: LiveNode) -> str:
    for widget in node.widgets:
        if widget.spec is not None and widget.spec.widget_type in BROWSER_MADE_INPUTS:
            return BROWSER_MADE_INPUTS[widget.spec.widget_type]
    return ""


def _power_lora(node: LiveNode) -> None:
    """`lora_1`, `lora_2`, ... for the entries that name one; a second strength only where model and clip differ."""
    both = node.properties.get("Show Strengths") == "Separate Model & Clip"
    header: Json = {"type": "PowerLoraLoaderHeaderWidget"}
    node.widgets = [Widget(name="PowerLoraLoaderHeaderWidget", kind="custom", cell=Cell(header))]
    for raw in as_list(node.saved_values):
        entry = as_dict(raw)
        if "lora" not in entry:
            continue
        value = {key: item for key, item in entry.items() if key != "strengthTwo"}
        if both:
            second = entry.get("strengthTwo")
            value["strengthTwo"] = 1 if second is None else second
        node.widgets.append(Widget(name=f"lora_{len(node.widgets)}", kind="custom", cell=Cell(value)))
    node.widgets.append(Widget(name="➕ Add Lora", kind="custom", cell=Cell("")))


def _custom_combo(node: LiveNode) -> None:
    """choice, index, option1 ...: options end with the first empty one, the index is the place of the choice."""
    saved = as_list(node.saved_values)
    options: list[Json] = []
    for option in saved[2:]:
        if not option:
            break
        options.append(option)
    filled: list[Json] = [_plain(option) for option in options]
    choice: Json = saved[0] if saved else (filled[0] if filled else "")
    options.append("")
    node.widgets = [
        Widget(name="choice", kind="combo", cell=Cell(choice), choices=filled),
        Widget(name="index", kind="hidden", cell=Cell(options.index(choice) if choice in options else -1)),
    ]
    for number, option in enumerate(options, start=1):
        node.widgets.append(Widget(name=f"option{number}", kind="text", cell=Cell(option)))


def _plain(option: Json) -> Json:
    return option if isinstance(option, str) else str(option)


def _video_helper(node: LiveNode) -> bool:
    saved = node.saved_values
    values = saved if isinstance(saved, dict) else None
    chosen: Json = None
    if values is not None:
        chosen = values.get("format")
    elif isinstance(saved, list):
        before = [widget.name for widget in node.widgets]
        if "format" in before and before.index("format") < len(saved):
            chosen = saved[before.index("format")]
    _add_format_widgets(node, chosen)
    if values is None:
        return False
    for widget in node.widgets:
        old_name = {"save_output": "save_image"}.get(widget.name, widget.name)
        if widget.kind != "button" and (widget.name in values or old_name in values):
            set_value(node, widget, values[widget.name] if widget.name in values else values[old_name])
    return True


def _add_format_widgets(node: LiveNode, chosen: Json) -> None:
    """The widgets of the chosen output format, right after `format`."""
    index = next((i for i, widget in enumerate(node.widgets) if widget.name == "format"), None)
    if index is None or not isinstance(chosen, str):
        return
    spec = node.widgets[index].spec
    formats = as_dict(spec.options.get("formats")) if spec is not None else {}
    added: list[Widget] = []
    for raw in as_list(formats.get(chosen)):
        parts = as_list(raw)
        inner = parse_spec(as_text(parts[0]) if parts else "", list(parts[1:]), optional=False)
        added.extend(make_widgets(inner))
        if node.input_index(inner.name) < 0:
            node.inputs.append(Slot(name=inner.name, type=inner.type, widget=inner.name))
    node.widgets[index + 1 : index + 1] = added
