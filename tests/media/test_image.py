"""Strangers' pictures: each way in which one may lie, break or surprise."""

from __future__ import annotations

import io
import random
import struct
import sys
import zlib
from pathlib import Path

import numpy as np
import pytest
from PIL import Image, ImageCms

from imgvid.media import image as pictures
from imgvid.media.image import (
    BadImage,
    ImageError,
    ImageTooHeavy,
    ImageTooLarge,
    ImageTooSmall,
    ImageUnsupported,
    cover_box,
    fit,
    open_picture,
    sniff,
)
from imgvid.media.limits import ImageLimits


def gradient(width: int = 320, height: int = 200, mode: str = "RGB") -> Image.Image:
    """Left is dark, right is bright, the top left corner is red: every turn and mirror shows."""
    ramp = np.tile(np.linspace(0, 255, width, dtype=np.uint8), (height, 1))
    picture = Image.fromarray(np.dstack([ramp, ramp, ramp]))
    picture.paste((255, 0, 0), (0, 0, width // 4, height // 4))
    return picture.convert(mode)


def saved(picture: Image.Image, format_: str, **options: object) -> bytes:
    buffer = io.BytesIO()
    picture.save(buffer, format=format_, **options)
    return buffer.getvalue()


def png_header(width: int, height: int) -> bytes:
    """A PNG that promises a size and holds one row's worth of nothing."""

    def chunk(kind: bytes, body: bytes) -> bytes:
        return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))

    head = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + chunk(b"IDAT", zlib.compress(b"\0" * 64)) + chunk(b"IEND", b"")


@pytest.mark.parametrize("format_", ["JPEG", "PNG", "WEBP", "GIF", "BMP"])
def test_the_usual_formats_open_by_content(format_: str) -> None:
    data = saved(gradient(), format_)
    assert sniff(data[:32]) == format_
    picture = open_picture(data)
    assert (picture.image.mode, picture.width, picture.height, picture.format) == ("RGB", 320, 200, format_)
    assert picture.image.getpixel((300, 100))[0] > 200
    red, green, _ = picture.image.getpixel((10, 10))
    assert red > 200
    assert green < 60


@pytest.mark.parametrize("format_", ["HEIF", "AVIF"])
def test_pictures_of_phones(format_: str) -> None:
    if format_ == "HEIF":
        import pillow_heif

        pillow_heif.register_heif_opener()
    data = saved(gradient(), format_, quality=90)
    assert sniff(data[:32]) == format_
    picture = open_picture(data)
    assert (picture.image.mode, picture.width, picture.height) == ("RGB", 320, 200)
    assert picture.image.getpixel((10, 10))[0] > 180


def test_heic_without_its_library_is_unsupported(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "pillow_heif", None)
    with pytest.raises(ImageUnsupported) as caught:
        open_picture(b"\0\0\0\x18ftypheic\0\0\0\0mif1heic" + b"\0" * 100)
    assert caught.value.code == "image_unsupported"


@pytest.mark.parametrize(
    "data",
    [
        b"just some text named photo.jpg",
        b"%PDF-1.7 ...",
        b"\0\0\0\x20ftypisom\0\0\2\0isomiso2avc1mp41" + b"\0" * 64,  # an MP4
        b"II*\0" + b"\0" * 64,  # TIFF: left out on purpose
        b"<svg xmlns='http://www.w3.org/2000/svg'/>",
        b"\0" * 64,
    ],
)
def test_what_is_no_picture_is_unsupported(data: bytes) -> None:
    with pytest.raises(ImageUnsupported):
        open_picture(data)


def test_nothing_at_all_is_a_bad_image() -> None:
    with pytest.raises(BadImage):
        open_picture(b"")


@pytest.mark.parametrize("format_", ["JPEG", "PNG", "WEBP", "GIF", "BMP"])
@pytest.mark.parametrize("part", [0.02, 0.5, 0.9])
def test_a_picture_cut_short_is_a_bad_image(format_: str, part: float) -> None:
    noise = Image.fromarray(np.random.default_rng(1).integers(0, 255, (200, 300, 3), dtype=np.uint8))
    data = saved(noise, format_)
    with pytest.raises(BadImage) as caught:
        open_picture(data[: max(32, int(len(data) * part))])
    assert caught.value.code == "bad_image"


