"""A mode's file: what is wrong with it is said, with its name and the key; the shipped ones are whole."""

from __future__ import annotations

from copy import deepcopy
from pathlib import Path
from typing import Any

import pytest

from imgvid.catalog import CatalogError, Group, Mode, load_mode, modes
from imgvid.catalog.choices import combinations, context
from imgvid.catalog.fill import fill
from imgvid.catalog.read import load_modes, parse

GOOD: dict[str, Any] = {
    "id": "m",
    "makes": "video",
    "lane": "video",
    "backend": "fal",
    "inputs": [{"role": "image", "required": True, "crop": "aspect"}],
    "run_for_s": 60,
    "expires_in_s": 600,
    "expected_s": [{"when": {"seconds": 8}, "is": 20}, {"is": 10}],
    "prompt": {"max_chars": 100, "suffix": [{"when": {"aspect": "1:1"}, "is": "square"}]},
    "params": {
        "seconds": {"values": [4, 8], "unit": "s"},
        "aspect": {"values": ["1:1", "16:9"]},
        "sound": {"flag": True},
        "negative": {"text_max": 50, "only_when": {"sound": True}},
    },
    "refuses": [{"when": {"seconds": 8, "aspect": "1:1"}, "why": "refuse-x"}],
    "price": {"per": "second", "usd": 0.1},
    "models": [{"id": "a/b", "body": {"prompt": "$prompt", "image_url": "$image", "n": "$negative", "seed": "$seed"}}],
}


def changed(**values: Any) -> dict[str, Any]:
    raw = deepcopy(GOOD)
    for path, value in values.items():
        at = raw
        *parents, last = path.split("__")
        for parent in parents:
            at = at[int(parent)] if isinstance(at, list) else at[parent]
        at[last] = value
    return raw


def test_a_whole_file() -> None:
    mode = parse(GOOD, "m.toml")
    assert mode.group is Group.PHOTO_VIDEO
    assert mode.max_inputs == 1
    assert mode.expected({"seconds": 8}).total_seconds() == 20
    assert mode.prompt_for(" hi ", {"aspect": "1:1"}) == "hi, square"
    assert mode.prompt_for("", {"aspect": "16:9"}) == ""
    assert mode.price_for({}) is mode.price


@pytest.mark.parametrize(
    ("raw", "said"),
    [
        (changed(colour="red"), "unknown key colour"),
        (changed(makes="song"), "song"),
        (changed(lane="slow"), "lane is one of"),
        (changed(run_for_s=0), "run_for_s must be a number above 0"),
        (changed(expected_s=[{"is": -1}]), "above 0"),
        (changed(expected_s="soon"), "expected_s: 'soon' is of the wrong kind"),
        (changed(expected_s=[{"when": {"length": 3}, "is": 4}]), "there is no length"),
        (changed(expected_s=[{"when": {"seconds": 5}, "is": 4}]), "seconds is never 5"),
        (changed(expected_s=[{"when": {"sound": 1}, "is": 4}]), "sound is never 1"),
        (changed(expected_s=[{"when": {"negative": "x"}, "is": 4}]), "negative is a text"),
        (changed(prompt={"long": 1}), "unknown key prompt.long"),
        (changed(prompt__max_chars=0), "prompt.max_chars"),
        (changed(params__seconds__values=[4]), "values are several"),
        (changed(params__seconds__values=[4, 4]), "each once"),
        (changed(params__seconds__default=5), "default 5 is not allowed"),
        (changed(params__seconds__colour=5), "params.seconds: unknown key colour"),
        (changed(params__sound__text_max=5), "needs one of"),
        (changed(params__sound__default="yes"), "default 'yes'"),
        (changed(params__sound__words={"loud": "x"}), "the word loud"),
        (changed(params__prompt={"flag": True}), "none is prompt or seed"),
        (changed(params__negative__only_when={"loud": True}), "there is no loud"),
        (changed(inputs__0__crop="sound"), "no parameter with values"),
        (changed(inputs__0__shape="x"), "unknown key inputs.shape"),
        (changed(refuses__0__when={"seconds": 6}), "seconds is never 6"),
        (changed(price={"usd": 1, "euro": 1}), "price: price is"),
        (changed(models__0__body={"p": "$promt"}), "models a/b: body: there is no promt"),
        (changed(models__0__name="x"), "unknown key models.name"),
        (changed(models=[]), "either models or a workflow"),
        (changed(workflow="w"), "either models or a workflow"),
        (changed(seeded="yes"), "wrong kind"),
        (changed(faces="look"), "faces are looked for"),
        (changed(models__0__body={"x": "$face_x"}), "there is no face_x"),
        ({key: value for key, value in GOOD.items() if key != "backend"}, "backend is missing"),
    ],
)
def test_a_slip_of_the_pen_is_named(raw: dict[str, Any], said: str) -> None:
    with pytest.raises(CatalogError) as refused:
        parse(raw, "m.toml")
    assert str(refused.value).startswith("m.toml: ")
    assert said in str(refused.value)


def test_the_files_name_is_the_id(tmp_path: Path) -> None:
    path = tmp_path / "other.toml"
    path.write_text('id = "m"\nmakes = "image"\nlane = "image"\nbackend = "x"\nworkflow = "w"\n')
    with pytest.raises(CatalogError, match="run_for_s is missing"):
        load_mode(path)
    path.write_text(path.read_text() + "run_for_s = 1\nexpires_in_s = 1\nexpected_s = 1\n")
    with pytest.raises(CatalogError, match="the file's name says other"):
        load_mode(path)
    path.write_text("id = ")
    with pytest.raises(CatalogError, match=r"other\.toml"):
        load_mode(path)


def test_a_new_mode_is_a_new_file(tmp_path: Path) -> None:
    (tmp_path / "m.toml").write_text(
        'id = "m"\nmakes = "image"\nlane = "image"\nbackend = "comfyui"\nworkflow = "w"\n'
        "run_for_s = 1\nexpires_in_s = 1\nexpected_s = 1\n[params.a]\nvalues = [1, 2]\n"
    )
    made = load_modes(tmp_path)["m"]
    assert made.group is Group.IMAGE
    assert made.workflows == ("w",)
    assert [dict(one) for one in combinations(made)] == [{"a": 1}, {"a": 2}]


@pytest.mark.parametrize("mode", modes().values(), ids=lambda mode: mode.id)
def test_each_combination_of_a_shipped_mode_can_be_made(mode: Mode) -> None:
    given = [(), tuple(rule.role for rule in mode.inputs)]
    required = {rule.role for rule in mode.inputs if rule.required}
    for roles in given if not required else [tuple(required), given[1]]:
        for choices in combinations(mode, roles=roles):
            asked = context(mode, choices, roles)
            assert mode.expected(asked).total_seconds() > 0
            if mode.workflow is not None:
                assert mode.workflow.of(asked) in mode.workflows
                continue
            offered = mode.models_for(asked)
            assert offered, f"{mode.id}: nobody makes {choices}"
            price = mode.price_for(asked)
            assert price is not None
            assert (price.of(asked) or 0) > 0
            values = {**choices, "prompt": "p", "seed": 1, "negative": "n", **{role: f"url-{role}" for role in roles}}
            for model in offered:
                body = fill(model.body, asked, values)
                assert body["prompt"] == "p"
                for role in roles:
                    assert f"url-{role}" in str(body), f"{model.id} is not given the {role}"
