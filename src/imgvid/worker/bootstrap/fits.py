"""Whether the workflows in the image fit this ComfyUI and these models: `imgvid workflow check`, against the live server.

Every compiled graph (`NAME.api.json`) of the folder is checked, with its binding (`NAME.toml`) where it has one.
"""

from __future__ import annotations

import contextlib
import json
import tomllib
from pathlib import Path
from typing import TYPE_CHECKING

from imgvid import log
from imgvid.bundle.manifest import FOLDERS
from imgvid.worker.bootstrap.ready import Check, ObjectInfo

if TYPE_CHECKING:
    from imgvid.comfy.finding import Finding


def workflows_check(folder: Path, *, comfy_root: Path) -> Check:
    """The check of a folder; one without a graph is a fault of the image. Warnings are logged, errors are returned."""

    def check(known: ObjectInfo) -> list[str]:
        graphs = sorted(folder.glob("*.api.json"))
        if not graphs:
            return [f"no compiled workflow (*.api.json) is in {folder}"]
        files = model_files(comfy_root)
        return [f"{path.name}: {problem}" for path in graphs for problem in _problems(path, known, files)]

    return check


def bundle_revision(folder: Path) -> int:
    """The newest revision of the bundle that a workflow of the folder asks for in its binding. A file that cannot be read
    asks for none here; the check refuses it later."""
    asked = [0]
    for path in folder.glob("*.toml"):
        with contextlib.suppress(OSError, tomllib.TOMLDecodeError):
            value = tomllib.loads(path.read_text()).get("bundle_revision", 0)
            asked.append(value if isinstance(value, int) else 0)
    return max(asked)


def model_files(comfy_root: Path) -> frozenset[str]:
    """Every model file by its ComfyUI folder and name (`vae/wan_2.1_vae.safetensors`, `rife/rife49.pth`); links count."""
    return frozenset(
        f"{key}/{path.relative_to(comfy_root / place)}"
        for key, place in FOLDERS.items()
        for path in (comfy_root / place).rglob("*")
        if path.is_file()
    )


def _problems(path: Path, known: ObjectInfo, files: frozenset[str]) -> list[str]:
    # Imported here: nothing of it is needed before ComfyUI is launched, and the launch is timed.
    from imgvid.comfy.bind import BindingError, parse_binding
    from imgvid.comfy.check import Surroundings, check
    from imgvid.comfy.finding import Level
    from imgvid.comfy.graph import GraphError, parse_graph
    from imgvid.comfy.jsontypes import as_dict
    from imgvid.comfy.objectinfo import ObjectInfo as Declared

    bound = path.with_name(path.name.removesuffix(".api.json") + ".toml")
    try:
        graph = parse_graph(json.loads(path.read_bytes()))
        binding = parse_binding(tomllib.loads(bound.read_text())) if bound.exists() else None
    except (OSError, json.JSONDecodeError, tomllib.TOMLDecodeError, GraphError, BindingError) as error:
        return [f"cannot be read: {error}"]
    found = check(graph, Declared(as_dict(known)), Surroundings(files=files, binding=binding))
    _tell([finding for finding in found if finding.level is not Level.ERROR], path)
    return [str(finding) for finding in found if finding.level is Level.ERROR]


def _tell(warnings: list[Finding], path: Path) -> None:
    if warnings:
        log.get().warning(log.WORKFLOW_DOUBTED, workflow=path.name, findings=[str(item) for item in warnings])
