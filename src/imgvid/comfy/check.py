"""Does this graph fit that server? Found before a GPU is started. Pure.

What ComfyUI itself refuses is an error here: a class that is missing, a required input that is absent, a link into nothing
or of another type, a value that is no number or no choice, a model file that is not there. What it accepts in silence and a
person would not want is a warning, or an error where the result would be wrong (an absent LoRA is skipped without a word).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence, Set
from dataclasses import dataclass

from imgvid.comfy.bind import Binding, BindingError, find, output_node
from imgvid.comfy.compile.live import is_compatible
from imgvid.comfy.compile.widgets import DYNAMIC_COMBO, MATCH_TYPE, dynamic_choices, has_widget
from imgvid.comfy.finding import Finding, Level, error, warning
from imgvid.comfy.graph import Graph, Node, id_order, parse_link
from imgvid.comfy.jsontypes import Json, as_dict
from imgvid.comfy.model_files import missing
from imgvid.comfy.models import EXTENSIONS
from imgvid.comfy.objectinfo import COMBO, InputSpec, NodeDef, ObjectInfo, parse_spec

_UPLOADS = ("image_upload", "video_upload", "audio_upload", "file_upload", "animated_image_upload", "remote")


@dataclass(frozen=True, slots=True, kw_only=True)
class Surroundings:
    """What the graph must fit besides its classes; None means *not known, do not check*.

    `files`: every model file by its path below models/, `vae/wan_2.1_vae.safetensors`, from a server or a bundle.
    `optional_files`: those that may be there as well. `roles`: the roles that a mode sets, with whether it always does.
    """

    files: Set[str] | None = None
    optional_files: Set[str] = frozenset()
    binding: Binding | None = None
    roles: Mapping[str, bool] | None = None


def check(graph: Graph, info: ObjectInfo, around: Surroundings) -> list[Finding]:
    """Everything that does not fit, errors first, then by node id."""
    outputs = graph.outputs(info.is_output)
    found: list[Finding] = []
    if not outputs:
        found.append(Finding(level=Level.ERROR, text="no node makes an output; the server would refuse the graph."))
    for key in graph.nodes:  # a class that is missing stops the server even where nothing needs the node
        node = graph.nodes[key]
        definition = info.get(node.class_type)
        if definition is None:
            found.append(error(node, f"the server has no class {node.class_type}."))
    for key in graph.upstream(outputs):
        node = graph.nodes[key]
        definition = info.get(node.class_type)
        if definition is not None:
            found.extend(_node(graph, node, definition, info, around.files))
    if around.files is not None:
        found.extend(missing(graph, outputs, around.files, around.optional_files, around.binding))
    if around.binding is not None:
        found.extend(_binding(graph, around.binding, around.roles))
    found.extend(_names(graph))
    return sorted(found, key=lambda f: (f.level is not Level.ERROR, id_order(f.node), f.text))


def specs_of(node: Node, definition: NodeDef) -> dict[str, InputSpec]:
    """The declared inputs of a node as it is set: the sub-inputs of chosen dynamic options included."""
    found: dict[str, InputSpec] = {}
    todo = list(definition.inputs)
    while todo:
        spec = todo.pop(0)
        found[spec.name] = spec
        chosen = node.inputs.get(spec.name)
        if spec.type == DYNAMIC_COMBO and isinstance(chosen, str):
            option = dynamic_choices(spec).get(chosen, {})
            for group in ("required", "optional"):
                for key, raw in as_dict(option.get(group)).items():
                    todo.append(parse_spec(f"{spec.name}.{key}", raw, optional=group == "optional"))
    return found


def _node(graph: Graph, node: Node, definition: NodeDef, info: ObjectInfo, files: Set[str] | None) -> Iterator[Finding]:
    specs = specs_of(node, definition)
    for name, spec in specs.items():
        grows = any(key.startswith(f"{name}.") for key in node.inputs) or spec.type.startswith("COMFY_AUTOGROW")
        if not spec.optional and name not in node.inputs and not grows:
            yield error(node, f"the required input {name} is missing.")
    for name, value in node.inputs.items():
        known = specs.get(name)
        if parse_link(value) is not None:
            yield from _link(graph, node, name, known, info)
        elif known is not None:
            yield from _literal(node, known, value, files)


def _link(graph: Graph, node: Node, name: str, spec: InputSpec | None, info: ObjectInfo) -> Iterator[Finding]:
    link = node.link(name)
    assert link is not None, "called for linked inputs only"
    origin, slot = link.node, link.slot
    source = graph.nodes.get(origin)
    if source is None:
        yield error(node, f"its input {name} comes from node {origin}, which is not in the graph.")
        return
    made = info.get(source.class_type)
    if made is None:
        return
    if slot >= len(made.outputs):
        yield error(node, f"its input {name} comes from output {slot} of node {origin}, which has {len(made.outputs)}.")
        return
    given = made.outputs[slot].type
    if spec is None or spec.type == MATCH_TYPE or spec.type.startswith("COMFY_"):
        return
    if not is_compatible(given, spec.type) and COMBO not in (given, spec.type):
        yield error(node, f"its input {name} wants {spec.type} and is given {given} by node {origin}.")


def _literal(node: Node, spec: InputSpec, value: Json, files: Set[str] | None) -> Iterator[Finding]:
    kind = spec.widget_type.partition(",")[0]
    if not has_widget(spec) and not isinstance(value, dict):
        yield error(node, f"its input {spec.name} wants a link of type {spec.type} and holds {value!r}.")
    elif kind in ("INT", "FLOAT"):
        yield from _number(node, spec, value)
    elif kind == "BOOLEAN" and not isinstance(value, bool):
        yield warning(node, f"its input {spec.name} is {value!r}; the server would read it as {bool(value)}.")
    elif kind in (COMBO, DYNAMIC_COMBO):
        yield from _choice(node, spec, value, files)


def _number(node: Node, spec: InputSpec, value: Json) -> Iterator[Finding]:
    if isinstance(value, bool) or not isinstance(value, int | float):
        yield error(node, f"its input {spec.name} is {value!r}, which is no number.")
        return
    low, high = spec.options.get("min"), spec.options.get("max")
    if isinstance(low, int | float) and value < low:
        yield error(node, f"its input {spec.name} is {value}, less than {low}.")
    if isinstance(high, int | float) and value > high:
        yield error(node, f"its input {spec.name} is {value}, more than {high}.")


def _choice(node: Node, spec: InputSpec, value: Json, files: Set[str] | None) -> Iterator[Finding]:
    choices: Sequence[Json] = spec.choices
    if spec.widget_type == DYNAMIC_COMBO:
        choices = list(dynamic_choices(spec))
    if value in choices or any(spec.options.get(key) for key in _UPLOADS) or isinstance(value, dict):
        return
    is_file = _is_file(value)
    if is_file and (files is not None or not any(_is_file(choice) for choice in choices)):
        return  # the bundle or the server's folders decide, in model_files; a list without files is of a server without models
    if not choices and not is_file:
        return
    shown = ", ".join(str(choice) for choice in choices[:6]) + (", ..." if len(choices) > 6 else "")
    yield error(node, f"its input {spec.name} is {value!r}, which is not among: {shown}.")


def _is_file(value: Json) -> bool:
    return isinstance(value, str) and value.lower().endswith(EXTENSIONS)


def _binding(graph: Graph, binding: Binding, roles: Mapping[str, bool] | None) -> Iterator[Finding]:
    for role in binding.roles.values():
        for target in (*role.targets, *((role.switch,) if role.switch else ())):
            try:
                find(graph, role.name, target)
            except BindingError as error:
                yield Finding(level=Level.ERROR, text=str(error))
    try:
        output_node(graph, binding)
    except BindingError as error:
        yield Finding(level=Level.ERROR, text=str(error))
    for name, always in (roles or {}).items():
        if name not in binding.roles:
            level = Level.ERROR if always else Level.WARNING
            yield Finding(level=level, text=f"The mode sets {name}, and the binding has no such role.")
    for role in binding.roles.values():
        if role.required and roles is not None and role.name not in roles and role.stand_in is None:
            yield Finding(level=Level.ERROR, text=f"The binding requires {role.name}, and the mode never sets it.")


def _names(graph: Graph) -> Iterator[Finding]:
    for node in graph.nodes.values():
        prefix = node.inputs.get("filename_prefix")
        if isinstance(prefix, str) and "%date:" in prefix:
            yield warning(node, "only a browser fills in %date:...% of its file name; the server takes it literally.")
