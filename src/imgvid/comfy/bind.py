"""Roles of a workflow: which inputs a job may set, and nothing else of the graph.

A binding file (TOML) lies beside its workflow:

    output = "Final Video"                   # the node whose file is the result; optional
    bundle_revision = 3                      # the models' bundle must be at least this one; optional

    [roles.image]
    node = "Load Image"                      # a title that only one node has, or an id
    input = "image"
    required = true

    [roles.last]
    node = "Load Image (Last)"
    input = "image"
    stand_in = "image"                       # absent: this role's value stands in ...
    switch = { node = "Use Last Frame?", input = "value" }    # ... and this boolean is off, else on

    [roles.frames]
    node = "Latent Video Length"
    input = "value"
    min = 5                                  # narrower than what the class allows
    max = 161
    step = 4                                 # counted from `offset`, by default from `min`
    offset = 1

    [roles.fps]
    targets = [{ node = "Encode", input = "frame_rate" }, { node = "Video", input = "fps" }]

    [roles.camera]
    node = "Camera"
    input = "lora_name"
    choices = ["static.safetensors", "dolly-in.safetensors"]  # nothing else, whatever the server has besides

    [roles.checkpoint]
    node = "Checkpoint"
    input = "ckpt_name"
    choices = ["base.safetensors", "base-fp8.safetensors"]
    first_there = true                       # absent: the first of them that the server has; one is enough

A number is brought into the bounds of the file and of the class (object_info), then to the nearest step; a seed beyond the
bounds wraps around, so that two seeds stay two. A choice that the class or the file does not offer is refused.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from imgvid.comfy.clamp import Bounds, OutOfBounds, fit
from imgvid.comfy.graph import Graph, parse_link
from imgvid.comfy.jsontypes import Json, as_dict, as_list
from imgvid.comfy.objectinfo import InputSpec, ObjectInfo

Scalar = str | int | float | bool | None

_ROLE_KEYS = {
    "node",
    "input",
    "targets",
    "required",
    "stand_in",
    "switch",
    "min",
    "max",
    "step",
    "offset",
    "choices",
    "first_there",
}


class BindingError(ValueError):
    """The binding does not fit the graph, or a value does not fit the binding. The text names role and node."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Target:
    """One input of one node, by title or id."""

    node: str
    input: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Role:
    """What a job may set under one name."""

    name: str
    targets: tuple[Target, ...]
    required: bool = False
    stand_in: str | None = None
    switch: Target | None = None
    bounds: Bounds = field(default_factory=Bounds)
    choices: tuple[str, ...] = ()  # empty: whatever the class offers
    first_there: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Binding:
    """A whole binding file."""

    roles: Mapping[str, Role]
    output: str | None = None
    bundle_revision: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Bound:
    """A graph with a job's values in it. `notes`: what was brought into bounds. `unused`: values that no role takes."""

    graph: Graph
    notes: tuple[str, ...] = ()
    unused: tuple[str, ...] = ()


def parse_binding(data: Mapping[str, object]) -> Binding:
    """A binding from a TOML file's values. Raises BindingError naming the key."""
    unknown = set(data) - {"roles", "output", "bundle_revision"}
    if unknown:
        raise BindingError(f"The binding file has an unknown key: {', '.join(sorted(unknown))}.")
    roles = {name: _role(name, as_dict(raw)) for name, raw in as_dict(data.get("roles")).items()}
    for role in roles.values():
        if role.stand_in is not None and role.stand_in not in roles:
            raise BindingError(f"Role {role.name}: stand_in names {role.stand_in}, which is no role.")
    output, revision = data.get("output"), data.get("bundle_revision", 0)
    if not isinstance(revision, int) or isinstance(revision, bool) or revision < 0:
        raise BindingError(f"bundle_revision is {revision!r}, it must be a whole number from 0.")
    return Binding(roles=roles, output=str(output) if isinstance(output, str | int) else None, bundle_revision=revision)


def bind(graph: Graph, binding: Binding, values: Mapping[str, Scalar], info: ObjectInfo | None = None) -> Bound:
    """Put a job's values into a copy of the graph. Raises BindingError; never changes an input that is not bound.

    A value of None counts as absent: the file's own value stays, or the stand-in's comes.
    """
    notes: list[str] = []
    for role in binding.roles.values():
        given = values.get(role.name)
        value = given
        if value is None and role.stand_in is not None:
            value = values.get(role.stand_in)
        if value is None and role.first_there:
            value = _first_there(graph, role, info)
        if value is None and role.required:
            raise BindingError(f"Role {role.name} has no value, and the workflow needs one.")
        if value is not None:
            graph = _set(graph, role, value, info, notes)
        if role.switch is not None:
            graph = _write(graph, role, role.switch, given is not None)
    unused = tuple(sorted(name for name, value in values.items() if value is not None and name not in binding.roles))
    return Bound(graph=graph, notes=tuple(notes), unused=unused)


def variant(graph: Graph, binding: Binding) -> dict[str, str]:
    """What the roles that take what is there have taken: a recipe must say it, because the file alone does not."""
    taken: dict[str, str] = {}
    for role in binding.roles.values():
        if role.first_there:
            target = role.targets[0]
            taken[role.name] = str(graph.nodes[find(graph, role.name, target)].inputs[target.input])
    return taken


