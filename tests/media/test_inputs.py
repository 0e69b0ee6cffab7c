"""A person's pictures prepared in a child process: what comes back, and what a hostile one can do."""

from __future__ import annotations

import io
import signal
import subprocess
import sys
from datetime import timedelta
from typing import Any

import numpy as np
import pytest
from PIL import Image

from imgvid.jobs.errors import Code
from imgvid.media import develop as developing
from imgvid.media import inputs
from imgvid.media.develop import Fell, Unfit
from imgvid.media.inputs import Source, prepare
from tests.media.material import SECRET, chatty, noise, saved
from tests.media.scenes import blob, overlap, painted, recompressed, scene

PHOTO = scene(960, 640, seed=4)


async def test_a_photo_is_cut_made_smaller_and_tells_nothing() -> None:
    source = Source(role="image", data=chatty(PHOTO, "JPEG"), ratio=1.0)
    still = (await prepare([source], longest_px=512))["image"]
    assert (still.width, still.height, still.media_type) == (512, 512, "image/jpeg")
    assert Image.open(io.BytesIO(still.data)).size == (512, 512)
    assert SECRET not in still.data


async def test_a_mask_is_as_large_as_the_picture_that_is_uploaded() -> None:
    marked = recompressed(painted(PHOTO, blob(PHOTO.size)), longest=800)
    sources = [Source(role="image", data=recompressed(PHOTO)), Source(role="mask", data=marked, is_mask=True)]
    stills = await prepare(sources, longest_px=700)
    image, mask = stills["image"], stills["mask"]
    found = Image.open(io.BytesIO(mask.data))
    assert (image.width, image.height) == (mask.width, mask.height) == found.size == (700, 467)
    assert (mask.media_type, found.mode) == ("image/png", "L")
    assert overlap(found, blob(found.size)) > 0.85


async def test_a_mask_of_another_shape_is_the_persons_to_mend() -> None:
    sheet = saved(Image.new("RGB", (640, 960)), "PNG")
    sources = [Source(role="image", data=recompressed(PHOTO)), Source(role="mask", data=sheet, is_mask=True)]
    with pytest.raises(Unfit) as caught:
        await prepare(sources)
    assert caught.value.code is Code.MASK_MISMATCH
    assert str(caught.value).startswith("mask: ")


@pytest.mark.parametrize(("data", "code"), [
    (b"no picture", Code.IMAGE_UNSUPPORTED), (recompressed(PHOTO)[:4000], Code.BAD_IMAGE),
    (saved(noise(100, 100), "PNG"), Code.IMAGE_TOO_SMALL), (b"\xff\xd8\xff" * 7_000_000, Code.IMAGE_TOO_HEAVY),
])  # fmt: skip
async def test_a_picture_that_cannot_be_used(data: bytes, code: Code) -> None:
    with pytest.raises(Unfit) as caught:
        await prepare([Source(role="image", data=data)])
    assert caught.value.code is code


async def test_a_picture_that_needs_more_memory_than_it_may_take() -> None:
    """40 MP of WebP unpack to 630 MB; a small machine does not have them."""
    flat = saved(Image.new("RGB", (8000, 5000), "teal"), "WEBP")
    with pytest.raises(Unfit) as caught:
        await prepare([Source(role="image", data=flat)])
    assert caught.value.code is Code.IMAGE_TOO_LARGE


@pytest.mark.parametrize(("ended_by", "code"), [
    (signal.SIGSEGV, Code.BAD_IMAGE), (signal.SIGABRT, Code.BAD_IMAGE), (signal.SIGKILL, Code.INTERNAL), (0, Code.INTERNAL),
])  # fmt: skip
async def test_a_picture_that_fells_its_decoder(monkeypatch: pytest.MonkeyPatch, ended_by: int, code: Code) -> None:
    async def falls(*_: Any, **__: Any) -> dict[str, Any]:
        raise Fell("fell", signal=ended_by)

    monkeypatch.setattr(inputs, "develop", falls)
    with pytest.raises(Unfit) as caught:
        await prepare([Source(role="image", data=b"hostile")])
    assert caught.value.code is code


async def test_the_time_limit() -> None:
    with pytest.raises(Unfit) as caught:
        await prepare([Source(role="image", data=recompressed(PHOTO))], within=timedelta(seconds=0.01))
    assert caught.value.code is Code.INTERNAL


def test_a_child_that_says_nothing_useful_fell() -> None:
    for line, returncode in ((b"", 0), (b"[]", 0), (b"{}", 1), (b"not json", 0), (b"{}", -11)):
        with pytest.raises(Fell):
            developing._told("stills", line, returncode)


def test_no_codec_is_loaded_here() -> None:
    program = "import sys, imgvid.media.inputs; print([name for name in ('av', 'PIL', 'numpy') if name in sys.modules])"
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


async def test_a_drawing_stays_exact() -> None:
    drawing = noise(300, 200)
    still = (await prepare([Source(role="image", data=saved(drawing, "PNG"))]))["image"]
    assert (np.asarray(Image.open(io.BytesIO(still.data))) == np.asarray(drawing)).all()
