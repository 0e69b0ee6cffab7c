"""Values that depend on choices, and templates of them."""

from __future__ import annotations

import pytest

from imgvid.catalog.fill import fill, names_in, parse_template
from imgvid.catalog.pick import PickError, parse_pick, parse_when
from imgvid.catalog.price import parse_price


def test_the_first_case_that_holds() -> None:
    pick = parse_pick([{"when": {"a": [1, 2], "b": True}, "is": "x"}, {"when": {"a": 1}, "is": "y"}, {"is": "z"}])
    assert pick.of({"a": 2, "b": True}) == "x"
    assert pick.of({"a": 1, "b": False}) == "y"
    assert pick.of({"a": 3}) == "z"
    assert pick.names == {"a", "b"}
    assert parse_pick(["a", "b"]).of({}) == ["a", "b"], "a list of values is a value"


def test_a_flag_is_not_a_number() -> None:
    when = parse_when({"a": True})
    assert not when.holds({"a": 1})
    assert when.holds({"a": True})


@pytest.mark.parametrize("raw", [{"a": []}, {"a": [None]}, "a", {"a": {"b": 1}}])
def test_a_condition_that_cannot_be_read(raw: object) -> None:
    with pytest.raises(PickError):
        parse_when(raw)


def test_a_number_is_a_number() -> None:
    assert parse_pick([{"when": {"a": 1}, "is": 2.5}]).number({}) is None
    with pytest.raises(PickError):
        parse_pick("much").number({})


def test_a_template_leaves_out_what_is_not_there() -> None:
    template = parse_template(
        {
            "prompt": "$prompt",
            "urls": ["$image", "$last"],
            "size": [{"when": {"size": "1:1"}, "is": {"width": 1024, "negative": "$negative"}}],
            "audio": "$sound",
            "num": 1,
        }
    )
    values = {"prompt": "a", "image": "u", "sound": False}
    assert fill(template, {"size": "1:1"}, values) == {
        "prompt": "a",
        "urls": ["u"],
        "size": {"width": 1024},
        "audio": False,
        "num": 1,
    }
    assert "size" not in fill(template, {"size": "4:3"}, values)
    assert names_in(template) == {"prompt", "image", "last", "size", "negative", "sound"}


def test_prices() -> None:
    assert parse_price({"usd": 0.05}).of({}) == 0.05
    assert parse_price({"per": "second", "usd": 0.1}).of({"seconds": 8}) == pytest.approx(0.8)
    assert parse_price({"per": "second", "usd": 0.1}).of({}) is None
    assert parse_price({"per": "megapixel", "usd": 0.003, "amount": 1.05}).of({}) == pytest.approx(0.006)
    for raw in ({"per": "megapixel", "usd": 1}, {"per": "hour", "usd": 1}, {"cents": 1}, 3):
        with pytest.raises(ValueError, match=r"price|hour"):
            parse_price(raw)
