"""A made portrait: nobody's face, drawn from round shapes, in the colours by which the stand-in's face finder goes."""

from __future__ import annotations

from functools import cache
from io import BytesIO

SIZE = (960, 1200)
_SCALE = 2  # drawn twice as large, so that edges are smooth


@cache
def made_portrait() -> bytes:
    """JPEG bytes; always the same."""
    import numpy as np
    from PIL import Image, ImageDraw, ImageFilter

    width, height = SIZE[0] * _SCALE, SIZE[1] * _SCALE
    rows = np.linspace(0, 1, height)[:, None, None]
    wall = np.array((96, 128, 142)) * (1 - rows) + np.array((54, 78, 96)) * rows
    picture = Image.fromarray(np.repeat(wall, width, axis=1).astype(np.uint8))
    pen = ImageDraw.Draw(picture)

    def oval(x: float, y: float, wide: float, high: float, colour: tuple[int, int, int]) -> None:
        """By middle and size, as shares of the picture's width."""
        pen.ellipse(tuple(width * one for one in (x - wide / 2, y - high / 2, x + wide / 2, y + high / 2)), fill=colour)

    skin, shade, hair, shirt = (226, 176, 148), (206, 152, 126), (44, 44, 62), (58, 118, 120)
    oval(0.50, 0.56, 0.60, 0.80, hair)
    oval(0.50, 0.95, 0.60, 0.62, hair)
    oval(0.50, 1.28, 0.96, 0.56, shirt)
    oval(0.50, 0.93, 0.20, 0.34, shade)
    oval(0.50, 0.62, 0.44, 0.58, skin)
    oval(0.50, 0.34, 0.50, 0.24, hair)
    for side in (-1, 1):
        oval(0.50 + side * 0.10, 0.565, 0.105, 0.052, (246, 242, 238))
        oval(0.50 + side * 0.10, 0.565, 0.052, 0.052, (70, 96, 84))
        oval(0.50 + side * 0.10, 0.565, 0.026, 0.026, (24, 24, 26))
        oval(0.507 + side * 0.10, 0.558, 0.010, 0.010, (250, 250, 250))
        arch = tuple(width * one for one in (0.435 + side * 0.10, 0.500, 0.565 + side * 0.10, 0.560))
        pen.arc(arch, 200, 340, fill=hair, width=int(width * 0.012))
        oval(0.50 + side * 0.145, 0.70, 0.09, 0.06, (226, 158, 136))
    oval(0.50, 0.665, 0.062, 0.036, shade)
    pen.chord(tuple(width * one for one in (0.425, 0.715, 0.575, 0.805)), 10, 170, fill=(178, 78, 78))
    small = picture.resize(SIZE, Image.Resampling.LANCZOS).filter(ImageFilter.GaussianBlur(1.2))
    grain = np.random.default_rng(7).normal(0, 2.0, (SIZE[1], SIZE[0], 1))
    out = BytesIO()
    Image.fromarray(np.clip(np.asarray(small) + grain, 0, 255).astype(np.uint8)).save(out, "JPEG", quality=88)
    return out.getvalue()
