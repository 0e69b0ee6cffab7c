"""Each model takes what its page says and refuses what it says, in pydantic's words."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from imgvid.sandbox.fal.problems import named
from imgvid.sandbox.fal.schema import load_models
from imgvid.sandbox.fal.validate import ignored, validate
from tests.sandbox.fal.caller import BANANA, FILL, KLING, KLING_PHOTO, LTX, SCHNELL, VEO, WAN, Caller

MODELS = load_models()
A_URL = "https://media.example/a.png"
OF_ISSUE = {
    *(SCHNELL, FILL, "fal-ai/qwen-image-edit/inpaint"),
    *(
        f"{name}{tail}"
        for name in (BANANA, "fal-ai/nano-banana-pro", "google/nano-banana-2.1")
        for tail in ("", "/edit")
    ),
    *(KLING, KLING_PHOTO, WAN, "alibaba/wan-3.0/image-to-video", LTX, "fal-ai/ltx-2-19b/image-to-video"),
    *(VEO, "fal-ai/veo3.1/fast/image-to-video"),
}

# What is sent, and what the model understands beside its defaults.
VALID: list[tuple[str, dict[str, Any], dict[str, Any]]] = [
    (
        SCHNELL,
        {"prompt": "a"},
        {"image_size": "landscape_4_3", "num_inference_steps": 4, "enable_safety_checker": True},
    ),
    (
        SCHNELL,
        {"prompt": "a", "image_size": {"width": 768, "height": 1344}},
        {"image_size": {"width": 768, "height": 1344}},
    ),
    (SCHNELL, {"prompt": "a", "seed": None, "num_images": "2"}, {"seed": None, "num_images": 2}),
    (BANANA, {"prompt": "abc"}, {"aspect_ratio": "1:1", "output_format": "png", "safety_tolerance": "4"}),
    (f"{BANANA}/edit", {"prompt": "abc", "image_urls": [A_URL]}, {"aspect_ratio": "auto"}),
    ("fal-ai/nano-banana-pro", {"prompt": "abc", "resolution": "4K"}, {"resolution": "4K", "aspect_ratio": "1:1"}),
    ("fal-ai/nano-banana-pro/edit", {"prompt": "abc", "image_urls": [A_URL] * 14}, {"aspect_ratio": "auto"}),
    (
        "google/nano-banana-2.1",
        {"prompt": "abc", "resolution": "0.5K"},
        {"aspect_ratio": "auto", "thinking_level": None},
    ),
    ("google/nano-banana-2.1/edit", {"prompt": "abc", "aspect_ratio": "8:1"}, {"image_urls": None}),
    (FILL, {"prompt": "a", "image_url": A_URL, "mask_url": A_URL}, {"safety_tolerance": "2", "output_format": "jpeg"}),
    (
        "fal-ai/qwen-image-edit/inpaint",
        {"prompt": "a", "image_url": A_URL, "mask_url": "data:image/png;base64,AA=="},
        {"strength": 0.93, "num_inference_steps": 30, "guidance_scale": 4, "negative_prompt": " "},
    ),
    (KLING, {"prompt": "a"}, {"duration": "5", "generate_audio": True, "aspect_ratio": "16:9", "cfg_scale": 0.5}),
    (KLING, {"multi_prompt": [{"prompt": "a", "duration": "3"}]}, {"prompt": None}),
    (KLING_PHOTO, {"prompt": "a", "start_image_url": A_URL, "generate_audio": False}, {"generate_audio": False}),
    (WAN, {"prompt": "a"}, {"duration": 5, "audio": True, "resolution": "1080p", "aspect_ratio": "adaptive"}),
    (WAN, {"prompt": "a", "duration": "8"}, {"duration": 8}),
    (WAN, {"prompt": "a", "duration": None}, {"duration": None}),
    ("alibaba/wan-3.0/image-to-video", {"prompt": "a", "start_image_url": A_URL}, {"end_image_url": None}),
    (LTX, {"prompt": "a"}, {"num_frames": 121, "fps": 25, "generate_audio": True, "video_size": "landscape_4_3"}),
    (
        "fal-ai/ltx-2-19b/image-to-video",
        {"prompt": "a", "image_url": A_URL},
        {"video_size": "auto", "image_strength": 1},
    ),
    (VEO, {"prompt": "a", "duration": "4s"}, {"generate_audio": True, "resolution": "720p", "aspect_ratio": "16:9"}),
    (
        "fal-ai/veo3.1/fast/image-to-video",
        {"prompt": "a", "image_url": A_URL},
        {"duration": "8s", "aspect_ratio": "auto"},
    ),
]

# What is sent, where it is wrong, and how.
INVALID: list[tuple[str, dict[str, Any], list[Any], str]] = [
    (SCHNELL, {}, ["prompt"], "missing"),
    (SCHNELL, {"prompt": 7}, ["prompt"], "string_type"),
    (SCHNELL, {"prompt": "a", "num_inference_steps": 13}, ["num_inference_steps"], "less_than_equal"),
    (SCHNELL, {"prompt": "a", "num_images": 0}, ["num_images"], "greater_than_equal"),
    (SCHNELL, {"prompt": "a", "num_images": 1.5}, ["num_images"], "int_from_float"),
    (SCHNELL, {"prompt": "a", "output_format": "webp"}, ["output_format"], "literal_error"),
    (SCHNELL, {"prompt": "a", "image_size": "16:9"}, ["image_size"], "literal_error"),
    (SCHNELL, {"prompt": "a", "image_size": {"width": 0}}, ["image_size", "ImageSize", "width"], "greater_than"),
    (
        SCHNELL,
        {"prompt": "a", "image_size": {"height": 20000}},
        ["image_size", "ImageSize", "height"],
        "less_than_equal",
    ),
    (SCHNELL, {"prompt": "a", "enable_safety_checker": "maybe"}, ["enable_safety_checker"], "bool_parsing"),
    (SCHNELL, {"prompt": "a", "guidance_scale": "much"}, ["guidance_scale"], "float_parsing"),
    (BANANA, {"prompt": "ab"}, ["prompt"], "string_too_short"),
    (BANANA, {"prompt": "a" * 50_001}, ["prompt"], "string_too_long"),
    (BANANA, {"prompt": "abc", "aspect_ratio": "auto"}, ["aspect_ratio"], "literal_error"),
    (BANANA, {"prompt": "abc", "safety_tolerance": 4}, ["safety_tolerance"], "literal_error"),
    (f"{BANANA}/edit", {"prompt": "abc", "image_url": A_URL}, ["image_urls"], "missing"),
    (f"{BANANA}/edit", {"prompt": "abc", "image_urls": A_URL}, ["image_urls"], "list_type"),
    (f"{BANANA}/edit", {"prompt": "abc", "image_urls": []}, ["image_urls"], "too_short"),
    (f"{BANANA}/edit", {"prompt": "abc", "image_urls": [A_URL, "file:///a.png"]}, ["image_urls", 1], "value_error"),
    ("fal-ai/nano-banana-pro", {"prompt": "abc", "resolution": "0.5K"}, ["resolution"], "literal_error"),
    ("fal-ai/nano-banana-pro/edit", {"prompt": "abc"}, ["image_urls"], "missing"),
    ("google/nano-banana-2.1", {"prompt": "abc", "thinking_level": "low"}, ["thinking_level"], "literal_error"),
    ("google/nano-banana-2.1/edit", {"prompt": "abc", "image_urls": [A_URL] * 15}, ["image_urls"], "too_long"),
    (FILL, {"prompt": "a", "image_url": A_URL}, ["mask_url"], "missing"),
    (FILL, {"prompt": "a", "image_url": A_URL, "mask_url": "blob:x"}, ["mask_url"], "value_error"),
    (
        "fal-ai/qwen-image-edit/inpaint",
        {"prompt": "a", "image_url": A_URL, "mask_url": A_URL, "strength": 1.1},
        ["strength"],
        "less_than_equal",
    ),
    (KLING, {"prompt": "a", "duration": 4}, ["duration"], "literal_error"),
    (KLING, {"prompt": "a", "duration": "4s"}, ["duration"], "literal_error"),
    (KLING, {"prompt": "a" * 2501}, ["prompt"], "string_too_long"),
    (KLING, {"prompt": "a", "cfg_scale": 1.5}, ["cfg_scale"], "less_than_equal"),
    (KLING, {"prompt": "a", "multi_prompt": [{"prompt": "b"}]}, [], "value_error"),
    (KLING, {}, [], "value_error"),
    (KLING_PHOTO, {"prompt": "a", "image_url": A_URL}, ["start_image_url"], "missing"),
    (WAN, {"prompt": "a", "duration": "4s"}, ["duration"], "int_parsing"),
    (WAN, {"prompt": "a", "duration": 31}, ["duration"], "less_than_equal"),
    (WAN, {"prompt": "a", "resolution": "4k"}, ["resolution"], "literal_error"),
    ("alibaba/wan-3.0/image-to-video", {"prompt": "a", "image_url": A_URL}, ["start_image_url"], "missing"),
    (LTX, {"prompt": "a", "num_frames": 482}, ["num_frames"], "less_than_equal"),
    (LTX, {"prompt": "a", "camera_lora": "zoom"}, ["camera_lora"], "literal_error"),
    (LTX, {"prompt": "a", "video_size": "auto"}, ["video_size"], "literal_error"),
    ("fal-ai/ltx-2-19b/image-to-video", {"prompt": "a"}, ["image_url"], "missing"),
    (VEO, {"prompt": "a", "aspect_ratio": "1:1"}, ["aspect_ratio"], "literal_error"),
    (VEO, {"prompt": "a", "duration": "4"}, ["duration"], "literal_error"),
    ("fal-ai/veo3.1/fast/image-to-video", {"prompt": "a", "start_image_url": A_URL}, ["image_url"], "missing"),
]


def test_every_model_of_the_issue_is_there_and_tried() -> None:
    assert set(MODELS) == OF_ISSUE
    assert {endpoint for endpoint, _, _ in VALID} == OF_ISSUE
    assert {endpoint for endpoint, _, _, _ in INVALID} == OF_ISSUE


@pytest.mark.parametrize(("endpoint", "body", "understood"), VALID)
def test_what_a_model_takes(endpoint: str, body: dict[str, Any], understood: dict[str, Any]) -> None:
    inputs, problems = validate(MODELS[endpoint], body)
    assert problems == []
    assert {name: inputs[name] for name in understood} == understood
    assert set(inputs) == set(MODELS[endpoint].fields), "every default is filled in"


@pytest.mark.parametrize(("endpoint", "body", "loc", "kind"), INVALID)
def test_what_a_model_refuses(endpoint: str, body: dict[str, Any], loc: list[Any], kind: str) -> None:
    _, problems = validate(MODELS[endpoint], body)
    found = {(tuple(one["loc"]), one["type"]) for one in problems}
    assert (("body", *loc), kind) in found
    for one in problems:
        assert {"loc", "msg", "type", "url", "input"} <= set(one)
        assert one["url"] == f"https://docs.fal.ai/errors#{one['type']}"


def test_pydantics_words() -> None:
    _, (choice,) = validate(MODELS[VEO], {"prompt": "a", "duration": "5s"})
    assert choice["msg"] == "Input should be '4s', '6s' or '8s'"
    assert choice["ctx"] == {"expected": "'4s', '6s' or '8s'"}
    _, (bound,) = validate(MODELS[WAN], {"prompt": "a", "duration": 1})
    assert (bound["msg"], bound["ctx"]) == ("Input should be greater than or equal to 2", {"ge": 2})
    _, (short,) = validate(MODELS[BANANA], {"prompt": ""})
    assert short["msg"] == "String should have at least 3 characters"
    _, (missing,) = validate(MODELS[SCHNELL], {"seed": 1})
    assert (missing["msg"], missing["input"]) == ("Field required", {"seed": 1}), "the whole body comes back"


def test_the_words_of_fals_page() -> None:
    _, (choice,) = validate(MODELS[VEO], {"prompt": "a", "duration": "5s"}, documented=True)
    assert (choice["type"], choice["ctx"]) == ("one_of", {"expected": ["4s", "6s", "8s"]})
    _, (short,) = validate(MODELS[BANANA], {"prompt": ""}, documented=True)
    assert (short["type"], short["msg"]) == ("sequence_too_short", "Sequence should have at least 3 items")


def test_several_problems_come_together_in_the_order_of_the_fields() -> None:
    _, problems = validate(MODELS[WAN], {"duration": 99, "resolution": "8k"})
    assert [one["loc"][-1] for one in problems] == ["prompt", "resolution", "duration"]  # type: ignore[index]


def test_a_body_that_is_no_object() -> None:
    for body in (None, [], "text"):
        assert validate(MODELS[WAN], body)[1][0]["type"] == "model_attributes_type"


def test_unknown_keys_are_not_told() -> None:
    body = {"prompt": "a", "audio": False, "resolution": "720p"}
    inputs, problems = validate(MODELS[KLING], body)
    assert problems == []
    assert inputs["generate_audio"] is True, "the trap: another model's key changes nothing"
    assert ignored(MODELS[KLING], body) == ["audio", "resolution"]


def test_choices_as_a_person_reads_them() -> None:
    assert named(["a"]) == "'a'"
    assert named(["a", "b", "c"]) == "'a', 'b' or 'c'"


@given(
    st.sampled_from(sorted(MODELS)),
    st.dictionaries(st.text(max_size=8), st.none() | st.integers() | st.text(max_size=4)),
)
def test_any_body_gets_an_answer(endpoint: str, body: dict[str, Any]) -> None:
    model = MODELS[endpoint]
    named_too = dict(zip(model.fields, body.values(), strict=False))
    for one in (body, named_too):
        inputs, problems = validate(model, one)
        assert problems or set(inputs) == set(model.fields)


async def test_a_refusal_is_a_result_and_not_the_answer_to_a_submit(caller: Caller) -> None:
    ended = await caller.run(KLING, {"prompt": "a", "duration": 4})
    assert ended.result.status_code == 422
    assert ended.problem["type"] == "literal_error"
    assert ended.result.headers["X-Fal-Retryable"] == "false"
    assert ended.result.headers["X-Fal-Billable-Units"] == "0"
    assert ended.status["status"] == "COMPLETED"
    assert "error" not in ended.status, "as observed; fal's page has it otherwise"
    await caller.rules(status_tells_model_errors=True, words="documented")
    told = await caller.run(KLING, {"prompt": "a", "duration": 4})
    assert told.status["error_type"] == told.problem["type"] == "one_of"


async def test_what_a_default_costs(caller: Caller) -> None:
    """The traps of the facts: sound and 1080p are on unless they are switched off."""
    loud = await caller.view((await caller.run(KLING, {"prompt": "a", "duration": "4", "audio": False})).id)
    quiet = await caller.view((await caller.run(KLING, {"prompt": "a", "duration": "4", "generate_audio": False})).id)
    assert (loud["cost_usd"], quiet["cost_usd"]) == (0.504, 0.336)
    assert loud["ignored"] == ["audio"]
    tiny = {"prompt": "a", "duration": 2, "audio": False}
    large = await caller.view((await caller.run(WAN, tiny)).id)
    small = await caller.view((await caller.run(WAN, {**tiny, "resolution": "720p"})).id)
    assert (large["cost_usd"], small["cost_usd"]) == (0.4, 0.2)
