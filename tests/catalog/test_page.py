"""docs/modes.md is what the catalogue says today."""

from __future__ import annotations

from pathlib import Path

from imgvid.catalog import modes
from imgvid.catalog.page import page

PAGE = Path(__file__).parents[2] / "docs/modes.md"


def test_the_page_is_the_catalogue() -> None:
    assert PAGE.read_text() == page(modes()), "run: imgvid doctor --modes-page docs/modes.md"


def test_every_mode_has_its_row_and_chapter() -> None:
    text = page(modes())
    for name in modes():
        assert f"| [{name}](#{name}) |" in text
        assert f"\n## {name}\n" in text
