"""Links through what does not run: bypassed and muted nodes, reroutes, Get and Set, circles and loose ends."""

from __future__ import annotations

import pytest

from imgvid.comfy.compile import CompileError
from imgvid.comfy.compile.types import common_type
from tests.comfy.compile.workbench import CLASSES, Sheet, compiled, inputs_of, picture, saved, server_class


def test_a_bypassed_node_passes_its_input_of_the_same_place() -> None:
    sheet = Sheet()
    picture(sheet)
    sheet.node(2, "Scale", [2.0], mode=4)
    sheet.link(1, 0, 2, "image")
    saved(sheet, 2)
    graph = compiled(sheet).graph
    assert graph.nodes["99"].inputs["images"] == ["1", 0]
    assert "2" not in graph.nodes


def test_a_bypassed_node_passes_the_first_input_of_the_wanted_type_where_places_differ() -> None:
    sheet = Sheet()
    picture(sheet)
    picture(sheet, 2)
    sheet.node(3, "Blend", mode=4)
    sheet.link(1, 0, 3, "image_a")
    sheet.link(2, 1, 3, "mask", "MASK")
    sheet.node(4, "Blend")
    sheet.link(3, 1, 4, "image_b")
    sheet.link(3, 0, 4, "mask", "MASK")
    assert inputs_of(sheet, "4") == {"image_b": ["1", 0], "mask": ["2", 1]}


def test_a_bypassed_node_prefers_an_input_of_exactly_the_wanted_type_to_a_wildcard() -> None:
    more = {"Mixer": server_class({"any": ["*"], "photo": ["IMAGE"]}, output=("MASK", "LATENT", "IMAGE"))}
    sheet = Sheet()
    picture(sheet)
    picture(sheet, 2)
    sheet.node(3, "Mixer", mode=4)
    sheet.link(2, 0, 3, "any")
    sheet.link(1, 0, 3, "photo")
    saved(sheet, 3, 2)
    assert inputs_of(sheet, "99", more)["images"] == ["1", 0]


def test_a_bypassed_node_without_a_fitting_input_gives_nothing() -> None:
    sheet = Sheet()
    sheet.node(1, "Latent", [64, 64], mode=4)
    sheet.node(2, "Decode")
    sheet.link(1, 0, 2, "samples", "LATENT")
    assert inputs_of(sheet, "2") == {}


def test_a_muted_node_gives_nothing_and_the_widget_stays() -> None:
    sheet = Sheet()
    sheet.node(1, "Whole", [64], mode=2)
    sheet.node(2, "Latent", [128, 256])
    sheet.link(1, 0, 2, "width", "INT", widget=True)
    assert inputs_of(sheet, "2") == {"width": 128, "height": 256}


def test_a_chain_of_bypassed_nodes_is_followed_to_its_end() -> None:
    sheet = Sheet()
    picture(sheet)
    for key in (2, 3, 4):
        sheet.node(key, "Scale", [2.0], mode=4)
        sheet.link(key - 1, 0, key, "image")
    saved(sheet, 4)
    assert inputs_of(sheet, "99")["images"] == ["1", 0]


def test_reroutes_disappear() -> None:
    sheet = Sheet()
    picture(sheet)
    sheet.node(2, "Reroute", inputs={"": "*"}, outputs=("IMAGE",))
    sheet.node(3, "Reroute", inputs={"": "*"}, outputs=("IMAGE",))
    sheet.link(1, 0, 2, "", "*")
    sheet.link(2, 0, 3, "", "*")
    saved(sheet, 3)
    graph = compiled(sheet).graph
    assert graph.nodes["99"].inputs["images"] == ["1", 0]
    assert set(graph.nodes) == {"1", "99"}


def test_a_reroute_that_nothing_feeds_gives_nothing() -> None:
    sheet = Sheet()
    sheet.node(2, "Reroute", inputs={"": "*"}, outputs=("IMAGE",))
    saved(sheet, 2)
    assert "images" not in inputs_of(sheet, "99")


def _set_and_get(names: list[str], wanted: str) -> Sheet:
    sheet = Sheet()
    picture(sheet)
    for number, name in enumerate(names):
        sheet.node(10 + number, "SetNode", [name], inputs={"IMAGE": "IMAGE"}, outputs=("*",))
        sheet.link(1, 0, 10 + number, "IMAGE")
    sheet.node(20, "GetNode", [wanted], outputs=("IMAGE",))
    saved(sheet, 20)
    return sheet


