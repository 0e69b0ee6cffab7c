"""Metadata out, pixels untouched: pictures with everything in them that a picture may carry."""

from __future__ import annotations

import struct
import zlib

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import ImageOps

from imgvid.media.strip import Unreadable, orientation, strip
from tests.media.material import FORMATS, SECRET, chatty, exif, icc, noise, opened, pixels, saved, segment

sizes = st.integers(1, 70)


@given(
    format_=st.sampled_from(FORMATS),
    width=sizes,
    height=sizes,
    mode=st.sampled_from(["RGB", "RGBA", "L", "CMYK"]),
    progressive=st.booleans(),
    lossless=st.booleans(),
)
@settings(deadline=None, max_examples=60)
def test_the_pixels_stay_and_every_word_goes(
    format_: str, width: int, height: int, mode: str, progressive: bool, lossless: bool
) -> None:
    if (mode == "RGBA" and format_ == "JPEG") or (mode == "CMYK" and format_ != "JPEG"):
        mode = "RGB"
    data = chatty(noise(width, height, mode), format_, progressive=progressive, lossless=lossless, interlace=1)
    plain = strip(data)
    assert strip(bytearray(data)) == plain
    assert (plain.format, plain.width, plain.height) == (format_, width, height)
    assert np.array_equal(pixels(plain.data), pixels(data))
    assert SECRET not in plain.data
    after = opened(plain.data)
    assert not after.getexif()
    assert set(after.info) <= {"icc_profile", "jfif", "jfif_version", "jfif_density", "jfif_unit", "loop", "background",
                               "timestamp", "duration", "progressive", "progression", "adobe", "adobe_transform",
                               "interlace"}  # fmt: skip


@pytest.mark.parametrize("format_", FORMATS)
def test_colours_keep_their_meaning(format_: str) -> None:
    after = opened(strip(chatty(noise(20, 10), format_)).data)
    assert after.info["icc_profile"] == icc()


@pytest.mark.parametrize("format_", FORMATS)
def test_a_plain_picture_stays_the_very_same_bytes(format_: str) -> None:
    data = saved(noise(33, 20), format_)
    assert strip(data).data == data
    assert strip(strip(chatty(noise(9, 9), format_)).data).data == strip(chatty(noise(9, 9), format_)).data


@pytest.mark.parametrize("turned", range(1, 9))
def test_a_turned_jpeg_stays_turned_and_says_nothing_else(turned: int) -> None:
    data = saved(noise(30, 20), "JPEG", exif=exif(turned))
    plain = strip(data)
    assert SECRET not in plain.data
    shown = ImageOps.exif_transpose(opened(plain.data))
    assert np.array_equal(np.asarray(shown), np.asarray(ImageOps.exif_transpose(opened(data))))
    assert (plain.width, plain.height) == shown.size


def test_png_colour_chunks_and_transparency_stay() -> None:
    def chunk(kind: bytes, body: bytes) -> bytes:
        return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))

    data = saved(noise(4, 4).convert("P"), "PNG", transparency=3)
    head = 8 + 25
    extra = chunk(b"gAMA", struct.pack(">I", 45455)) + chunk(b"cICP", b"\x01\x0d\0\x01") + chunk(b"tEXt", SECRET)
    plain = strip(data[:head] + extra + data[head:]).data
    assert all(kind in plain for kind in (b"gAMA", b"cICP", b"PLTE", b"tRNS"))
    assert SECRET not in plain


def test_a_second_picture_behind_the_first_goes() -> None:
    """Phones hang the depth map and the preview behind the picture's end, named by an MPF segment."""
    first, second = saved(noise(20, 20), "JPEG"), saved(noise(20, 20, seed=2), "JPEG")
    mpf = segment(0xE2, b"MPF\0" + b"\0" * 20)
    assert strip(first[:2] + mpf + first[2:] + second).data == first


@pytest.mark.parametrize("format_", FORMATS)
@pytest.mark.parametrize("part", [0.01, 0.3, 0.7, 0.99])
def test_a_picture_cut_short_is_unreadable(format_: str, part: float) -> None:
    data = saved(noise(64, 64), format_)
    with pytest.raises(Unreadable):
        strip(data[: int(len(data) * part)])


@given(st.binary(max_size=300), st.sampled_from(FORMATS), st.integers(0, 400), st.integers(0, 40))
@settings(deadline=None)
def test_no_bytes_raise_anything_else(junk: bytes, format_: str, at: int, gone: int) -> None:
    data = chatty(noise(8, 8), format_)
    for hostile in (junk, data[:12] + junk, data[:at] + junk + data[at + gone :]):
        try:
            strip(hostile)
        except Unreadable:
            continue


@pytest.mark.parametrize(
    "block", [b"", b"II*\0", b"II*\0\xff\xff\xff\xff", b"MM\0*\0\0\0\x08\0\x05", b"II*\0\x08\0\0\0\x01\0\x12\x01\x03\0\x01\0\0\0\x63\0\0\0"]
)  # fmt: skip
def test_exif_that_cannot_be_read_is_upright(block: bytes) -> None:
    assert orientation(block) == 1
