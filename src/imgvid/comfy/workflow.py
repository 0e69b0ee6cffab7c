"""A workflow ready to be bound: the compiled graph `NAME.api.json` and its binding `NAME.toml` (bind.py tells what is in it).

Both lie beside each other in a folder: the worker image's, or the catalogue's own (`GRAPHS`) for a server that somebody else
runs. Reading is the only I/O here.
"""

from __future__ import annotations

import json
import tomllib
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from imgvid import catalog
from imgvid.catalog import Mode
from imgvid.comfy.bind import Binding, BindingError, Bound, Scalar, bind, binder, output_node, parse_binding, variant
from imgvid.comfy.graph import Graph, GraphError, parse_graph
from imgvid.comfy.objectinfo import ObjectInfo

GRAPHS = Path(catalog.__file__).parent / "graphs"
_PREFIX = "filename_prefix"


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

    def classes(self) -> frozenset[str]:
        """Every node class that it needs."""
        return frozenset(node.class_type for node in self.graph.nodes.values())

    def bound_classes(self) -> set[str]:
        """Node classes whose declarations bound the values."""
        nodes = {target.node for role in self.binding.roles.values() for target in role.targets}
        return {node.class_type for key, node in self.graph.nodes.items() if key in nodes or node.title in nodes}


def read_workflow(folder: Path, name: str, *, shipped: Collection[str] | None = None) -> Workflow:
    """One workflow of a folder. `shipped`: hashes of graphs that are ours; None: all in this folder are. Raises
    WorkflowRefused."""
    try:
        graph = parse_graph(json.loads((folder / f"{name}.api.json").read_bytes()))
        binding = parse_binding(tomllib.loads((folder / f"{name}.toml").read_text()))
        ours = shipped is None or graph.hash() in shipped
        return Workflow(name=name, origin="shipped" if ours else "operator's", graph=graph, binding=binding)
    except OSError as error:
        raise WorkflowRefused(f"{name}: {error.strerror}: {Path(error.filename or name).name}") from error
    except (json.JSONDecodeError, tomllib.TOMLDecodeError, GraphError, BindingError) as error:
        raise WorkflowRefused(f"{name}: {error}") from error


def workflows_of(modes: Iterable[Mode], folder: Path = GRAPHS) -> dict[str, Workflow]:
    """Every workflow that some choice of these modes leads to, by name. Raises WorkflowRefused."""
    names = dict.fromkeys(name for mode in modes for name in mode.workflows)
    return {name: read_workflow(folder, name) for name in names}


def apart(graph: Graph, folder: str) -> Graph:
    """A copy that writes every file with a name to choose below a folder of its own, so that two jobs never meet."""
    for key, node in graph.nodes.items():
        if isinstance(node.inputs.get(_PREFIX), str):
            graph = graph.with_input(key, _PREFIX, f"{folder}/{key.replace(':', '_')}")
    return graph
