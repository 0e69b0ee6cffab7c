"""The workflows of an image: read once at start, all that some mode leads to.

Mounting another folder than the image's own replaces them; whether a graph is the one that the image came with shows in its
hash. What lies in such a folder: comfy/workflow.py.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable
from pathlib import Path

from imgvid.catalog import Mode
from imgvid.comfy.workflow import Workflow, WorkflowRefused, read_workflow
from imgvid.worker.engines.shipped import SHIPPED


def load(folder: Path, modes: Iterable[Mode], *, shipped: Collection[str] = SHIPPED) -> dict[str, Workflow]:
    """The workflows in the folder that some choice of a mode leads to, by name. Raises WorkflowRefused for a bad one, or for
    none at all."""
    names = dict.fromkeys(name for mode in modes for name in mode.workflows)
    found = {
        name: read_workflow(folder, name, shipped=shipped) for name in names if (folder / f"{name}.api.json").is_file()
    }
    if not found:
        raise WorkflowRefused(f"no workflow of any mode is in {folder}")
    return found


__all__ = ["Workflow", "WorkflowRefused", "load"]
