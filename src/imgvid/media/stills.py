"""A person's picture made ready for a hosted model: upright, cut to a shape, no larger than needed, without metadata.

Blocking work; the dispatcher has it done in a process of its own (media/inputs.py). Nothing here touches a disk.
"""

from __future__ import annotations

import io

from PIL import Image

from imgvid.media.image import ImageTooSmall, Picture, open_picture
from imgvid.media.limits import IMAGE_LIMITS, ImageLimits

_LOSSLESS_BYTES = 4_000_000  # a drawing or a screenshot stays exact while it is no heavier than a photo would be
_LOSSLESS = frozenset({"PNG", "GIF", "BMP"})
_QUALITY = 95
_SPARE = 16 / 9  # decoded so much larger than needed, a phone's photo loses nothing when a square is cut out of it


def prepare(
    source: bytes, *, longest_px: int, ratio: float | None = None, limits: ImageLimits = IMAGE_LIMITS
) -> Picture:
    """Decode, turn upright, cut the middle to `ratio` (width / height; None keeps the shape) and limit the longest side.

    Raises an ImageError, whatever the bytes are.
    """
    picture = open_picture(source, limits, want_px=longest_px if ratio is None else round(longest_px * _SPARE))
    image = picture.image
    if ratio is not None:
        image = image.crop(crop_box(image.width, image.height, ratio))
        if min(image.size) < limits.min_side_px:
            raise ImageTooSmall(f"cut to {image.width} x {image.height} pixels; each side needs {limits.min_side_px}")
    size = within(image.width, image.height, longest_px)
    if size != image.size:
        image = image.resize(size, Image.Resampling.LANCZOS, reducing_gap=3.0)
    return Picture(
        image=image, format=picture.format, source_width=picture.source_width, source_height=picture.source_height
    )


def encode(picture: Picture) -> tuple[bytes, str]:
    """A file with the pixels and nothing else, and its media type.

    PNG where the source was exact and it stays light, JPEG otherwise.
    """
    if picture.format in _LOSSLESS:
        exact = _saved(picture.image, format="PNG", compress_level=6)
        if len(exact) <= _LOSSLESS_BYTES:
            return exact, "image/png"
    return _saved(picture.image, format="JPEG", quality=_QUALITY, subsampling=0), "image/jpeg"


def crop_box(width: int, height: int, ratio: float) -> tuple[int, int, int, int]:
    """The largest centred box of this width / height in whole pixels: left, top, right, bottom; one pixel at least."""
    box_width = min(width, max(1, round(height * ratio)))
    box_height = min(height, max(1, round(width / ratio)))
    left, top = (width - box_width) // 2, (height - box_height) // 2
    return left, top, left + box_width, top + box_height


def within(width: int, height: int, longest_px: int) -> tuple[int, int]:
    """The size with its longer side limited, in the same shape; never larger than it is."""
    longest = max(width, height)
    if longest <= longest_px:
        return width, height
    return max(1, round(width * longest_px / longest)), max(1, round(height * longest_px / longest))


def _saved(image: Image.Image, **options: object) -> bytes:
    buffer = io.BytesIO()
    image.save(buffer, **options)  # type: ignore[arg-type]
    return buffer.getvalue()
