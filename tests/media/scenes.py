"""Photo-like pictures and what people draw on them, made in code."""

from __future__ import annotations

import io
from collections.abc import Callable

import numpy as np
from PIL import Image, ImageDraw, ImageFilter

Shape = Callable[[ImageDraw.ImageDraw, tuple[int, int], object], None]


def scene(width: int, height: int, seed: int = 0, kind: str = "mixed") -> Image.Image:
    """Soft light, hard edges in strong colours, fine texture and sensor noise."""
    dice = np.random.default_rng(seed)
    coarse = dice.integers(0, 255, (max(2, height // 120), max(2, width // 120), 3), dtype=np.uint8)
    picture = Image.fromarray(coarse).resize((width, height), Image.Resampling.BICUBIC)
    pen = ImageDraw.Draw(picture)
    if kind != "soft":
        for _ in range(14):
            x, y = (int(dice.integers(0, side)) for side in (width, height))
            w, h = (int(dice.integers(side // 20 + 1, side // 4 + 2)) for side in (width, height))
            colour = tuple(int(one) for one in dice.integers(0, 255, 3))
            (pen.ellipse if dice.random() < 0.5 else pen.rectangle)((x, y, x + w, y + h), fill=colour)
        step = max(4, width // 160)
        for x in range(0, width // 3, step):  # a fence: detail near the limit of what survives
            pen.line((x, height // 2, x, height), fill=(20, 20, 20), width=max(1, step // 3))
    noise = dice.normal(0, 5, (height, width, 1))
    return Image.fromarray((np.asarray(picture) + noise).clip(0, 255).astype(np.uint8))


def ink(width: int, height: int, seed: int = 0) -> Image.Image:
    """A drawing in black on white."""
    dice = np.random.default_rng(seed)
    picture = Image.new("RGB", (width, height), "white")
    pen = ImageDraw.Draw(picture)
    for _ in range(25):
        points = [(int(dice.integers(0, width)), int(dice.integers(0, height))) for _ in range(3)]
        pen.line(points, fill="black", width=max(2, width // 150))
    return picture


def recompressed(picture: Image.Image, *, quality: int = 87, longest: int | None = None) -> bytes:
    """What comes back from a chat: scaled, and compressed with colours at half the size."""
    if longest is not None:
        scale = longest / max(picture.size)
        size = (round(picture.width * scale), round(picture.height * scale))
        picture = picture.resize(size, Image.Resampling.LANCZOS)
    out = io.BytesIO()
    picture.save(out, "JPEG", quality=quality, subsampling=2)
    return out.getvalue()


def png(picture: Image.Image) -> bytes:
    out = io.BytesIO()
    picture.save(out, "PNG")
    return out.getvalue()


def blob(size: tuple[int, int]) -> Image.Image:
    """A painted patch: mask of an ellipse off the middle."""
    mask = Image.new("L", size, 0)
    w, h = size
    ImageDraw.Draw(mask).ellipse((w * 0.55, h * 0.2, w * 0.85, h * 0.6), fill=255)
    return mask


def stroke(size: tuple[int, int]) -> Image.Image:
    """A wavy line of a finger's width."""
    mask = Image.new("L", size, 0)
    w, h = size
    points = [(w * (0.15 + 0.07 * n), h * (0.5 + 0.12 * (-1) ** n)) for n in range(10)]
    ImageDraw.Draw(mask).line(points, fill=255, width=max(3, w // 80), joint="curve")
    return mask


def ring(size: tuple[int, int]) -> Image.Image:
    """An outline around something, almost closed."""
    mask = Image.new("L", size, 0)
    w, h = size
    ImageDraw.Draw(mask).arc((w * 0.3, h * 0.25, w * 0.6, h * 0.75), 2, 358, fill=255, width=max(3, w // 90))
    return mask


def painted(photo: Image.Image, mask: Image.Image, colour: object = (255, 0, 60), alpha: float = 1.0) -> Image.Image:
    """The photo with a brush over it, soft at its rim."""
    soft = mask.filter(ImageFilter.GaussianBlur(0.8)).point(lambda value: int(value * alpha))
    return Image.composite(Image.new("RGB", photo.size, colour), photo, soft)  # type: ignore[arg-type]


def overlap(found: Image.Image, wanted: Image.Image) -> float:
    """Intersection over union."""
    a, b = np.asarray(found) >= 128, np.asarray(wanted) >= 128
    return float((a & b).sum() / (a | b).sum())


def covered(found: Image.Image, wanted: Image.Image) -> float:
    """Share of the wanted that was found."""
    a, b = np.asarray(found) >= 128, np.asarray(wanted) >= 128
    return float((a & b).sum() / b.sum())
