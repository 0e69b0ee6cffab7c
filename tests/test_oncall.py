"""docs/ONCALL.md, the events of log.py and the codes of jobs/errors.py are one list."""

from __future__ import annotations

import re
from pathlib import Path

from imgvid import log
from imgvid.jobs.errors import Code

PAGE = (Path(__file__).parents[1] / "docs" / "ONCALL.md").read_text(encoding="utf-8")
EVENTS = {
    value
    for name, value in vars(log).items()
    if name.isupper() and not name.startswith("_") and isinstance(value, str) and re.fullmatch(r"\w+\.\w+", value)
}


def sections() -> dict[str, str]:
    parts = re.split(r"^### (.+)$", PAGE, flags=re.MULTILINE)
    names = parts[1::2]
    assert len(names) == len(set(names)), "a heading appears twice"
    return dict(zip(names, parts[2::2], strict=True))


def test_every_event_and_every_code_has_its_paragraph_and_nothing_else() -> None:
    wanted = EVENTS | {str(code) for code in Code}
    assert wanted - set(sections()) == set(), "not explained"
    assert set(sections()) - wanted == set(), "explained, but gone"


def test_each_paragraph_says_what_it_means_and_what_to_do() -> None:
    for name, text in sections().items():
        assert re.search(r"\bMeans: \S", text), name
        assert re.search(r"\bDo: \S", text), name


def test_events_are_named_once() -> None:
    values = [value for name, value in vars(log).items() if name.isupper() and value in EVENTS]
    assert len(values) == len(set(values))
