"""Masks out of what people mark: sheets in black and white, and sketches that a chat has scaled and compressed."""

from __future__ import annotations

import io
import random
from itertools import product

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image, ImageDraw

from imgvid.jobs.errors import Code
from imgvid.media.image import BadImage, ImageError
from imgvid.media.mask import MaskMismatch, _islands, make_mask
from tests.media.scenes import blob, covered, ink, overlap, painted, png, recompressed, ring, scene, stroke

SIZE = (960, 640)
RED, WHITE = (255, 0, 60), (255, 255, 255)


def mask_of(photo: Image.Image, marked: bytes) -> Image.Image:
    """The mask, with what every mask must be."""
    made = Image.open(io.BytesIO(make_mask(photo, marked)))
    assert (made.format, made.mode, made.size) == ("PNG", "L", photo.size)
    assert set(np.unique(np.asarray(made))) <= {0, 255}
    assert not made.info
    return made


def unlike(picture: Image.Image) -> tuple[int, ...]:
    """The pure colour that the picture has least of: what people take for a brush."""
    pixels = np.asarray(picture.resize((40, 40))).reshape(-1, 3).astype(int)
    return max(product((0, 255), repeat=3), key=lambda colour: np.abs(pixels - colour).sum(axis=1).min())


@pytest.fixture(scope="module")
def photo() -> Image.Image:
    return scene(*SIZE, seed=4)


@pytest.mark.parametrize("quality", [40, 87, None])
@pytest.mark.parametrize("longest", [None, 800, 2560])
@pytest.mark.parametrize("drawing", [blob, stroke])
def test_a_black_and_white_sheet_is_the_mask(
    photo: Image.Image, quality: int | None, longest: int | None, drawing: object
) -> None:
    wanted = drawing(SIZE)  # type: ignore[operator]
    sheet = wanted.convert("RGB")
    marked = png(sheet) if quality is None else recompressed(sheet, quality=quality, longest=longest)
    assert overlap(mask_of(photo, marked), wanted) > (0.98 if drawing is blob else 0.9)


@pytest.mark.parametrize("quality", [40, 60, 87])
@pytest.mark.parametrize("longest", [None, 800, 2560])
@pytest.mark.parametrize("colour", [RED, WHITE])
def test_a_painted_patch_is_found(
    photo: Image.Image, quality: int, longest: int | None, colour: tuple[int, int, int]
) -> None:
    wanted = blob(SIZE)
    found = mask_of(photo, recompressed(painted(photo, wanted, colour), quality=quality, longest=longest))
    assert overlap(found, wanted) > 0.85
    assert covered(found, wanted) > 0.99


@pytest.mark.parametrize("colour", [RED, WHITE, (20, 90, 255)])
def test_a_line_is_found_and_hardly_more(photo: Image.Image, colour: tuple[int, int, int]) -> None:
    wanted = stroke(SIZE)
    found = mask_of(photo, recompressed(painted(photo, wanted, colour)))
    assert covered(found, wanted) > 0.97
    around = np.asarray(found).mean() / np.asarray(wanted).mean()
    assert around < 3


def test_a_marker_that_lets_the_photo_through_is_found(photo: Image.Image) -> None:
    wanted = blob(SIZE)
    found = mask_of(photo, recompressed(painted(photo, wanted, (255, 230, 0), alpha=0.5)))
    assert overlap(found, wanted) > 0.85


def test_what_is_drawn_around_is_meant(photo: Image.Image) -> None:
    wanted = Image.new("L", SIZE, 0)
    width, height = SIZE
    ImageDraw.Draw(wanted).ellipse((width * 0.3, height * 0.25, width * 0.6, height * 0.75), fill=255)
    assert overlap(mask_of(photo, recompressed(painted(photo, ring(SIZE), RED))), wanted) > 0.85


def test_what_was_erased_is_marked(photo: Image.Image) -> None:
    """Other editors cut a hole instead of painting."""
    holed = photo.copy()
    holed.putalpha(blob(SIZE).point(lambda value: 255 - value))
    assert overlap(mask_of(photo, png(holed)), blob(SIZE)) > 0.85


@pytest.mark.parametrize("seed", range(3))
@pytest.mark.parametrize("kind", ["mixed", "soft"])
@pytest.mark.parametrize(("quality", "longest"), [(40, None), (75, 800), (87, 2560)])
def test_an_unmarked_copy_marks_nothing(seed: int, kind: str, quality: int, longest: int | None) -> None:
    untouched = scene(*SIZE, seed, kind)
    with pytest.raises(MaskMismatch, match="nothing"):
        make_mask(untouched, recompressed(untouched, quality=quality, longest=longest))


