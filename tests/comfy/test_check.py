"""What the server would refuse, and what it would accept and a person would not want."""

from __future__ import annotations

from typing import Any

import pytest

from imgvid.comfy.bind import parse_binding
from imgvid.comfy.check import Surroundings, check
from imgvid.comfy.finding import Finding, Level
from imgvid.comfy.graph import parse_graph
from imgvid.comfy.objectinfo import ObjectInfo
from tests.comfy.compile.workbench import CLASSES, server_class

MORE = {
    "Power Lora Loader (rgthree)": server_class({}, {"model": ["MODEL"]}, output=("MODEL",)),
    "Models": server_class({"unet_name": [["a.safetensors"]]}, output=("MODEL",)),
    "RIFE VFI": server_class({"ckpt_name": [["rife49.pth"]], "frames": ["IMAGE"]}, output=("IMAGE",)),
}
INFO = ObjectInfo({**CLASSES, **MORE})
GOOD: dict[str, Any] = {
    "1": {"class_type": "LoadImage", "inputs": {"image": "not-there-yet.png"}, "_meta": {"title": "Photo"}},
    "2": {"class_type": "Scale", "inputs": {"image": ["1", 0], "factor": 2.0}, "_meta": {"title": "Zoom"}},
    "3": {"class_type": "SaveImage", "inputs": {"images": ["2", 0], "filename_prefix": "out"}},
}


def _found(change: dict[str, Any] | None = None, around: Surroundings | None = None, **nodes: Any) -> list[Finding]:
    """Check the good graph with some inputs of node 2 changed and nodes added."""
    body = {key: {**node, "inputs": dict(node["inputs"])} for key, node in GOOD.items()}
    for name, value in (change or {}).items():
        if value is ...:
            del body["2"]["inputs"][name]
        else:
            body["2"]["inputs"][name] = value
    body.update({key.lstrip("n"): node for key, node in nodes.items()})
    return check(parse_graph(body), INFO, around or Surroundings())


def test_a_good_graph_has_no_finding() -> None:
    assert _found() == []


@pytest.mark.parametrize(
    ("change", "why"),
    [
        ({"factor": ...}, "required input factor is missing"),
        ({"image": ["9", 0]}, "node 9, which is not in the graph"),
        ({"image": ["1", 5]}, "output 5 of node 1, which has 2"),
        ({"image": ["1", 1]}, "wants IMAGE and is given MASK"),
        ({"image": "a.png"}, "wants a link of type IMAGE"),
        ({"factor": "2"}, "which is no number"),
        ({"factor": True}, "which is no number"),
        ({"factor": 0.01}, "less than 0.1"),
        ({"factor": 9}, "more than 8.0"),
    ],
)
def test_what_the_server_refuses_is_an_error(change: dict[str, Any], why: str) -> None:
    found = _found(change)
    assert [(finding.level, finding.node) for finding in found] == [(Level.ERROR, "2")]
    assert why in str(found[0])
    assert '"Zoom"' in str(found[0])


def test_a_missing_class_is_an_error_even_where_nothing_needs_the_node() -> None:
    found = _found(n9={"class_type": "Mystery", "inputs": {}})
    assert [str(finding) for finding in found] == ['error: Node 9 "Mystery": the server has no class Mystery.']


def test_faults_of_nodes_that_no_output_needs_do_not_count() -> None:
    assert _found(n9={"class_type": "Scale", "inputs": {}}) == []


def test_a_graph_without_an_output_would_be_refused() -> None:
    graph = parse_graph({"1": GOOD["1"]})
    assert "no node makes an output" in check(graph, INFO, Surroundings())[0].text


@pytest.mark.parametrize(
    ("inputs", "why"),
    [
        ({"mode": "factor", "mode.factor": 2.0}, None),
        ({"mode": "sides", "mode.width": 64, "mode.height": 64}, None),
        ({"mode": "sides", "mode.width": 64}, "required input mode.height is missing"),
        ({"mode": "odd"}, "not among: factor, sides"),
    ],
)
def test_the_chosen_dynamic_option_says_what_is_required(inputs: dict[str, Any], why: str | None) -> None:
    resize = {"class_type": "Resize", "inputs": {"image": ["1", 0], "method": "area", **inputs}}
    save = {"class_type": "SaveImage", "inputs": {"images": ["8", 0], "filename_prefix": "x"}}
    texts = [finding.text for finding in _found(n8=resize, n9=save)]
    assert len(texts) == (why is not None)
    assert why is None or why in texts[0]


def test_a_growing_list_needs_no_input_of_its_own_name() -> None:
    batch = {"class_type": "Batch", "inputs": {"images.image0": ["1", 0]}}
    save = {"class_type": "SaveImage", "inputs": {"images": ["8", 0], "filename_prefix": "x"}}
    assert _found(n8=batch, n9=save) == []


def test_a_date_in_a_file_name_is_a_warning() -> None:
    save = {"class_type": "SaveImage", "inputs": {"images": ["1", 0], "filename_prefix": "%date:yyyy%/x"}}
    found = _found(n9=save)
    assert [finding.level for finding in found] == [Level.WARNING]


