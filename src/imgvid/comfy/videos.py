"""How many frames a graph makes, at which speed: followed from each video output back to the latent. Pure."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from imgvid.comfy.evaluate import Flow
from imgvid.comfy.graph import Graph, Link, Node

# Inputs that carry the pictures on, in the order in which they are looked for.
_CARRIERS = (
    "samples",
    "latent_image",
    "latent",
    "video_latent",
    "av_latent",
    "images",
    "frames",
    "image",
    "input",
    "video",
    "positive",
)
_INTERPOLATORS = {"RIFE VFI": "frames", "FILM VFI": "frames", "FrameInterpolate": "images"}
_DEPTH = 200


@dataclass(frozen=True, slots=True, kw_only=True)
class Video:
    """One video output. Frames sampled and made, frames per second, sides in pixels; None where not known."""

    node: str
    title: str
    sampled: int | None
    made: int | None
    fps: float | None
    width: int | None
    height: int | None

    @property
    def seconds(self) -> float | None:
        return self.made / self.fps if self.made is not None and self.fps else None


def videos(graph: Graph, flow: Flow, outputs: list[str]) -> Iterator[Video]:
    """The video outputs of a graph, in the given order."""
    for key in outputs:
        node = graph.nodes[key]
        maker = _maker(graph, flow, node)
        if maker is None:
            continue
        fps = flow.number(maker, "frame_rate")
        fps = flow.number(maker, "fps") if fps is None else fps
        length, made, source = _follow(graph, flow, maker)
        yield Video(
            node=key,
            title=node.title,
            sampled=length,
            made=made,
            fps=fps,
            width=_side(flow, source, "width"),
            height=_side(flow, source, "height"),
        )


def decoded(class_type: str, length: int) -> int:
    """Frames that come out of a latent of this length: whole latent frames only, 8 a latent for LTX, else 4."""
    stride = 8 if "LTX" in class_type else 4
    return stride * ((length - 1) // stride) + 1


def _maker(graph: Graph, flow: Flow, node: Node) -> Node | None:
    """The node that turns pictures into a video: the output itself, or the CreateVideo behind it."""
    if "frame_rate" in node.inputs or "fps" in node.inputs:
        return node
    link = flow.through(node.link("video"))
    origin = graph.nodes.get(link.node) if link is not None else None
    return origin if origin is not None and "fps" in origin.inputs else None


def _follow(graph: Graph, flow: Flow, node: Node) -> tuple[int | None, int | None, Node | None]:
    """Frames sampled, frames made, and the node that the latent comes from."""
    factors: list[float] = []
    for _ in range(_DEPTH):
        if node.class_type in _INTERPOLATORS:
            factor = flow.number(node, "multiplier")
            if factor is None:
                return None, None, None
            factors.append(factor)
        length = flow.number(node, "length")
        if length is not None:
            sampled = int(length)
            made = decoded(node.class_type, sampled)
            for factor in reversed(factors):
                made = int((made - 1) * factor) + 1
            return sampled, made, node
        link = _carrier(flow, node)
        if link is None or link.node not in graph.nodes:
            return None, None, None
        node = graph.nodes[link.node]
    return None, None, None


def _carrier(flow: Flow, node: Node) -> Link | None:
    for name in _CARRIERS:
        link = flow.through(node.link(name))
        if link is not None:
            return link
    return None


def _side(flow: Flow, node: Node | None, name: str) -> int | None:
    value = flow.number(node, name) if node is not None else None
    return None if value is None else int(value)
