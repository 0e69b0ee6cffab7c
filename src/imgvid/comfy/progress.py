"""Frames become phases and one percentage over all samplers that run. Pure.

    load     until the first sampler begins: models, texts, the picture
    sample   from there to the end of the last sampler; loading between two samplers belongs to it
    decode   latents to pictures, and whatever works on the pictures then (interpolation, upscaling)
    encode   nodes that write the file

Phases and the percentage only rise. A bar that restarted with every node would be wrong twice: WAN samples in two or three
nodes, and every node reports some value.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from imgvid.comfy.evaluate import Flow
from imgvid.comfy.frames import Executing, Frame, Steps
from imgvid.comfy.graph import Graph
from imgvid.comfy.samplers import samplers


class Phase(StrEnum):
    LOAD = "load"
    SAMPLE = "sample"
    DECODE = "decode"
    ENCODE = "encode"


_ORDER = tuple(Phase)
_SAVERS = ("Save", "VHS_VideoCombine", "CreateVideo", "Preview")


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """Where a prompt is. `percent` counts sampling, 0..100; None where no sampler is in the graph."""

    phase: Phase
    percent: int | None


class Tracker:
    """One prompt's progress."""

    def __init__(self, graph: Graph) -> None:
        self._graph = graph
        self._weights = _weights(graph)
        self._samplers = frozenset(self._weights)
        # What each sampler needs, so that one which did not run after all does not hold the count back.
        self._before = {key: graph.upstream([key]) & self._samplers - {key} for key in self._samplers}
        self._done: dict[str, float] = {}
        self._phases: dict[str, Phase | None] = {}
        self._step = Step(phase=Phase.LOAD, percent=0 if self._samplers else None)

    def see(self, frame: Frame) -> Step | None:
        """Take one frame in; the new step, None where it changed nothing."""
        before = self._step
        match frame:
            case Executing(node=node):
                self._begin(node)
            case Steps(nodes=nodes):
                for key, (value, most, state) in nodes.items():
                    if key in self._samplers:
                        self._count(key, 1.0 if state == "finished" else value / most if most > 1 else 0.0)
        return self._step if self._step != before else None

    def _begin(self, node: str) -> None:
        if node in self._samplers:
            self._count(node, 0.0)
        phase = self._phase_of(node)
        if phase is not None and _ORDER.index(phase) > _ORDER.index(self._step.phase):
            past = phase in {Phase.DECODE, Phase.ENCODE} and bool(self._samplers)
            self._step = Step(phase=phase, percent=100 if past else self._step.percent)

    def _count(self, key: str, share: float) -> None:
        self._done |= dict.fromkeys(self._before[key], 1.0)
        self._done[key] = max(share, self._done.get(key, 0.0))
        done = sum(self._weights[one] * share for one, share in self._done.items())
        percent = int(100 * done / sum(self._weights.values()) + 1e-9)
        self._step = Step(phase=self._step.phase, percent=max(percent, self._step.percent or 0))

    def _phase_of(self, node: str) -> Phase | None:
        """The phase that a node's beginning opens, if any."""
        if node not in self._phases:
            self._phases[node] = self._judge(node)
        return self._phases[node]

    def _judge(self, node: str) -> Phase | None:
        if node in self._samplers:
            return Phase.SAMPLE
        known = self._graph.nodes.get(node)
        if known is None:  # a node that another one made while it ran
            return None
        if known.class_type.startswith(_SAVERS):
            return Phase.ENCODE
        if not self._graph.upstream([node]) & self._samplers:
            return None
        needed_later = any(node in self._graph.upstream([key]) for key in self._samplers)
        return Phase.SAMPLE if needed_later else Phase.DECODE


def _weights(graph: Graph) -> dict[str, int]:
    """The samplers that will run, each with its steps; all alike where one does not tell them before the run."""
    flow = Flow(graph)
    savers = [key for key, node in graph.nodes.items() if node.class_type.startswith(_SAVERS)]
    running = flow.runs(savers) if savers else set(graph.nodes)
    keys = [key for key in graph.nodes if key in running and is_sampler(graph, key)]
    steps = {sampler.node: sampler.steps for sampler in samplers(graph, flow, running)}
    known = {key: count for key in keys if (count := steps.get(key))}
    return known if len(known) == len(keys) else dict.fromkeys(keys, 1)


def is_sampler(graph: Graph, key: str) -> bool:
    """Whether a node samples: named so, and fed by links (nodes that only choose a sampler's kind are not)."""
    node = graph.nodes[key]
    return "Sampler" in node.class_type and any(True for _ in node.links())
