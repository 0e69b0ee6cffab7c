"""Packs of a workflow against the image's lock."""

from __future__ import annotations

from typing import Any

import pytest

from imgvid.comfy.finding import Level
from imgvid.comfy.graph import parse_graph
from imgvid.comfy.locked import LockedPack, check_lock
from imgvid.comfy.objectinfo import ObjectInfo
from tests.comfy.compile.workbench import server_class

INFO = ObjectInfo(
    {
        "Core": server_class({}, saves=True),
        "Knob": server_class({}, module="custom_nodes.comfyui-kjnodes"),
        "Inner": server_class({}, module="custom_nodes.ComfyUI-KJNodes.nodes"),
        "Odd": server_class({}, module="custom_nodes.some-pack"),
    }
)
LOCK = {"comfyui-kjnodes": LockedPack(folder="ComfyUI-KJNodes", version="1.1.9", also=frozenset({"e64b67b"}))}


def test_classes_of_locked_packs_and_of_the_core_are_fine() -> None:
    graph = parse_graph(
        {str(n): {"class_type": kind, "inputs": {}} for n, kind in enumerate(["Core", "Knob", "Inner"])}
    )
    assert check_lock(graph, INFO, LOCK) == []


def test_a_pack_that_is_not_in_the_lock_is_one_error() -> None:
    graph = parse_graph({str(n): {"class_type": "Odd", "inputs": {}} for n in range(3)})
    found = check_lock(graph, INFO, LOCK)
    assert [(finding.level, finding.node) for finding in found] == [(Level.ERROR, "0")]
    assert "some-pack" in found[0].text


@pytest.mark.parametrize(
    ("properties", "warned"),
    [
        ({"cnr_id": "comfyui-kjnodes", "ver": "1.1.9"}, False),
        ({"cnr_id": "comfyui-kjnodes", "ver": "e64b67b"}, False),
        ({"cnr_id": "comfyui-kjnodes", "ver": "1.0.0"}, True),
        ({"aux_id": "kijai/ComfyUI-KJNodes", "ver": "1.0.0"}, True),
        ({"cnr_id": "comfy-core", "ver": "0.3.0"}, False),
        ({"cnr_id": "comfyui-kjnodes"}, False),
    ],
)
def test_another_version_than_the_file_was_saved_with_is_a_warning(properties: dict[str, Any], warned: bool) -> None:
    graph = parse_graph({"1": {"class_type": "Core", "inputs": {}}})
    ui = {"nodes": [{"properties": properties}, {"properties": properties}, {"properties": None}]}
    found = check_lock(graph, INFO, LOCK, ui)
    assert [finding.level for finding in found] == [Level.WARNING] * warned
