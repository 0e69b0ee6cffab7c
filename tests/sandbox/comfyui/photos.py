"""Photos made in code: with a face, with two, with none."""

from __future__ import annotations

import io

from PIL import Image, ImageDraw

_SKIN, _HAIR = (214, 165, 137), (60, 40, 30)
_SKY, _GRASS = (120, 170, 220), (70, 140, 60)


def landscape(width: int = 256, height: int = 160) -> Image.Image:
    picture = Image.new("RGB", (width, height), _SKY)
    ImageDraw.Draw(picture).rectangle((0, height * 2 // 3, width, height), fill=_GRASS)
    return picture


def portrait(
    width: int = 256, height: int = 160, *, faces: tuple[tuple[float, float], ...] = ((0.5, 0.5),)
) -> Image.Image:
    """Faces by their middle (share of the width) and their height (share of the picture's)."""
    picture = landscape(width, height)
    pen = ImageDraw.Draw(picture)
    for middle, share in faces:
        x, y, high = middle * width, height / 2, share * height
        wide = high * 0.72
        box = (x - wide / 2, y - high / 2, x + wide / 2, y + high / 2)
        pen.ellipse((box[0] - 4, box[1] - 8, box[2] + 4, box[3] - high / 2), fill=_HAIR)
        pen.ellipse(box, fill=_SKIN)
        for eye in (-0.2, 0.2):
            pen.ellipse(
                (x + eye * wide - 3, y - high * 0.1 - 2, x + eye * wide + 3, y - high * 0.1 + 2), fill=(30, 30, 60)
            )
    return picture


def png(picture: Image.Image) -> bytes:
    buffer = io.BytesIO()
    picture.save(buffer, format="PNG")
    return buffer.getvalue()
