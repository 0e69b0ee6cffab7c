"""Subgraphs: flattening, promoted widgets, nesting, older lists of promoted widgets, numbers used twice."""

from __future__ import annotations

from typing import Any

import pytest

from imgvid.comfy.compile import CompileError
from tests.comfy.compile.workbench import Sheet, compiled, inputs_of, picture, saved, subgraph


def _inside(values: float = 2.0, mode: int = 0) -> Sheet:
    inner = Sheet()
    inner.node(81, "Scale", [values], mode=mode)
    return inner


def _scaler(inner: Sheet | None = None) -> dict[str, Any]:
    return subgraph(
        "sg-scale",
        inner or _inside(),
        inputs=(("image", "IMAGE", [(81, "image")]), ("factor", "FLOAT", [(81, "factor")])),
        outputs=(("out", "IMAGE", 81, 0),),
    )


def _file(
    values: list[Any] | None, *, mode: int = 0, definition: dict[str, Any] | None = None, **properties: Any
) -> Sheet:
    sheet = Sheet(subgraphs=[definition or _scaler()])
    picture(sheet)
    sheet.node(92, "sg-scale", values, mode=mode, outputs=("IMAGE",), inputs={"image": "IMAGE"}, **properties)
    sheet.link(1, 0, 92, "image")
    saved(sheet, 92)
    return sheet


def test_inner_nodes_carry_their_host_in_front_and_links_cross_the_border() -> None:
    graph = compiled(_file([3.0])).graph
    assert set(graph.nodes) == {"1", "92:81", "99"}
    assert graph.nodes["92:81"].inputs["image"] == ["1", 0]
    assert graph.nodes["99"].inputs["images"] == ["92:81", 0]


@pytest.mark.parametrize(("values", "expected"), [([3.0], 3.0), ([], 2.0), (None, 2.0)])
def test_the_host_owns_the_promoted_value_and_without_one_the_inner_value_counts(
    values: list[Any] | None, expected: float
) -> None:
    assert inputs_of(_file(values), "92:81")["factor"] == expected


def test_several_promoted_values_belong_to_their_inputs_by_place_sockets_left_out() -> None:
    inner = Sheet()
    inner.node(80, "Latent", [1, 2])
    inner.node(81, "Scale", [2.0])
    definition = subgraph(
        "sg-scale",
        inner,
        inputs=(
            ("width", "INT", [(80, "width")]),
            ("image", "IMAGE", [(81, "image")]),
            ("height", "INT", [(80, "height")]),
            ("factor", "FLOAT", [(81, "factor")]),
        ),
        outputs=(("out", "IMAGE", 81, 0),),
    )
    graph = compiled(_file([640, 480, 3.0], definition=definition)).graph
    assert graph.nodes["92:80"].inputs == {"width": 640, "height": 480}
    assert graph.nodes["92:81"].inputs["factor"] == 3.0


def test_a_link_into_a_promoted_widget_beats_its_value() -> None:
    sheet = _file([3.0])
    sheet.node(5, "Whole", [4])
    sheet.link(5, 0, 92, "factor", "FLOAT", widget=True)
    assert inputs_of(sheet, "92:81")["factor"] == ["5", 0]


def test_a_bypassed_host_runs_nothing_of_it_and_passes_its_input_on() -> None:
    graph = compiled(_file([3.0], mode=4)).graph
    assert set(graph.nodes) == {"1", "99"}
    assert graph.nodes["99"].inputs["images"] == ["1", 0]


def test_two_hosts_of_one_subgraph_have_values_of_their_own() -> None:
    sheet = _file([3.0])
    sheet.node(93, "sg-scale", [5.0], outputs=("IMAGE",), inputs={"image": "IMAGE"})
    sheet.link(92, 0, 93, "image")
    graph = compiled(sheet).graph
    assert graph.nodes["92:81"].inputs == {"factor": 3.0, "image": ["1", 0]}
    assert graph.nodes["93:81"].inputs == {"factor": 5.0, "image": ["92:81", 0]}


def test_a_promoted_widget_shows_through_two_levels() -> None:
    middle = Sheet()
    middle.node(70, "sg-scale", [3.0], outputs=("IMAGE",))
    outer = subgraph(
        "sg-outer",
        middle,
        inputs=(("image", "IMAGE", [(70, "image")]), ("strength", "FLOAT", [(70, "factor")])),
        outputs=(("out", "IMAGE", 70, 0),),
    )
    sheet = Sheet(subgraphs=[outer, _scaler()])  # the outer one first: files do not sort them
    picture(sheet)
    sheet.node(92, "sg-outer", [6.0], outputs=("IMAGE",), inputs={"image": "IMAGE"})
    sheet.link(1, 0, 92, "image")
    saved(sheet, 92)
    assert inputs_of(sheet, "92:70:81") == {"factor": 6.0, "image": ["1", 0]}


