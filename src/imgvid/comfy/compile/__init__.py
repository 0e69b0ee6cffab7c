"""A workflow as the editor saves it becomes the API graph that the editor would export. Pure: no files, no network.

    reader      the saved JSON as records, node ids made unique
    loader      live nodes: sockets and widgets by the server's object_info (sockets, widgets, additions, packs, values)
    hosts       subgraph hosts and their promoted widgets; promotions modernises older files
    broadcasts  Anything Everywhere links made real
    primitives  PrimitiveNode values written into their targets
    types       match types narrowed (they decide what a bypassed node passes on)
    resolve     where each input's value comes from
    emit        the graph

Right or refused: whatever is not known to be right raises CompileError with the node, the reason and what to do.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from imgvid.comfy.compile import broadcasts, primitives
from imgvid.comfy.compile.emit import Emitter
from imgvid.comfy.compile.errors import CompileError
from imgvid.comfy.compile.live import BYPASSED, MUTED, LiveGraph
from imgvid.comfy.compile.loader import Loader
from imgvid.comfy.compile.reader import read
from imgvid.comfy.compile.types import narrow
from imgvid.comfy.graph import Graph
from imgvid.comfy.jsontypes import Json
from imgvid.comfy.objectinfo import ObjectInfo

__all__ = ["CompileError", "Compiled", "compile_workflow"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Compiled:
    """The result: the API graph and what a person may want to know (`notes`, one sentence each)."""

    graph: Graph
    notes: tuple[str, ...] = ()
    broadcasts: int = 0
    bypassed: tuple[str, ...] = ()
    muted: tuple[str, ...] = ()


def compile_workflow(ui: Mapping[str, Json], object_info: Mapping[str, Json] | ObjectInfo) -> Compiled:
    """Compile a UI file. Deterministic; raises CompileError for what cannot be compiled faithfully."""
    info = object_info if isinstance(object_info, ObjectInfo) else ObjectInfo(object_info)
    loader = Loader(info)
    root = loader.load(read(dict(ui)))
    for live in loader.graphs.values():
        primitives.apply(live)
    links = sum(broadcasts.connect(live) for live in loader.graphs.values())
    narrow(loader.graphs.values())
    graph = Emitter(root, loader.graphs, info).emit()
    return Compiled(
        graph=graph,
        notes=tuple(_notes(graph)),
        broadcasts=links,
        bypassed=tuple(_titles(loader.graphs, BYPASSED)),
        muted=tuple(_titles(loader.graphs, MUTED)),
    )


def _titles(graphs: Mapping[str, LiveGraph], mode: int) -> list[str]:
    return [f"{n.id} {n.title}" for graph in graphs.values() for n in graph.nodes.values() if n.mode == mode]


def _notes(graph: Graph) -> list[str]:
    notes: list[str] = []
    for node in graph.nodes.values():
        prefix = node.inputs.get("filename_prefix")
        if isinstance(prefix, str) and "%date:" in prefix:
            notes.append(
                f'Node {node.id} "{node.title}": only the browser fills in %date:...% of a file name; '
                "the server makes a folder of that very name. Bind filename_prefix or change it."
            )
    return notes
