"""What comes back is real: sizes, lengths, sound, masks; measured in the files themselves."""

from __future__ import annotations

import base64
import io
from typing import Any

import pytest
from PIL import Image, ImageChops

from imgvid.sandbox.fal import Fal
from imgvid.sandbox.fal.schema import load_models
from imgvid.sandbox.fal.sizes import size_of
from imgvid.sandbox.fal.validate import validate
from tests.sandbox.fal.caller import BANANA, FILL, KLING, KLING_PHOTO, LTX, SCHNELL, VEO, WAN, Caller, mask, photo

MODELS = load_models()


@pytest.mark.parametrize(
    ("asked", "size"),
    [
        (None, (1024, 768)),
        ("portrait_16_9", (576, 1024)),
        ("square_hd", (1024, 1024)),
        ({"width": 768, "height": 1344}, (768, 1344)),
    ],
)
async def test_flux_makes_the_size_asked_for(caller: Caller, asked: Any, size: tuple[int, int]) -> None:
    ended = await caller.run(
        SCHNELL, {"prompt": "Žltý kôň, жёлтый", "seed": 7, "image_size": asked} if asked else {"prompt": "a"}
    )
    result = ended.json
    (image,) = result["images"]
    assert set(image) == {"url", "width", "height", "content_type"}
    assert (image["width"], image["height"]) == size
    file = await caller.picture(image["url"])
    assert (file.size, file.format, image["content_type"]) == (size, "JPEG", "image/jpeg")
    assert result["has_nsfw_concepts"] == [False]
    assert result["seed"] == (7 if asked else result["seed"])
    extrema = file.convert("L").getextrema()
    assert extrema[1] - extrema[0] > 100, "a picture, not a plain field"


async def test_the_same_seed_gives_the_same_picture_another_one_another(caller: Caller) -> None:
    async def made(**more: Any) -> bytes:
        ended = await caller.run(SCHNELL, {"prompt": "a lake", "output_format": "png", "image_size": "square", **more})
        return (await caller.download(ended.json["images"][0]["url"])).content

    assert await made(seed=1) == await made(seed=1)
    assert await made(seed=1) != await made(seed=2)


async def test_several_pictures_of_one_request_differ(caller: Caller) -> None:
    ended = await caller.run(SCHNELL, {"prompt": "a lake", "num_images": 3, "image_size": "square"})
    assert len({(await caller.download(image["url"])).content for image in ended.json["images"]}) == 3
    assert ended.json["has_nsfw_concepts"] == [False] * 3
    assert ended.result.headers["X-Fal-Billable-Units"] == "3"


async def test_sync_mode_answers_the_bytes(fal: Fal, caller: Caller) -> None:
    ended = await caller.run(SCHNELL, {"prompt": "a lake", "sync_mode": True, "image_size": "square"})
    head, _, body = ended.json["images"][0]["url"].partition(",")
    assert head == "data:image/jpeg;base64"
    assert Image.open(io.BytesIO(base64.b64decode(body))).size == (512, 512)
    assert fal.shelf.files == {}


async def test_gemini_names_files_and_neither_size_nor_seed(caller: Caller) -> None:
    ended = await caller.run(BANANA, {"prompt": "a lake", "aspect_ratio": "16:9"})
    assert set(ended.json) == {"images", "description"}
    (image,) = ended.json["images"]
    assert (image["width"], image["height"]) == (None, None)
    downloaded = await caller.download(image["url"])
    assert len(downloaded.content) == image["file_size"]
    assert Image.open(io.BytesIO(downloaded.content)).size == (1344, 768)
    large = await caller.run(
        "google/nano-banana-2.1", {"prompt": "a lake", "resolution": "2K", "output_format": "webp"}
    )
    picture = await caller.picture(large.json["images"][0]["url"])
    assert (picture.size, picture.format) == ((2048, 2048), "WEBP")


