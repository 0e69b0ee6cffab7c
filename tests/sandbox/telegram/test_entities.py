"""Formatting: HTML and Markdown to text and entities, trimmed, in UTF-16 units, refused in the server's words."""

from __future__ import annotations

from typing import Any

import pytest

from imgvid.sandbox.telegram.entities import finish, parse_given, parse_html
from imgvid.sandbox.telegram.errors import ApiError
from imgvid.sandbox.telegram.markdown import parse_markdown


def spans(text: str, entities: Any) -> list[tuple[str, str]]:
    wide = text.encode("utf-16-le")
    return [(e["type"], wide[2 * e["offset"] : 2 * (e["offset"] + e["length"])].decode("utf-16-le")) for e in entities]


def test_html_nests_and_counts_in_utf16() -> None:
    text, entities = parse_html('🎬 <b>Hotové <i>video</i></b> &lt;3 <a href="https://a.org/x?y=1&amp;z">link</a>')
    assert text == "🎬 Hotové video <3 link"
    assert spans(text, entities) == [("bold", "Hotové video"), ("italic", "video"), ("text_link", "link")]
    assert entities[-1]["url"] == "https://a.org/x?y=1&z"


def test_html_knows_code_quotes_and_spoilers() -> None:
    text, entities = parse_html(
        '<pre><code class="language-py">x = 1</code></pre><tg-spoiler>s</tg-spoiler><span class="tg-spoiler">t</span>'
        "<blockquote expandable>q</blockquote>"
    )
    kinds = [entity["type"] for entity in entities]
    assert kinds == ["pre", "pre", "spoiler", "spoiler", "expandable_blockquote"]
    assert text == "x = 1stq"


@pytest.mark.parametrize(
    ("source", "why"),
    [
        ("<b>open", 'Can\'t find end tag corresponding to start tag "b"'),
        ("a</b>", "Unexpected end tag at byte offset 1"),
        ("<b>a</i>", 'Unmatched end tag at byte offset 4, expected "</b>", found "</i>"'),
        ("<p>a</p>", 'Unsupported start tag "p" at byte offset 0'),
        ("1 < 2", "Unexpected end tag at byte offset 2"),
    ],
)
def test_html_is_refused_in_the_servers_words(source: str, why: str) -> None:
    with pytest.raises(ApiError) as refused:
        parse_html(source)
    assert refused.value.description == f"Bad Request: can't parse entities: {why}"


def test_markdown_v2() -> None:
    text, entities = parse_markdown(r"*bold _both_* ||hidden|| `a_b` [x](https://a.org) 50\.5")
    assert text == "bold both hidden a_b x 50.5"
    assert spans(text, entities) == [
        ("bold", "bold both"),
        ("italic", "both"),
        ("spoiler", "hidden"),
        ("code", "a_b"),
        ("text_link", "x"),
    ]
    with pytest.raises(ApiError, match=r"Character '\.' is reserved"):
        parse_markdown("50.5")
    with pytest.raises(ApiError, match="Can't find end of Bold entity"):
        parse_markdown("*open")
    assert parse_markdown("50.5 *b*", old=True)[0] == "50.5 b"


def test_ends_are_trimmed_and_entities_follow() -> None:
    text, entities = parse_given("  /ping now ", [{"type": "bold", "offset": 0, "length": 12}])
    assert text == "/ping now"
    assert spans(text, entities) == [("bold", "/ping now"), ("bot_command", "/ping")]


def test_what_is_found_without_being_said() -> None:
    text, entities = finish("ask @imgvid_demo_bot or https://a.org/b #video mail a@b.org 1/2", [])
    assert spans(text, entities) == [
        ("mention", "@imgvid_demo_bot"),
        ("url", "https://a.org/b"),
        ("hashtag", "#video"),
    ]


def test_broken_entities_are_refused() -> None:
    for given in ("{", '{"a":1}', [1], [{"type": "bold"}]):
        with pytest.raises(ApiError, match="can't parse"):
            parse_given("x", given)
