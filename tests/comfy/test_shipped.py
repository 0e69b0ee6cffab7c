"""The workflow that the image comes with: its three files fit each other, and it does what its name says."""

from __future__ import annotations

import json
import tomllib
from pathlib import Path
from typing import Any

import pytest

from imgvid.catalog import modes
from imgvid.comfy.bind import bind, output_node, parse_binding
from imgvid.comfy.check import Surroundings, check
from imgvid.comfy.compile import compile_workflow
from imgvid.comfy.evaluate import Flow
from imgvid.comfy.graph import Graph, parse_graph
from imgvid.comfy.locked import check_lock
from imgvid.comfy.models import model_uses
from imgvid.comfy.objectinfo import ObjectInfo
from imgvid.comfy.show import summarise, text
from imgvid.ops.workflow_files import read_lock
from tests.comfy.image_classes import CLASSES

IMAGE = Path(__file__).resolve().parents[2] / "worker_image"
NAME = "i2v_WAN22_6step_3Samplers_GGUF_FirstLast"
INFO = ObjectInfo(CLASSES)
UI: dict[str, Any] = json.loads((IMAGE / "workflows" / f"{NAME}.json").read_text())
BINDING = parse_binding(tomllib.loads((IMAGE / "workflows" / f"{NAME}.toml").read_text()))


@pytest.fixture
def graph() -> Graph:
    return parse_graph(json.loads((IMAGE / "workflows" / f"{NAME}.api.json").read_text()))


def test_the_graph_is_what_our_compiler_makes_of_the_ui_file(graph: Graph) -> None:
    made = compile_workflow(UI, INFO).graph
    assert made.text() == (IMAGE / "workflows" / f"{NAME}.api.json").read_text()
    assert made == graph


def test_it_fits_its_binding_its_mode_and_the_lock(graph: Graph) -> None:
    roles = {"image": True, "last": False, "prompt": True, "seed": True}
    assert check(graph, INFO, Surroundings(binding=BINDING, roles=roles)) == []
    assert check_lock(graph, INFO, read_lock(IMAGE / "nodes.lock"), UI) == []
    assert modes()["wan22-i2v"].workflows == (NAME,)


def test_it_does_what_its_name_says(graph: Graph) -> None:
    said = text(summarise(graph, INFO, UI))
    assert "two of three run, 3 + 3 steps" in said
    assert "81 -> 241 frames at 60 fps = 4.02 s (480x688)" in said
    assert "GGUF pair in use" in said
    assert "Groups switched off: Step 2, Upscale" in said


def test_its_models_are_those_of_the_bundle(graph: Graph) -> None:
    assert {(use.folder, use.file) for use in model_uses(graph)} == {
        ("diffusion_models", "DasiwaWAN22I2V14BTastysinV8_q8High.gguf"),
        ("diffusion_models", "DasiwaWAN22I2V14BTastysinV8_q8Low.gguf"),
        ("diffusion_models", "DasiwaWAN22I2V14BV8V1_midnightflirtHighV7.safetensors"),
        ("diffusion_models", "DasiwaWAN22I2V14BV8V1_midnightflirtLowV7.safetensors"),
        ("text_encoders", "umt5_xxl_fp8_e4m3fn_scaled.safetensors"),
        ("vae", "wan_2.1_vae.safetensors"),
        ("rife", "rife49.pth"),
    }


def test_without_a_last_frame_the_first_stands_in_and_the_switch_is_off(graph: Graph) -> None:
    bound = bind(graph, BINDING, {"image": "job/image.png", "prompt": "she waves", "seed": 7}, INFO).graph
    values = {node.title: node.inputs for node in bound.nodes.values()}
    assert values["Load Image"]["image"] == values["Load Image (Last)"]["image"] == "job/image.png"
    assert values["Use Last Frame?"]["value"] is False
    assert values["Positive Prompt"]["text"] == "she waves"
    assert values["Seed"]["value"] == 7


def test_with_a_last_frame_the_other_latent_runs(graph: Graph) -> None:
    values = {"image": "a.png", "last": "b.png", "prompt": "she waves", "seed": 7}
    bound = bind(graph, BINDING, values, INFO).graph
    running = Flow(bound).runs(bound.outputs(INFO.is_output))
    classes = {bound.nodes[key].class_type for key in running}
    assert "WanFirstLastFrameToVideo" in classes
    assert "WanImageToVideo" not in classes


def test_forty_eight_frames_a_second_give_five_seconds(graph: Graph) -> None:
    bound = bind(graph, BINDING, {"image": "a.png", "fps": 48}, INFO).graph
    assert "at 48 fps = 5.02 s" in text(summarise(bound, INFO, UI))


def test_the_result_is_the_final_video(graph: Graph) -> None:
    key = output_node(graph, BINDING)
    assert key is not None
    assert graph.nodes[key].class_type == "VHS_VideoCombine"


def test_no_picture_or_prompt_is_written_into_the_video_by_the_graph(graph: Graph) -> None:
    final = next(node for node in graph.nodes.values() if node.class_type == "VHS_VideoCombine")
    assert final.inputs["save_metadata"] is False