def test_get_finds_its_set_by_name() -> None:
    assert inputs_of(_set_and_get(["other", "photo"], "photo"), "99")["images"] == ["1", 0]


@pytest.mark.parametrize(("names", "why"), [(["other"], "no Set node"), (["photo", "photo"], "several Set nodes")])
def test_get_without_exactly_one_set_is_refused(names: list[str], why: str) -> None:
    with pytest.raises(CompileError, match=why):
        compiled(_set_and_get(names, "photo"))


def test_notes_and_browser_helpers_disappear() -> None:
    sheet = Sheet()
    picture(sheet)
    saved(sheet, 1)
    for key, kind in enumerate(["Note", "MarkdownNote", "Bookmark (rgthree)", "Fast Groups Bypasser (rgthree)"], 30):
        sheet.node(key, kind, ["text"])
    assert set(compiled(sheet).graph.nodes) == {"1", "99"}


def test_a_circle_is_refused() -> None:
    sheet = Sheet()
    sheet.node(1, "Reroute", inputs={"": "*"}, outputs=("IMAGE",))
    sheet.node(2, "Reroute", inputs={"": "*"}, outputs=("IMAGE",))
    sheet.link(1, 0, 2, "", "*")
    sheet.link(2, 0, 1, "", "*")
    saved(sheet, 2)
    with pytest.raises(CompileError, match="circle"):
        compiled(sheet)


def test_a_link_that_is_not_in_the_table_is_refused() -> None:
    sheet = Sheet()
    picture(sheet)
    saved(sheet, 1)
    sheet.links.clear()
    with pytest.raises(CompileError, match="not in the file"):
        compiled(sheet)


def test_what_a_class_does_not_know_is_kept_as_the_editor_keeps_it() -> None:
    sheet = Sheet()
    picture(sheet)
    sheet.node(2, "Scale", [2.0])
    sheet.link(1, 0, 2, "image")
    sheet.link(1, 1, 2, "gone_since", "MASK")
    assert inputs_of(sheet, "2")["gone_since"] == ["1", 1]


def test_a_switch_takes_the_type_of_its_links_so_that_a_bypass_finds_the_right_input() -> None:
    sheet = Sheet()
    picture(sheet)
    picture(sheet, 2)
    sheet.node(3, "Blend", mode=4)  # image_a, mask, image_b -> MASK, IMAGE
    sheet.link(1, 0, 3, "image_b")
    sheet.link(2, 0, 3, "image_a")
    sheet.node(4, "Switch", [True])
    sheet.link(3, 1, 4, "on_true", "IMAGE")
    sheet.link(1, 0, 4, "on_false", "IMAGE")
    saved(sheet, 4)
    # As a wildcard the bypass would take the input of the same place (1, the mask); as IMAGE it takes image_a.
    assert inputs_of(sheet, "4")["on_true"] == ["2", 0]


@pytest.mark.parametrize(
    ("types", "expected"),
    [(["*", "*"], "*"), (["IMAGE", "*"], "IMAGE"), (["IMAGE,MASK", "MASK"], "MASK"), (["IMAGE", "MASK"], None)],
)
def test_common_types(types: list[str], expected: str | None) -> None:
    assert common_type(types) == expected


def test_the_result_does_not_depend_on_the_order_of_nodes_and_is_stable_text() -> None:
    sheet = Sheet()
    picture(sheet)
    sheet.node(2, "Scale", [2.0])
    sheet.link(1, 0, 2, "image")
    saved(sheet, 2)
    first = compiled(sheet).graph
    sheet.nodes.reverse()
    second = compiled(sheet).graph
    assert first.text() == second.text()
    assert first.hash() == second.hash()
    assert first.text().startswith('{\n  "1": {\n')


def test_the_small_server_is_not_changed_by_a_compilation() -> None:
    more = {"Extra": server_class({"a": ["INT", {}]}, saves=True)}
    before = repr(CLASSES) + repr(more)
    sheet = Sheet()
    sheet.node(1, "Extra", [3])
    compiled(sheet, more)
    assert repr(CLASSES) + repr(more) == before
