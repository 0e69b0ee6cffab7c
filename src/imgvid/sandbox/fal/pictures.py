"""Pictures made on the CPU: a landscape for a prompt, a picked-up photo visibly changed, a masked part painted anew.

Each shows the prompt's words and is labelled PREVIEW; the same prompt and seed give the same picture.
"""

from __future__ import annotations

import hashlib
import io
import warnings

import numpy as np
from PIL import Image, ImageDraw, ImageFilter, ImageOps

from imgvid.media.label import can_write, draw_label, font

LABEL = "PREVIEW"
FORMATS = {"jpeg": "image/jpeg", "png": "image/png", "webp": "image/webp"}
_ART_PX = 640  # the landscape is painted this large and scaled up: the eye sees a picture, the CPU little work
_WORDS = 12
_OPENED = ("JPEG", "PNG", "WEBP", "GIF", "BMP", "TIFF")
_BROKEN = (OSError, ValueError, SyntaxError, Image.DecompressionBombError)

Size = tuple[int, int]


class NotAPicture(Exception):
    """The bytes cannot be read as a picture."""


def open_picture(data: bytes, *, mask: bool = False) -> Image.Image:
    """Upright RGB, or grey for a mask. Raises NotAPicture."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            with Image.open(io.BytesIO(data), formats=_OPENED) as image:
                upright = ImageOps.exif_transpose(image)
                return upright.convert("L" if mask else "RGB")
        except _BROKEN as error:
            raise NotAPicture(type(error).__name__) from error


def painted(prompt: str, seed: int, size: Size) -> Image.Image:
    """A landscape with the prompt's words in it."""
    return label(scene(prompt, seed, size), (0, 0, *size))


def edited(image: Image.Image, prompt: str, seed: int, size: Size) -> Image.Image:
    """The photo, cut to the size, in other colours and with the words of the wish."""
    turn = 70 + int(_dice(prompt, seed).integers(0, 90))
    hue, saturation, value = ImageOps.fit(image, size, Image.Resampling.BILINEAR).convert("HSV").split()
    hue = hue.point([(level + turn) % 256 for level in range(256)])
    saturation = saturation.point([min(255, level + 60) for level in range(256)])
    tinted = Image.merge("HSV", (hue, saturation, value)).convert("RGB")
    return label(_worded(tinted, prompt, at=0.22), (0, 0, *size))


def inpainted(image: Image.Image, mask: Image.Image, prompt: str, seed: int) -> Image.Image:
    """The photo with a new landscape where the mask is white; where it is black not one pixel changes."""
    box = mask.point([255 * (level > 127) for level in range(256)]).getbbox() or (0, 0, *image.size)
    width, height = box[2] - box[0], box[3] - box[1]
    anew = Image.new("RGB", image.size)
    anew.paste(label(scene(prompt, seed, (width, height)), (0, 0, width, height)), box[:2])
    return Image.composite(anew, image, mask)


def blacked(size: Size) -> Image.Image:
    """What a safety checker leaves."""
    return Image.new("RGB", size)


def encode(image: Image.Image, kind: str) -> bytes:
    """`kind` is jpeg, png or webp."""
    out = io.BytesIO()
    options = {"jpeg": {"quality": 90}, "png": {"compress_level": 1}, "webp": {"quality": 85, "method": 0}}
    image.save(out, kind.upper(), **options[kind])
    return out.getvalue()


def label(image: Image.Image, box: tuple[int, int, int, int]) -> Image.Image:
    """PREVIEW into the box's lower left corner."""
    mark, (x, y) = draw_label(LABEL, width=box[2] - box[0], height=box[3] - box[1])
    image.paste(mark, (box[0] + x, max(box[1], box[1] + y)), mark)
    return image


def scene(prompt: str, seed: int, size: Size) -> Image.Image:
    """The landscape with the words, not labelled yet."""
    scale = min(1.0, _ART_PX / max(size))
    small = (max(2, round(size[0] * scale)), max(2, round(size[1] * scale)))
    return _worded(_landscape(prompt, seed, small).resize(size, Image.Resampling.BICUBIC), prompt)


def _landscape(prompt: str, seed: int, size: Size) -> Image.Image:
    width, height = size
    dice = _dice(prompt, seed)
    top, low = dice.integers(20, 140, 3), dice.integers(150, 255, 3)
    rows = np.linspace(0, 1, height)[:, None, None]
    sky = np.repeat(top + (low - top) * rows, width, axis=1)
    columns = np.linspace(0, 1, width)
    sun = dice.uniform(0.2, 0.8), dice.uniform(0.2, 0.5)
    distance = np.hypot((columns[None, :] - sun[0]) * width / height, rows[:, :, 0] - sun[1])
    sky += (255 - sky) * np.clip(0.9 - distance * 3, 0, 0.9)[:, :, None]
    for layer in range(3):
        waves = dice.uniform(2, 9, 3), dice.uniform(0, 6.3, 3), dice.uniform(0.02, 0.07, 3)
        line = (
            0.62
            + 0.12 * layer
            + sum(swing * np.sin(pace * 6.3 * columns + phase) for pace, phase, swing in zip(*waves, strict=True))
        )
        below = rows[:, :, 0] > line[None, :]
        sky[below] = top * (0.75 - 0.22 * layer) + dice.integers(0, 30, 3)
    return Image.fromarray(np.clip(sky, 0, 255).astype(np.uint8)).filter(ImageFilter.SMOOTH)


def _worded(image: Image.Image, prompt: str, at: float = 0.5) -> Image.Image:
    """The prompt's first words across the picture, as large as they fit; `at` is their height's share of it."""
    words = [word if can_write(word) else "?" for word in prompt.split()[:_WORDS]]
    if not words or min(image.size) < 48:
        return image
    room = image.width * 0.76  # a film moves over the picture and must not cut them
    size_px = max(10, min(image.height // 9, image.width // 8))
    lines = _lines(words, size_px, room)
    while (
        len(lines) * size_px * 1.25 > image.height * min(0.6, 1.8 * at) or _widest(lines, size_px) > room
    ) and size_px > 10:
        size_px = max(10, round(size_px * 0.85))
        lines = _lines(words, size_px, room)
    pen = ImageDraw.Draw(image)
    pen.multiline_text(
        (image.width / 2, image.height * at),
        "\n".join(lines),
        font=font(size_px),
        fill=(255, 255, 255),
        stroke_width=max(1, size_px // 14),
        stroke_fill=(20, 20, 30),
        anchor="mm",
        align="center",
    )
    return image


def _lines(words: list[str], size_px: int, room: float) -> list[str]:
    lines: list[str] = []
    for word in words:
        longer = f"{lines[-1]} {word}" if lines else word
        if lines and font(size_px).getlength(longer) <= room:
            lines[-1] = longer
        else:
            lines.append(word)
    return lines


def _widest(lines: list[str], size_px: int) -> float:
    return max(font(size_px).getlength(line) for line in lines)


def _dice(prompt: str, seed: int) -> np.random.Generator:
    digest = hashlib.sha256(f"{seed}:{prompt}".encode()).digest()
    return np.random.default_rng(int.from_bytes(digest[:8], "big"))
