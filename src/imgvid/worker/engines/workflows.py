"""A mode's graph as the engine runs it: loaded once, proven at start, bound anew for every job."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from imgvid.comfy.graph import Graph
from imgvid.worker.engines.base import Scalar


@dataclass(frozen=True, slots=True, kw_only=True)
class Workflow:
    """`bind` puts a job's values (roles by name, pictures as LoadImage takes them) into a copy of `graph`."""

    name: str
    origin: str  # "shipped" or "operator's"
    graph: Graph
    bind: Callable[[Mapping[str, Scalar]], Graph]
    output: str | None = None  # the node whose file is the result; None: chosen among all
    graph_hash: str = field(init=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "graph_hash", self.graph.hash())
