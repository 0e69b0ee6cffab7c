"""Pictures made on the spot."""

from __future__ import annotations

import functools
import io

from PIL import Image


@functools.cache
def jpeg(width: int = 320, height: int = 240, *, shade: int = 90) -> bytes:
    out = io.BytesIO()
    Image.new("RGB", (width, height), (shade, 40, 200)).save(out, "JPEG")
    return out.getvalue()


@functools.cache
def png(width: int = 300, height: int = 200) -> bytes:
    out = io.BytesIO()
    Image.new("RGB", (width, height), (10, 200, 30)).save(out, "PNG")
    return out.getvalue()


@functools.cache
def webp(width: int = 512, height: int = 512) -> bytes:
    out = io.BytesIO()
    Image.new("RGB", (width, height), (10, 20, 130)).save(out, "WEBP")
    return out.getvalue()
