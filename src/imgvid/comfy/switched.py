"""What a UI file has switched off: whole groups by their frames, samplers, and other nodes. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from imgvid.comfy.compile.broadcasts import SENDERS
from imgvid.comfy.compile.live import BYPASSED, MUTED
from imgvid.comfy.compile.loader import VIRTUAL
from imgvid.comfy.jsontypes import Json, as_dict, as_list, as_text, identity
from imgvid.comfy.samplers import is_sampler


@dataclass(frozen=True, slots=True, kw_only=True)
class SwitchedOff:
    """Titles: groups of which every node is off, samplers that are off, and what else is off outside such groups."""

    groups: tuple[str, ...] = ()
    samplers: tuple[str, ...] = ()
    others: tuple[str, ...] = ()


def switched_off(ui: Mapping[str, object]) -> SwitchedOff:
    """Look through the root graph and every subgraph definition."""
    groups: list[str] = []
    samplers: list[str] = []
    others: list[str] = []
    for graph in _graphs(ui):
        nodes = [node for raw in as_list(graph.get("nodes")) if _counts(node := as_dict(raw))]
        covered: set[str] = set()
        for raw in as_list(graph.get("groups")):
            group = as_dict(raw)
            inside = [node for node in nodes if _is_inside(node, group)]
            if inside and all(_is_off(node) for node in inside):
                groups.append(as_text(group.get("title"), "(no title)"))
                covered |= {identity(node.get("id")) for node in inside}
        for node in nodes:
            if _is_off(node) and is_sampler(as_text(node.get("type"))):
                samplers.append(_title(node))
            elif _is_off(node) and identity(node.get("id")) not in covered:
                others.append(_title(node))
    return SwitchedOff(groups=tuple(groups), samplers=tuple(samplers), others=tuple(others))


def _graphs(ui: Mapping[str, object]) -> Iterator[Mapping[str, object]]:
    yield ui
    for raw in as_list(as_dict(ui.get("definitions")).get("subgraphs")):
        yield as_dict(raw)


def _counts(node: dict[str, Json]) -> bool:
    return as_text(node.get("type")) not in VIRTUAL | SENDERS


def _is_off(node: dict[str, Json]) -> bool:
    return node.get("mode") in (MUTED, BYPASSED)


def _title(node: dict[str, Json]) -> str:
    return as_text(node.get("title")) or as_text(node.get("type"))


def _is_inside(node: dict[str, Json], group: dict[str, Json]) -> bool:
    """A node belongs to a group when its corner lies in the group's frame."""
    box, corner = _numbers(group.get("bounding")), _numbers(node.get("pos"))
    if len(box) < 4 or len(corner) < 2:
        return False
    return box[0] <= corner[0] <= box[0] + box[2] and box[1] <= corner[1] <= box[1] + box[3]


def _numbers(value: Json) -> list[float]:
    if isinstance(value, dict):
        value = [value.get("0"), value.get("1")]
    return [part for part in as_list(value) if isinstance(part, int | float)]
