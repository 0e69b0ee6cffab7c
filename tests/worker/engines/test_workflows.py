from __future__ import annotations

import json
import shutil
from dataclasses import replace
from pathlib import Path

import pytest

import imgvid.sandbox.comfyui
from imgvid.catalog import Mode, modes
from imgvid.comfy.graph import parse_graph
from imgvid.comfy.objectinfo import ObjectInfo
from imgvid.worker.engines.comfy import from_environ
from imgvid.worker.engines.shipped import SHIPPED
from imgvid.worker.engines.workflows import WorkflowRefused, load

STANDING = Path(imgvid.sandbox.comfyui.__file__).parent / "workflows"
MODE = modes()["wan22-i2v"]
NAME = MODE.workflows[0]
IMAGE = Path(__file__).parents[3] / "worker_image" / "workflows"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    shutil.copytree(STANDING, tmp_path / "w")
    return tmp_path / "w"


def test_the_model_free_workflow_serves_the_wan_mode() -> None:
    workflow = load(STANDING, [MODE])[NAME]
    assert workflow.origin == "operator's"
    assert workflow.output == "5"
    assert workflow.bound_classes() == {"LoadImage", "ImageScale", "RepeatImageBatch", "CreateVideo"}
    bound = workflow.bind({"image": "a/b.png", "width": 491, "prompt": "x"}, ObjectInfo({}))
    assert bound.graph.nodes["1"].inputs["image"] == "a/b.png"
    assert bound.graph.nodes["2"].inputs["width"] == 496
    assert bound.unused == ("prompt",)


def test_a_graph_is_shipped_by_its_hash(folder: Path) -> None:
    known = load(folder, [MODE])[NAME].graph_hash
    assert load(folder, [MODE], shipped={known})[NAME].origin == "shipped"
    path = folder / f"{NAME}.api.json"
    changed = json.loads(path.read_text())
    changed["4"]["inputs"]["fps"] = 25
    path.write_text(json.dumps(changed))
    assert load(folder, [MODE], shipped={known})[NAME].origin == "operator's"


def test_the_hashes_of_the_image_are_known() -> None:
    there = {parse_graph(json.loads(path.read_text())).hash() for path in IMAGE.rglob("*.api.json")}
    assert there == SHIPPED, "a shipped graph changed: write its hash into worker/engines/shipped.py"


def test_the_shipped_workflow_loads_and_takes_a_job() -> None:
    workflow = load(IMAGE, [MODE])[NAME]
    assert workflow.origin == "shipped"
    assert workflow.output is not None
    bound = workflow.bind({"image": "a/image.png", "prompt": "x", "seed": 5}, ObjectInfo({}))
    assert bound.unused == ()


def unusable(mode: Mode) -> Mode:
    return replace(mode, id="other", workflow=None)


@pytest.mark.parametrize(
    ("suffix", "text", "said"),
    [
        (".api.json", "{", "Expecting"),
        (".api.json", '{"nodes": []}', "workflow compile"),
        (".toml", "[roles", "Expected"),
        (".toml", '[roles.image]\nnode = "Nobody"\ninput = "image"', 'title "Nobody"'),
        (".toml", 'output = "Nobody"', 'title "Nobody"'),
        (".toml", None, "No such file"),
    ],
)
def test_a_bad_file_is_named(folder: Path, suffix: str, text: str | None, said: str) -> None:
    path = folder / f"{NAME}{suffix}"
    path.unlink() if text is None else path.write_text(text)
    with pytest.raises(WorkflowRefused, match=said) as refused:
        load(folder, [MODE])
    assert NAME in str(refused.value)


def test_an_empty_folder_is_refused(tmp_path: Path) -> None:
    with pytest.raises(WorkflowRefused, match="no workflow of any mode"):
        load(tmp_path, [MODE, unusable(MODE)])


def test_the_engine_says_what_the_environment_lacks() -> None:
    with pytest.raises(WorkflowRefused, match="COMFY_DIR, WORKFLOWS_DIR"):
        from_environ({"COMFY_URL": "http://127.0.0.1:8188"})
    environ = {"COMFY_URL": "http://127.0.0.1:1/", "COMFY_DIR": "/x", "WORKFLOWS_DIR": str(STANDING)}
    with pytest.raises(WorkflowRefused, match="WORKER_FACTS"):
        from_environ({**environ, "WORKER_FACTS": "{"})
    engine = from_environ({**environ, "WORKER_FACTS": '{"image": "i:1", "odd": {}}'})
    assert engine._facts == {"image": "i:1"}
