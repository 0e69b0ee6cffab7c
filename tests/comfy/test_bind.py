"""Bindings: roles find their nodes, values are brought into bounds, nothing else changes."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from imgvid.comfy.bind import Binding, BindingError, bind, binder, output_node, parse_binding, variant
from imgvid.comfy.clamp import Bounds, OutOfBounds, fit
from imgvid.comfy.graph import Graph, parse_graph
from imgvid.comfy.objectinfo import ObjectInfo, parse_spec
from tests.comfy.image_classes import CLASSES

INFO = ObjectInfo(CLASSES)
GRAPH = parse_graph(
    {
        "1": {"class_type": "LoadImage", "inputs": {"image": "old.png"}, "_meta": {"title": "First"}},
        "2": {"class_type": "LoadImage", "inputs": {"image": "old.png"}, "_meta": {"title": "Last"}},
        "3": {"class_type": "BOOLConstant", "inputs": {"value": True}, "_meta": {"title": "Use Last"}},
        "4": {"class_type": "INTConstant", "inputs": {"value": 81}, "_meta": {"title": "Length"}},
        "5": {"class_type": "PrimitiveInt", "inputs": {"value": 1}, "_meta": {"title": "Seed"}},
        "6": {
            "class_type": "WanImageToVideo",
            "inputs": {"width": 480, "length": ["4", 0], "start_image": ["1", 0]},
            "_meta": {"title": "Latent"},
        },
        "7": {"class_type": "CLIPLoader", "inputs": {"clip_name": "a", "type": "wan"}, "_meta": {"title": "Twin"}},
        "8": {"class_type": "CLIPLoader", "inputs": {"clip_name": "b", "type": "wan"}, "_meta": {"title": "Twin"}},
    }
)


def _binding(**roles: dict[str, Any]) -> Binding:
    return parse_binding({"roles": roles})


IMAGES = {
    "image": {"node": "First", "input": "image", "required": True},
    "last": {
        "node": "Last",
        "input": "image",
        "stand_in": "image",
        "switch": {"node": "Use Last", "input": "value"},
    },
}


def _value(graph: Graph, key: str, name: str) -> Any:
    return graph.nodes[key].inputs[name]


def test_without_a_last_picture_the_first_stands_in_and_the_switch_is_off() -> None:
    bound = bind(GRAPH, _binding(**IMAGES), {"image": "a.png", "last": None}, INFO)
    assert _value(bound.graph, "1", "image") == _value(bound.graph, "2", "image") == "a.png"
    assert _value(bound.graph, "3", "value") is False


def test_with_a_last_picture_the_switch_is_on() -> None:
    bound = bind(GRAPH, _binding(**IMAGES), {"image": "a.png", "last": "b.png"}, INFO)
    assert _value(bound.graph, "2", "image") == "b.png"
    assert _value(bound.graph, "3", "value") is True


def test_only_bound_inputs_change() -> None:
    bound = bind(GRAPH, _binding(**IMAGES), {"image": "a.png"}, INFO).graph
    changed = {
        (key, name)
        for key, node in bound.nodes.items()
        for name, value in node.inputs.items()
        if GRAPH.nodes[key].inputs[name] != value
    }
    assert changed == {("1", "image"), ("2", "image"), ("3", "value")}


def test_a_required_role_without_a_value_is_refused() -> None:
    with pytest.raises(BindingError, match="Role image has no value"):
        bind(GRAPH, _binding(**IMAGES), {}, INFO)


def test_values_that_no_role_takes_are_told() -> None:
    assert bind(GRAPH, _binding(**IMAGES), {"image": "a", "mood": "sad", "none": None}, INFO).unused == ("mood",)


@pytest.mark.parametrize(
    ("value", "expected"), [(81, 81), (80, 81), (78, 77), (79, 81), (1, 5), (1000, 161), (160, 161), (83.0, 85)]
)
def test_a_length_becomes_the_nearest_that_the_model_can_make(value: float, expected: int) -> None:
    role = {"node": "Length", "input": "value", "min": 5, "max": 161, "step": 4, "offset": 1}
    bound = bind(GRAPH, _binding(frames=role), {"frames": value}, INFO)
    assert _value(bound.graph, "4", "value") == expected
    assert bool(bound.notes) is (value != expected)


@pytest.mark.parametrize(("value", "expected"), [(487, 480), (488, 496), (3, 16), (99999, 16384)])
def test_the_class_bounds_a_number_too(value: int, expected: int) -> None:
    bound = bind(GRAPH, _binding(width={"node": "Latent", "input": "width"}), {"width": value}, INFO)
    assert _value(bound.graph, "6", "width") == expected


@given(st.integers(min_value=-(2**70), max_value=2**70))
def test_a_seed_wraps_around_and_stays_inside(seed: int) -> None:
    bound = bind(GRAPH, _binding(seed={"node": "Seed", "input": "value"}), {"seed": seed}, INFO)
    value = _value(bound.graph, "5", "value")
    assert -(2**63) + 1 <= value <= 2**63 - 1
    if abs(seed) < 2**63:
        assert value == seed


def test_two_neighbouring_seeds_beyond_the_bounds_stay_two() -> None:
    binding = _binding(seed={"node": "Seed", "input": "value"})
    values = {bind(GRAPH, binding, {"seed": 2**63 + n}, INFO).graph.nodes["5"].inputs["value"] for n in range(3)}
    assert len(values) == 3


def test_one_role_may_set_several_inputs() -> None:
    role = {"targets": [{"node": "7", "input": "type"}, {"node": "8", "input": "type"}]}
    bound = bind(GRAPH, _binding(kind=role), {"kind": "ltxv"}, INFO).graph
    assert (_value(bound, "7", "type"), _value(bound, "8", "type")) == ("ltxv", "ltxv")


@pytest.mark.parametrize(
    ("role", "value", "why"),
    [
        ({"node": "Nobody", "input": "x"}, 1, 'id or title "Nobody"'),
        ({"node": "Twin", "input": "type"}, "wan", "7, 8 all have the title"),
        ({"node": "First", "input": "video"}, 1, "has no input video"),
        ({"node": "Latent", "input": "length"}, 1, "fed by another node"),
        ({"node": "7", "input": "type"}, "flux", "not among its 3 choices"),
        ({"node": "Length", "input": "value"}, "long", "no number"),
        ({"node": "Use Last", "input": "value"}, 1, "not true or false"),
        ({"node": "Latent", "input": "width", "min": 20000}, 1, "no number is between"),
    ],
)
def test_what_does_not_fit_is_refused_with_role_and_node(role: dict[str, Any], value: Any, why: str) -> None:
    with pytest.raises(BindingError, match=why) as refused:
        bind(GRAPH, _binding(thing=role), {"thing": value}, INFO)
    assert "thing" in str(refused.value)


def test_a_binder_refuses_a_binding_that_can_never_fit() -> None:
    with pytest.raises(BindingError, match="Nobody"):
        binder(GRAPH, _binding(thing={"node": "Nobody", "input": "x"}))


def test_a_binder_binds() -> None:
    graph = binder(GRAPH, _binding(**IMAGES), INFO)({"image": "a.png"})
    assert _value(graph, "1", "image") == "a.png"


@pytest.mark.parametrize(("output", "expected"), [("Latent", "6"), (6, "6"), (None, None)])
def test_the_output_is_found_by_title_or_id(output: Any, expected: str | None) -> None:
    data = {"roles": {}} if output is None else {"roles": {}, "output": output}
    assert output_node(GRAPH, parse_binding(data)) == expected


@pytest.mark.parametrize(
    ("data", "why"),
    [
        ({"role": {}}, "unknown key: role"),
        ({"bundle_revision": "3"}, "bundle_revision is '3'"),
        ({"roles": {"a": {"node": "x"}}}, "a node .title or id. and an input"),
        ({"roles": {"a": {}}}, "either node and input, or targets"),
        ({"roles": {"a": {"node": "x", "input": "y", "targets": [{"node": "x", "input": "y"}]}}}, "either node"),
        ({"roles": {"a": {"node": "x", "input": "y", "maximum": 3}}}, "unknown key maximum"),
        ({"roles": {"a": {"node": "x", "input": "y", "min": "3"}}}, "min is a number"),
        ({"roles": {"a": {"node": "x", "input": "y", "stand_in": "b"}}}, "which is no role"),
    ],
)
def test_a_faulty_binding_file_is_told_its_key(data: dict[str, Any], why: str) -> None:
    with pytest.raises(BindingError, match=why):
        parse_binding(data)


@given(
    st.integers(min_value=-(10**6), max_value=10**6),
    st.integers(min_value=0, max_value=50),
    st.integers(min_value=100, max_value=500),
    st.integers(min_value=1, max_value=32),
)
def test_a_fitted_number_is_inside_on_its_step_and_nothing_nearer_is(
    value: int, low: int, high: int, step: int
) -> None:
    fitted = fit(value, None, Bounds(min=low, max=high, step=step))
    assert isinstance(fitted, int)
    assert low <= fitted <= high
    assert (fitted - low) % step == 0
    nearest = min(range(low, high + 1, step), key=lambda n: abs(n - value))
    assert abs(fitted - value) == abs(nearest - value)


@pytest.mark.parametrize("value", [float("nan"), float("inf")])
def test_no_number_is_no_value(value: float) -> None:
    with pytest.raises(OutOfBounds):
        fit(value, parse_spec("x", ["FLOAT", {}], optional=False), Bounds())


CLOSED = {"type": {"node": "7", "input": "type", "choices": ["wan", "ltxv"]}}


def test_a_closed_choice_takes_its_own_and_nothing_else() -> None:
    bound = bind(GRAPH, _binding(**CLOSED), {"type": "ltxv"}, INFO)
    assert _value(bound.graph, "7", "type") == "ltxv"
    with pytest.raises(BindingError, match="'stable_diffusion' is none of its 2 choices"):
        bind(GRAPH, _binding(**CLOSED), {"type": "stable_diffusion"}, INFO)  # the class would take it


@pytest.mark.parametrize("choices", [[], ["wan", 3], "wan"])
def test_choices_are_a_list_of_texts(choices: object) -> None:
    with pytest.raises(BindingError, match="choices is a list of texts"):
        _binding(type={"node": "7", "input": "type", "choices": choices})


@pytest.mark.parametrize(
    ("choices", "taken"),
    [(["ltx", "ltxv", "wan"], "ltxv"), (["ltx"], "wan")],
)
def test_without_a_value_the_first_choice_that_is_there_is_taken(choices: list[str], taken: str) -> None:
    binding = _binding(type={"node": "7", "input": "type", "choices": choices, "first_there": True})
    bound = bind(GRAPH, binding, {}, INFO)
    assert variant(bound.graph, binding) == {"type": taken}


def test_a_server_that_is_not_known_leaves_the_files_own_value() -> None:
    binding = _binding(type={"node": "7", "input": "type", "choices": ["ltxv"], "first_there": True})
    assert variant(bind(GRAPH, binding, {}).graph, binding) == {"type": "wan"}


def test_a_value_goes_before_what_is_there() -> None:
    binding = _binding(type={"node": "7", "input": "type", "choices": ["ltxv", "wan"], "first_there": True})
    assert variant(bind(GRAPH, binding, {"type": "wan"}, INFO).graph, binding) == {"type": "wan"}