def _with_models(file: str, lora: dict[str, Any] | None = None) -> dict[str, Any]:
    """A graph whose output needs a model file, a LoRA and the interpolation weights."""
    return {
        "n20": {"class_type": "Models", "inputs": {"unet_name": file}},
        "n21": {"class_type": "Power Lora Loader (rgthree)", "inputs": {"model": ["20", 0], "lora_1": lora or {}}},
        "n22": {"class_type": "RIFE VFI", "inputs": {"ckpt_name": "rife49.pth", "frames": ["1", 0]}},
        "n23": {"class_type": "SaveImage", "inputs": {"images": ["22", 0], "filename_prefix": "x", "also": ["21", 0]}},
    }


@pytest.mark.parametrize("folder", ["diffusion_models", "unet", "unet_gguf"])
def test_a_model_file_is_looked_for_in_every_folder_that_its_loader_reads(folder: str) -> None:
    around = Surroundings(files={f"{folder}/big.gguf"})
    assert _found(None, around, **_with_models("big.gguf")) == []


def test_a_model_file_that_is_not_there_is_an_error_with_its_folder() -> None:
    found = _found(None, Surroundings(files={"vae/big.gguf"}), **_with_models("big.gguf"))
    assert [finding.text for finding in found] == ["its model file big.gguf is not in diffusion_models."]


def test_an_optional_file_of_the_bundle_is_a_warning() -> None:
    around = Surroundings(files=set(), optional_files={"diffusion_models/big.gguf"})
    found = _found(None, around, **_with_models("big.gguf"))
    assert [finding.level for finding in found] == [Level.WARNING]


@pytest.mark.parametrize(("on", "errors"), [(True, 1), (False, 0)])
def test_a_lora_that_the_server_would_skip_in_silence_is_an_error(on: bool, errors: int) -> None:
    around = Surroundings(files={"diffusion_models/big.gguf"})
    found = _found(None, around, **_with_models("big.gguf", {"on": on, "lora": "look.safetensors", "strength": 1}))
    assert len(found) == errors
    assert all("without a word" in finding.text for finding in found)


def test_the_weights_of_a_pack_count_where_the_bundle_knows_their_folder() -> None:
    absent = Surroundings(files={"diffusion_models/big.gguf", "rife/rife47.pth"})
    there = Surroundings(files={"diffusion_models/big.gguf", "rife/rife49.pth"})
    assert len(_found(None, absent, **_with_models("big.gguf"))) == 1
    assert _found(None, there, **_with_models("big.gguf")) == []


@pytest.mark.parametrize(("files", "errors"), [(None, 1), ({"diffusion_models/b.safetensors"}, 0)])
def test_a_choice_of_files_is_the_servers_unless_the_bundle_is_known(files: set[str] | None, errors: int) -> None:
    found = _found(None, Surroundings(files=files), **_with_models("b.safetensors"))
    assert len(found) == errors


def test_bindings_and_modes_are_proven_too() -> None:
    binding = parse_binding(
        {"output": "Nobody", "roles": {"image": {"node": "Photo", "input": "picture", "required": True}}}
    )
    found = _found(None, Surroundings(binding=binding, roles={"prompt": True, "mood": False}))
    texts = sorted(f"{finding.level}: {finding.text}" for finding in found)
    assert texts == [
        'error: Role image: node 1 "Photo" has no input picture.',
        'error: Role output: no node has the id or title "Nobody".',
        "error: The binding requires image, and the mode never sets it.",
        "error: The mode sets prompt, and the binding has no such role.",
        "warning: The mode sets mood, and the binding has no such role.",
    ]


CAMERAS = parse_binding(
    {"roles": {"model": {"node": "4", "input": "unet_name", "choices": ["a.safetensors", "b.safetensors"]}}}
)
LOADER: dict[str, Any] = {"class_type": "Models", "inputs": {"unet_name": "a.safetensors"}, "_meta": {"title": "Model"}}


def _with_loader(binding: Any, *files: str) -> list[str]:
    around = Surroundings(files=set(files), binding=binding)
    scale = {**GOOD["2"], "inputs": {**GOOD["2"]["inputs"], "model": ["4", 0]}}
    return [finding.text for finding in _found(None, around, n2=scale, n4=LOADER)]


def test_every_file_that_a_person_may_choose_must_be_there() -> None:
    held = "diffusion_models/a.safetensors"
    assert _with_loader(CAMERAS, held) == ["its choice b.safetensors is not in diffusion_models."]
    assert _with_loader(CAMERAS, held, "diffusion_models/b.safetensors") == []


def test_one_is_enough_where_the_first_that_is_there_is_taken() -> None:
    raw = {"node": "4", "input": "unet_name", "choices": ["a.safetensors", "b.safetensors"], "first_there": True}
    binding = parse_binding({"roles": {"model": raw}})
    assert _with_loader(binding, "diffusion_models/b.safetensors") == []
    assert _with_loader(binding) == ["its model file a.safetensors is not in diffusion_models."]
