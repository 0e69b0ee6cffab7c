"""Whether the workflows in the image fit this ComfyUI: every class is there, every chosen file is among the choices.

Graphs are read in the API format, as `imgvid workflow compile` writes them beside their UI files (`NAME.api.json`).
"""

from __future__ import annotations

import json
from pathlib import Path

from imgvid.worker.bootstrap.ready import Check, ObjectInfo


def workflows_check(folder: Path) -> Check:
    """The check of every `*.api.json` below `folder`; a folder without one is a fault of the image."""

    def check(known: ObjectInfo) -> list[str]:
        graphs = sorted(folder.glob("*.api.json"))
        if not graphs:
            return [f"no compiled workflow (*.api.json) is in {folder}"]
        return [f"{path.name}: {problem}" for path in graphs for problem in _problems(path, known)]

    return check


def _problems(path: Path, known: ObjectInfo) -> list[str]:
    try:
        graph = json.loads(path.read_bytes())
    except (OSError, ValueError) as error:
        return [f"cannot be read: {error}"]
    if not isinstance(graph, dict):
        return ["is no API graph"]
    problems = []
    for node_id, node in graph.items():
        if not isinstance(node, dict) or not isinstance(node.get("class_type"), str):
            problems.append(f"node {node_id} is no node of an API graph")
        elif node["class_type"] not in known:
            problems.append(f"node {node_id}: this ComfyUI has no {node['class_type']}; see nodes.lock")
        else:
            problems += [f"node {node_id}: {text}" for text in _choices(node, known[node["class_type"]])]
    return problems


def _choices(node: dict[str, object], about: object) -> list[str]:
    """Inputs whose value is not among the choices; pictures are left out, they come with the job."""
    inputs, declared = node.get("inputs"), about.get("input") if isinstance(about, dict) else None
    if not isinstance(inputs, dict) or not isinstance(declared, dict):
        return []
    found = []
    for section in ("required", "optional"):
        for name, spec in (declared.get(section) or {}).items():
            value, choices = inputs.get(name), _combo(spec)
            if choices is None or not isinstance(value, str) or value in choices:
                continue
            found.append(f"{name} {value!r} is not there: is the file in the bundle, in the right folder?")
    return found


def _combo(spec: object) -> list[object] | None:
    """The choices of an input in either of ComfyUI's two spellings; None for what is no choice or an upload."""
    if not isinstance(spec, list) or not spec:
        return None
    options = spec[1] if len(spec) > 1 and isinstance(spec[1], dict) else {}
    if options.get("image_upload") or options.get("video_upload"):
        return None
    if isinstance(spec[0], list):
        return spec[0]
    choices = options.get("options")
    return choices if spec[0] == "COMBO" and isinstance(choices, list) else None
