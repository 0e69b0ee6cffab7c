"""The websocket's frames as types. What is not about prompts (previews, `status`, extensions' own) has none.

status  ▸  execution_start ▸ execution_cached ▸ ( progress_state | executing | progress | executed )*
        ▸  execution_success | execution_error | execution_interrupted  ▸  executing node:null
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass

from imgvid.comfy.jsontypes import Json, as_dict, as_text


@dataclass(frozen=True, slots=True, kw_only=True)
class Ready:
    """The first frame of a socket: from here on nothing is missed."""

    sid: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Executing:
    """This node has begun. After a reconnect the server leaves the prompt's id out."""

    prompt_id: str | None
    node: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Steps:
    """How far every node is: (steps done, steps in all, running | finished | pending | error)."""

    prompt_id: str | None
    nodes: Mapping[str, tuple[float, float, str]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Over:
    """The prompt has ended, however it ended: `executing` with node null, the last frame of every prompt."""

    prompt_id: str | None


Frame = Ready | Executing | Steps | Over


def parse_frame(text: str) -> Frame | None:
    """One text frame; None for everything that does not matter here, and for what is no JSON."""
    try:
        raw = as_dict(json.loads(text))
    except ValueError:
        return None
    data = as_dict(raw.get("data"))
    prompt_id = as_text(data.get("prompt_id")) or None
    match raw.get("type"):
        case "status" if isinstance(sid := data.get("sid"), str):
            return Ready(sid=sid)
        case "executing" if "node" in data:
            node = data["node"]
            return Over(prompt_id=prompt_id) if node is None else Executing(prompt_id=prompt_id, node=str(node))
        case "progress_state":
            return Steps(prompt_id=prompt_id, nodes=_steps(as_dict(data.get("nodes"))))
        case "progress":  # servers before progress_state (July 2025)
            state = "finished" if data.get("value") == data.get("max") else "running"
            return Steps(prompt_id=prompt_id, nodes=_steps({str(data.get("node")): {**data, "state": state}}))
    return None


def _steps(nodes: Mapping[str, Json]) -> dict[str, tuple[float, float, str]]:
    found = {}
    for key, raw in nodes.items():
        node = as_dict(raw)
        found[key] = (_number(node.get("value")), _number(node.get("max")), as_text(node.get("state")))
    return found


def _number(value: Json) -> float:
    return float(value) if isinstance(value, int | float) else 0.0
