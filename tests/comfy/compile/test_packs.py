"""VideoHelperSuite, Power Lora Loader, CustomCombo: widgets that their own browser code makes."""

from __future__ import annotations

from typing import Any

import pytest

from tests.comfy.compile.workbench import Sheet, inputs_of, server_class

FORMATS = {
    "video/h264-mp4": [["pix_fmt", ["yuv420p", "yuv420p10le"]], ["crf", "INT", {"default": 19}]],
    "image/webp": [["lossless", "BOOLEAN", {"default": True}]],
}
PACKS = {
    "VHS_VideoCombine": server_class(
        {
            "images": ["IMAGE"],
            "frame_rate": ["FLOAT", {"default": 8}],
            "format": [["image/gif", "image/webp", "video/h264-mp4"], {"formats": FORMATS}],
            "pingpong": ["BOOLEAN", {"default": False}],
            "save_output": ["BOOLEAN", {"default": True}],
        },
        saves=True,
        module="custom_nodes.ComfyUI-VideoHelperSuite",
    ),
    "Power Lora Loader (rgthree)": server_class(
        {}, {"model": ["MODEL"], "clip": ["CLIP"]}, output=("MODEL", "CLIP"), module="custom_nodes.rgthree-comfy"
    ),
    "CustomCombo": server_class({"choice": ["COMBO", {"options": []}]}, output=("STRING", "INT")),
}


@pytest.mark.parametrize(
    ("values", "expected"),
    [
        (
            [60, "video/h264-mp4", "yuv420p", 17, False, True, {"paused": True}],
            {"frame_rate": 60, "format": "video/h264-mp4", "pix_fmt": "yuv420p", "crf": 17,
             "pingpong": False, "save_output": True},
        ),
        (
            [24, "image/webp", False, True, False],
            {"frame_rate": 24, "format": "image/webp", "lossless": False, "pingpong": True, "save_output": False},
        ),
        ([12, "image/gif", True, False], {"frame_rate": 12, "format": "image/gif", "pingpong": True, "save_output": False}),
        (
            {"frame_rate": 30, "format": "video/h264-mp4", "crf": 21, "save_output": False, "videopreview": {}},
            {"frame_rate": 30, "format": "video/h264-mp4", "pix_fmt": "yuv420p", "crf": 21,
             "pingpong": False, "save_output": False},
        ),
    ],
)  # fmt: skip
def test_a_video_format_brings_its_widgets_right_after_it(values: Any, expected: dict[str, Any]) -> None:
    sheet = Sheet()
    sheet.node(1, "VHS_VideoCombine", values)
    assert inputs_of(sheet, "1", PACKS) == expected


def test_loras_are_numbered_and_decorations_are_kept_as_the_browser_sends_them() -> None:
    first = {"on": True, "lora": "a.safetensors", "strength": 0.8, "strengthTwo": None}
    second = {"on": False, "lora": "b.safetensors", "strength": 1, "strengthTwo": 0.5}
    sheet = Sheet()
    sheet.node(1, "Power Lora Loader (rgthree)", [{}, {"type": "PowerLoraLoaderHeaderWidget"}, first, second, {}, ""])
    assert inputs_of(sheet, "1", PACKS) == {
        "PowerLoraLoaderHeaderWidget": {"type": "PowerLoraLoaderHeaderWidget"},
        "lora_1": {"on": True, "lora": "a.safetensors", "strength": 0.8},
        "lora_2": {"on": False, "lora": "b.safetensors", "strength": 1},
        "➕ Add Lora": "",
    }


def test_a_second_strength_is_sent_where_model_and_clip_differ() -> None:
    first = {"on": True, "lora": "a.safetensors", "strength": 0.8, "strengthTwo": None}
    sheet = Sheet()
    sheet.node(1, "Power Lora Loader (rgthree)", [first], **{"Show Strengths": "Separate Model & Clip"})
    assert inputs_of(sheet, "1", PACKS)["lora_1"]["strengthTwo"] == 1


def test_a_custom_choice_has_an_index_and_one_empty_option_at_its_end() -> None:
    sheet = Sheet()
    sheet.node(1, "CustomCombo", ["9:16", 1, "16:9", "9:16", "", "lost"])
    assert inputs_of(sheet, "1", PACKS) == {
        "choice": "9:16",
        "index": 1,
        "option1": "16:9",
        "option2": "9:16",
        "option3": "",
    }
