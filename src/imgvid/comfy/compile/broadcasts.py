"""*Anything Everywhere*: links that exist only while a browser has the workflow open.

The extension saves what it resolved in `extra.ue_links`, one entry a link; its target slot counts in the live node (sockets
first, then widget inputs). They are made real links here, also those into bypassed nodes, which pass them on. A file that
has such nodes but not that list comes from an older version: recomputing the rules would be a guess, so it is refused.
"""

from __future__ import annotations

from imgvid.comfy.compile.errors import CompileError
from imgvid.comfy.compile.live import LiveGraph, LiveNode, is_compatible
from imgvid.comfy.jsontypes import Json, as_dict, as_int, as_list, as_text, identity

REMEDY = "Open the file in the editor with cg-use-everywhere 7 or newer installed and save it again."
# Senders that do nothing on the server. "Seed Everywhere" and "Simple String" also have outputs and stay.
SENDERS = frozenset({"Anything Everywhere", "Anything Everywhere?", "Anything Everywhere3", "Prompts Everywhere"})
BROADCASTERS = SENDERS | {"Seed Everywhere"}


def connect(graph: LiveGraph) -> int:
    """Make the saved broadcast links of one graph real; returns how many. Raises CompileError where they do not fit."""
    saved = graph.extra.get("ue_links")
    senders = [node for node in graph.nodes.values() if node.type in BROADCASTERS and node.active and _sends(node)]
    if senders and not isinstance(saved, list):
        raise CompileError(
            "it sends its inputs to other nodes, and the file does not say to which.",
            remedy=REMEDY,
            node=senders[0].id,
            title=senders[0].title,
        )
    for raw in as_list(saved):
        _connect(graph, as_dict(raw))
    return len(as_list(saved))


def _sends(node: LiveNode) -> bool:
    return node.type == "Seed Everywhere" or any(slot.link is not None for slot in node.inputs)


def _connect(graph: LiveGraph, entry: dict[str, Json]) -> None:
    target = graph.nodes.get(identity(entry.get("downstream")))
    origin = graph.nodes.get(identity(entry.get("upstream")))
    if target is None or origin is None:
        raise _stale(target or origin, "a saved broadcast link names a node that is no longer there.")
    slot_index, origin_slot = as_int(entry.get("downstream_slot"), -1), as_int(entry.get("upstream_slot"), -1)
    if not 0 <= slot_index < len(target.inputs) or not 0 <= origin_slot < max(1, len(origin.outputs)):
        raise _stale(target, f"a saved broadcast link leads to its input {slot_index}, which it does not have.")
    slot = target.inputs[slot_index]
    kind = as_text(entry.get("type"), "*")
    if not is_compatible(kind, slot.type):
        raise _stale(target, f"a saved broadcast link of type {kind} leads to its input {slot.name} ({slot.type}).")
    present = graph.links.get(slot.link) if slot.link is not None else None
    if present is not None:
        if (present.origin, present.origin_slot) == (origin.id, origin_slot):
            return
        raise _stale(target, f"its input {slot.name} has a link and receives a broadcast as well.")
    graph.connect(origin.id, origin_slot, target, slot)


def _stale(node: LiveNode | None, reason: str) -> CompileError:
    return CompileError(reason, remedy=REMEDY, node=node.id if node else "", title=node.title if node else "")
