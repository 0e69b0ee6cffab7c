from __future__ import annotations

import pytest

from imgvid.comfy.redact import private_texts, redact


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("mat1 and mat2 shapes cannot be multiplied (77x2048 and 768x320)\n\n", None),
        ("\n  first line\nTraceback (most recent call last)", "first line"),
        ("no file '/home/me/ComfyUI/models/vae/x.pth' here", "no file '…/x.pth' here"),
        ("C:\\Users\\me\\x.pth is gone", "…/x.pth is gone"),
        ("value tensor([[1, 2], [3, 4]])", "value tensor"),
        ("", ""),
        ("x" * 500, "x" * 199 + "…"),
    ],
)
def test_foreign_texts_are_one_short_line_without_folders(text: str, shown: str | None) -> None:
    assert redact(text) == (text.strip() if shown is None else shown)


@pytest.mark.parametrize(
    "said",
    ["bad token in 'a woman in a red dress'", "A WOMAN, IN... red", "woman in a (truncated)", "in a red dress waves"],
)
def test_a_text_that_quotes_a_prompt_is_dropped_whole(said: str) -> None:
    assert redact(said, ["A woman in a red dress waves at the sea"]) == "(its text quotes the input)"


def test_a_word_in_common_is_no_quote() -> None:
    said = "a tensor in the wrong place"
    assert redact(said, ["a woman in a red dress"]) == said


def test_texts_of_a_graph_that_a_person_may_have_written() -> None:
    graph = {"1": {"inputs": {"text": "a red dress", "sampler": "euler", "n": 3, "link": ["2", 0]}}, "2": {}, "3": None}
    assert private_texts(graph) == ["a red dress"]