async def test_an_edit_changes_the_very_picture_that_was_named(caller: Caller) -> None:
    original = photo(1200, 800)
    url = await caller.upload(original)
    ended = await caller.run(f"{BANANA}/edit", {"prompt": "make it night", "image_urls": [url], "seed": 3})
    edited = await caller.picture(ended.json["images"][0]["url"])
    assert edited.size == (1248, 832), "auto follows the picture"
    square = edited.convert("RGB").crop((500, 340, 520, 360)), edited.convert("RGB").crop((40, 400, 60, 420))
    assert len({part.resize((1, 1)).getpixel((0, 0)) for part in square}) == 2, "the photo's own shapes are still there"
    before = Image.open(io.BytesIO(original)).resize(edited.size).crop((40, 400, 60, 420))
    difference = ImageChops.difference(before, square[1]).resize((1, 1)).getpixel((0, 0))
    assert isinstance(difference, tuple)
    assert max(difference) > 60, "and visibly changed"


@pytest.mark.parametrize("endpoint", [FILL, "fal-ai/qwen-image-edit/inpaint"])
async def test_an_inpaint_leaves_alone_what_is_black(caller: Caller, endpoint: str) -> None:
    original, box = photo(600, 400), (100, 80, 380, 300)
    inline = f"data:image/png;base64,{base64.b64encode(mask(600, 400, box)).decode()}"
    body = {
        "prompt": "a castle",
        "image_url": await caller.upload(original),
        "mask_url": inline,
        "output_format": "png",
    }
    ended = await caller.run(endpoint, body)
    made = (await caller.picture(ended.json["images"][0]["url"])).convert("RGB")
    assert made.size == (600, 400)
    difference = ImageChops.difference(made, Image.open(io.BytesIO(original)).convert("RGB")).convert("L")
    assert difference.getbbox() is not None
    assert difference.crop(box).resize((1, 1)).getpixel((0, 0)) != 0
    difference.paste(0, box)
    assert difference.getbbox() is None, "not one pixel outside the mask"


async def test_a_mask_of_another_size(caller: Caller) -> None:
    image_url, mask_url = await caller.upload(photo(600, 400)), await caller.upload(mask(300, 200, (10, 10, 90, 90)))
    body = {"prompt": "a castle", "image_url": image_url, "mask_url": mask_url, "output_format": "png"}
    refused = await caller.run(FILL, body)
    assert refused.result.status_code == 422
    assert (refused.problem["loc"], refused.problem["type"]) == (["body", "mask_url"], "value_error")
    scaled = await caller.run("fal-ai/qwen-image-edit/inpaint", body)
    assert scaled.result.status_code == 200


async def test_a_photo_is_turned_upright_before_its_mask_is_laid_over_it(caller: Caller) -> None:
    lying, exif = Image.new("RGB", (400, 300), "navy"), Image.Exif()
    exif[0x0112] = 6
    out = io.BytesIO()
    lying.save(out, "JPEG", exif=exif)
    image_url = await caller.upload(out.getvalue(), "image/jpeg")
    for size, code in (((300, 400), 200), ((400, 300), 422)):
        mask_url = await caller.upload(mask(*size, (10, 10, 90, 90)))
        ended = await caller.run(FILL, {"prompt": "a", "image_url": image_url, "mask_url": mask_url})
        assert ended.result.status_code == code, size


@pytest.mark.parametrize("sound", [True, False])
@pytest.mark.parametrize(("ratio", "size"), [("16:9", (1280, 720)), ("9:16", (720, 1280)), ("1:1", (960, 960))])
async def test_kling_is_exact(caller: Caller, ratio: str, size: tuple[int, int], sound: bool) -> None:
    body = {"prompt": "a lake", "duration": "4", "aspect_ratio": ratio, "generate_audio": sound}
    ended = await caller.run(KLING, body)
    assert set(ended.json["video"]) == {"url", "content_type", "file_name", "file_size"}
    film = await caller.film(ended.json["video"]["url"])
    assert (film.width, film.height) == size
    assert (film.frames, film.fps, film.seconds) == (96, 24.0, 4.0)
    assert film.audio == ("aac" if sound else None)


async def test_kling_follows_the_photo(caller: Caller) -> None:
    url = await caller.upload(photo(900, 600))
    body = {"prompt": "it moves", "duration": "3", "start_image_url": url, "generate_audio": False}
    ended = await caller.run(KLING_PHOTO, body)
    film = await caller.film(ended.json["video"]["url"])
    assert film.width / film.height == pytest.approx(1.5, abs=0.01)
    assert film.width * film.height == pytest.approx(1280 * 720, rel=0.01)


