"""Estimates, prompt heads, captions: the words that need a decision first."""

from __future__ import annotations

from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from imgvid.jobs.eta import Range
from imgvid.texts import bar, caption, eta, head, span


@pytest.mark.parametrize(
    ("low_s", "high_s", "said"),
    [
        (240, 420, "4–7 min"),
        (20, 50, "1 min"),
        (300, 300, "5 min"),
        (3000, 7000, "1–2 h"),
        (7200, 7200, "2 h"),
        (50, 5000, "1–84 min"),
    ],
)
def test_eta_is_a_range_in_a_useful_unit(low_s: int, high_s: int, said: str) -> None:
    assert eta("en", Range(low=timedelta(seconds=low_s), high=timedelta(seconds=high_s))) == said


def test_eta_in_slovak_and_russian() -> None:
    four_to_seven = Range(low=timedelta(minutes=4), high=timedelta(minutes=7))
    assert eta("sk", four_to_seven) == "4 – 7 min"
    assert eta("ru", four_to_seven) == "4–7 мин"


def test_span() -> None:
    assert span("en", 48.4) == "48 s"
    assert span("ru", 312) == "5 мин 12 с"


def test_a_head_ends_at_a_word() -> None:
    assert head("She turns to the camera and smiles", 20) == "She turns to the…"
    assert head("short\n\n text ") == "short text"
    assert head("x" * 50, 10) == "x" * 9 + "…"


@given(text=st.text(), limit=st.integers(min_value=2, max_value=200))
def test_a_head_is_one_line_within_its_limit(text: str, limit: int) -> None:
    short = head(text, limit)
    assert len(short) <= limit
    assert "\n" not in short
    assert short.endswith("…") or short == " ".join(text.split())


def test_caption_holds_the_facts_and_no_grouping_in_the_seed() -> None:
    text = caption("en", short_id="ab12cd3", prompt="She smiles", seed=1234567890123, length_s=241 / 60, preview=True)
    assert text.splitlines() == [
        "She smiles",
        "Preview: made without an AI model.",
        "4.02 s · seed 1234567890123 · ab12cd3",
    ]


def test_caption_without_a_prompt_is_one_line() -> None:
    assert caption("sk", short_id="ab12cd3", prompt="  ", seed=7, length_s=5.0) == "5 s · seed 7 · ab12cd3"


@given(percent=st.integers(min_value=-5, max_value=150))
def test_the_bar_has_ten_cells_and_never_runs_ahead(percent: int) -> None:
    cells = bar(percent)
    assert len(cells) == 10
    assert cells.count("▰") * 10 <= max(0, percent)
