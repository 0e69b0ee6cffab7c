"""How many frames a graph makes, at which speed and size: followed from each video output back to the latent. Pure.

Frames come from the latent, or from a list of frames that is written out (VHS_SelectImages); the size from the last node that
fixes it (a crop, a scale), else from the latent and what enlarges it.
"""

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
_DOUBLERS = frozenset({"LTXVLatentUpsampler"})  # twice the sides, as its only published model does
_PICKER = "VHS_SelectImages"
_STILLS = frozenset({"PreviewImage", "SaveImage"})
_DEPTH = 200


@dataclass(frozen=True, slots=True, kw_only=True)
class Video:
    """One output. Frames sampled and made, frames per second, sides in pixels; None where not known.

    `still`: pictures, not a video.
    """

    node: str
    title: str
    sampled: int | None
    made: int | None
    fps: float | None
    width: int | None
    height: int | None
    still: bool = False

    @property
    def seconds(self) -> float | None:
        return self.made / self.fps if self.made is not None and self.fps else None


def videos(graph: Graph, flow: Flow, outputs: list[str]) -> Iterator[Video]:
    """The outputs of a graph that are videos or pictures, in the given order."""
    for key in outputs:
        node = graph.nodes[key]
        still = node.class_type in _STILLS
        maker = node if still else _maker(graph, flow, node)
        if maker is None:
            continue
        fps = flow.number(maker, "frame_rate")
        fps = flow.number(maker, "fps") if fps is None else fps
        path = _follow(graph, flow, maker)
        repeats = int(flow.number(maker, "loop_count") or 0) if "loop_count" in maker.inputs else 0
        yield Video(
            node=key,
            title=node.title,
            sampled=path.sampled,
            made=None if path.made is None else path.made * (repeats + 1),
            fps=fps,
            width=path.width,
            height=path.height,
            still=still,
        )


def picked(indexes: str) -> int | None:
    """How many frames `0:126, 1:125:-1` names, each range without its end; None where that depends on what is there."""
    total = 0
    for group in indexes.split(","):
        try:
            bounds = [int(part) for part in group.split(":")]
        except ValueError:
            return None
        if any(bound < 0 for bound in bounds[:2]) or len(bounds) > 3:
            return None
        start, end, step = (*bounds, 1)[:3] if len(bounds) > 1 else (0, 1, 1)
        if step == 0:
            return None
        total += len(range(start, end, abs(step)))
    return total


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


@dataclass(slots=True)
class _Path:
    """What was met on the way back from a video."""

    sampled: int | None = None
    made: int | None = None
    width: int | None = None
    height: int | None = None


def _follow(graph: Graph, flow: Flow, node: Node) -> _Path:
    """Frames sampled and made, and the sides, on the way from the video back to where the frames begin."""
    path = _Path()
    factors: list[float] = []
    scale = 1
    for _ in range(_DEPTH):
        if node.class_type in _INTERPOLATORS:
            factor = flow.number(node, "multiplier")
            if factor is None:
                return path
            factors.append(factor)
        scale *= 2 if node.class_type in _DOUBLERS else 1
        sides = flow.number(node, "width"), flow.number(node, "height")
        if path.width is None and sides[0] is not None and sides[1] is not None:
            path.width, path.height = int(sides[0]) * scale, int(sides[1]) * scale
        begins = _begins(flow, node)
        if begins is not None:
            path.sampled, path.made = begins
            for factor in reversed(factors):
                path.made = int((path.made - 1) * factor) + 1
            return path
        link = _carrier(flow, node)
        if link is None or link.node not in graph.nodes or node.class_type == _PICKER:
            return path
        node = graph.nodes[link.node]
    return path


def _begins(flow: Flow, node: Node) -> tuple[int, int] | None:
    """Frames sampled and made where this node is the beginning: a latent's length, or a list of frames."""
    if node.class_type == _PICKER:
        listed = flow.input(node, "indexes")
        count = picked(listed) if isinstance(listed, str) else None
        return None if count is None else (count, count)
    length = flow.number(node, "length")
    return None if length is None else (int(length), decoded(node.class_type, int(length)))


def _carrier(flow: Flow, node: Node) -> Link | None:
    for name in _CARRIERS:
        link = flow.through(node.link(name))
        if link is not None:
            return link
    return None
