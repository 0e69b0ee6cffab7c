"""The small label that is burnt into a preview, so that nobody takes it for the real thing.

Pillow's built-in font has neither Slovak letters nor Cyrillic, hence `label.ttf`: a subset of DejaVu Sans Bold, 28 kB.
"""

from __future__ import annotations

from functools import cache
from pathlib import Path

from PIL import Image, ImageDraw, ImageFont

_FONT = Path(__file__).with_name("label.ttf")
_SIZE_SHARE = 0.038  # of the frame's shorter side: readable on a phone, small enough to look past
_INK = (255, 255, 255, 235)
_GROUND = (0, 0, 0, 130)


@cache
def font(size_px: int) -> ImageFont.FreeTypeFont:
    """The one font that we ship: bold, Latin with Slovak letters, Cyrillic."""
    return ImageFont.truetype(_FONT, size_px)


def draw_label(text: str, *, width: int, height: int) -> tuple[Image.Image, tuple[int, int]]:
    """The label as an RGBA picture and where its top left corner goes in a frame of this size (pixels)."""
    side = min(width, height)
    size_px = max(12, round(side * _SIZE_SHARE))
    while (box := font(size_px).getbbox(text, anchor="ls"))[2] > width * 0.8 and size_px > 8:
        size_px -= 1
    pad_x, pad_y, margin = round(size_px * 0.65), round(size_px * 0.4), round(side * 0.03)
    ascent, descent = font(size_px).getmetrics()
    size = (round(box[2] - box[0]) + 2 * pad_x, ascent + descent + 2 * pad_y)
    label = Image.new("RGBA", size, (0, 0, 0, 0))
    pen = ImageDraw.Draw(label)
    pen.rounded_rectangle((0, 0, size[0] - 1, size[1] - 1), radius=size[1] // 3, fill=_GROUND)
    pen.text((pad_x - box[0], pad_y + ascent), text, font=font(size_px), fill=_INK, anchor="ls")
    return label, (margin, height - margin - size[1])


def can_write(text: str) -> bool:
    """Whether the font has a glyph of its own for every letter."""
    small = font(16)
    missing = bytes(small.getmask("\U0010fffd"))
    return all(letter.isspace() or bytes(small.getmask(letter)) != missing for letter in text)
