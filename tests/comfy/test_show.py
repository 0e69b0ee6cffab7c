"""What a graph says before it runs: sums, switches, samplers, frames, models, groups that are off."""

from __future__ import annotations

from typing import Any

import pytest

from imgvid.comfy.evaluate import Flow, calculate
from imgvid.comfy.graph import Graph, parse_graph
from imgvid.comfy.models import model_uses
from imgvid.comfy.objectinfo import ObjectInfo
from imgvid.comfy.samplers import samplers
from imgvid.comfy.show import summarise, text
from imgvid.comfy.switched import switched_off
from imgvid.comfy.videos import decoded, picked, videos
from tests.comfy.compile.workbench import server_class


def _graph(**nodes: tuple[str, dict[str, Any]]) -> Graph:
    """Nodes as `n5=("Class", inputs)`; titles are `Class 5`."""
    return parse_graph(
        {
            key.lstrip("n"): {"class_type": kind, "inputs": inputs, "_meta": {"title": f"{kind} {key.lstrip('n')}"}}
            for key, (kind, inputs) in nodes.items()
        }
    )


@pytest.mark.parametrize(
    ("sum_", "expected"),
    [
        ("a / 2", 3),
        ("a * 2 + b", 13),
        ("-a", -6),
        ("floor(a / 4)", 1),
        ("round(a / 4)", 2),
        ("a // 4 % 2", 1),
        (" 7 ", 7),
    ],
)
def test_a_sum_is_calculated(sum_: str, expected: float) -> None:
    assert calculate(sum_, {"a": 6, "b": 1}) == expected


@pytest.mark.parametrize(
    "sum_", ["", "c", "a +", "a / 0", "__import__('os')", "a.b", "[a]", "'x'", "True + 1", "a if b else 1", "open(a)"]
)
def test_anything_else_is_unknown(sum_: str) -> None:
    assert calculate(sum_, {"a": 6, "b": 1, "c": None}) is None


SWITCHED = _graph(
    n1=("BOOLConstant", {"value": True}),
    n2=("UnetLoaderGGUF", {"unet_name": "a.gguf"}),
    n3=("UNETLoader", {"unet_name": "a.safetensors"}),
    n4=("LazySwitchKJ", {"switch": ["1", 0], "on_true": ["2", 0], "on_false": ["3", 0]}),
    n5=("INTConstant", {"value": 9}),
    n6=("SimpleMath+", {"value": "a / 2", "a": ["5", 0]}),
    n7=("KSampler", {"model": ["4", 0], "steps": ["6", 0], "seed": ["8", 0]}),
    n8=("SomethingElse", {"value": 3}),
)


def test_only_the_taken_branch_of_a_switch_runs() -> None:
    flow = Flow(SWITCHED)
    assert flow.runs(["7"]) == {"7", "4", "1", "2", "6", "5", "8"}


def test_a_switch_that_is_not_known_runs_both() -> None:
    graph = SWITCHED.with_input("4", "switch", ["8", 0])
    assert {"2", "3"} <= Flow(graph).runs(["7"])


def test_a_whole_output_of_a_sum_is_rounded_and_the_other_is_not() -> None:
    flow = Flow(SWITCHED)
    node = SWITCHED.nodes["7"]
    assert flow.number(node, "steps") == 4  # 9 / 2 = 4.5, rounded to even as Python does
    assert (
        Flow(SWITCHED.with_input("7", "steps", ["6", 1])).number(
            SWITCHED.with_input("7", "steps", ["6", 1]).nodes["7"], "steps"
        )
        == 4.5
    )


def test_what_an_unknown_class_gives_is_unknown() -> None:
    assert Flow(SWITCHED).number(SWITCHED.nodes["7"], "seed") is None


def test_a_literal_is_found_behind_constants() -> None:
    held = Flow(SWITCHED).holder(SWITCHED.nodes["6"], "a")
    assert held is not None
    assert (held[0].id, held[1]) == ("5", "value")
    assert Flow(SWITCHED).holder(SWITCHED.nodes["7"], "steps") is None  # a sum is nothing that a person sets


