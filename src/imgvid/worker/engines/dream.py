"""A picture out of nothing but a seed, for previews of modes that take only words: hills under a sky. Pure."""

from __future__ import annotations

import colorsys
import random

import numpy as np
from PIL import Image

_HILLS = 3


def dreamt(seed: int, *, width: int, height: int) -> Image.Image:
    """An RGB picture of this size in pixels; the same seed gives the same one."""
    dice = random.Random(seed)  # noqa: S311  the same seed must give the same picture
    hue = dice.random()
    sky = np.linspace(_colour(hue, 0.55, 0.45), _colour(hue + 0.08, 0.25, 0.98), height)
    picture = np.repeat(sky[:, None, :], width, axis=1)
    across = np.linspace(0, 1, width)
    rows = np.arange(height)[:, None]
    for number in range(_HILLS):
        depth = (number + 1) / _HILLS
        waves = np.zeros(width)
        for _ in range(3):
            waves += dice.uniform(0.2, 1) * np.sin(across * dice.uniform(4, 14) + dice.uniform(0, 6))
        line = height * (0.45 + 0.17 * number - 0.05 * waves)
        picture[rows > line[None, :]] = _colour(hue + 0.5, 0.35, 0.75 - 0.5 * depth)
    return Image.fromarray(picture.astype(np.uint8))


def _colour(hue: float, saturation: float, value: float) -> np.ndarray:
    return np.array(colorsys.hsv_to_rgb(hue % 1, saturation, value)) * 255
