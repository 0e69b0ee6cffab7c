"""The graphs that run on a ComfyUI server itself: their files fit each other, every choice binds, nothing stays there."""

from __future__ import annotations

import itertools

import pytest

from imgvid.comfy.bind import output_node
from imgvid.comfy.check import Surroundings, check
from imgvid.comfy.compile import compile_workflow
from imgvid.comfy.evaluate import Flow
from imgvid.comfy.models import model_uses
from imgvid.comfy.show import summarise, text
from imgvid.comfy.videos import picked, videos
from tests.comfy.graphs import DIRECT, INFO, Files, at

NAMES = ("sdxl_t2i", "liveportrait", "face_look")
SDXL, LIVE, LOOK = (Files(DIRECT, name) for name in NAMES)
BUCKETS = (
    (1024, 1024), (1152, 896), (896, 1152), (1216, 832), (832, 1216), (1344, 768), (768, 1344), (1536, 640), (640, 1536),
)  # fmt: skip
CLIPS = "custom_nodes/ComfyUI-LivePortraitKJ/assets/examples/driving"
# The same tables are the mode's own: expression and length are apart. docs/comfyui-server.md tells how they were chosen.
EXPRESSIONS = {
    "calm": {
        "clip": f"{CLIPS}/d9.mp4",
        "clip_skip": 393,
        "clip_frames": 55,
        "order": "14:49:-1, 15:23, 5:22:-1, 6:23, 11:22:-1, 12:49, 48",
        "movement": 0.4,
        "expression": 2.0,
    },
    "smile": {
        "clip": f"{CLIPS}/d9.mp4",
        "clip_skip": 330,
        "clip_frames": 48,
        "order": "0:46:-1, 1:25, 3:24:-1, 4:25, 10:24:-1",
        "movement": 0.6,
        "expression": 1.6,
    },
    "nod": {
        "clip": f"{CLIPS}/d9.mp4",
        "clip_skip": 393,
        "clip_frames": 55,
        "order": "18:49:-1, 19:49, 44:48:-1, 45:49, 18:48:-1, 19:46",
        "movement": 0.9,
        "expression": 1.0,
    },
}
LENGTHS = {
    10: {"walk": "0:126, 1:125:-1", "repeats": 0},
    15: {"walk": "0:126, 63:126:-1, 64:126, 1:125:-1", "repeats": 0},
    20: {"walk": "0:126, 1:125:-1", "repeats": 1},
}


def _listed(indexes: str) -> list[int]:
    """The frames that VHS_SelectImages takes: the range first, its step (or its reverse) afterwards."""
    frames: list[int] = []
    for group in indexes.split(","):
        start, *rest = (int(part) for part in group.split(":"))
        frames += list(range(start, rest[0]))[:: (*rest, 1)[1]] if rest else [start]
    return frames


@pytest.fixture(params=NAMES)
def files(request: pytest.FixtureRequest) -> Files:
    return Files(DIRECT, request.param)


def test_the_graph_is_what_our_compiler_makes_of_the_ui_file(files: Files) -> None:
    compiled = compile_workflow(files.ui, INFO)
    assert compiled.graph.text() == files.text
    assert compiled.notes == ()


def test_it_fits_its_binding(files: Files) -> None:
    assert check(files.graph, INFO, Surroundings(binding=files.binding)) == []


def test_no_file_stays_on_the_server(files: Files) -> None:
    outputs = files.graph.outputs(INFO.is_output)
    assert outputs == [output_node(files.graph, files.binding)]
    node = files.graph.nodes[outputs[0]]
    assert node.class_type in {"PreviewImage", "PreviewAny"} or node.inputs["save_output"] is False
    assert node.inputs.get("save_metadata") in {None, False}


def test_the_folder_holds_these_and_nothing_else() -> None:
    assert {path.name for path in DIRECT.iterdir()} == {
        f"{name}{suffix}" for name in NAMES for suffix in (".json", ".api.json", ".toml")
    }


@pytest.mark.parametrize(("width", "height"), BUCKETS)
def test_every_bucket_of_sdxl_binds_as_it_is(width: int, height: int) -> None:
    graph = SDXL.bound({"prompt": "a fox", "negative": "snow", "seed": 2**64 - 1, "width": width, "height": height})
    assert (at(graph, "Size", "width"), at(graph, "Size", "height")) == (width, height)
    assert at(graph, "Negative prompt", "text") == "snow"
    assert at(graph, "Sampler", "seed") == 2**64 - 1
    assert f'Picture "Result": {width}x{height}' in text(summarise(graph, INFO))


