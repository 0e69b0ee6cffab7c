"""Made pictures for people without a photo at hand: a lake in the evening, the same place at night, a portrait."""

from __future__ import annotations

from functools import cache
from io import BytesIO

from imgvid.sandbox.demo.portrait import made_portrait

SIZE = (1280, 960)
LAKE, NIGHT, PORTRAIT = 1, 2, 3
NUMBERS = (LAKE, NIGHT, PORTRAIT)


@cache
def made_picture(number: int) -> bytes:
    """JPEG bytes of one of NUMBERS; always the same. About 100 KB, 0.2 s the first time."""
    if number == PORTRAIT:
        return made_portrait()
    import numpy as np
    from PIL import Image

    width, height = SIZE
    horizon = int(height * 0.58)
    rng = np.random.default_rng(7)
    y = np.linspace(0, 1, horizon)[:, None, None]
    evening = number == LAKE
    stops = (
        ((46, 74, 128), (226, 138, 108), (255, 214, 150)) if evening else ((10, 16, 42), (30, 46, 92), (84, 92, 140))
    )
    top, middle, low = (np.array(stop, dtype=np.float64) for stop in stops)
    sky = np.where(y < 0.62, top + (middle - top) * (y / 0.62), middle + (low - middle) * ((y - 0.62) / 0.38))
    sky = np.repeat(sky, width, axis=1)
    _light(
        sky, (0.66, 0.56, 0.050) if evening else (0.30, 0.28, 0.040), (255, 236, 190) if evening else (238, 240, 250)
    )
    if not evening:
        for x, row in zip(rng.integers(0, width, 260), rng.integers(0, int(horizon * 0.8), 260), strict=True):
            sky[row, x] = 150 + rng.integers(0, 105)
    hills = ((0.60, 0.13, (122, 96, 118)), (0.74, 0.10, (78, 70, 98)), (0.88, 0.07, (38, 46, 66)))
    x = np.arange(width) / width
    for base, swing, colour in hills:
        phase = rng.uniform(0, 6.3, 3)
        line = base - swing * (
            0.5 * np.sin(5 * x + phase[0]) + 0.3 * np.sin(11 * x + phase[1]) + 0.12 * np.sin(31 * x + phase[2])
        )
        shade = np.array(colour) * (1.0 if evening else 0.45)
        below = np.linspace(0, 1, horizon)[:, None] > line[None, :]
        sky[below] = shade + (low - shade) * 0.10
    rows = np.arange(height - horizon)
    depth = rows / len(rows)
    mirror = np.clip(horizon - 1 - (rows * 0.95).astype(int), 0, horizon - 1)
    shift = (np.sin(rows * 0.55 + rows**1.35 * 0.05) * (0.6 + 4 * depth)).astype(int)
    water = np.stack([np.roll(sky[line], step, axis=0) for line, step in zip(mirror, shift, strict=True)])
    water = water * (0.82 - 0.34 * depth)[:, None, None] + np.array((8, 18, 34)) * (0.3 + 0.5 * depth)[:, None, None]
    picture = np.concatenate([sky, water]) + rng.normal(0, 0.6, (height, width, 1))
    out = BytesIO()
    Image.fromarray(np.clip(picture, 0, 255).astype(np.uint8)).save(out, "JPEG", quality=86)
    return out.getvalue()


def _light(sky: object, place: tuple[float, float, float], colour: tuple[int, int, int]) -> None:
    """Sun or moon, with its glow, into the sky; place is x, y and radius as shares of the width and horizon."""
    import numpy as np

    assert isinstance(sky, np.ndarray)
    horizon, width = sky.shape[:2]
    rows, columns = np.mgrid[0:horizon, 0:width]
    distance = np.hypot(columns - place[0] * width, rows - place[1] * horizon) / (place[2] * width)
    glow = np.exp(-np.maximum(distance - 1, 0) * 0.55)[..., None] * 0.62
    disc = np.clip((1.04 - distance) / 0.04, 0, 1)[..., None]
    sky += (np.array(colour) - sky) * np.maximum(glow, disc)
