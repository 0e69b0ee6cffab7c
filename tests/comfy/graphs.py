"""The graphs for LTX-2 and for a ComfyUI server, with the classes that they use.

`graph_classes.json` is what a ComfyUI 0.33.0 with VideoHelperSuite 4ee72c0 and LivePortraitKJ 4d9dc62 declared of those
classes, without its words, model lists and longer choices.
"""

from __future__ import annotations

import json
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import imgvid.catalog
from imgvid.comfy.bind import Binding, Scalar, bind, parse_binding
from imgvid.comfy.evaluate import Flow
from imgvid.comfy.graph import Graph, parse_graph
from imgvid.comfy.objectinfo import ObjectInfo

CLASSES = Path(__file__).parent / "graph_classes.json"
INFO = ObjectInfo(json.loads(CLASSES.read_text()))
ROOT = Path(__file__).resolve().parents[2]
LTX = ROOT / "worker_image" / "workflows" / "ltx2"
DIRECT = Path(imgvid.catalog.__file__).parent / "graphs"


@dataclass(frozen=True, slots=True)
class Files:
    """The three files of one workflow."""

    folder: Path
    name: str

    @property
    def ui(self) -> dict[str, Any]:
        data: dict[str, Any] = json.loads((self.folder / f"{self.name}.json").read_text())
        return data

    @property
    def text(self) -> str:
        return (self.folder / f"{self.name}.api.json").read_text()

    @property
    def graph(self) -> Graph:
        return parse_graph(json.loads(self.text))

    @property
    def binding(self) -> Binding:
        return parse_binding(tomllib.loads((self.folder / f"{self.name}.toml").read_text()))

    def bound(self, values: Mapping[str, Scalar]) -> Graph:
        return bind(self.graph, self.binding, values, INFO).graph


def at(graph: Graph, title: str, name: str) -> Any:
    """The value that an input of the node with this title will have, links followed through constants and sums."""
    (key,) = graph.titled(title)
    return Flow(graph).input(graph.nodes[key], name)
