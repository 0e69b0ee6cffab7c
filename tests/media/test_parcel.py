"""Finished pictures on their way into a chat: what is kept, what is stripped, what is made anew."""

from __future__ import annotations

import io
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from imgvid.jobs.errors import Code
from imgvid.media import parcel as parcels
from imgvid.media.limits import PHOTO_LIMITS, PhotoLimits
from imgvid.media.memory import MemoryFile
from imgvid.media.parcel import Parcel, Shown, Unfit, plan_picture
from tests.media.material import SECRET, chatty, noise, pixels, saved


@pytest.fixture
def no_decoder(monkeypatch: pytest.MonkeyPatch) -> None:
    """Whoever asks for the decoder meanwhile fails."""
    monkeypatch.setattr(parcels, "develop", None)


@pytest.mark.parametrize(("format_", "media_type", "name"), [
    ("PNG", "image/png", "image.png"), ("JPEG", "image/jpeg", "image.jpg"),
])  # fmt: skip
async def test_what_fits_is_a_photo_and_is_never_decoded(
    no_decoder: None, format_: str, media_type: str, name: str
) -> None:
    data = chatty(noise(64, 48), format_)
    made = await plan_picture(bytearray(data))
    assert (made.shown, made.media_type, made.filename) == (Shown.PHOTO, media_type, name)
    assert (made.width, made.height, made.steps[0]) == (64, 48, "strip")
    assert isinstance(made.source, bytes)
    assert SECRET not in made.source
    assert (pixels(made.source) == pixels(data)).all()


async def test_nothing_to_strip_is_kept_as_it_is() -> None:
    data = saved(noise(64, 48), "PNG")
    made = await plan_picture(data)
    assert (made.source, made.steps, made.size) == (data, ("keep",), len(data))


@pytest.mark.parametrize("format_", ["PNG", "JPEG", "WEBP"])
async def test_a_file_keeps_its_format(no_decoder: None, format_: str) -> None:
    data = chatty(noise(64, 48), format_)
    made = await plan_picture(data, as_file=True)
    assert made.shown is Shown.DOCUMENT
    assert isinstance(made.source, bytes)
    assert SECRET not in made.source
    assert Image.open(io.BytesIO(made.source)).format == format_
    assert (pixels(made.source) == pixels(data)).all()


@pytest.mark.parametrize("format_", ["WEBP", "GIF", "BMP", "AVIF"])
async def test_other_formats_become_a_jpeg_photo(format_: str) -> None:
    made = await plan_picture(saved(noise(200, 150), format_))
    assert (made.shown, made.media_type, made.steps[0]) == (Shown.PHOTO, "image/jpeg", "reencode")
    assert isinstance(made.source, bytes)
    assert Image.open(io.BytesIO(made.source)).size == (200, 150)


async def test_a_format_that_cannot_be_stripped_becomes_a_png_file() -> None:
    data = saved(noise(30, 20), "BMP")
    made = await plan_picture(data, as_file=True)
    assert (made.shown, made.filename) == (Shown.DOCUMENT, "image.png")
    assert isinstance(made.source, bytes)
    assert (pixels(made.source) == pixels(data)).all()


async def test_too_heavy_for_a_photo_becomes_a_lighter_one() -> None:
    data = saved(noise(400, 300), "PNG")
    made = await plan_picture(data, limits=PhotoLimits(max_bytes=len(data) - 1))
    assert (made.shown, made.media_type) == (Shown.PHOTO, "image/jpeg")
    assert made.size < len(data)
    with pytest.raises(Unfit) as caught:
        await plan_picture(data, limits=PhotoLimits(max_bytes=1000))
    assert caught.value.code is Code.RESULT_TOO_LARGE


@pytest.mark.parametrize("size", [(2100, 100), (9000, 1100)])
async def test_a_shape_that_no_photo_may_have_is_a_document(size: tuple[int, int]) -> None:
    made = await plan_picture(saved(Image.new("RGB", size, "teal"), "PNG"))
    assert made.steps == ("keep",)
    assert (made.shown, made.width, made.height) == (Shown.DOCUMENT, *size)
    other = await plan_picture(saved(Image.new("RGB", size, "teal"), "BMP"))
    assert (other.shown, other.filename) == (Shown.DOCUMENT, "image.jpg")


@pytest.mark.parametrize("data", [b"", b"<html>502</html>", saved(noise(50, 50), "PNG")[:400], b"\xff\xd8\xff\xe0" * 9])
async def test_what_is_no_picture_is_no_media(data: bytes) -> None:
    with pytest.raises(Unfit) as caught:
        await plan_picture(data)
    assert caught.value.code is Code.NO_MEDIA
    assert len(str(caught.value)) < 300


async def test_a_file_above_50_mb_is_made_smaller_or_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    data = saved(noise(64, 64), "PNG", compress_level=0)
    monkeypatch.setattr(parcels, "MAX_FILE_BYTES", 100)
    with pytest.raises(Unfit) as caught:
        await plan_picture(data, as_file=True)
    assert caught.value.code is Code.RESULT_TOO_LARGE


@given(st.integers(1, 12_000), st.integers(1, 12_000))
def test_what_telegram_takes_as_a_photo(width: int, height: int) -> None:
    assert PHOTO_LIMITS.takes_shape(width, height) == (
        width + height <= 10_000 and width <= 20 * height and height <= 20 * width
    )


def test_a_parcel_in_memory_gives_a_path_and_is_closed_once() -> None:
    memory = MemoryFile.holding(b"12345")
    made = Parcel(shown=Shown.VIDEO, content=memory, media_type="video/mp4", filename="video.mp4", width=2, height=2,
                  digest="", steps=())  # fmt: skip
    assert isinstance(made.source, Path)
    assert (made.source.read_bytes(), made.size) == (b"12345", 5)
    made.close()
    made.close()
    assert memory.fd == -1