def test_a_bomb_is_refused_by_its_header_before_any_pixel(monkeypatch: pytest.MonkeyPatch) -> None:
    def never(*_: object, **__: object) -> None:
        raise AssertionError("decoded")

    monkeypatch.setattr(Image.Image, "load", never)
    for size in ((7000, 7000), (12_000, 12_000), (60_000, 60_000)):  # under, between and above Pillow's own two limits
        with pytest.raises(ImageTooLarge):
            open_picture(png_header(*size))


def test_a_lying_header_within_the_limits_is_a_bad_image() -> None:
    with pytest.raises(BadImage):
        open_picture(png_header(1000, 1000))


def test_too_heavy_is_said_before_a_file_is_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "big"
    with path.open("wb") as file:
        file.truncate((20 << 20) + 1)
    monkeypatch.setattr(Path, "read_bytes", lambda _: pytest.fail("read"))
    with pytest.raises(ImageTooHeavy):
        open_picture(path)


@pytest.mark.parametrize("size", [(16, 16), (127, 500), (4000, 130)])
def test_tiny_and_far_too_narrow_pictures(size: tuple[int, int]) -> None:
    with pytest.raises(ImageTooSmall):
        open_picture(saved(Image.new("RGB", size), "PNG"))


def test_the_limits_themselves_are_allowed() -> None:
    limits = ImageLimits(max_pixels=128 * 2560)
    assert open_picture(saved(Image.new("RGB", (2560, 128)), "PNG"), limits).width == 2560


@pytest.mark.parametrize("orientation", range(1, 9))
def test_exif_turns_the_picture_upright(orientation: int) -> None:
    upright = gradient()
    undo = {
        1: None,
        2: Image.Transpose.FLIP_LEFT_RIGHT,
        3: Image.Transpose.ROTATE_180,
        4: Image.Transpose.FLIP_TOP_BOTTOM,
        5: Image.Transpose.TRANSPOSE,
        6: Image.Transpose.ROTATE_90,
        7: Image.Transpose.TRANSVERSE,
        8: Image.Transpose.ROTATE_270,
    }[orientation]
    stored = upright if undo is None else upright.transpose(undo)
    exif = Image.Exif()
    exif[0x0112] = orientation
    exif[0x010F] = "a maker"
    picture = open_picture(saved(stored, "JPEG", exif=exif, quality=95))
    assert (picture.width, picture.height, picture.source_width, picture.source_height) == (320, 200, 320, 200)
    difference = np.abs(np.asarray(picture.image).astype(int) - np.asarray(upright).astype(int)).mean()
    assert difference < 3


def test_transparent_pixels_become_white() -> None:
    layered = Image.new("RGBA", (200, 200), (255, 0, 0, 0))
    layered.paste((0, 0, 255, 255), (0, 0, 100, 200))
    for format_ in ("PNG", "WEBP"):
        picture = open_picture(saved(layered, format_, **({"lossless": True} if format_ == "WEBP" else {})))
        assert picture.image.getpixel((150, 100)) == (255, 255, 255)
        assert picture.image.getpixel((50, 100)) == (0, 0, 255)
    palette = layered.convert("RGB").quantize(4)
    palette.info["transparency"] = palette.getpixel((150, 100))
    assert open_picture(saved(palette, "GIF", transparency=palette.getpixel((150, 100)))).image.getpixel(
        (150, 100)
    ) == (
        255,
        255,
        255,
    )


def test_cmyk_grey_and_sixteen_bits() -> None:
    cmyk = open_picture(saved(gradient(mode="CMYK"), "JPEG", quality=95)).image
    assert cmyk.mode == "RGB"
    assert cmyk.getpixel((10, 10))[0] > 200 > cmyk.getpixel((10, 10))[1]
    assert open_picture(saved(gradient(mode="L"), "JPEG")).image.mode == "RGB"
    deep = Image.fromarray(np.tile(np.linspace(0, 65535, 256, dtype=np.uint16), (200, 1)))
    shallow = open_picture(saved(deep, "PNG")).image
    assert [shallow.getpixel((x, 5))[0] for x in (0, 128, 255)] == [0, 128, 255]


def test_animations_give_their_first_frame() -> None:
    frames = [Image.new("RGB", (200, 200), colour) for colour in ((255, 0, 0), (0, 255, 0), (0, 0, 255))]
    for format_ in ("GIF", "WEBP", "PNG"):
        data = saved(frames[0], format_, save_all=True, append_images=frames[1:], duration=100)
        red, green, blue = open_picture(data).image.getpixel((100, 100))
        assert (red > 240, green < 15, blue < 15) == (True, True, True), format_


