"""Do the node packs of a workflow stand in the image's lock, in the version that the file was saved with? Pure.

A class says its pack by `python_module` (`custom_nodes.comfyui-kjnodes`), a saved node by `properties.cnr_id` or `aux_id` and
`ver`. Another version may read the saved values differently or paint another picture, which is worth a warning; a pack
that is not in the lock is not in the image.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from imgvid.comfy.finding import Finding, Level
from imgvid.comfy.graph import Graph
from imgvid.comfy.jsontypes import as_dict, as_list, as_text
from imgvid.comfy.objectinfo import ObjectInfo

_PREFIX = "custom_nodes."
_NOT_PACKS = ("comfy-core", "websocket_image_save")  # parts of ComfyUI itself


@dataclass(frozen=True, slots=True, kw_only=True)
class LockedPack:
    """One pack of the lock: its folder, its version and every other name under which a file may mean that version."""

    folder: str
    version: str
    also: frozenset[str] = frozenset()


def check_lock(
    graph: Graph, info: ObjectInfo, lock: Mapping[str, LockedPack], ui: Mapping[str, object] | None = None
) -> list[Finding]:
    """Packs that the graph's classes come from, and, with the UI file, the versions that it was saved with.

    `lock` by the folder's lower-case name. One finding a pack.
    """
    found = list(_missing(graph, info, lock))
    if ui is not None:
        found += _versions(ui, lock)
    return found


def _missing(graph: Graph, info: ObjectInfo, lock: Mapping[str, LockedPack]) -> Iterator[Finding]:
    seen: set[str] = set()
    for node in graph.nodes.values():
        definition = info.get(node.class_type)
        module = definition.module if definition is not None else ""
        pack = module.removeprefix(_PREFIX).partition(".")[0].lower()
        if module.startswith(_PREFIX) and pack not in lock and pack not in seen and pack not in _NOT_PACKS:
            seen.add(pack)
            text = f"its class {node.class_type} comes from the pack {pack}, which is not in the lock."
            yield Finding(level=Level.ERROR, text=text, node=node.id, title=node.title)


def _versions(ui: Mapping[str, object], lock: Mapping[str, LockedPack]) -> Iterator[Finding]:
    said: set[tuple[str, str]] = set()
    for node in _nodes(ui):
        properties = as_dict(as_dict(node).get("properties"))
        name = as_text(properties.get("cnr_id")) or as_text(properties.get("aux_id"))
        pack = lock.get(name.rpartition("/")[2].lower())
        version = as_text(properties.get("ver"))
        if pack is None or not version or (pack.folder, version) in said:
            continue
        said.add((pack.folder, version))
        if version != pack.version and version not in pack.also:
            text = f"The file was saved with {pack.folder} {version}; the image has {pack.version}."
            yield Finding(level=Level.WARNING, text=text)


def _nodes(ui: Mapping[str, object]) -> Iterator[object]:
    yield from as_list(ui.get("nodes"))
    for graph in as_list(as_dict(ui.get("definitions")).get("subgraphs")):
        yield from as_list(as_dict(graph).get("nodes"))