def test_a_node_number_used_twice_is_changed_inside_from_the_last_one_upwards() -> None:
    inner = Sheet()
    inner.node(1, "Scale", [2.0])
    definition = subgraph(
        "sg-scale", inner, inputs=(("image", "IMAGE", [(1, "image")]),), outputs=(("out", "IMAGE", 1, 0),)
    )
    graph = compiled(_file([], definition=definition)).graph
    assert set(graph.nodes) == {"1", "92:100", "99"}
    assert graph.nodes["92:100"].inputs["image"] == ["1", 0]


def test_a_subgraph_that_contains_itself_is_refused() -> None:
    inner = Sheet()
    inner.node(5, "sg-self", [])
    sheet = Sheet(subgraphs=[subgraph("sg-self", inner)])
    sheet.node(1, "sg-self", [])
    with pytest.raises(CompileError, match="contains itself"):
        compiled(sheet)


def test_an_output_that_leads_straight_from_an_input_is_refused_as_the_editor_cannot_export_it() -> None:
    definition = subgraph("sg-pass", Sheet(), inputs=(("image", "IMAGE", []),))
    definition["links"] = [
        {"id": 1, "origin_id": -10, "origin_slot": 0, "target_id": -20, "target_slot": 0, "type": "*"}
    ]
    definition["inputs"][0]["linkIds"] = [1]
    definition["outputs"] = [{"id": "o", "name": "out", "type": "IMAGE", "linkIds": [1]}]
    sheet = Sheet(subgraphs=[definition])
    picture(sheet)
    sheet.node(92, "sg-pass", [], inputs={"image": "IMAGE"}, outputs=("IMAGE",))
    sheet.link(1, 0, 92, "image")
    saved(sheet, 92)
    with pytest.raises(CompileError, match="not made by a node inside"):
        compiled(sheet)


def _plain_scaler() -> dict[str, Any]:
    """The same without a promoted factor, as files before 2026 had it."""
    return subgraph(
        "sg-scale",
        _inside(),
        inputs=(("image", "IMAGE", [(81, "image")]),),
        outputs=(("out", "IMAGE", 81, 0),),
    )


def test_an_older_list_of_promoted_widgets_owns_the_values_by_place() -> None:
    sheet = _file([3.0], definition=_plain_scaler(), proxyWidgets=[["81", "factor"]])
    assert inputs_of(sheet, "92:81")["factor"] == 3.0


def test_an_older_list_sets_inputs_that_are_promoted_already() -> None:
    sheet = _file([7.0], proxyWidgets=[["81", "factor"]])
    assert inputs_of(sheet, "92:81")["factor"] == 7.0


def test_entries_that_lead_nowhere_keep_their_place_and_change_nothing() -> None:
    proxies = [["40", "gone"], ["81", "no such widget"], ["81", "factor"]]
    sheet = _file([1, 2, 7.0], definition=_plain_scaler(), proxyWidgets=proxies)
    assert inputs_of(sheet, "92:81")["factor"] == 7.0


def test_a_list_with_a_malformed_entry_is_no_list() -> None:
    sheet = _file([7.0], definition=_plain_scaler(), proxyWidgets=[["81", "factor"], [81]])
    assert inputs_of(sheet, "92:81")["factor"] == 2.0


def test_two_hosts_of_an_older_file_keep_values_of_their_own() -> None:
    sheet = _file([3.0], definition=_plain_scaler(), proxyWidgets=[["81", "factor"]])
    sheet.node(93, "sg-scale", [5.0], outputs=("IMAGE",), inputs={"image": "IMAGE"}, proxyWidgets=[["81", "factor"]])
    sheet.link(1, 0, 93, "image")
    graph = compiled(sheet).graph
    assert (graph.nodes["92:81"].inputs["factor"], graph.nodes["93:81"].inputs["factor"]) == (3.0, 5.0)


def _with_primitive(target_slot: int | None = None) -> Sheet:
    inner = _inside()
    inner.node(82, "PrimitiveNode", [9.0, "fixed"], outputs=("FLOAT",))
    inner.link(82, 0, 81, "factor", "FLOAT", widget=True)
    definition = subgraph(
        "sg-scale", inner, inputs=(("image", "IMAGE", [(81, "image")]),), outputs=(("out", "IMAGE", 81, 0),)
    )
    link = next(link for link in definition["links"] if link["origin_id"] == 82)
    link["target_slot"] = 1 if target_slot is None else target_slot
    return _file([4.0], definition=definition, proxyWidgets=[["82", "value"]])


def test_a_promoted_primitive_becomes_an_input_that_leads_to_what_it_fed() -> None:
    assert inputs_of(_with_primitive(), "92:81")["factor"] == 4.0


def test_a_promoted_primitive_that_the_editor_itself_connects_wrongly_is_refused() -> None:
    with pytest.raises(CompileError, match="older way") as refused:
        compiled(_with_primitive(target_slot=0))
    assert refused.value.node == "92:82"
