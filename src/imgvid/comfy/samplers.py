"""The samplers of a graph and how many steps each really makes. Pure."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from imgvid.comfy.evaluate import Flow
from imgvid.comfy.graph import Graph, Node, id_order

_BY_SIGMAS = frozenset({"SamplerCustom", "SamplerCustomAdvanced"})
_SCHEDULERS = frozenset(
    {
        "AlignYourStepsScheduler",
        "BasicScheduler",
        "BetaSamplingScheduler",
        "ExponentialScheduler",
        "Flux2Scheduler",
        "KarrasScheduler",
        "LTXVScheduler",
        "PolyexponentialScheduler",
        "SDTurboScheduler",
    }
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Sampler:
    """One sampler. `steps` that it makes; `start` and `total` where it is a part of a longer schedule; None: unknown."""

    node: str
    title: str
    runs: bool
    steps: int | None
    start: int | None = None
    total: int | None = None


def is_sampler(class_type: str) -> bool:
    """Whether nodes of this class sample: the core's, and packs' that follow its names."""
    return (class_type.startswith("KSampler") and "Select" not in class_type) or class_type in _BY_SIGMAS


def samplers(graph: Graph, flow: Flow, running: set[str]) -> Iterator[Sampler]:
    """Every sampler of the graph in the order in which they work: along the latents, else by id."""
    keys = {key for key, node in graph.nodes.items() if is_sampler(node.class_type)}
    for key in sorted(keys, key=lambda key: (len(graph.upstream([key]) & keys), id_order(key))):
        node = graph.nodes[key]
        start, total, steps = _steps(graph, flow, node)
        yield Sampler(node=key, title=node.title, runs=key in running, steps=steps, start=start, total=total)


def _steps(graph: Graph, flow: Flow, node: Node) -> tuple[int | None, int | None, int | None]:
    if node.class_type in _BY_SIGMAS:
        return None, None, _from_sigmas(graph, flow, node)
    total = _whole(flow.number(node, "steps"))
    if "start_at_step" not in node.inputs:
        return None, None, total
    start, end = _whole(flow.number(node, "start_at_step")), _whole(flow.number(node, "end_at_step"))
    if total is None or start is None or end is None:
        return start, total, None
    return start, total, max(0, min(end, total) - start)


def _from_sigmas(graph: Graph, flow: Flow, node: Node) -> int | None:
    link = flow.through(node.link("sigmas"))
    origin = graph.nodes.get(link.node) if link is not None else None
    if origin is None:
        return None
    if origin.class_type == "ManualSigmas":
        listed = flow.input(origin, "sigmas")
        return listed.count(",") if isinstance(listed, str) else None
    if origin.class_type in _SCHEDULERS:
        return _whole(flow.number(origin, "steps"))
    return None


def _whole(value: float | None) -> int | None:
    return None if value is None else int(value)
