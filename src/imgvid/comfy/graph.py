"""The API graph: what ComfyUI's server runs. Nodes by id, each with a class, inputs and a title.

An input is a literal or a link `[node id, output slot]`; a literal list travels as `{"__value__": [...]}`. The graph is a
value: `with_input` gives a new one. Its hash is what a job's recipe records, so it must not depend on key order, on
titles, or on `1` against `1.0`.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace

from imgvid.comfy.jsontypes import Json, as_dict, as_text


class GraphError(ValueError):
    """The JSON is no API graph; the message says where and what was expected."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Link:
    """A reference to an output of another node."""

    node: str
    slot: int

    def json(self) -> Json:
        return [self.node, self.slot]


@dataclass(frozen=True, slots=True, kw_only=True)
class Node:
    """One node of the API graph. `inputs` holds JSON as the server takes it; `link()` reads a link from it."""

    id: str
    class_type: str
    inputs: Mapping[str, Json] = field(default_factory=dict)
    title: str = ""

    def link(self, name: str) -> Link | None:
        """The link that feeds an input, or None where it holds a literal or is absent."""
        return parse_link(self.inputs.get(name))

    def links(self) -> Iterator[tuple[str, Link]]:
        """Every linked input with its link, in the order of the inputs."""
        for name, value in self.inputs.items():
            link = parse_link(value)
            if link is not None:
                yield name, link

    def json(self) -> dict[str, Json]:
        return {"class_type": self.class_type, "inputs": dict(self.inputs), "_meta": {"title": self.title}}


@dataclass(frozen=True, slots=True, kw_only=True)
class Graph:
    """Nodes by id. Immutable; `with_input` copies."""

    nodes: Mapping[str, Node]

    def json(self) -> dict[str, Json]:
        """The graph as `POST /prompt` takes it, nodes in the order of their ids (numbers as numbers)."""
        return {key: self.nodes[key].json() for key in sorted(self.nodes, key=id_order)}

    def text(self) -> str:
        """The graph as a file: two spaces, stable order, one line end at the end, so that diffs stay small."""
        return json.dumps(self.json(), indent=2, ensure_ascii=False) + "\n"

    def hash(self) -> str:
        """sha256 (hex) of the canonical JSON: ids, classes and inputs; neither titles nor key order change it."""
        plain = {key: {"class_type": n.class_type, "inputs": n.inputs} for key, n in self.nodes.items()}
        canonical = json.dumps(_canonical(plain), sort_keys=True, separators=(",", ":"), ensure_ascii=False)
        return hashlib.sha256(canonical.encode()).hexdigest()

    def upstream(self, roots: Iterable[str]) -> set[str]:
        """The given nodes and everything that they need, through links; ids that are absent are left out."""
        todo, seen = list(roots), set[str]()
        while todo:
            key = todo.pop()
            if key in seen or key not in self.nodes:
                continue
            seen.add(key)
            todo.extend(link.node for _, link in self.nodes[key].links())
        return seen

    def outputs(self, is_output: Callable[[str], bool]) -> list[str]:
        """Ids of the nodes whose class makes an output, in the order of ids."""
        return [key for key in sorted(self.nodes, key=id_order) if is_output(self.nodes[key].class_type)]

    def titled(self, title: str) -> list[str]:
        """Ids of the nodes with this title, in the order of ids."""
        return [key for key in sorted(self.nodes, key=id_order) if self.nodes[key].title == title]

    def with_input(self, key: str, name: str, value: Json) -> Graph:
        """A copy in which one input of one node has another value. Raises KeyError for an unknown node."""
        node = self.nodes[key]
        changed = replace(node, inputs={**node.inputs, name: value})
        return Graph(nodes={**self.nodes, key: changed})


def id_order(key: str) -> tuple[tuple[int, int, str], ...]:
    """A sort key for node ids: numbers by value, the parts of `92:81` one by one."""
    return tuple((0, int(part), "") if part.isdecimal() else (1, 0, part) for part in key.split(":"))


def parse_link(value: Json) -> Link | None:
    """The link that a JSON value is, else None. The server reads every two-element list as a link."""
    match value:
        case [str() as node, int() as slot] if not isinstance(slot, bool):
            return Link(node=node, slot=slot)
    return None


def parse_graph(data: object) -> Graph:
    """An API graph from its JSON. Raises GraphError for a UI file or anything else."""
    if not isinstance(data, dict) or not data:
        raise GraphError("An API graph is an object of nodes; this file holds something else.")
    if isinstance(data.get("nodes"), list):
        raise GraphError("This is a file as the editor saves it; compile it first: imgvid workflow compile.")
    nodes: dict[str, Node] = {}
    for key, raw in data.items():
        body = as_dict(raw)
        class_type = body.get("class_type")
        if not isinstance(class_type, str) or not isinstance(body.get("inputs"), dict):
            raise GraphError(f"Node {key} has no class_type or no inputs; this is no API graph.")
        title = as_text(as_dict(body.get("_meta")).get("title"), class_type)
        nodes[key] = Node(id=key, class_type=class_type, inputs=as_dict(body["inputs"]), title=title)
    return Graph(nodes=nodes)


def _canonical(value: object) -> object:
    if isinstance(value, Mapping):
        return {str(key): _canonical(item) for key, item in value.items()}
    if isinstance(value, list):
        return [_canonical(item) for item in value]
    if isinstance(value, float) and value.is_integer():
        return int(value)
    return value