@given(
    width=st.integers(300, 700),
    height=st.integers(300, 700),
    seed=st.integers(0, 1000),
    quality=st.integers(50, 95),
    longest=st.sampled_from([None, 500, 1280]),
    x=st.floats(0.1, 0.6),
    y=st.floats(0.1, 0.6),
    side=st.floats(0.1, 0.3),
)
@settings(deadline=None, max_examples=20)
def test_any_patch_in_any_photo(
    width: int, height: int, seed: int, quality: int, longest: int | None, x: float, y: float, side: float
) -> None:
    picture = scene(width, height, seed, "soft")
    wanted = Image.new("L", picture.size, 0)
    box = (width * x, height * y, width * (x + side), height * (y + side))
    ImageDraw.Draw(wanted).rectangle(box, fill=255)
    drawn = painted(picture, wanted, unlike(picture))
    found = mask_of(picture, recompressed(drawn, quality=quality, longest=longest))
    assert covered(found, wanted) > 0.9
    near = 12 * max(1.0, max(picture.size) / 640)  # the brush's rim, and what JPEG smears of its colour
    left, top, right, bottom = found.getbbox() or (0, 0, 0, 0)
    assert left >= box[0] - near
    assert top >= box[1] - near
    assert right <= box[2] + near
    assert bottom <= box[3] + near


def test_a_drawing_in_ink_with_a_sketch_and_with_a_mask() -> None:
    """Black and white both: over a drawing, its own lines tell a sketch from a mask."""
    drawing, wanted = ink(*SIZE), blob(SIZE)
    sketched = mask_of(drawing, recompressed(painted(drawing, wanted, (0, 0, 0))))
    assert overlap(sketched, wanted) > 0.85
    masked = mask_of(drawing, recompressed(wanted.convert("RGB")))
    assert overlap(masked, wanted) > 0.97
    white = mask_of(Image.new("RGB", SIZE, "white"), recompressed(wanted.convert("RGB")))
    assert overlap(white, wanted) > 0.97


def test_a_photo_by_night_takes_a_mask_too() -> None:
    night = scene(*SIZE, seed=2, kind="soft").point(lambda value: value // 6)
    assert overlap(mask_of(night, recompressed(blob(SIZE).convert("RGB"))), blob(SIZE)) > 0.95


@pytest.mark.parametrize("size", [(960, 540), (640, 960), (960, 960), (960, 656)])
def test_another_shape_is_refused(photo: Image.Image, size: tuple[int, int]) -> None:
    with pytest.raises(MaskMismatch) as caught:
        make_mask(photo, png(blob(size).convert("RGB")))
    assert caught.value.code is Code.MASK_MISMATCH


@pytest.mark.parametrize("size", [(480, 320), (961, 640), (960, 632), (1280, 853)])
def test_the_same_shape_in_another_size_is_taken(photo: Image.Image, size: tuple[int, int]) -> None:
    assert overlap(mask_of(photo, png(blob(size).convert("RGB"))), blob(SIZE)) > 0.95


@pytest.mark.parametrize("colour", ["black", "white"])
def test_a_sheet_of_one_colour_is_refused(photo: Image.Image, colour: str) -> None:
    with pytest.raises(MaskMismatch):
        make_mask(photo, png(Image.new("RGB", SIZE, colour)))


@pytest.mark.parametrize("seed", range(4))
def test_a_picture_of_something_else_is_refused(photo: Image.Image, seed: int) -> None:
    with pytest.raises(MaskMismatch):
        make_mask(photo, recompressed(scene(*SIZE, seed=50 + seed, kind="soft")))


def test_painting_over_everything_is_refused(photo: Image.Image) -> None:
    all_of_it = Image.new("L", SIZE, 255)
    with pytest.raises(MaskMismatch):
        make_mask(photo, recompressed(painted(photo, all_of_it, RED, alpha=0.7)))


def test_what_is_no_picture_says_so(photo: Image.Image) -> None:
    with pytest.raises(ImageError):
        make_mask(photo, b"no picture")
    with pytest.raises(BadImage):
        make_mask(photo, recompressed(photo)[:3000])


@given(st.integers(1, 24), st.integers(1, 24), st.floats(0, 1), st.integers(0, 10_000))
@settings(deadline=None)
def test_islands_are_what_a_walk_finds(height: int, width: int, share: float, seed: int) -> None:
    dice = random.Random(seed)
    cells = np.array([[dice.random() < share for _ in range(width)] for _ in range(height)], dtype=bool)
    labels = _islands(cells)
    assert ((labels > 0) == cells).all()
    seen = np.zeros_like(cells)
    numbers = []
    for start in zip(*np.nonzero(cells), strict=True):
        if seen[start]:
            continue
        island, edge = set(), [start]
        while edge:
            y, x = edge.pop()
            if 0 <= y < height and 0 <= x < width and cells[y, x] and (y, x) not in island:
                island.add((y, x))
                seen[y, x] = True
                edge += [(y + 1, x), (y - 1, x), (y, x + 1), (y, x - 1)]
        found = {int(labels[place]) for place in island}
        assert len(found) == 1
        numbers.append(found.pop())
    assert len(set(numbers)) == len(numbers)
