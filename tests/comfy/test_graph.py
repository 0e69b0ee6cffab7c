"""The API graph: links, what is needed, the hash, the text."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from imgvid.comfy.graph import Graph, GraphError, Link, id_order, parse_graph, parse_link


def _graph(**inputs: Any) -> Graph:
    return parse_graph(
        {
            "1": {"class_type": "Load", "inputs": {"image": "a.png"}, "_meta": {"title": "First"}},
            "2": {"class_type": "Save", "inputs": {"images": ["1", 0], "quality": 80, **inputs}},
        }
    )


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (["5", 0], Link(node="5", slot=0)),
        (["5:7", 2], Link(node="5:7", slot=2)),
        (["5"], None),
        ([5, 0], None),
        (["5", True], None),
        ({"__value__": ["5", 0]}, None),
        ("5", None),
    ],
)
def test_what_the_server_reads_as_a_link(value: Any, expected: Link | None) -> None:
    assert parse_link(value) == expected


def test_ids_are_ordered_as_numbers_part_by_part() -> None:
    assert sorted(["10", "9", "92:81", "92:9", "a"], key=id_order) == ["9", "10", "92:9", "92:81", "a"]


def test_only_what_an_output_needs_is_upstream() -> None:
    graph = parse_graph(
        {
            "1": {"class_type": "Load", "inputs": {}},
            "2": {"class_type": "Save", "inputs": {"images": ["1", 0]}},
            "3": {"class_type": "Load", "inputs": {}},
        }
    )
    assert graph.upstream(graph.outputs(lambda name: name == "Save")) == {"1", "2"}


def test_the_hash_ignores_order_titles_and_one_against_one_point_zero() -> None:
    plain = _graph(rate=1)
    other = parse_graph(
        {
            "2": {"inputs": {"rate": 1.0, "quality": 80, "images": ["1", 0]}, "class_type": "Save"},
            "1": {"inputs": {"image": "a.png"}, "class_type": "Load", "_meta": {"title": "Another"}},
        }
    )
    assert plain.hash() == other.hash()


@pytest.mark.parametrize("change", [{"quality": 81}, {"images": ["1", 1]}, {"more": None}, {"quality": "80"}])
def test_the_hash_sees_every_input(change: dict[str, Any]) -> None:
    assert _graph().hash() != _graph(**change).hash()


def test_a_changed_input_leaves_the_first_graph_alone() -> None:
    graph = _graph()
    changed = graph.with_input("2", "quality", 90)
    assert (graph.nodes["2"].inputs["quality"], changed.nodes["2"].inputs["quality"]) == (80, 90)


def test_json_and_back() -> None:
    graph = _graph()
    assert parse_graph(graph.json()) == graph
    assert graph.titled("First") == ["1"]
    assert graph.nodes["2"].title == "Save"


@pytest.mark.parametrize(
    ("data", "why"),
    [
        ([], "object of nodes"),
        ({}, "object of nodes"),
        ({"nodes": []}, "compile"),
        ({"1": {"inputs": {}}}, "class_type"),
    ],
)
def test_another_file_is_told_what_it_is(data: Any, why: str) -> None:
    with pytest.raises(GraphError, match=why):
        parse_graph(data)


@given(
    st.dictionaries(st.text(min_size=1, max_size=5), st.integers() | st.text(max_size=5) | st.booleans(), max_size=5)
)
def test_the_hash_is_the_same_for_the_same_inputs_in_any_order(inputs: dict[str, Any]) -> None:
    turned = dict(reversed(list(inputs.items())))
    assert _graph(**inputs).hash() == _graph(**turned).hash()
