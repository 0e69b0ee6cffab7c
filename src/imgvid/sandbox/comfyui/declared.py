"""Node classes as the real server declares them: `declared.json` is what ComfyUI 0.33.0 with VideoHelperSuite 4ee72c0 and
LivePortraitKJ 4d9dc62 answered to /object_info, without words for an editor and without its model files."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from copy import deepcopy
from functools import cache
from pathlib import Path
from typing import Any

from imgvid.sandbox.comfyui import painter, portrait
from imgvid.sandbox.comfyui.nodes import NodeClass

Json = Any
_FILE = Path(__file__).with_name("declared.json")
_RUNS = {**painter.RUNS, **portrait.RUNS}
# Which input lists which folder's files.
_MODELS = {
    "CheckpointLoaderSimple": ("ckpt_name", "checkpoints"),
    "LoadMediaPipeFaceLandmarker": ("model_name", "detection"),
}


@cache
def _declared() -> dict[str, Json]:
    told: dict[str, Json] = json.loads(_FILE.read_text())
    return told


def declared_classes(models: Mapping[str, list[str]]) -> Iterable[NodeClass]:
    """The classes of the graphs for SDXL, LivePortrait and the look for faces; model files as they are now."""
    for name, told in _declared().items():
        whole = deepcopy(told)
        if name in _MODELS:
            given, folder = _MODELS[name]
            spec = whole["input"]["required"][given]
            there = sorted(models.get(folder, []))
            if spec[0] == "COMBO":
                spec[1]["options"] = there
            else:
                spec[0] = there
        yield NodeClass(
            name=name,
            title=whole["display_name"],
            category=whole["category"],
            module=whole["python_module"],
            required=whole["input"].get("required", {}),
            optional=whole["input"].get("optional", {}),
            output=tuple(whole["output"]),
            is_output=whole["output_node"],
            run=_RUNS[name],
            told=whole,
        )
