"""The four LTX-2 graphs: their files fit each other, every choice binds, and the model's own rules hold."""

from __future__ import annotations

import itertools
import json
from collections.abc import Mapping
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from imgvid.bundle import manifest
from imgvid.catalog import modes
from imgvid.comfy.bind import BindingError, Scalar, bind, output_node, variant
from imgvid.comfy.check import Surroundings, check
from imgvid.comfy.compile import compile_workflow
from imgvid.comfy.evaluate import Flow
from imgvid.comfy.graph import Graph
from imgvid.comfy.locked import check_lock
from imgvid.comfy.models import model_uses
from imgvid.comfy.objectinfo import ObjectInfo
from imgvid.comfy.show import summarise, text
from imgvid.comfy.videos import videos
from imgvid.ops.workflow_files import read_lock
from imgvid.worker.engines.shipped import SHIPPED
from tests.comfy.graphs import CLASSES, INFO, LTX, ROOT, Files, at

NAMES = ("ltx2_t2v_fast", "ltx2_t2v_pro", "ltx2_i2v_fast", "ltx2_i2v_pro")
# facts/models.md 3.3: sides of whole 64 pixels, cropped to what people expect; a square of 960 has as many pixels as 720p.
SIZES = {
    ("720p", "16:9"): (1280, 768, 1280, 720),
    ("720p", "9:16"): (768, 1280, 720, 1280),
    ("720p", "1:1"): (960, 960, 960, 960),
    ("1080p", "16:9"): (1920, 1088, 1920, 1080),
    ("1080p", "9:16"): (1088, 1920, 1080, 1920),
    ("1080p", "1:1"): (1088, 1088, 1080, 1080),
}
FRAMES = {10: 241, 15: 361, 20: 481}


def _files(name: str) -> Files:
    return Files(LTX, name)


def _camera(move: str) -> str:
    return f"ltx-2-19b-lora-camera-control-{move}.safetensors"


def _values(size: tuple[int, int, int, int], frames: int, camera: str = "static") -> dict[str, Scalar]:
    width, height, crop_width, crop_height = size
    return {
        "image": "job/image.png",
        "prompt": "waves",
        "negative": "text",
        "seed": 2**53,
        "width": width,
        "height": height,
        "crop_width": crop_width,
        "crop_height": crop_height,
        "frames": frames,
        "fps": 24,
        "camera": _camera(camera),
    }


@pytest.fixture(params=NAMES)
def files(request: pytest.FixtureRequest) -> Files:
    return _files(request.param)


def test_the_graph_is_what_our_compiler_makes_of_the_ui_file(files: Files) -> None:
    compiled = compile_workflow(files.ui, INFO)
    assert compiled.graph.text() == files.text
    assert compiled.notes == ()
    assert files.graph.hash() in SHIPPED


def test_it_fits_its_binding_and_the_image_and_needs_no_pack(files: Files) -> None:
    roles = {"prompt": True, "seed": True, **({"image": True} if "i2v" in files.name else {})}
    assert check(files.graph, INFO, Surroundings(binding=files.binding, roles=roles)) == []
    assert check_lock(files.graph, INFO, read_lock(ROOT / "worker_image" / "nodes.lock"), files.ui) == []
    packs = {one.module for node in files.graph.nodes.values() if (one := INFO.get(node.class_type))}
    assert not any(module.startswith("custom_nodes") for module in packs)
    key = output_node(files.graph, files.binding)
    assert key is not None
    assert files.graph.nodes[key].class_type == "SaveVideo"


def test_its_models_and_every_camera_are_in_the_bundle(files: Files) -> None:
    bundle = manifest.parse((ROOT / "worker_image" / "bundle.ltx2.toml").read_text())
    required = {f"{file.folder}/{file.name}" for file in bundle.files if not file.optional}
    assert check(files.graph, INFO, Surroundings(files=required, binding=files.binding)) == []


def test_a_bundle_without_one_of_the_cameras_is_found_before_a_person_chooses_it(files: Files) -> None:
    bundle = manifest.parse((ROOT / "worker_image" / "bundle.ltx2.toml").read_text())
    held = {f"{file.folder}/{file.name}" for file in bundle.files} - {f"loras/{_camera('jib-up')}"}
    found = check(files.graph, INFO, Surroundings(files=held, binding=files.binding))
    assert [str(finding) for finding in found] == [
        f'error: Node 14 "Camera": its choice {_camera("jib-up")} is not in loras.'
    ]


