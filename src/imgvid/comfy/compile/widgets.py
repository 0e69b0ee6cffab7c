"""Which widgets the editor makes for a declared input, in its order, with which value at first.

The saved list of values has no names: a widget that the editor adds by itself (a seed's *control after generate*, an
upload button) takes a place in it, or takes none; that is what `stored` says. `sent` says whether it reaches the server.
Order and defaults were compared, class by class, with what the frontend 1.48.7 makes of the same object_info.
"""

from __future__ import annotations

import copy
from collections.abc import Iterator

from imgvid.comfy.compile.live import UNSET, Cell, Value, Widget
from imgvid.comfy.jsontypes import Json, as_dict, as_list
from imgvid.comfy.objectinfo import COMBO, InputSpec

DYNAMIC_COMBO = "COMFY_DYNAMICCOMBO_V3"
AUTOGROW = "COMFY_AUTOGROW_V3"
MATCH_TYPE = "COMFY_MATCHTYPE_V3"

CONTROL_CHOICES: list[Json] = ["fixed", "increment", "decrement", "randomize"]
BOX: dict[str, Json] = {"x": 0, "y": 0, "width": 512, "height": 512}
CURVE: dict[str, Json] = {"points": [[0, 0], [1, 1]], "interpolation": "monotone_cubic"}

# Widgets with nothing to say but a value: declared type -> (kind, value where no default is declared).
PLAIN: dict[str, tuple[str, Json]] = {
    "BOOLEAN": ("toggle", False),
    "BOUNDING_BOXES": ("boundingboxes", []),
    "COLOR": ("color", "#000000"),
    "COLORS": ("colors", []),
    "COMPOSITOR": ("compositor", {}),
    "CURVE": ("curve", CURVE),
    "MARKDOWN": ("markdown", ""),
    "PAINTER": ("painter", ""),
    "RANGE": ("range", {"min": 0, "max": 1}),
    "TEXTAREA": ("textarea", ""),
    "VHSTIMESTAMP": ("number", 0),
}

# What the browser itself adds or fills while it queues: kind, stored, sent.
OWN: dict[str, tuple[str, bool, bool]] = {
    "IMAGEUPLOAD": ("button", True, False),
    "AUDIOUPLOAD": ("button", True, False),
    "AUDIO_UI": ("audio", False, False),
    "AUDIO_RECORD": ("recorder", True, True),
    "IMAGECOMPARE": ("compare", False, True),
    "LOAD_3D": ("viewport", True, True),
    "LOAD_3D_ADVANCED": ("viewport", True, True),
    "PREVIEW_3D": ("viewport", True, True),
    "WEBCAM": ("recorder", True, True),
}

WIDGET_TYPES = frozenset({"INT", "FLOAT", "STRING", COMBO, "BOUNDING_BOX", DYNAMIC_COMBO, *PLAIN, *OWN})


def has_widget(spec: InputSpec) -> bool:
    """Whether the editor gives this input a widget."""
    return spec.widget_type in WIDGET_TYPES and not spec.force_input


def make_widgets(spec: InputSpec) -> Iterator[Widget]:
    """The widgets of one input, the one with its value first. A dynamic combo's own sub-inputs are not among them."""
    kind = spec.widget_type
    if kind in ("INT", "FLOAT"):
        yield from _number(spec)
    elif kind == "STRING":
        yield _text(spec)
    elif kind in (COMBO, DYNAMIC_COMBO):
        yield from _combo(spec)
    elif kind == "BOUNDING_BOX":
        yield from _box(spec)
    elif kind in OWN:
        yield from _own(spec)
    else:
        name, fallback = PLAIN[kind]
        yield Widget(name=spec.name, kind=name, cell=Cell(default_of(spec, fallback)), spec=spec)


def default_of(spec: InputSpec, fallback: Json) -> Json:
    """The declared default, else the fallback; a copy, because some values are objects."""
    declared = spec.options.get("default")
    return copy.deepcopy(fallback if declared is None else declared)


def dynamic_choices(spec: InputSpec) -> dict[str, dict[str, Json]]:
    """The sub-inputs of a dynamic combo by choice: `{"required": {...}, "optional": {...}}`."""
    found: dict[str, dict[str, Json]] = {}
    for raw in as_list(spec.options.get("options")):
        option = as_dict(raw)
        key = option.get("key")
        if isinstance(key, str):
            found[key] = as_dict(option.get("inputs"))
    return found


def _number(spec: InputSpec) -> Iterator[Widget]:
    yield Widget(name=spec.name, kind="number", cell=Cell(default_of(spec, 0)), spec=spec)
    control = spec.options.get("control_after_generate")
    if control is None and spec.widget_type == "INT":
        control = spec.name in ("seed", "noise_seed")
    if control:
        yield _control()


def _control(name: str = "control_after_generate") -> Widget:
    return Widget(name=name, kind="combo", cell=Cell("fixed"), sent=False, choices=list(CONTROL_CHOICES))


def _text(spec: InputSpec) -> Widget:
    kind = "paragraph" if spec.options.get("multiline") else "text"
    dice = spec.options.get("dynamicPrompts") is True
    return Widget(name=spec.name, kind=kind, cell=Cell(default_of(spec, "")), spec=spec, dice=dice)


def _combo(spec: InputSpec) -> Iterator[Widget]:
    choices: list[Json] = list(spec.choices)
    if spec.widget_type == DYNAMIC_COMBO:
        choices = list(dynamic_choices(spec))
    if spec.options.get("multi_select"):
        yield Widget(name=spec.name, kind="choices", cell=Cell([]), spec=spec)
    else:
        yield Widget(name=spec.name, kind="combo", cell=Cell(_first_choice(spec, choices)), choices=choices, spec=spec)
    remote = as_dict(spec.options.get("remote"))
    if remote.get("refresh_button"):
        yield Widget(name="Auto-refresh after generation", kind="toggle", cell=Cell(False), sent=False)
        yield Widget(name="refresh", kind="button", cell=Cell("refresh"))
    if spec.options.get("control_after_generate"):
        yield _control()
        yield Widget(name="control_filter_list", kind="text", cell=Cell(""), sent=False)


def _first_choice(spec: InputSpec, choices: list[Json]) -> Value:
    declared = None if spec.widget_type == DYNAMIC_COMBO else spec.options.get("default")
    if declared:
        return copy.deepcopy(declared)
    if choices:
        return choices[0]
    return "Loading..." if spec.options.get("remote") else UNSET


def _box(spec: InputSpec) -> Iterator[Widget]:
    value = default_of(spec, BOX)
    yield Widget(name=spec.name, kind="box", cell=Cell(value), spec=spec)
    for field in BOX:
        yield Widget(name=field, kind="number", cell=Cell(as_dict(value).get(field)), sent=False)


def _own(spec: InputSpec) -> Iterator[Widget]:
    kind, stored, sent = OWN[spec.widget_type]
    value: Json = ["", ""] if kind == "compare" else ""
    yield Widget(name=spec.name, kind=kind, cell=Cell(value), stored=stored, sent=sent, spec=spec)
    if spec.widget_type == "AUDIO_RECORD":
        yield Widget(name=spec.name, kind="button", cell=Cell(""), sent=False)
