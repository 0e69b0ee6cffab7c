"""Which model is asked with what: every choice of every mode, and the operator's own models in front."""

from __future__ import annotations

from itertools import product
from typing import Any

import pytest

from imgvid.catalog.choices import combinations
from imgvid.catalog.read import modes
from imgvid.providers.base import Work
from imgvid.providers.fal.request import Head, asked, body_for, heads, models_for, ratio_for
from imgvid.sandbox.fal.schema import load_models
from imgvid.sandbox.fal.validate import ignored, validate
from tests.providers.fal.falscript import PROMPT, spec

URLS = {"image": "https://v3.fal.media/files/image.jpg", "mask": "https://v3.fal.media/files/mask.png"}
NONE: tuple[Head, ...] = ()


def work(mode: str, *roles: str, **choices: Any) -> Work:
    made = spec(mode, *roles, **choices).work
    assert made is not None
    return made


def first(mode: str, *roles: str, front: tuple[Head, ...] = NONE, **choices: Any) -> tuple[str, dict[str, object]]:
    """The first model and its body."""
    wanted = work(mode, *roles, **choices)
    model = models_for(modes()[mode], asked(modes()[mode], wanted), front)[0]
    return model.id, body_for(modes()[mode], model, wanted, {role: URLS[role] for role in roles})


def test_a_standard_picture() -> None:
    assert first("image", quality="standard", size="16:9", style="film") == ("fal-ai/flux/schnell", {
        "prompt": f"{PROMPT}, cinematic film still, shallow depth of field, soft grain", "seed": 7, "num_images": 1,
        "output_format": "png", "enable_safety_checker": True, "image_size": {"width": 1280, "height": 720},
    })  # fmt: skip


def test_a_premium_picture_says_what_is_unwanted_in_words() -> None:
    model, body = first("image", quality="premium", size="3:4", negative="rain, text")
    assert model == "fal-ai/nano-banana"
    assert body["prompt"] == f"{PROMPT}\n\nAvoid: rain, text"
    assert body["aspect_ratio"] == "3:4"
    assert "negative_prompt" not in body


def test_what_does_nothing_is_not_said() -> None:
    _, body = first("image", quality="standard", negative="rain")
    assert "rain" not in str(body)
    _, masked = first("image-edit", "image", "mask", negative="rain")
    assert "rain" not in str(masked)
    _, empty = first("image", quality="premium", negative="  ")
    assert empty["prompt"] == PROMPT


def test_an_edit_with_and_without_a_mask() -> None:
    model, body = first("image-edit", "image", negative="rain")
    assert (model, body) == ("fal-ai/nano-banana/edit", {
        "prompt": f"{PROMPT}\n\nAvoid: rain", "image_urls": [URLS["image"]], "num_images": 1, "output_format": "png",
    })  # fmt: skip
    model, body = first("image-edit", "image", "mask")
    assert (model, body) == ("fal-ai/flux-pro/v1/fill", {
        "prompt": PROMPT, "image_url": URLS["image"], "mask_url": URLS["mask"], "seed": 7, "num_images": 1,
        "output_format": "png",
    })  # fmt: skip


@pytest.mark.parametrize(("seconds", "aspect", "sound"), [*product([4, 8], ["16:9", "9:16", "1:1"], [True, False])])
def test_all_twelve_videos(seconds: int, aspect: str, sound: bool) -> None:
    """Durations are texts at Kling and numbers at Wan; sound is always said, for it costs half as much again."""
    model, body = first("video", seconds=seconds, aspect=aspect, sound=sound)
    assert (model, body) == ("fal-ai/kling-video/v3/standard/text-to-video", {
        "prompt": PROMPT, "duration": str(seconds), "aspect_ratio": aspect, "generate_audio": sound,
    })  # fmt: skip
    wan = models_for(modes()["video"], {}, NONE)[1]
    assert body_for(modes()["video"], wan, work("video", seconds=seconds, aspect=aspect, sound=sound), {}) == {
        "prompt": PROMPT, "duration": seconds, "aspect_ratio": aspect, "audio": sound, "resolution": "720p",
    }  # fmt: skip
    model, body = first("photo-video", "image", seconds=seconds, aspect=aspect, sound=sound)
    assert (model, body) == ("fal-ai/kling-video/v3/standard/image-to-video", {
        "prompt": PROMPT, "start_image_url": URLS["image"], "duration": str(seconds), "generate_audio": sound,
    })  # fmt: skip


