"""Anything Everywhere: saved links are made real, by slots of the live node; stale or missing ones are refused."""

from __future__ import annotations

from typing import Any

import pytest

from imgvid.comfy.compile import CompileError
from tests.comfy.compile.workbench import Sheet, compiled, inputs_of, picture, saved


def _sheet(links: list[dict[str, Any]] | None, *, mode: int = 0) -> Sheet:
    sheet = Sheet()
    picture(sheet)
    sheet.node(7, "Anything Everywhere", [], mode=mode)
    sheet.link(1, 0, 7, "anything")
    sheet.node(99, "SaveImage", ["out"])
    if links is not None:
        sheet.extra = {"ue_links": links}
    return sheet


def _entry(downstream: int, slot: int, kind: str = "IMAGE", upstream: str = "1", out: int = 0) -> dict[str, Any]:
    return {
        "downstream": downstream,
        "downstream_slot": slot,
        "upstream": upstream,
        "upstream_slot": out,
        "controller": 7,
        "type": kind,
    }


def test_a_saved_broadcast_link_is_a_link_and_the_sender_disappears() -> None:
    done = compiled(_sheet([_entry(99, 0)]))
    assert done.graph.nodes["99"].inputs["images"] == ["1", 0]
    assert set(done.graph.nodes) == {"1", "99"}
    assert done.broadcasts == 1


def test_slots_count_sockets_first_and_then_widgets_of_the_live_node() -> None:
    sheet = _sheet([_entry(4, 5, "INT", upstream="5")])
    sheet.node(5, "Whole", [33])
    sheet.node(4, "KSampler", [1, "fixed", 2, 1.0, "euler"])
    # sockets: model positive negative latent_image; widgets: seed steps cfg sampler_name
    assert inputs_of(sheet, "4")["steps"] == ["5", 0]


def test_a_broadcast_into_a_bypassed_node_is_passed_on() -> None:
    sheet = _sheet([_entry(3, 0)])
    sheet.node(3, "Scale", [2.0], mode=4, outputs=("IMAGE",))
    sheet.link(3, 0, 99, "images")
    assert inputs_of(sheet, "99")["images"] == ["1", 0]


def test_a_file_that_does_not_say_where_its_broadcasts_go_is_refused_with_the_way_to_save_it() -> None:
    with pytest.raises(CompileError) as refused:
        compiled(_sheet(None))
    assert refused.value.node == "7"
    assert "save it again" in refused.value.remedy


def test_a_sender_that_is_switched_off_needs_no_list() -> None:
    assert set(compiled(_sheet(None, mode=4)).graph.nodes) == {"1", "99"}


@pytest.mark.parametrize(
    "entry",
    [
        _entry(98, 0),
        _entry(99, 0, upstream="98"),
        _entry(99, 9),
        _entry(99, -1),
        _entry(99, 0, out=5),
        _entry(99, 0, "MODEL"),
    ],
)
def test_a_link_that_does_not_fit_the_nodes_is_stale_and_refused(entry: dict[str, Any]) -> None:
    with pytest.raises(CompileError, match="broadcast"):
        compiled(_sheet([entry]))


def test_a_socket_with_a_link_of_its_own_is_not_broadcast_to() -> None:
    sheet = _sheet([_entry(99, 0)])
    picture(sheet, 2)
    sheet.link(2, 0, 99, "images")
    with pytest.raises(CompileError, match="receives a broadcast as well"):
        compiled(sheet)


def test_the_same_link_twice_is_one_link() -> None:
    sheet = _sheet([_entry(99, 0)])
    sheet.link(1, 0, 99, "images")
    assert inputs_of(sheet, "99")["images"] == ["1", 0]


def test_broadcasts_inside_a_subgraph_follow_its_own_numbers() -> None:
    inner = Sheet()
    picture(inner, 1)  # the number of a node outside: it becomes another one
    inner.node(50, "Scale", [2.0])
    inner.node(51, "Anything Everywhere", [])
    inner.link(1, 0, 51, "anything")
    definition = {
        "id": "sg",
        "name": "Inside",
        "nodes": inner.nodes,
        "links": [
            {"id": 1, "origin_id": 1, "origin_slot": 0, "target_id": 51, "target_slot": 0, "type": "IMAGE"},
            {"id": 2, "origin_id": 50, "origin_slot": 0, "target_id": -20, "target_slot": 0, "type": "IMAGE"},
        ],
        "inputs": [],
        "outputs": [{"id": "o", "name": "out", "type": "IMAGE", "linkIds": [2]}],
        "extra": {"ue_links": [_entry(50, 0)]},
    }
    sheet = Sheet(subgraphs=[definition])
    picture(sheet)
    sheet.node(92, "sg", [], outputs=("IMAGE",))
    saved(sheet, 92)
    assert inputs_of(sheet, "92:50")["image"] == ["92:100", 0]