def binder(graph: Graph, binding: Binding, info: ObjectInfo | None = None) -> Callable[[Mapping[str, Scalar]], Graph]:
    """`bind` with everything but the values given, for an engine. Raises BindingError now if the binding cannot fit."""
    for role in binding.roles.values():
        for target in (*role.targets, *((role.switch,) if role.switch else ())):
            find(graph, role.name, target)
    return lambda values: bind(graph, binding, values, info).graph


def output_node(graph: Graph, binding: Binding) -> str | None:
    """The id of the node whose file is the result, None where the binding names none."""
    if binding.output is None:
        return None
    return _node_id(graph, "output", binding.output)


def find(graph: Graph, role: str, target: Target) -> str:
    """The id of a target's node. Raises BindingError where there is none, several, or its input holds no literal."""
    key = _node_id(graph, role, target.node)
    node = graph.nodes[key]
    if target.input not in node.inputs:
        raise BindingError(f'Role {role}: node {key} "{node.title}" has no input {target.input}.')
    if parse_link(node.inputs[target.input]) is not None:
        raise BindingError(
            f'Role {role}: input {target.input} of node {key} "{node.title}" is fed by another node; bind that one.'
        )
    return key


def spec_of(graph: Graph, key: str, name: str, info: ObjectInfo | None) -> InputSpec | None:
    """The declared input, None where it is not known."""
    definition = info.get(graph.nodes[key].class_type) if info is not None else None
    return definition.input(name) if definition is not None else None


def _node_id(graph: Graph, role: str, node: str) -> str:
    if node in graph.nodes:
        return node
    titled = graph.titled(node)
    if len(titled) == 1:
        return titled[0]
    if not titled:
        raise BindingError(f'Role {role}: no node has the id or title "{node}".')
    raise BindingError(f'Role {role}: the nodes {", ".join(titled)} all have the title "{node}"; name one by its id.')


def _set(graph: Graph, role: Role, value: Scalar, info: ObjectInfo | None, notes: list[str]) -> Graph:
    if role.choices and value not in role.choices:
        raise BindingError(f"Role {role.name}: {value!r} is none of its {len(role.choices)} choices.")
    for target in role.targets:
        key = find(graph, role.name, target)
        try:
            fitted = fit(value, spec_of(graph, key, target.input, info), role.bounds, wrap=role.name == "seed")
        except OutOfBounds as error:
            raise BindingError(f'Role {role.name}, node {key} "{graph.nodes[key].title}": {error}') from error
        if fitted != value:
            notes.append(f"{role.name}: {value} became {fitted}, the nearest that the workflow allows.")
        graph = graph.with_input(key, target.input, fitted)
    return graph


def _first_there(graph: Graph, role: Role, info: ObjectInfo | None) -> str | None:
    """The first choice that the class offers; None, so the file's own value, where that is not known."""
    target = role.targets[0]
    spec = spec_of(graph, find(graph, role.name, target), target.input, info)
    return next((choice for choice in role.choices if spec is not None and choice in spec.choices), None)


def _write(graph: Graph, role: Role, target: Target, value: Scalar) -> Graph:
    return graph.with_input(find(graph, role.name, target), target.input, value)


def _role(name: str, data: dict[str, Json]) -> Role:
    unknown = set(data) - _ROLE_KEYS
    if unknown:
        raise BindingError(f"Role {name}: unknown key {', '.join(sorted(unknown))}.")
    listed = [as_dict(raw) for raw in as_list(data.get("targets"))]
    single: dict[str, Json] = {key: data[key] for key in ("node", "input") if key in data}
    if bool(listed) == bool(single):
        raise BindingError(f"Role {name} needs either node and input, or targets.")
    switch = data.get("switch")
    stand_in = data.get("stand_in")
    return Role(
        name=name,
        targets=tuple(_target(name, raw) for raw in (listed or [single])),
        required=data.get("required") is True,
        stand_in=stand_in if isinstance(stand_in, str) else None,
        switch=_target(name, as_dict(switch)) if switch is not None else None,
        bounds=Bounds(
            **{key: _number(name, key, data[key]) for key in ("min", "max", "step", "offset") if key in data}
        ),
        choices=_choices(name, data["choices"]) if "choices" in data else (),
        first_there=data.get("first_there") is True,
    )


def _choices(role: str, value: Json) -> tuple[str, ...]:
    found = tuple(item for item in as_list(value) if isinstance(item, str))
    if not found or len(found) != len(as_list(value)):
        raise BindingError(f"Role {role}: choices is a list of texts.")
    return found


def _target(role: str, data: dict[str, Json]) -> Target:
    node, name = data.get("node"), data.get("input")
    if not isinstance(node, str | int) or isinstance(node, bool) or not isinstance(name, str):
        raise BindingError(f"Role {role}: a target is a node (title or id) and an input.")
    return Target(node=str(node), input=name)


def _number(role: str, key: str, value: Json) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise BindingError(f"Role {role}: {key} is a number.")
    return value
