"""What a ComfyUI server says about its node classes (`GET /object_info`), typed.

Two spellings of a choice exist and both are read: `[[choices], options]` of older nodes and `["COMBO", {"options": [...]}]`.
A class that was not asked for is never parsed: a server with nine packs answers with 1,500 of them.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from imgvid.comfy.jsontypes import Json, as_dict, as_list, as_text

COMBO = "COMBO"


@dataclass(frozen=True, slots=True, kw_only=True)
class InputSpec:
    """One declared input: its type (`INT`, `IMAGE`, `COMBO`, `FLOAT,INT`, ...), its options, its choices for a COMBO."""

    name: str
    type: str
    options: Mapping[str, Json] = field(default_factory=dict)
    choices: Sequence[Json] = ()
    optional: bool = False

    @property
    def widget_type(self) -> str:
        """The widget that the editor makes for it: the declared one, else its type."""
        return as_text(self.options.get("widgetType"), self.type)

    @property
    def force_input(self) -> bool:
        """True where the editor offers a socket only, although the type has a widget."""
        return bool(self.options.get("forceInput")) or (self.optional and bool(self.options.get("defaultInput")))


@dataclass(frozen=True, slots=True, kw_only=True)
class OutputSpec:
    """One declared output."""

    name: str
    type: str
    match: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class NodeDef:
    """One node class. `inputs` keep the declared order of the JSON, `ordered` the order in which the editor shows them."""

    name: str
    title: str
    inputs: tuple[InputSpec, ...]
    ordered: tuple[InputSpec, ...]
    outputs: tuple[OutputSpec, ...]
    output_node: bool = False
    module: str = ""

    def input(self, name: str) -> InputSpec | None:
        return next((spec for spec in self.inputs if spec.name == name), None)


class ObjectInfo:
    """Node classes by name, parsed on demand and kept."""

    def __init__(self, data: Mapping[str, Json]) -> None:
        self._data = data
        self._parsed: dict[str, NodeDef] = {}

    def __contains__(self, name: object) -> bool:
        return name in self._data

    def __len__(self) -> int:
        return len(self._data)

    def get(self, name: str) -> NodeDef | None:
        """The class, or None where the server has no such class."""
        if name not in self._parsed:
            if name not in self._data:
                return None
            self._parsed[name] = parse_node_def(name, as_dict(self._data[name]))
        return self._parsed[name]

    def is_output(self, name: str) -> bool:
        return bool(as_dict(self._data.get(name)).get("output_node"))


def parse_spec(name: str, raw: Json, *, optional: bool) -> InputSpec:
    """One input from its JSON, `[type or choices, options?]`."""
    parts = as_list(raw)
    kind = parts[0] if parts else None
    options = as_dict(parts[1]) if len(parts) > 1 else {}
    if isinstance(kind, list):
        return InputSpec(name=name, type=COMBO, options=options, choices=kind, optional=optional)
    choices = as_list(options.get("options")) if kind == COMBO else []
    return InputSpec(name=name, type=as_text(kind, "UNKNOWN"), options=options, choices=choices, optional=optional)


def parse_node_def(name: str, data: Mapping[str, Json]) -> NodeDef:
    """One class from its JSON."""
    groups = as_dict(data.get("input"))
    specs: dict[str, InputSpec] = {}
    for group in ("required", "optional"):
        for key, raw in as_dict(groups.get(group)).items():
            specs[key] = parse_spec(key, raw, optional=group == "optional")
    inputs = tuple(specs.values())
    return NodeDef(
        name=name,
        title=as_text(data.get("display_name")) or name,
        inputs=inputs,
        ordered=_ordered(inputs, as_dict(data.get("input_order"))),
        outputs=_outputs(data),
        output_node=bool(data.get("output_node")),
        module=as_text(data.get("python_module")),
    )


def _ordered(inputs: tuple[InputSpec, ...], order: Mapping[str, Json]) -> tuple[InputSpec, ...]:
    by_name = {spec.name: spec for spec in inputs}
    first: dict[str, InputSpec] = {}
    for group in ("required", "optional"):
        for key in as_list(order.get(group)):
            spec = by_name.get(key) if isinstance(key, str) else None
            if spec is not None and spec.optional == (group == "optional"):
                first[spec.name] = spec
    return tuple(first.values()) + tuple(spec for spec in inputs if spec.name not in first)


def _outputs(data: Mapping[str, Json]) -> tuple[OutputSpec, ...]:
    names, matches = as_list(data.get("output_name")), as_list(data.get("output_matchtypes"))
    found: list[OutputSpec] = []
    for index, kind in enumerate(as_list(data.get("output"))):
        name = names[index] if index < len(names) else None
        match = matches[index] if index < len(matches) else None
        text = COMBO if isinstance(kind, list) else as_text(kind, "*")
        found.append(
            OutputSpec(
                name=as_text(name) or f"output_{index}",
                type="*" if text == "COMFY_MATCHTYPE_V3" else text,
                match=match if isinstance(match, str) else None,
            )
        )
    return tuple(found)