@pytest.mark.parametrize(
    ("size", "kind"),
    [((299, 400), "image_too_small"), ((1200, 400), "image_aspect_ratio_error")],
)
async def test_kling_refuses_odd_photos(caller: Caller, size: tuple[int, int], kind: str) -> None:
    ended = await caller.run(KLING_PHOTO, {"prompt": "a", "start_image_url": await caller.upload(photo(*size))})
    assert ended.problem["type"] == kind
    assert ended.problem["loc"] == ["body", "start_image_url"]
    assert ended.problem["ctx"]


async def test_wan_tells_all_about_its_file(caller: Caller) -> None:
    body = {"prompt": "a lake", "duration": 2, "audio": True, "resolution": "480p", "aspect_ratio": "9:16", "seed": 5}
    ended = await caller.run(WAN, body)
    video, film = ended.json["video"], await caller.film(ended.json["video"]["url"])
    assert (video["width"], video["height"]) == (film.width, film.height) == (480, 832)
    assert (video["num_frames"], video["fps"], video["duration"]) == (48, 24.0, 2.0)
    assert (film.frames, film.seconds, film.audio) == (48, 2.0, "aac")
    assert (ended.json["seed"], ended.json["duration"]) == (5, 2.0)


async def test_ltx_counts_frames(caller: Caller) -> None:
    body = {
        "prompt": "a lake",
        "num_frames": 49,
        "fps": 24,
        "video_size": {"width": 641, "height": 360},
        "generate_audio": False,
    }
    ended = await caller.run(LTX, body)
    film = await caller.film(ended.json["video"]["url"])
    assert (film.width, film.height, film.frames, film.fps) == (640, 360, 49, 24.0)
    assert film.seconds == pytest.approx(49 / 24, abs=0.002)
    assert ended.result.headers["X-Fal-Billable-Units"] == "12", "640 x 360 x 49 = 11.3 megapixels, rounded up"
    refused = await caller.run(LTX, {"prompt": "a", "video_output_type": "GIF (.gif)"})
    assert refused.problem["type"] == "feature_not_supported"


async def test_the_files_play_while_they_load(caller: Caller) -> None:
    ended = await caller.run(VEO, {"prompt": "a lake", "duration": "4s", "generate_audio": False})
    data = (await caller.download(ended.json["video"]["url"])).content
    assert data.index(b"moov") < data.index(b"mdat")


async def test_a_heavy_video_without_heavy_work(caller: Caller) -> None:
    await caller.rules(video_bytes=3_000_000)
    ended = await caller.run(WAN, {"prompt": "a", "duration": 2, "audio": False, "resolution": "480p"})
    assert ended.json["video"]["file_size"] == 3_000_000
    film = await caller.film(ended.json["video"]["url"])
    assert (film.frames, film.seconds) == (48, 2.0)


@pytest.mark.parametrize(
    ("endpoint", "body", "picture", "size"),
    [
        (VEO, {"resolution": "4k"}, None, (3840, 2160)),
        (VEO, {"aspect_ratio": "9:16", "resolution": "1080p"}, None, (1080, 1920)),
        ("fal-ai/veo3.1/fast/image-to-video", {"image_url": "https://a/b"}, (700, 1000), (720, 1280)),
        (WAN, {}, None, (1920, 1080)),
        (WAN, {"resolution": "720p", "aspect_ratio": "1:1"}, None, (960, 960)),
        (
            "alibaba/wan-3.0/image-to-video",
            {"start_image_url": "https://a/b", "resolution": "720p"},
            (500, 500),
            (960, 960),
        ),
        ("fal-ai/ltx-2-19b/image-to-video", {"image_url": "https://a/b"}, (1280, 720), (1248, 704)),
        ("fal-ai/nano-banana-pro", {"resolution": "4K", "aspect_ratio": "16:9"}, None, (5504, 3072)),
        ("google/nano-banana-2.1/edit", {"image_urls": ["https://a/b"]}, (400, 1500), (512, 2048)),
    ],
)
def test_sizes(endpoint: str, body: dict[str, Any], picture: tuple[int, int] | None, size: tuple[int, int]) -> None:
    inputs, problems = validate(MODELS[endpoint], {"prompt": "a lake", **body})
    assert problems == []
    assert size_of(MODELS[endpoint], inputs, picture) == size