def test_sdxl_is_asked_as_was_decided() -> None:
    sampler = SDXL.graph.nodes[SDXL.graph.titled("Sampler")[0]].inputs
    assert (sampler["steps"], sampler["cfg"], sampler["sampler_name"], sampler["scheduler"]) == (
        20,
        7,
        "euler",
        "normal",
    )
    assert [(use.folder, use.file) for use in model_uses(SDXL.graph)] == [("checkpoints", "sd_xl_base_1.0.safetensors")]


@pytest.mark.parametrize(("expression", "seconds"), list(itertools.product(EXPRESSIONS, LENGTHS)))
def test_every_expression_lasts_exactly_as_long_as_was_chosen(expression: str, seconds: int) -> None:
    graph = LIVE.bound({"image": "a.png", **EXPRESSIONS[expression], **LENGTHS[seconds]})
    (video,) = videos(graph, Flow(graph), graph.outputs(INFO.is_output))
    assert (video.made, video.fps, video.seconds) == (25 * seconds, 25, seconds)
    assert at(graph, "Driving clip", "frame_load_cap") == EXPRESSIONS[expression]["clip_frames"]
    assert at(graph, "Animate", "expression_friendly_multiplier") == EXPRESSIONS[expression]["movement"]


@pytest.mark.parametrize("expression", EXPRESSIONS)
def test_an_expression_moves_from_frame_to_frame_without_a_jump(expression: str) -> None:
    frames = _listed(str(EXPRESSIONS[expression]["order"]))
    assert (
        len(frames)
        == picked(str(EXPRESSIONS[expression]["order"]))
        == at(LIVE.graph, "Photo for every frame", "amount")
    )
    assert max(abs(one - other) for one, other in itertools.pairwise(frames)) == 1
    assert set(frames) <= set(range(int(str(EXPRESSIONS[expression]["clip_frames"]))))


@pytest.mark.parametrize("seconds", LENGTHS)
def test_the_end_of_a_walk_meets_its_beginning(seconds: int) -> None:
    frames = _listed(str(LENGTHS[seconds]["walk"]))
    assert set(frames) == set(range(126))
    assert all(abs(one - other) <= 1 for one, other in itertools.pairwise([*frames, frames[0]]))


def test_the_photo_is_one_source_for_every_driving_frame() -> None:
    """`cut` and `source_video_smoothed` would make as many frames as there are photos: one (facts/models.md 5.3)."""
    animate = LIVE.graph.nodes[LIVE.graph.titled("Animate")[0]].inputs
    assert (animate["mismatch_method"], animate["relative_motion_mode"]) == ("constant", "relative")
    assert animate["expression_friendly"] is True
    assert at(LIVE.graph, "Photo, 1024 pixels on its longer side", "largest_size") == 1024


def test_the_surroundings_of_a_face_come_back_to_where_they_were() -> None:
    graph = LIVE.bound({"image": "a.png", "face_x": 120, "face_y": 40, "face_width": 500, "face_height": 620})
    for title in ("Surroundings of the face", "Surroundings back into the photo"):
        assert (at(graph, title, "x"), at(graph, title, "y")) == (120, 40)
    assert (at(graph, "Surroundings of the face", "width"), at(graph, "Surroundings of the face", "height")) == (
        500,
        620,
    )


def test_liveportrait_and_the_look_see_the_same_pixels() -> None:
    title = "Photo, 1024 pixels on its longer side"
    (one,), (other,) = LIVE.graph.titled(title), LOOK.graph.titled(title)
    assert LIVE.graph.nodes[one].inputs == LOOK.graph.nodes[other].inputs


def test_no_insightface() -> None:
    classes = {node.class_type for node in LIVE.graph.nodes.values()}
    assert "LivePortraitLoadMediaPipeCropper" in classes
    assert "LivePortraitLoadCropper" not in classes


def test_the_look_names_its_model_by_folder() -> None:
    assert [(use.folder, use.file) for use in model_uses(LOOK.graph)] == [
        ("detection", "mediapipe_face_fp32.safetensors")
    ]