def test_a_photo_without_words_gets_the_modes_own() -> None:
    _, body = first("photo-video", "image", prompt="  ")
    assert body["prompt"] == "The scene comes alive with natural, gentle motion"


@pytest.mark.parametrize(("typed", "sent"), [(7, 7), (2**31 - 1, 2**31 - 1), (2**31, 0), (2**53 - 1, 2**31 - 1)])
def test_a_seed_fits_into_31_bits(typed: int, sent: int) -> None:
    _, body = first("image", seed=typed)
    assert body["seed"] == sent


def test_the_operators_models_come_first() -> None:
    front = heads(standard="fal-ai/flux-2/flash", premium="google/nano-banana-2.1")
    standard, body = first("image", front=front, quality="standard", size="1:1")
    assert standard == "fal-ai/flux-2/flash"
    assert body["image_size"] == {"width": 1024, "height": 1024}  # asked as the one that it replaces
    premium, body = first("image", front=front, quality="premium")
    assert premium == "google/nano-banana-2.1"
    assert "seed" not in body  # known to the catalogue: its own mapping
    edit, _ = first("image-edit", "image", front=front)
    assert edit == "google/nano-banana-2.1/edit"
    masked, _ = first("image-edit", "image", "mask", front=front)
    assert masked == "fal-ai/flux-pro/v1/fill"
    video, _ = first("video", front=front)
    assert video == "fal-ai/kling-video/v3/standard/text-to-video"


def test_no_model_is_asked_twice_and_none_is_lost() -> None:
    mode = modes()["image"]
    choices = {"quality": "premium"}
    listed = [model.id for model in models_for(mode, choices, NONE)]
    known = [model.id for model in models_for(mode, choices, heads(standard="", premium=listed[2]))]
    assert known == [listed[2], listed[0], listed[1]]
    unknown = models_for(mode, choices, heads(standard="", premium="me/mine"))
    assert [model.id for model in unknown] == ["me/mine", *listed]
    assert unknown[0].price is None  # the price list is of the model that it replaces
    assert unknown[0].negative_in_prompt


@pytest.mark.parametrize(
    "model", ["flux", "fal-ai/", "/flux", "fal-ai/../secret", "fal-ai/flux?x=1", "fal-ai/flux dev", "https://x/y"]
)
def test_a_name_that_is_no_model(model: str) -> None:
    with pytest.raises(ValueError, match="no model of Fal's"):
        heads(standard=model, premium="")


@pytest.mark.parametrize(("aspect", "ratio"), [("16:9", 16 / 9), ("9:16", 9 / 16), ("1:1", 1.0)])
def test_a_photo_is_cut_to_the_shape_that_was_chosen(aspect: str, ratio: float) -> None:
    (rule,) = modes()["photo-video"].inputs
    assert ratio_for(rule, work("photo-video", "image", aspect=aspect)) == pytest.approx(ratio)
    assert ratio_for(modes()["image-edit"].inputs[0], work("image-edit", "image")) is None


@pytest.mark.parametrize("mode", [mode.id for mode in modes().values() if mode.backend == "fal"])
def test_every_model_takes_every_choice_and_ignores_nothing(mode: str) -> None:
    """No field that a model does not know, no value that it refuses; held to the stand-in's tables of their schemas."""
    known, asked_for = load_models(), 0
    required = [rule.role for rule in modes()[mode].inputs if rule.required]
    for roles in (required, [rule.role for rule in modes()[mode].inputs]):
        for choices in combinations(modes()[mode], roles=roles):
            wanted = work(mode, *roles, **{**choices, "negative": "rain"})
            for model in models_for(modes()[mode], asked(modes()[mode], wanted), NONE):
                body = body_for(modes()[mode], model, wanted, {role: URLS[role] for role in roles})
                assert ignored(known[model.id], body) == [], model.id
                for documented in (False, True):
                    inputs, problems = validate(known[model.id], body, documented=documented)
                    assert problems == [], model.id
                asked_for += 1
                audio = {name: value for name, value in inputs.items() if "audio" in name}
                assert all(body[name] == choices["sound"] for name in audio), (
                    "sound costs: it is never left to a default"
                )
    assert asked_for > 6