def test_a_foreign_profile_is_converted_to_srgb() -> None:
    """sRGB with red and green swapped: what is stored as red is meant to be seen as green."""
    profile = bytearray(ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes())
    for number in range(struct.unpack(">I", profile[128:132])[0]):
        at = 132 + 12 * number
        name = bytes(profile[at : at + 4])
        profile[at : at + 4] = {b"rXYZ": b"gXYZ", b"gXYZ": b"rXYZ"}.get(name, name)
    foreign = bytes(profile).replace("sRGB".encode("utf-16-be"), "mine".encode("utf-16-be"))
    for format_ in ("PNG", "JPEG", "WEBP"):
        red, green, _ = open_picture(saved(gradient(), format_, icc_profile=foreign)).image.getpixel((10, 10))
        assert red < 60 < 200 < green, format_


def test_a_profile_for_other_channels_or_a_broken_one_is_ignored() -> None:
    swapped = ImageCms.createProfile("LAB")
    data = saved(gradient(), "PNG", icc_profile=ImageCms.ImageCmsProfile(swapped).tobytes())
    assert open_picture(data).image.getpixel((10, 10)) == (255, 0, 0)  # a profile for other channels: ignored
    assert open_picture(saved(gradient(), "PNG", icc_profile=b"nonsense")).image.getpixel((10, 10)) == (255, 0, 0)


def test_no_metadata_survives(tmp_path: Path) -> None:
    exif = Image.Exif()
    exif[0x010F] = "secret-maker"
    exif[0x8825] = {1: "N", 2: (48.0, 8.0, 30.0)}
    data = saved(
        gradient(), "JPEG", exif=exif, comment=b"secret-comment", icc_profile=b"secret-profile", xmp=b"secret-xmp"
    )
    assert data.count(b"secret") == 4
    picture = open_picture(data)
    assert picture.image.info == {}
    picture.save_png(tmp_path / "out.png")
    written = (tmp_path / "out.png").read_bytes()
    assert b"secret" not in written
    kinds, at = [], 8
    while at < len(written):
        length, kind = struct.unpack(">I4s", written[at : at + 8])
        kinds.append(kind)
        at += 12 + length
    assert set(kinds) == {b"IHDR", b"IDAT", b"IEND"}


@pytest.mark.parametrize("format_", ["JPEG", "PNG"])
def test_large_pictures_shrink_to_what_is_wanted(format_: str) -> None:
    picture = open_picture(saved(gradient(4000, 3000), format_), want_px=1000)
    assert (picture.width, picture.height, picture.source_width, picture.source_height) == (1000, 750, 4000, 3000)
    assert picture.image.getpixel((60, 60))[1] < 60
    small = open_picture(saved(gradient(), format_), want_px=1000)
    assert (small.width, small.height) == (320, 200)


def test_fit_covers_and_never_stretches() -> None:
    assert cover_box(400, 200, 1.0) == (100, 0, 300, 200)
    assert cover_box(200, 400, 1.0) == (0, 100, 200, 300)
    circle = Image.new("RGB", (600, 200), "white")
    circle.paste((0, 0, 0), (250, 50, 350, 150))
    fitted = np.asarray(fit(open_picture(saved(circle, "PNG")), width=200, height=200).convert("L")) < 128
    rows, columns = np.flatnonzero(fitted.any(1)), np.flatnonzero(fitted.any(0))
    assert (len(rows), len(columns)) == (100, 100)
    assert rows[0] == columns[0] == 50


@pytest.mark.parametrize("format_", ["JPEG", "PNG", "WEBP", "GIF", "BMP", "AVIF", "HEIF"])
def test_hostile_bytes_raise_nothing_but_our_errors(format_: str) -> None:
    if format_ == "HEIF":
        pictures._register_heif()
    exif = Image.Exif()
    exif[0x0112] = 6
    options = {} if format_ in ("GIF", "BMP") else {"exif": exif}
    clean, dice, refused = saved(gradient(160, 140), format_, **options), random.Random(7), 0
    for _ in range(60):
        data = bytearray(clean)
        for _ in range(dice.randint(1, 12)):
            data[dice.randrange(16, len(data) if dice.random() < 0.5 else min(len(data), 400))] = dice.randrange(256)
        try:
            open_picture(bytes(data))
        except ImageError:
            refused += 1
    assert refused > 0 or format_ == "BMP"  # a BMP has almost nothing that can break