def test_models_that_run_are_told_from_those_that_only_must_be_there() -> None:
    info = ObjectInfo({"KSampler": server_class({}, saves=True)})
    summary = summarise(SWITCHED, info)
    assert [use.file for use in summary.running] == ["a.gguf"]
    assert [use.file for use in summary.idle] == ["a.safetensors"]
    assert "GGUF model in use" in text(summary)


@pytest.mark.parametrize(
    ("inputs", "steps"),
    [
        ({"steps": 6, "start_at_step": 0, "end_at_step": 3}, (0, 6, 3)),
        ({"steps": 6, "start_at_step": 3, "end_at_step": 1000}, (3, 6, 3)),
        ({"steps": 6, "start_at_step": 8, "end_at_step": 1000}, (8, 6, 0)),
        ({"steps": 20}, (None, None, 20)),
        ({"steps": ["9", 0], "start_at_step": 0, "end_at_step": 3}, (0, None, None)),
    ],
)
def test_steps_that_a_sampler_really_makes(inputs: dict[str, Any], steps: tuple[int | None, ...]) -> None:
    graph = _graph(n1=("KSamplerAdvanced", inputs))
    found = next(samplers(graph, Flow(graph), {"1"}))
    assert (found.start, found.total, found.steps) == steps


def test_samplers_come_in_the_order_in_which_they_work() -> None:
    graph = _graph(n1=("KSampler", {"latent_image": ["2", 0]}), n2=("KSampler", {}), n3=("KSamplerSelect", {}))
    assert [sampler.node for sampler in samplers(graph, Flow(graph), {"1", "2"})] == ["2", "1"]


@pytest.mark.parametrize(
    ("node", "steps"),
    [
        (("ManualSigmas", {"sigmas": "1.0, 0.5, 0.0"}), 2),
        (("BasicScheduler", {"steps": 8}), 8),
        (("OddScheduler", {"steps": 8}), None),
    ],
)
def test_sigmas_say_how_many_steps(node: tuple[str, dict[str, Any]], steps: int | None) -> None:
    graph = _graph(n1=("SamplerCustomAdvanced", {"sigmas": ["2", 0]}), n2=node)
    assert next(samplers(graph, Flow(graph), {"1"})).steps == steps


@pytest.mark.parametrize(
    ("kind", "length", "frames"),
    [
        ("WanImageToVideo", 81, 81),
        ("WanImageToVideo", 100, 97),
        ("EmptyLTXVLatentVideo", 100, 97),
        ("EmptyLTXVLatentVideo", 96, 89),
    ],
)
def test_a_latent_holds_whole_latent_frames(kind: str, length: int, frames: int) -> None:
    assert decoded(kind, length) == frames


def _video(**more: tuple[str, dict[str, Any]]) -> Graph:
    return _graph(
        n1=("WanImageToVideo", {"length": 81, "width": 480, "height": 688}),
        n2=("KSampler", {"latent_image": ["1", 2]}),
        n3=("VAEDecode", {"samples": ["2", 0]}),
        **more,
    )


def test_interpolation_multiplies_what_lies_between_frames() -> None:
    graph = _video(
        n4=("RIFE VFI", {"frames": ["3", 0], "multiplier": 3}),
        n5=("VHS_VideoCombine", {"images": ["4", 0], "frame_rate": 60}),
    )
    video = next(videos(graph, Flow(graph), ["5"]))
    assert (video.sampled, video.made, video.fps, video.width, video.height) == (81, 241, 60, 480, 688)
    assert video.seconds == pytest.approx(4.0167, abs=1e-3)


def test_a_core_video_is_followed_through_its_maker() -> None:
    graph = _video(n4=("CreateVideo", {"images": ["3", 0], "fps": 16}), n5=("SaveVideo", {"video": ["4", 0]}))
    video = next(videos(graph, Flow(graph), ["5"]))
    assert (video.made, video.fps) == (81, 16)


def test_the_size_is_that_of_the_last_node_that_fixes_it() -> None:
    graph = _graph(
        n1=("EmptyLTXVLatentVideo", {"length": 97, "width": 640, "height": 384}),
        n2=("LTXVLatentUpsampler", {"samples": ["1", 0]}),
        n3=("VAEDecode", {"samples": ["2", 0]}),
        n4=("ImageCrop", {"image": ["3", 0], "width": 1280, "height": 720}),
        n5=("CreateVideo", {"images": ["4", 0], "fps": 24}),
        n6=("CreateVideo", {"images": ["3", 0], "fps": 24}),
    )
    cropped, whole = videos(graph, Flow(graph), ["5", "6"])
    assert (cropped.width, cropped.height) == (1280, 720)
    assert (whole.width, whole.height) == (1280, 768)
    assert cropped.made == whole.made == 97


