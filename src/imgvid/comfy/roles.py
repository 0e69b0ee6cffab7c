"""Suggests the binding of a workflow: which node a person would change for the prompt, the seed, the size ... Pure.

Each role is followed from a node whose meaning is known (a sampler's positive, a latent's length, a video's frame rate) back
to the literal that feeds it. Where several nodes would do, the roles say so by a comment; a person decides.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from imgvid.comfy.evaluate import HOLDER_CLASSES, Flow
from imgvid.comfy.graph import Graph, Node, id_order
from imgvid.comfy.objectinfo import ObjectInfo
from imgvid.comfy.samplers import is_sampler

_LAST = ("last", "end")
_TEXTS = ("text", "prompt", "value", "string")
_SEEDS = ("noise_seed", "seed")
_DEPTH = 50
_NARROW = {"width": "min = 16\nstep = 16\noffset = 0", "height": "min = 16\nstep = 16\noffset = 0"}
_FRAMES = {"LTX": "step = 8\noffset = 1", "": "step = 4\noffset = 1"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Suggestion:
    """One role: the inputs that it would set, and lines of TOML that go with it."""

    role: str
    targets: tuple[tuple[str, str], ...]  # node id, input
    extra: str = ""


def suggest(graph: Graph, info: ObjectInfo) -> list[Suggestion]:
    """Roles that could be found, in the order of a binding file."""
    flow = Flow(graph)
    running = flow.runs(graph.outputs(info.is_output))
    nodes = [graph.nodes[key] for key in sorted(graph.nodes, key=id_order)]
    live = [node for node in nodes if node.id in running]
    found: list[Suggestion] = list(_images(graph, nodes))
    samplers = [node for node in live if is_sampler(node.class_type)]
    found += _texts(graph, live, samplers)
    found += _numbers(flow, live, "seed", _SEEDS)
    found += _latents(flow, live)
    found += _numbers(flow, samplers, "steps", ("steps",))
    found += _numbers(flow, live, "fps", ("frame_rate", "fps"))
    return found


def toml(suggestions: Sequence[Suggestion], graph: Graph, info: ObjectInfo) -> str:
    """The suggestions as a binding file, nodes by their titles where those are unique."""
    lines: list[str] = ["# Suggested by imgvid workflow roles; look through it before you use it."]
    outputs = [key for key in graph.outputs(info.is_output) if _makes_video(graph.nodes[key])]
    if len(outputs) == 1:
        lines.append(f"output = {_quoted(_name(graph, outputs[0]))}")
    for suggestion in suggestions:
        lines += ["", f"[roles.{suggestion.role}]"]
        places = [
            f"{{ node = {_quoted(_name(graph, key))}, input = {_quoted(name)} }}" for key, name in suggestion.targets
        ]
        if len(places) == 1:
            key, name = suggestion.targets[0]
            lines += [f"node = {_quoted(_name(graph, key))}", f"input = {_quoted(name)}"]
        else:
            lines += ["targets = [", *(f"    {place}," for place in places), "]"]
        if suggestion.extra:
            lines.append(suggestion.extra)
    return "\n".join(lines) + "\n"


def _images(graph: Graph, nodes: Sequence[Node]) -> Iterator[Suggestion]:
    loaders = [node for node in nodes if node.class_type == "LoadImage" and isinstance(node.inputs.get("image"), str)]
    last = [node for node in loaders if _says_last(node.title)]
    first = [node for node in loaders if node not in last]
    if len(first) == 1:
        yield Suggestion(role="image", targets=((first[0].id, "image"),), extra="required = true")
    if len(last) == 1:
        extra = 'stand_in = "image"' if len(first) == 1 else ""
        switches = [node for node in nodes if _is_boolean(node) and _says_last(node.title)]
        if len(switches) == 1:
            name = next(name for name, value in switches[0].inputs.items() if isinstance(value, bool))
            place = f"node = {_quoted(_name(graph, switches[0].id))}, input = {_quoted(name)}"
            extra = f"{extra}\nswitch = {{ {place} }}".strip()
        yield Suggestion(role="last", targets=((last[0].id, "image"),), extra=extra)


def _texts(graph: Graph, live: Sequence[Node], samplers: Sequence[Node]) -> Iterator[Suggestion]:
    roots = list(samplers) + [node for node in live if "positive" in node.inputs]
    positive = _first(_text(graph, node, "positive") for node in roots)
    negative = _first(_text(graph, node, "negative") for node in roots)
    if positive is not None:
        yield Suggestion(role="prompt", targets=(positive,))
    if negative is not None and negative != positive:
        yield Suggestion(role="negative", targets=(negative,))


def _text(graph: Graph, node: Node, name: str) -> tuple[str, str] | None:
    """The literal text behind a conditioning, followed along inputs of the same name, then along any."""
    link = node.link(name)
    for _ in range(_DEPTH):
        origin = graph.nodes.get(link.node) if link is not None else None
        if origin is None:
            return None
        for key in _TEXTS:
            value = origin.inputs.get(key)
            if isinstance(value, str):
                return origin.id, key
        texts = [origin.link(key) for key in _TEXTS if origin.link(key) is not None]
        same = origin.link(name)
        others = [other for key, other in origin.links() if key not in ("clip", "vae", "switch", "model")]
        link = texts[0] if texts else same or (others[0] if others else None)
    return None


def _numbers(flow: Flow, nodes: Sequence[Node], role: str, names: Sequence[str]) -> Iterator[Suggestion]:
    targets: list[tuple[str, str]] = []
    for node in nodes:
        for name in names:
            if name in node.inputs and node.class_type not in HOLDER_CLASSES:
                held = flow.holder(node, name)
                if held is not None and (held[0].id, held[1]) not in targets:
                    targets.append((held[0].id, held[1]))
                break
    if targets:
        yield Suggestion(role=role, targets=tuple(targets))


def _latents(flow: Flow, live: Sequence[Node]) -> Iterator[Suggestion]:
    """Size and length where a latent is made: nodes that have all of width, height and length, else width and height."""
    makers = [node for node in live if {"width", "height", "length"} <= set(node.inputs)]
    makers = makers or [node for node in live if node.class_type.startswith("Empty") and "width" in node.inputs]
    for role, name in (("width", "width"), ("height", "height"), ("frames", "length")):
        for suggestion in _numbers(flow, makers, role, (name,)):
            extra = _NARROW.get(role, "")
            if role == "frames":
                extra = _FRAMES["LTX" if any("LTX" in node.class_type for node in makers) else ""]
            yield Suggestion(role=role, targets=suggestion.targets, extra=extra)


def _first(found: Iterator[tuple[str, str] | None]) -> tuple[str, str] | None:
    return next((place for place in found if place is not None), None)


def _is_boolean(node: Node) -> bool:
    return node.class_type in HOLDER_CLASSES and any(isinstance(value, bool) for value in node.inputs.values())


def _makes_video(node: Node) -> bool:
    return "frame_rate" in node.inputs or "video" in node.inputs


def _says_last(title: str) -> bool:
    words = "".join(char if char.isalnum() else " " for char in title.lower()).split()
    return any(word in words for word in _LAST)


def _name(graph: Graph, key: str) -> str:
    title = graph.nodes[key].title
    return title if title and graph.titled(title) == [key] else key


def _quoted(text: str) -> str:
    escaped = text.replace("\\", "\\\\").replace('"', '\\"')
    return f'"{escaped}"'
