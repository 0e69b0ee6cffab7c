"""What is no workflow, and both spellings of one."""

from __future__ import annotations

from typing import Any

import pytest

from imgvid.comfy.compile import CompileError
from imgvid.comfy.compile.reader import read
from tests.comfy.compile.workbench import Sheet, compiled, picture, saved


@pytest.mark.parametrize(
    ("data", "why"),
    [
        ({}, "no ComfyUI workflow"),
        ([], "no ComfyUI workflow"),
        ("text", "no ComfyUI workflow"),
        ({"1": {"class_type": "SaveImage", "inputs": {}}}, "an API graph already"),
    ],
)
def test_another_file_is_refused_by_name(data: Any, why: str) -> None:
    with pytest.raises(CompileError, match=why):
        read(data)


def test_a_group_node_is_refused_with_the_way_to_modernise_it() -> None:
    sheet = Sheet(extra={"groupNodes": {"Both": {}}})
    sheet.node(3, "workflow>Both", [])
    with pytest.raises(CompileError, match="group node") as refused:
        compiled(sheet)
    assert refused.value.node == "3"


def test_links_as_objects_and_numbers_as_text_mean_the_same() -> None:
    sheet = Sheet()
    picture(sheet)
    saved(sheet, 1)
    plain = compiled(sheet).graph
    data = sheet.json()
    data["version"] = 1
    data["links"] = [
        {"id": n, "origin_id": str(o), "origin_slot": str(s), "target_id": t, "target_slot": i, "type": k}
        for n, o, s, t, i, k in data["links"]
    ]
    for node in data["nodes"]:
        node["id"] = str(node["id"])
    assert compiled(data).graph == plain


@pytest.mark.parametrize("junk", [None, 5, "x", [], {"nodes": None}])
def test_odd_shapes_inside_a_file_do_not_crash(junk: Any) -> None:
    sheet = Sheet()
    picture(sheet)
    data = sheet.json()
    data["nodes"][0]["properties"] = junk
    data["nodes"][0]["outputs"] = junk
    data["groups"], data["extra"], data["definitions"] = junk, junk, junk
    assert set(compiled(data).graph.nodes) == {"1"}