@pytest.mark.parametrize(
    ("indexes", "frames"),
    [
        ("0:126, 1:125:-1", 250),
        ("3", 1),
        ("0:10:3, 4", 5),
        ("::-1", None),
        ("0:-1", None),
        ("-1, -2", None),
        ("a", None),
        ("0:4:0", None),
        ("", None),
    ],
)
def test_a_list_of_frames_says_how_many(indexes: str, frames: int | None) -> None:
    assert picked(indexes) == frames


def test_a_video_that_is_played_again_is_as_much_longer() -> None:
    graph = _graph(
        n1=("Odd", {}),
        n2=("VHS_SelectImages", {"image": ["1", 0], "indexes": "0:126, 1:125:-1"}),
        n3=("VHS_VideoCombine", {"images": ["2", 0], "frame_rate": 25, "loop_count": 1}),
    )
    (video,) = videos(graph, Flow(graph), ["3"])
    assert (video.made, video.seconds) == (500, 20)


def test_frames_that_depend_on_what_is_there_are_not_known() -> None:
    graph = _video(
        n4=("VHS_SelectImages", {"image": ["3", 0], "indexes": "::-1"}),
        n5=("VHS_VideoCombine", {"images": ["4", 0], "frame_rate": 25}),
    )
    (video,) = videos(graph, Flow(graph), ["5"])
    assert (video.sampled, video.made) == (None, None)


def test_a_picture_is_said_with_its_size() -> None:
    graph = _graph(
        n1=("EmptyLatentImage", {"width": 1216, "height": 832}),
        n2=("KSampler", {"latent_image": ["1", 0]}),
        n3=("VAEDecode", {"samples": ["2", 0]}),
        n4=("PreviewImage", {"images": ["3", 0]}),
    )
    info = ObjectInfo({"PreviewImage": server_class({}, saves=True)})
    assert 'Picture "PreviewImage 4": 1216x832\n' in text(summarise(graph, info))


def test_a_length_that_is_not_known_is_left_out_of_the_text() -> None:
    graph = _graph(n1=("Odd", {}), n5=("VHS_VideoCombine", {"images": ["1", 0], "frame_rate": 16}))
    info = ObjectInfo({"VHS_VideoCombine": server_class({}, saves=True)})
    assert 'Video "VHS_VideoCombine 5": at 16 fps\n' in text(summarise(graph, info))


def test_a_lora_that_is_off_is_no_model() -> None:
    slots = {
        "lora_1": {"on": True, "lora": "a.safetensors", "strength": 1},
        "lora_2": {"on": False, "lora": "b.safetensors", "strength": 1},
        "lora_3": {"on": True, "lora": "None", "strength": 1},
    }
    graph = _graph(n1=("Power Lora Loader (rgthree)", slots))
    assert [(use.file, use.folder, use.required) for use in model_uses(graph)] == [("a.safetensors", "loras", False)]


def _box(x: float) -> dict[str, Any]:
    return {"pos": [x + 10, 10], "inputs": [], "outputs": []}


def test_a_group_is_off_when_every_node_in_its_frame_is() -> None:
    ui = {
        "nodes": [
            {"id": 1, "type": "KSampler", "title": "Second", "mode": 4, **_box(0)},
            {"id": 2, "type": "Note", "mode": 0, **_box(0)},
            {"id": 3, "type": "Scale", "mode": 2, **_box(100)},
            {"id": 4, "type": "Scale", "mode": 0, **_box(100)},
            {"id": 5, "type": "Blend", "mode": 4, **_box(300)},
        ],
        "groups": [
            {"title": "All off", "bounding": [0, 0, 50, 50]},
            {"title": "Half off", "bounding": [100, 0, 50, 50]},
            {"title": "Empty", "bounding": [200, 0, 50, 50]},
        ],
    }
    found = switched_off(ui)
    assert found.groups == ("All off",)
    assert found.samplers == ("Second",)
    assert found.others == ("Scale", "Blend")
