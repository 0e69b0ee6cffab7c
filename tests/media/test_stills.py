"""A person's picture on its way to a hosted model: shape, size, format, and nothing that it tells."""

from __future__ import annotations

import io

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from imgvid.media.image import BadImage, ImageTooSmall, ImageUnsupported
from imgvid.media.stills import crop_box, encode, prepare, within
from tests.media.material import SECRET, chatty, noise, saved
from tests.media.scenes import recompressed, scene


@given(st.integers(1, 5000), st.integers(1, 5000), st.sampled_from([16 / 9, 9 / 16, 1.0, 4 / 3, 21 / 9]))
def test_a_crop_lies_in_the_middle_and_has_the_ratio(width: int, height: int, ratio: float) -> None:
    left, top, right, bottom = crop_box(width, height, ratio)
    assert 0 <= left < right <= width
    assert 0 <= top < bottom <= height
    assert (left == 0 and right == width) or (top == 0 and bottom == height)
    assert abs(left - (width - right)) <= 1
    assert abs(top - (height - bottom)) <= 1
    cut_width, cut_height = right - left, bottom - top
    assert abs(cut_width - cut_height * ratio) <= max(1, ratio) or 1 in (cut_width, cut_height)


@given(st.integers(1, 20_000), st.integers(1, 20_000), st.integers(1, 4000))
def test_a_size_within(width: int, height: int, longest: int) -> None:
    small = within(width, height, longest)
    assert max(small) <= max(longest, 1)
    assert min(small) >= 1
    if max(width, height) <= longest:
        assert small == (width, height)


@pytest.mark.parametrize(("ratio", "size"), [
    (None, (2048, 1536)), (1.0, (2048, 2048)), (16 / 9, (2048, 1152)), (9 / 16, (1152, 2048)),
])  # fmt: skip
def test_a_phones_photo_is_cut_and_made_smaller(ratio: float | None, size: tuple[int, int]) -> None:
    data, media_type = encode(prepare(recompressed(scene(4000, 3000, kind="soft")), ratio=ratio, longest_px=2048))
    width, height = Image.open(io.BytesIO(data)).size
    assert abs(width - size[0]) <= 2
    assert abs(height - size[1]) <= 2
    assert max(width, height) <= 2048
    assert media_type == "image/jpeg"


def test_a_small_photo_is_not_blown_up() -> None:
    assert prepare(saved(noise(300, 200), "JPEG"), ratio=1.0, longest_px=2048).image.size == (200, 200)


@pytest.mark.parametrize("format_", ["PNG", "JPEG", "WEBP"])
def test_it_tells_nothing_and_stands_upright(format_: str) -> None:
    picture = noise(300, 200)
    tags = Image.Exif()
    tags[0x0112], tags[0x010E] = 6, SECRET.decode()
    data, _ = encode(prepare(saved(picture, format_, exif=tags.tobytes()), longest_px=2048))
    assert Image.open(io.BytesIO(data)).size == (200, 300)
    assert SECRET not in data
    assert SECRET not in encode(prepare(chatty(picture, format_), longest_px=2048))[0]
    assert set(Image.open(io.BytesIO(data)).info) <= {"jfif", "jfif_version", "jfif_density", "jfif_unit"}


def test_a_drawing_stays_exact_and_a_heavy_one_becomes_a_jpeg() -> None:
    light = noise(300, 200)
    exact, media_type = encode(prepare(saved(light, "PNG"), longest_px=2048))
    assert media_type == "image/png"
    assert (np.asarray(Image.open(io.BytesIO(exact))) == np.asarray(light)).all()
    assert encode(prepare(saved(noise(1600, 1200), "PNG"), longest_px=2048))[1] == "image/jpeg"


@pytest.mark.parametrize(("data", "error"), [
    (saved(noise(300, 200), "JPEG")[:2000], BadImage), (b"no picture", ImageUnsupported), (b"", BadImage),
    (saved(noise(100, 100), "PNG"), ImageTooSmall),
])  # fmt: skip
def test_what_cannot_be_used_says_why(data: bytes, error: type[Exception]) -> None:
    with pytest.raises(error):
        prepare(data, longest_px=2048)


def test_a_strip_that_the_cut_makes_too_small() -> None:
    with pytest.raises(ImageTooSmall, match="cut to"):
        prepare(saved(noise(1000, 130), "PNG"), ratio=9 / 16, longest_px=2048)
