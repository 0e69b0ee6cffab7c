"""The saved file as typed records, subgraph definitions apart, with node ids made unique as the editor makes them.

Two spellings of links exist (arrays in the root graph of version 0.4, objects elsewhere). A node id that a subgraph
shares with the root graph or an earlier subgraph is renumbered from `last_node_id` upwards before anything else: the ids
of the API graph show it.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

from imgvid.comfy.compile.errors import CompileError
from imgvid.comfy.jsontypes import Json, as_dict, as_int, as_list, as_text, identity

RESAVE = "Open the file in a current ComfyUI editor and save it again."


@dataclass(slots=True, kw_only=True)
class SavedSlot:
    """An input or output as saved: `links` has at most one entry for an input."""

    name: str
    type: str
    links: list[str]
    widget: str | None = None


@dataclass(slots=True, kw_only=True)
class SavedNode:
    """A node as saved. `values` is what the file calls widgets_values, of any shape."""

    id: str
    type: str
    title: str
    mode: int
    inputs: list[SavedSlot]
    outputs: list[SavedSlot]
    values: Json
    properties: dict[str, Json]


@dataclass(frozen=True, slots=True, kw_only=True)
class SavedLink:
    """A link as saved."""

    id: str
    origin: str
    origin_slot: int
    target: str
    target_slot: int
    type: str


@dataclass(slots=True, kw_only=True)
class SavedRail:
    """One input or output of a subgraph definition."""

    name: str
    type: str
    links: list[str]


@dataclass(slots=True, kw_only=True)
class SavedGraph:
    """The root graph (`key` empty) or a subgraph definition."""

    key: str
    name: str
    nodes: list[SavedNode]
    links: list[SavedLink]
    inputs: list[SavedRail] = field(default_factory=list)
    outputs: list[SavedRail] = field(default_factory=list)
    extra: dict[str, Json] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class SavedFile:
    """A whole file: the root graph and its subgraph definitions in file order."""

    root: SavedGraph
    definitions: dict[str, SavedGraph]


def read(ui: object) -> SavedFile:
    """Parse a UI file. Raises CompileError where it is something else."""
    data = as_dict(ui)
    if not isinstance(data.get("nodes"), list):
        kind = "an API graph already" if _looks_like_api(data) else "no ComfyUI workflow"
        raise CompileError(f"This file is {kind}.", remedy="Save the workflow in the editor (not *Export (API)*).")
    root = _graph(data, "")
    if as_dict(root.extra.get("groupNodes")) and any(_is_group_node(node.type) for node in root.nodes):
        node = next(node for node in root.nodes if _is_group_node(node.type))
        raise CompileError(
            "it is a group node, a kind that editors since 2025 turn into subgraphs.",
            remedy=RESAVE,
            node=node.id,
            title=node.title or node.type,
        )
    definitions = dict(_definitions(data))
    state = as_dict(data.get("state"))
    last = max(as_int(data.get("last_node_id")), as_int(state.get("lastNodeId")))
    _renumber(root, definitions, last)
    return SavedFile(root=root, definitions=definitions)


def leaf_first(definitions: dict[str, SavedGraph]) -> list[str]:
    """Definition keys, each after those that it uses. Raises CompileError for a subgraph that contains itself."""
    done: dict[str, bool] = {}
    order: list[str] = []

    def visit(key: str) -> None:
        if done.get(key):
            return
        if key in done:
            raise CompileError(
                f'The subgraph "{definitions[key].name}" contains itself.', remedy="Remove that node in the editor."
            )
        done[key] = False
        for node in definitions[key].nodes:
            if node.type in definitions:
                visit(node.type)
        done[key] = True
        order.append(key)

    for key in definitions:
        visit(key)
    return order


def _looks_like_api(data: dict[str, Json]) -> bool:
    return any(isinstance(as_dict(node).get("class_type"), str) for node in data.values())


def _is_group_node(kind: str) -> bool:
    return kind.startswith(("workflow>", "workflow/"))


def _definitions(data: dict[str, Json]) -> Iterator[tuple[str, SavedGraph]]:
    for raw in as_list(as_dict(data.get("definitions")).get("subgraphs")):
        body = as_dict(raw)
        key = as_text(body.get("id"))
        if key:
            yield key, _graph(body, key)
            yield from _definitions(body)


def _graph(data: dict[str, Json], key: str) -> SavedGraph:
    return SavedGraph(
        key=key,
        name=as_text(data.get("name"), key),
        nodes=[_node(as_dict(raw)) for raw in as_list(data.get("nodes"))],
        links=[link for raw in as_list(data.get("links")) if (link := _link(raw)) is not None],
        inputs=[_rail(as_dict(raw)) for raw in as_list(data.get("inputs"))],
        outputs=[_rail(as_dict(raw)) for raw in as_list(data.get("outputs"))],
        extra=as_dict(data.get("extra")),
    )


def _rail(data: dict[str, Json]) -> SavedRail:
    links = [identity(link) for link in as_list(data.get("linkIds"))]
    return SavedRail(name=as_text(data.get("name")), type=_type(data.get("type")), links=links)


def _node(data: dict[str, Json]) -> SavedNode:
    return SavedNode(
        id=identity(data.get("id")),
        type=as_text(data.get("type")),
        title=as_text(data.get("title")),
        mode=as_int(data.get("mode")),
        inputs=[_slot(as_dict(raw), "link") for raw in as_list(data.get("inputs"))],
        outputs=[_slot(as_dict(raw), "links") for raw in as_list(data.get("outputs"))],
        values=data.get("widgets_values"),
        properties=as_dict(data.get("properties")),
    )


def _slot(data: dict[str, Json], key: str) -> SavedSlot:
    held = data.get(key)
    links = [identity(link) for link in (held if isinstance(held, list) else [held]) if link is not None]
    widget = as_dict(data.get("widget")).get("name")
    return SavedSlot(
        name=as_text(data.get("name")),
        type=_type(data.get("type")),
        links=links,
        widget=widget if isinstance(widget, str) else None,
    )


def _type(value: Json) -> str:
    return "*" if value in (0, -1, None) else identity(value) if not isinstance(value, list) else "COMBO"


def _link(raw: Json) -> SavedLink | None:
    if isinstance(raw, list) and len(raw) >= 5:
        key, origin, origin_slot, target, target_slot = raw[:5]
        kind = raw[5] if len(raw) > 5 else "*"
    elif isinstance(raw, dict):
        key, kind = raw.get("id"), raw.get("type")
        origin, origin_slot = raw.get("origin_id"), raw.get("origin_slot")
        target, target_slot = raw.get("target_id"), raw.get("target_slot")
    else:
        return None
    return SavedLink(
        id=identity(key),
        origin=identity(origin),
        origin_slot=_slot_index(origin_slot),
        target=identity(target),
        target_slot=_slot_index(target_slot),
        type=_type(kind),
    )


def _slot_index(value: Json) -> int:
    text = identity(value)
    return int(text) if text.lstrip("-").isdecimal() else 0


def _renumber(root: SavedGraph, definitions: dict[str, SavedGraph], last: int) -> None:
    used = {node.id for node in root.nodes}
    renamed: dict[str, dict[str, str]] = {}
    for key, graph in definitions.items():
        table: dict[str, str] = {}
        for node in graph.nodes:
            if node.id in used:
                last += 1
                while str(last) in used:
                    last += 1
                table[node.id] = str(last)
                node.id = str(last)
            elif node.id.isdecimal():
                last = max(last, int(node.id))
            used.add(node.id)
        if table:
            renamed[key] = table
            graph.links = [_relabel(link, table) for link in graph.links]
            _relabel_broadcasts(graph, table)
    for graph in (root, *definitions.values()):
        for node in graph.nodes:
            if node.type in renamed:
                _relabel_proxies(node, renamed[node.type])


def _relabel(link: SavedLink, table: dict[str, str]) -> SavedLink:
    return SavedLink(
        id=link.id,
        origin=table.get(link.origin, link.origin),
        origin_slot=link.origin_slot,
        target=table.get(link.target, link.target),
        target_slot=link.target_slot,
        type=link.type,
    )


def _relabel_broadcasts(graph: SavedGraph, table: dict[str, str]) -> None:
    """The saved Use-Everywhere links name nodes too."""
    links: list[Json] = []
    for raw in as_list(graph.extra.get("ue_links")):
        link = dict(as_dict(raw))
        for key in ("upstream", "downstream", "controller"):
            if key in link:
                link[key] = table.get(identity(link[key]), link[key])
        links.append(link)
    if links:
        graph.extra = {**graph.extra, "ue_links": links}


def _relabel_proxies(node: SavedNode, table: dict[str, str]) -> None:
    """The older list of promoted widgets names inner nodes."""
    proxies = node.properties.get("proxyWidgets")
    if not isinstance(proxies, list):
        return
    renamed: list[Json] = []
    for entry in proxies:
        if isinstance(entry, list) and entry:
            renamed.append([table.get(identity(entry[0]), entry[0]), *entry[1:]])
        else:
            renamed.append(entry)
    node.properties = {**node.properties, "proxyWidgets": renamed}
