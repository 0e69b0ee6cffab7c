"""Photos as clients and servers treat them: recompressed to a box, offered in several sizes. Pure, bytes in, bytes out.

Sizes (https://core.telegram.org/api/files#image-thumbnail-types, long side in px): s 100, m 320, x 800, y 1280, w 2560.
"""

from __future__ import annotations

import io
import warnings
from dataclasses import dataclass

from PIL import Image, ImageOps

BOXES = (("s", 100), ("m", 320), ("x", 800), ("y", 1280), ("w", 2560))
USUAL_BOX_PX = 1280  # what a client sends unless the person chose HD
HD_BOX_PX = 2560
JPEG_QUALITY = 87  # what the clients use


class NotAPicture(Exception):
    """The bytes cannot be read as a picture."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Header:
    """A picture's format and size in pixels, as its header says; `plain` is a JPEG without EXIF."""

    format: str
    width: int
    height: int
    plain: bool


def fit(width: int, height: int, box_px: int) -> tuple[int, int]:
    """The size inside the box, never larger than it was, no side below one pixel."""
    scale = min(1.0, box_px / max(width, height))
    return max(1, round(width * scale)), max(1, round(height * scale))


def sizes(width: int, height: int) -> list[tuple[str, int, int]]:
    """(letter, width, height) of every offered size, smallest first; the last is the picture itself."""
    side = max(width, height)
    own = next((letter for letter, box in BOXES if box >= side), "w")
    smaller = [(letter, *fit(width, height, box)) for letter, box in BOXES if box < side and letter != own]
    return [*smaller, (own, width, height)]


def read_header(data: bytes) -> Header:
    """Format and size without decoding a pixel. Raises NotAPicture."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # a huge picture is for the caller to refuse
        try:
            with Image.open(io.BytesIO(data)) as image:
                plain = image.format == "JPEG" and "exif" not in image.info and image.mode in {"RGB", "L"}
                return Header(format=image.format or "", width=image.width, height=image.height, plain=plain)
        except (OSError, ValueError, SyntaxError, Image.DecompressionBombError) as error:
            raise NotAPicture(str(error)) from error


def recompress(data: bytes, box_px: int) -> bytes:
    """The JPEG that a client would send: upright, inside the box, no metadata. Raises NotAPicture."""
    try:
        with Image.open(io.BytesIO(data)) as image:
            image.draft("RGB", (box_px, box_px))
            upright = ImageOps.exif_transpose(image).convert("RGB")
    except (OSError, ValueError, SyntaxError, Image.DecompressionBombError, Image.DecompressionBombWarning) as error:
        raise NotAPicture(str(error)) from error
    return _jpeg(upright, *fit(upright.width, upright.height, box_px))


def shrink(data: bytes, width: int, height: int) -> bytes:
    """One of a photo's smaller sizes as JPEG. Raises NotAPicture."""
    try:
        with Image.open(io.BytesIO(data)) as image:
            image.draft("RGB", (width, height))
            return _jpeg(image.convert("RGB"), width, height)
    except (OSError, ValueError, SyntaxError, Image.DecompressionBombError, Image.DecompressionBombWarning) as error:
        raise NotAPicture(str(error)) from error


def _jpeg(image: Image.Image, width: int, height: int) -> bytes:
    if image.size != (width, height):
        image = image.resize((width, height), Image.Resampling.BILINEAR, reducing_gap=2.0)
    out = io.BytesIO()
    image.save(out, "JPEG", quality=JPEG_QUALITY)
    return out.getvalue()
