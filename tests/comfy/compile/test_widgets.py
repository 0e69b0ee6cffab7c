"""A file's nameless list of values finds its widgets: order, the editor's own widgets, dynamic and growing inputs."""

from __future__ import annotations

from typing import Any

import pytest

from imgvid.comfy.compile import CompileError
from tests.comfy.compile.workbench import Sheet, compiled, inputs_of, picture, saved, server_class


def test_a_seed_is_followed_by_its_control_value() -> None:
    sheet = Sheet()
    sheet.node(1, "KSampler", [7, "randomize", 12, 1.5, "dpmpp_2m"])
    inputs = inputs_of(sheet, "1")
    assert inputs == {"seed": 7, "steps": 12, "cfg": 1.5, "sampler_name": "dpmpp_2m"}


def test_a_shorter_list_leaves_defaults_to_the_newer_widgets() -> None:
    sheet = Sheet()
    sheet.node(1, "KSampler", [7, "fixed", 12])
    assert inputs_of(sheet, "1") == {"seed": 7, "steps": 12, "cfg": 8.0, "sampler_name": "euler"}


def test_an_upload_button_takes_a_place_and_is_not_sent() -> None:
    sheet = Sheet()
    picture(sheet)
    assert inputs_of(sheet, "1") == {"image": "a.png"}


def test_an_input_that_became_a_socket_gives_up_its_saved_value() -> None:
    more = {
        "Old": server_class(
            {"first": ["INT", {"forceInput": True}], "second": ["INT", {}], "third": ["STRING", {}]}, saves=True
        )
    }
    sheet = Sheet()
    sheet.node(1, "Old", [1, 2, "three"])
    assert inputs_of(sheet, "1", more) == {"second": 2, "third": "three"}


def test_a_link_beats_the_widget_that_it_feeds() -> None:
    sheet = Sheet()
    sheet.node(1, "Whole", [64])
    sheet.node(2, "Latent", [128, 256])
    sheet.link(1, 0, 2, "height", "INT", widget=True)
    assert inputs_of(sheet, "2") == {"width": 128, "height": ["1", 0]}


def test_an_empty_choice_takes_the_first_one() -> None:
    sheet = Sheet()
    sheet.node(1, "KSampler", [7, "fixed", 12, 1.0, None])
    assert inputs_of(sheet, "1")["sampler_name"] == "euler"


def test_an_old_sampler_name_loses_its_prefix() -> None:
    sheet = Sheet()
    sheet.node(1, "KSampler", [7, "fixed", 12, 1.0, "sample_euler"])
    assert inputs_of(sheet, "1")["sampler_name"] == "euler"


@pytest.mark.parametrize(
    ("values", "expected"),
    [
        (["factor", 3.0, "lanczos"], {"mode": "factor", "mode.factor": 3.0, "method": "lanczos"}),
        (["sides", 10, 20, "lanczos"], {"mode": "sides", "mode.width": 10, "mode.height": 20, "method": "lanczos"}),
        (["sides"], {"mode": "sides", "mode.width": 64, "mode.height": 64, "method": "area"}),
    ],
)
def test_a_dynamic_choice_brings_its_own_inputs(values: list[Any], expected: dict[str, Any]) -> None:
    sheet = Sheet()
    sheet.node(1, "Resize", values)
    assert inputs_of(sheet, "1") == expected


def test_links_into_a_dynamic_choice_survive_and_those_of_another_choice_do_not() -> None:
    sheet = Sheet()
    picture(sheet)
    sheet.node(2, "Resize", ["sides", 10, 20, "area"])
    sheet.link(1, 0, 2, "image")
    sheet.link(1, 0, 2, "mode.like")
    sheet.node(3, "Resize", ["factor", 2.0, "area"])
    sheet.link(1, 0, 3, "mode.like")
    graph = compiled(sheet).graph
    assert graph.nodes["2"].inputs["mode.like"] == ["1", 0]
    assert "mode.like" not in graph.nodes["3"].inputs


def test_a_growing_list_keeps_every_linked_member() -> None:
    sheet = Sheet()
    picture(sheet)
    sheet.node(2, "Batch")
    for number in range(3):
        sheet.link(1, 0, 2, f"images.image{number}")
    assert inputs_of(sheet, "2") == {f"images.image{number}": ["1", 0] for number in range(3)}


def test_a_literal_list_is_wrapped_because_the_server_reads_lists_as_links() -> None:
    more = {"Boxes": server_class({"boxes": ["BOUNDING_BOXES", {}]}, saves=True)}
    sheet = Sheet()
    sheet.node(1, "Boxes", [[{"x": 1}, {"x": 2}]])
    assert inputs_of(sheet, "1", more) == {"boxes": {"__value__": [{"x": 1}, {"x": 2}]}}


def test_an_unknown_class_is_refused_with_id_title_and_a_way_out() -> None:
    sheet = Sheet()
    sheet.node(5, "Mystery", [], title="My helper")
    with pytest.raises(CompileError) as refused:
        compiled(sheet)
    assert (refused.value.node, refused.value.title) == ("5", "My helper")
    assert "no class Mystery" in refused.value.reason
    assert "object_info" in refused.value.remedy


@pytest.mark.parametrize("mode", [2, 4])
def test_an_unknown_class_that_is_switched_off_does_not_matter(mode: int) -> None:
    sheet = Sheet()
    picture(sheet)
    sheet.node(5, "Mystery", [], mode=mode, inputs={"in": "IMAGE"}, outputs=("IMAGE",))
    sheet.link(1, 0, 5, "in")
    saved(sheet, 5)
    kept = inputs_of(sheet, "99")
    assert kept.get("images") == (["1", 0] if mode == 4 else None)


def test_values_of_a_pack_that_cannot_be_right_are_refused_where_an_output_needs_them() -> None:
    sheet = Sheet()
    picture(sheet)
    sheet.node(2, "Pack Blur", ["gauss", 3, True])  # an older version had another order
    sheet.link(1, 0, 2, "image")
    saved(sheet, 2)
    with pytest.raises(CompileError, match="cannot be the value of radius"):
        compiled(sheet)


def test_the_same_values_do_no_harm_in_a_node_that_nothing_needs() -> None:
    sheet = Sheet()
    picture(sheet)
    sheet.node(2, "Pack Blur", ["gauss", 3, True])
    saved(sheet, 1)
    assert "2" in compiled(sheet).graph.nodes


def test_values_by_name_of_an_unknown_pack_are_refused() -> None:
    sheet = Sheet()
    picture(sheet)
    sheet.node(2, "Pack Blur", {"radius": 3})
    sheet.link(1, 0, 2, "image")
    saved(sheet, 2)
    with pytest.raises(CompileError, match="saved by name"):
        compiled(sheet)


def test_what_a_browser_makes_while_queueing_is_refused() -> None:
    more = {"WebcamCapture": server_class({"image": ["WEBCAM", {}]}, saves=True)}
    sheet = Sheet()
    sheet.node(1, "WebcamCapture", [""])
    with pytest.raises(CompileError, match="from a camera"):
        compiled(sheet, more)