@pytest.mark.parametrize("quality", ["fast", "pro"])
@pytest.mark.parametrize("kind", ["t2v", "i2v"])
def test_every_choice_of_the_mode_binds_as_it_is(kind: str, quality: str) -> None:
    mode = modes()[f"ltx2-{kind}"]
    files = _files(f"ltx2_{kind}_{quality}")
    given: dict[str, Scalar] = {"image": "job/image.png", "prompt": "waves", "negative": "text", "seed": 2**53}
    offered = [[(one.name, value) for value in one.values] for one in mode.params if one.values]
    combinations = [dict(picked) for picked in itertools.product(*offered)]
    asked = [choices for choices in combinations if choices["quality"] == quality]
    assert len(asked) == 2 * 3 * 3 * 7
    for choices in asked:
        assert mode.workflow is not None
        assert mode.workflow.of(choices) == files.name
        bound = bind(files.graph, files.binding, mode.role_values(choices, {**choices, **given}), INFO)
        assert bound.notes == ()
        _assert_obeys_the_model(bound.graph, choices)


def _assert_obeys_the_model(graph: Graph, choices: Mapping[str, Scalar]) -> None:
    width, height, crop_width, crop_height = SIZES[f"{choices['resolution']}p", str(choices["aspect"])]
    frames = FRAMES[int(str(choices["seconds"]))]
    assert (at(graph, "Empty video", "width"), at(graph, "Empty video", "height")) == (width // 2, height // 2)
    assert at(graph, "Empty video", "width") % 32 == at(graph, "Empty video", "height") % 32 == 0
    assert at(graph, "Empty video", "length") == at(graph, "Empty sound", "frames_number") == frames
    assert frames % 8 == 1
    assert at(graph, "Camera", "lora_name") == _camera(str(choices["camera"]))
    edges = at(graph, "Crop", "x"), at(graph, "Crop", "y")
    assert edges == ((width - crop_width) // 2, (height - crop_height) // 2)
    (video,) = videos(graph, Flow(graph), graph.outputs(INFO.is_output))
    assert (video.made, video.fps) == (frames, 24)
    assert (video.width, video.height) == (crop_width, crop_height)
    assert video.seconds == pytest.approx(float(str(choices["seconds"])), abs=0.05)


def test_the_frame_rate_is_one_in_all_three_places(files: Files) -> None:
    graph = files.bound({**_values(SIZES["720p", "16:9"], 241), "fps": 25})
    places = ("Prompts with frame rate", "frame_rate"), ("Empty sound", "frame_rate"), ("Pictures and sound", "fps")
    assert [at(graph, title, name) for title, name in places] == [25, 25, 25]


def test_the_seed_makes_both_noises(files: Files) -> None:
    graph = files.bound(_values(SIZES["720p", "16:9"], 241))
    noises = ("Noise of the first stage", "Noise of the second stage")
    assert [at(graph, title, "noise_seed") for title in noises] == [2**53, 2**53]


@given(width=st.integers(1, 4000), height=st.integers(1, 4000), frames=st.integers(-5, 4000))
def test_no_size_or_length_breaks_the_models_rules(width: int, height: int, frames: int) -> None:
    graph = _files("ltx2_t2v_fast").bound(_values((width, height, width, height), frames))
    assert at(graph, "Width", "value") % 64 == at(graph, "Height", "value") % 64 == 0
    assert at(graph, "Frames", "value") % 8 == 1
    assert 9 <= at(graph, "Frames", "value") <= 481 < 1000  # the sound's own limit


@pytest.mark.parametrize("camera", ["zoom-in", "", "../static"])
def test_an_unknown_camera_is_refused(files: Files, camera: str) -> None:
    with pytest.raises(BindingError, match="none of its 7 choices"):
        files.bound(_values(SIZES["720p", "16:9"], 241, camera))


def test_a_lora_that_the_server_has_is_no_camera(files: Files) -> None:
    values = _values(SIZES["720p", "16:9"], 241) | {"camera": "ltx-2-19b-distilled-lora-384.safetensors"}
    with pytest.raises(BindingError, match="none of its 7 choices"):
        files.bound(values)


def _with_checkpoints(*names: str) -> ObjectInfo:
    """The classes of a server that has these checkpoints."""
    classes = json.loads(CLASSES.read_text())
    classes["CheckpointLoaderSimple"]["input"]["required"]["ckpt_name"] = [list(names)]
    return ObjectInfo(classes)


@pytest.mark.parametrize(
    ("there", "taken"),
    [
        (("ltx-2-19b-dev-fp8.safetensors", "ltx-2-19b-dev.safetensors"), "ltx-2-19b-dev.safetensors"),
        (("ltx-2-19b-dev-fp8.safetensors",), "ltx-2-19b-dev-fp8.safetensors"),
        ((), "ltx-2-19b-dev.safetensors"),
    ],
)
def test_the_bundle_decides_which_variant_it_is_and_the_recipe_says_it(there: tuple[str, ...], taken: str) -> None:
    files = _files("ltx2_i2v_pro")
    bound = bind(files.graph, files.binding, _values(SIZES["720p", "16:9"], 241), _with_checkpoints(*there)).graph
    assert variant(bound, files.binding)["checkpoint"] == taken
    assert {use.file for use in model_uses(bound) if use.folder == "checkpoints"} == {taken}


def test_a_bundle_of_fp8_alone_is_enough() -> None:
    bundle = manifest.parse((ROOT / "worker_image" / "bundle.ltx2.toml").read_text())
    held = {f"{file.folder}/{file.name}" for file in bundle.files}
    for name in NAMES:
        files = _files(name)
        for lacking in ("ltx-2-19b-dev", "ltx-2-19b-distilled"):
            without = held - {f"checkpoints/{lacking}.safetensors"}
            assert check(files.graph, INFO, Surroundings(files=without, binding=files.binding)) == []
        none = {path for path in held if not path.startswith("checkpoints/")}
        found = check(files.graph, INFO, Surroundings(files=none, binding=files.binding))
        assert {finding.title for finding in found} == {"Checkpoint", "Text encoder", "Audio VAE"}


@pytest.mark.parametrize("quality", ["fast", "pro"])
@pytest.mark.parametrize("kind", ["t2v", "i2v"])
def test_the_fp8_variant_is_the_same_graph_with_another_file(kind: str, quality: str) -> None:
    files = _files(f"ltx2_{kind}_{quality}")
    stem = "ltx-2-19b-dev" if quality == "pro" else "ltx-2-19b-distilled"
    values = _values(SIZES["720p", "16:9"], 241)
    bf16, fp8 = files.bound(values), files.bound({**values, "checkpoint": f"{stem}-fp8.safetensors"})
    for graph, file in ((bf16, f"{stem}.safetensors"), (fp8, f"{stem}-fp8.safetensors")):
        used = {use.file for use in model_uses(graph) if use.folder == "checkpoints"}
        assert used == {file}
    assert bf16.hash() != fp8.hash()


def test_each_does_what_its_name_says(files: Files) -> None:
    said = text(summarise(files.graph, INFO, files.ui))
    pro = files.name.endswith("pro")
    assert f"two of two run, {20 if pro else 8} + 3 steps" in said
    assert "241 frames at 24 fps = 10.04 s (1280x720)" in said
    assert "ltx-2-spatial-upscaler-x2-1.0.safetensors" in said
    assert ("ltx-2-19b-distilled-lora-384.safetensors" in said) is pro
    assert at(files.graph, "Guidance of the first stage", "cfg") == (4 if pro else 1)
    assert at(files.graph, "Guidance of the second stage", "cfg") == 1
    assert ("negative" in files.binding.roles) is pro


def test_the_second_stage_of_pro_keeps_the_camera_below_the_distilled_lora() -> None:
    graph = _files("ltx2_t2v_pro").graph
    (camera,), (distilled,) = graph.titled("Camera"), graph.titled("Distilled LoRA")
    assert graph.nodes[distilled].inputs["model"] == [camera, 0]
    assert graph.nodes[distilled].inputs["strength_model"] == 0.6
    (guide,) = graph.titled("Guidance of the second stage")
    assert graph.nodes[guide].inputs["model"] == [distilled, 0]


def test_there_is_sound_and_an_h264_file(files: Files) -> None:
    graph = files.graph
    (maker,), (saved,) = graph.titled("Pictures and sound"), graph.titled("Final Video")
    (sound,) = graph.titled("Decode the sound")
    assert graph.nodes[maker].inputs["audio"] == [sound, 0]
    assert (graph.nodes[saved].inputs["format"], graph.nodes[saved].inputs["codec"]) == ("mp4", "h264")


def test_the_folder_holds_these_and_nothing_else() -> None:
    assert {path.name for path in LTX.iterdir()} == {
        f"{name}{suffix}" for name in NAMES for suffix in (".json", ".api.json", ".toml")
    }


def test_the_images_own_folder_holds_wan_alone() -> None:
    """A worker serves one folder, and is ready only when everything in it fits its bundle."""
    folder = Path(ROOT / "worker_image" / "workflows")
    assert [path.name for path in folder.glob("*.api.json")] == ["i2v_WAN22_6step_3Samplers_GGUF_FirstLast.api.json"]
