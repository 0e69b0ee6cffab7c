"""Pictures and videos for the tests, made in code, with everything in them that should not stay."""

from __future__ import annotations

import io
import struct
import tempfile
from pathlib import Path

import numpy as np
from PIL import Image, ImageCms, PngImagePlugin

from imgvid.media.memory import MemoryFile
from tests.media.test_video import made

SECRET = b"a prompt that nobody else may read"
FORMATS = ("PNG", "JPEG", "WEBP")


def noise(width: int, height: int, mode: str = "RGB", seed: int = 1) -> Image.Image:
    channels = {"RGB": 3, "RGBA": 4, "L": 1, "CMYK": 4}[mode]
    pixels = np.random.default_rng(seed).integers(0, 255, (height, width, channels), dtype=np.uint8)
    return Image.fromarray(pixels.squeeze(2) if channels == 1 else pixels, mode)


def saved(picture: Image.Image, format_: str, **options: object) -> bytes:
    buffer = io.BytesIO()
    picture.save(buffer, format=format_, **options)
    return buffer.getvalue()


def icc() -> bytes:
    return ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()


def exif(turned: int | None = None) -> bytes:
    tags = Image.Exif()
    tags[0x010E] = SECRET.decode()  # ImageDescription
    tags[0x8825] = {1: "N"}  # where it was taken
    if turned is not None:
        tags[0x0112] = turned
    return tags.tobytes()


def chatty(picture: Image.Image, format_: str, **options: object) -> bytes:
    """The picture with the secret in every place that its format has for words, and after its end."""
    if format_ == "PNG":
        words = PngImagePlugin.PngInfo()
        words.add_text("prompt", SECRET.decode())
        words.add_itxt("XML:com.adobe.xmp", SECRET.decode())
        words.add_text("workflow", SECRET.decode() * 40, zip=True)
        words.add(b"caBX", SECRET)
        words.add(b"tIME", b"\x07\xea\x01\x01\x01\x01\x01")
        data = saved(picture, "PNG", pnginfo=words, exif=exif(), icc_profile=icc(), **options)
    elif format_ == "JPEG":
        plain = saved(picture, "JPEG", exif=exif(), comment=SECRET, icc_profile=icc(), xmp=SECRET, **options)
        data = plain[:2] + b"".join(segment(kind, SECRET) for kind in (0xE0, 0xE2, 0xEB, 0xED, 0xEE, 0xEF)) + plain[2:]
    else:
        data = saved(picture, "WEBP", exif=exif(), xmp=SECRET, icc_profile=icc(), **options)
        data += b"C2PA" + struct.pack("<I", len(SECRET)) + SECRET
        data = data[:4] + struct.pack("<I", len(data) - 8) + data[8:]
    return data + SECRET


def segment(kind: int, body: bytes) -> bytes:
    return bytes([0xFF, kind]) + struct.pack(">H", len(body) + 2) + body


def opened(data: bytes) -> Image.Image:
    picture = Image.open(io.BytesIO(data))
    picture.load()
    return picture


def pixels(data: bytes) -> np.ndarray:
    return np.asarray(opened(data))


def write_to(memory: MemoryFile, **what: object) -> None:
    """A small real video (see `made`) into a memory file."""
    with tempfile.TemporaryDirectory() as folder:
        memory.write(made(Path(folder) / "in.mp4", **what).read_bytes())  # type: ignore[arg-type]
