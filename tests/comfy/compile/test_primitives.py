"""PrimitiveNode writes its value into what it is linked to."""

from __future__ import annotations

from typing import Any

import pytest

from imgvid.comfy.compile.primitives import round_half_up
from tests.comfy.compile.workbench import Sheet, compiled, inputs_of, server_class


def _primitive(values: list[Any] | None, targets: tuple[tuple[int, str], ...] = ((2, "width"),)) -> Sheet:
    sheet = Sheet()
    sheet.node(1, "PrimitiveNode", values, outputs=("INT",))
    sheet.node(2, "Latent", [128, 256])
    for node, name in targets:
        sheet.link(1, 0, node, name, "INT", widget=True)
    return sheet


def test_its_value_replaces_the_widgets_and_it_disappears() -> None:
    graph = compiled(_primitive([320, "fixed"], ((2, "width"), (2, "height")))).graph
    assert set(graph.nodes) == {"2"}
    assert graph.nodes["2"].inputs == {"width": 320, "height": 320}


def test_without_a_value_the_widgets_keep_theirs() -> None:
    assert inputs_of(_primitive(None), "2") == {"width": 128, "height": 256}


@pytest.mark.parametrize(("value", "expected"), [(5, 16), (99999, 4096), (323, 320), (324, 328)])
def test_a_number_is_brought_into_its_targets_range_and_step(value: int, expected: int) -> None:
    assert inputs_of(_primitive([value, "fixed"]), "2")["width"] == expected


def test_a_fraction_is_rounded_to_its_step() -> None:
    more = {"Dose": server_class({"amount": ["FLOAT", {"min": 0.0, "max": 1.0, "step": 0.05}]}, saves=True)}
    sheet = Sheet()
    sheet.node(1, "PrimitiveNode", [0.123456, "fixed"], outputs=("FLOAT",))
    sheet.node(2, "Dose", [0.5])
    sheet.link(1, 0, 2, "amount", "FLOAT", widget=True)
    assert inputs_of(sheet, "2", more)["amount"] == pytest.approx(0.12)


def test_two_targets_share_the_range_that_both_allow() -> None:
    more = {"Narrow": server_class({"side": ["INT", {"min": 16, "max": 256, "step": 8}]}, saves=True)}
    sheet = _primitive([1000, "fixed"])
    sheet.node(3, "Narrow", [64])
    sheet.link(1, 0, 3, "side", "INT", widget=True)
    graph = compiled(sheet, more).graph
    assert (graph.nodes["2"].inputs["width"], graph.nodes["3"].inputs["side"]) == (256, 256)


def test_a_text_goes_through_unchanged() -> None:
    sheet = Sheet()
    sheet.node(1, "PrimitiveNode", ["hello"], outputs=("STRING",))
    sheet.node(2, "SaveImage", ["out"])
    sheet.link(1, 0, 2, "filename_prefix", "STRING", widget=True)
    assert inputs_of(sheet, "2")["filename_prefix"] == "hello"


def test_behind_a_reroute_it_reaches_nobody_as_in_the_editor() -> None:
    sheet = Sheet()
    sheet.node(1, "PrimitiveNode", [320, "fixed"], outputs=("INT",))
    sheet.node(3, "Reroute", inputs={"": "*"}, outputs=("INT",))
    sheet.node(2, "Latent", [128, 256])
    sheet.link(1, 0, 3, "", "*")
    sheet.link(3, 0, 2, "width", "INT", widget=True)
    assert inputs_of(sheet, "2")["width"] == 128


@pytest.mark.parametrize(("value", "expected"), [(0.5, 1), (1.5, 2), (-0.5, 0), (-1.5, -1), (2.4, 2)])
def test_a_half_goes_up_as_in_the_browser(value: float, expected: int) -> None:
    assert round_half_up(value) == expected
