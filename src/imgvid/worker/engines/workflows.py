"""The workflows of an image: read once at start, all that some mode leads to.

A folder holds for every workflow its compiled graph `NAME.api.json` and its binding `NAME.toml` (comfy/bind.py tells what is
in it). Mounting another folder replaces them; whether a graph is the one that the image came with shows in its hash.
"""

from __future__ import annotations

import json
import tomllib
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from imgvid.catalog import Mode
from imgvid.comfy.bind import Binding, BindingError, Bound, Scalar, bind, binder, output_node, parse_binding, variant
from imgvid.comfy.graph import Graph, GraphError, parse_graph
from imgvid.comfy.objectinfo import ObjectInfo
from imgvid.worker.engines.shipped import SHIPPED


class WorkflowRefused(Exception):
    """A workflow cannot be used. The text names the file and the reason."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Workflow:
    """One graph and the inputs of it that a job may set."""

    name: str
    origin: str  # "shipped" or "operator's"
    graph: Graph
    binding: Binding
    output: str | None = field(init=False)  # the node whose file is the result; None: chosen among all
    graph_hash: str = field(init=False)

    def __post_init__(self) -> None:
        """Raises BindingError where the binding does not fit the graph."""
        binder(self.graph, self.binding)
        object.__setattr__(self, "output", output_node(self.graph, self.binding))
        object.__setattr__(self, "graph_hash", self.graph.hash())

    def bind(self, values: Mapping[str, Scalar], info: ObjectInfo) -> Bound:
        """A copy of the graph with a job's values: roles by name, pictures as LoadImage takes them. Raises BindingError."""
        return bind(self.graph, self.binding, values, info)

    def variant(self, graph: Graph) -> dict[str, str]:
        """Of a bound graph: the files that were taken because they were there, by role."""
        return variant(graph, self.binding)

    def bound_classes(self) -> set[str]:
        """Node classes whose declarations bound the values."""
        nodes = {target.node for role in self.binding.roles.values() for target in role.targets}
        return {node.class_type for key, node in self.graph.nodes.items() if key in nodes or node.title in nodes}


def load(folder: Path, modes: Iterable[Mode], *, shipped: Collection[str] = SHIPPED) -> dict[str, Workflow]:
    """The workflows in the folder that some choice of a mode leads to, by name. Raises WorkflowRefused for a bad one, or for
    none at all."""
    names = dict.fromkeys(name for mode in modes for name in mode.workflows)
    found = {name: _load(folder, name, shipped) for name in names if (folder / f"{name}.api.json").is_file()}
    if not found:
        raise WorkflowRefused(f"no workflow of any mode is in {folder}")
    return found


def _load(folder: Path, name: str, shipped: Collection[str]) -> Workflow:
    try:
        graph = parse_graph(json.loads((folder / f"{name}.api.json").read_bytes()))
        binding = parse_binding(tomllib.loads((folder / f"{name}.toml").read_text()))
        origin = "shipped" if graph.hash() in shipped else "operator's"
        return Workflow(name=name, origin=origin, graph=graph, binding=binding)
    except OSError as error:
        raise WorkflowRefused(f"{name}: {error.strerror}: {Path(error.filename or name).name}") from error
    except (json.JSONDecodeError, tomllib.TOMLDecodeError, GraphError, BindingError) as error:
        raise WorkflowRefused(f"{name}: {error}") from error
