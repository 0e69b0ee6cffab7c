"""Prompts and file names as the browser changes them while it queues."""

from __future__ import annotations

import pytest

from imgvid.comfy.compile import CompileError
from imgvid.comfy.compile.texts import ByChance, plain_prefix, plain_prompt
from tests.comfy.compile.workbench import Sheet, compiled, inputs_of, picture, saved


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("a cat", "a cat"),
        ("a {big} cat", "a big cat"),
        ("a {big {red}} cat", "a big red cat"),
        (r"a \{big|red\} cat", "a {big|red} cat"),
        ("a cat // with a hat\non a mat", "a cat \non a mat"),
        ("a /* small\n */cat", "a cat"),
        ('{"scene": "a cat"}', '"scene": "a cat"'),
        ("a | b", "a | b"),
        ("open {end", "open end"),
    ],
)
def test_a_prompt_without_chance(text: str, expected: str) -> None:
    assert plain_prompt(text) == expected


@pytest.mark.parametrize("text", ["{a|b}", "x {a {b|c}} y", "{a|}"])
def test_a_choice_by_chance_is_no_plain_prompt(text: str) -> None:
    with pytest.raises(ByChance):
        plain_prompt(text)


def _with_prompt(text: str, *, linked: bool = False) -> Sheet:
    sheet = Sheet()
    sheet.node(1, "Checkpoint", ["base.safetensors"])
    sheet.node(2, "Prompt", [text])
    sheet.link(1, 1, 2, "clip", "CLIP")
    if linked:
        sheet.node(6, "Whole", [1])
        sheet.link(6, 0, 2, "text", "STRING", widget=True)
    sheet.node(3, "Latent", [64, 64])
    sheet.node(4, "KSampler", [1, "fixed", 2, 1.0, "euler"])
    sheet.link(2, 0, 4, "positive", "CONDITIONING")
    sheet.link(3, 0, 4, "latent_image", "LATENT")
    sheet.node(5, "Decode")
    sheet.link(4, 0, 5, "samples", "LATENT")
    saved(sheet, 5)
    return sheet


def test_a_prompt_by_chance_is_refused_because_the_picture_would_differ() -> None:
    with pytest.raises(CompileError, match="choice") as refused:
        compiled(_with_prompt("a {cat|dog}"))
    assert refused.value.node == "2"


def test_a_text_by_chance_that_a_link_replaces_is_no_reason() -> None:
    assert compiled(_with_prompt("a {cat|dog}", linked=True)).graph.nodes["2"].inputs["text"] == ["6", 0]


def test_file_names_take_values_of_widgets_but_no_date() -> None:
    values = {("Sampler", "seed"): "7", ("Sampler", "name"): "a/b"}
    prefix = plain_prefix(
        "%date:yyyy-MM-dd%/%Sampler.seed%_%Sampler.name%_%No.such%_%width%", lambda n, w: values.get((n, w))
    )
    assert prefix == "%date:yyyy-MM-dd%/7_a_b_%No.such%_%width%"


def test_a_file_name_finds_its_node_by_title_and_a_date_is_told() -> None:
    sheet = Sheet()
    picture(sheet)
    sheet.node(2, "Scale", [2.0], title="Zoom")
    sheet.link(1, 0, 2, "image")
    sheet.node(99, "SaveImage", ["%date:yyyy%/x%Zoom.factor%"])
    sheet.link(2, 0, 99, "images")
    done = compiled(sheet)
    assert done.graph.nodes["99"].inputs["filename_prefix"] == "%date:yyyy%/x2"
    assert len(done.notes) == 1
    assert "%date" in done.notes[0]
    assert inputs_of(sheet, "2")["factor"] == 2.0
