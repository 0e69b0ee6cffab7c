"""Where a photo is to change: a mask out of what a person marked, white where it changes, as large as the photo.

    a black-and-white picture   is the mask itself: white changes (what /help tells people)
    a sketch over the photo     is found by its difference from the photo

People draw in Telegram's editor, which scales the picture and compresses it again. So a pixel counts as drawn only
where it lies outside of everything that the photo has around that place: noise, blur, half a pixel's shift and a new
size stay inside. What is drawn around is meant as well: closed outlines are filled.
"""

from __future__ import annotations

import io
from typing import ClassVar, TypeAlias

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageFilter

from imgvid.jobs.errors import Code
from imgvid.media.image import ImageError, open_picture
from imgvid.media.limits import IMAGE_LIMITS, ImageLimits
from imgvid.media.stills import within

Cells: TypeAlias = NDArray[np.bool_]

RATIO_OFF = 0.02  # more than this share of width / height is another shape
_WORK_PX = 640  # the longest side at which a sketch is looked for: a finger's line is five to ten wide there
_AROUND_PX = 5  # the photo's own values within this window count as "the photo here"
_LUMA_OFF, _CHROMA_OFF = 26, 20  # of 255, beyond what JPEG adds at quality 40 and up
_SPECK_CELLS = 32  # fewer together are dirt: less than six by six of 640
_GAP = 0.0125  # of the longest side: an outline drawn in a hurry does not quite close
_GROW = 0.006  # of the longest side: the brush is meant to cover what it touches
_BLACK, _WHITE, _GREYISH = 64, 192, 48  # of 255: how black, how white, how little colour makes a mask
_MASK_SHARE = 0.95  # of the cells
_LEAST, _MOST, _MOST_SKETCHED = 0.0005, 0.995, 0.85  # shares of the photo: nothing marked, everything marked


class MaskMismatch(ImageError):
    code: ClassVar[Code] = Code.MASK_MISMATCH


def make_mask(photo: Image.Image, marked: bytes, limits: ImageLimits = IMAGE_LIMITS) -> bytes:
    """An 8-bit single-channel PNG exactly as large as `photo` (upright RGB, as it is uploaded), 255 where it changes.

    Raises MaskMismatch for another shape, nothing or everything marked, another ImageError for what is no picture.
    """
    sheet = open_picture(marked, limits, want_px=max(photo.size)).image
    off = (sheet.width * photo.height) / (sheet.height * photo.width) - 1
    if abs(off) > RATIO_OFF:
        raise MaskMismatch(f"{sheet.width} x {sheet.height} pixels for a photo of {photo.width} x {photo.height}")
    size = within(photo.width, photo.height, _WORK_PX)
    drawn = _drawn(_small(photo, size), _small(sheet, size))
    if _is_mask(_small(sheet, size, exact=True), _small(photo, size, exact=True), drawn):
        grey = sheet.convert("L").resize(photo.size, Image.Resampling.BILINEAR)
        mask, most = grey.point(_threshold), _MOST
    else:
        cells = _grown(_filled(_without_specks(drawn)), max(2, round(_GROW * max(size))))
        mask = Image.fromarray(cells.astype(np.uint8) * 255).resize(photo.size, Image.Resampling.BILINEAR)
        mask, most = mask.point(_threshold), _MOST_SKETCHED
    _check(mask, most)
    buffer = io.BytesIO()
    mask.save(buffer, format="PNG", optimize=True)
    return buffer.getvalue()


def _check(mask: Image.Image, most: float) -> None:
    share = mask.histogram()[255] / (mask.width * mask.height)
    if share < _LEAST:
        raise MaskMismatch("nothing is marked")
    if share > most:
        raise MaskMismatch(f"{share:.0%} are marked: everything, or a picture of something else")


def _threshold(value: int) -> int:
    return 255 if value >= 128 else 0


def _small(image: Image.Image, size: tuple[int, int], *, exact: bool = False) -> Image.Image:
    """The picture at working size: averaged, or (`exact`) with values that were there."""
    return image.resize(size, Image.Resampling.NEAREST if exact else Image.Resampling.BILINEAR)


def _is_mask(sheet: Image.Image, photo: Image.Image, drawn: Cells) -> bool:
    """Whether the sheet is black and white of itself. Over a drawing in ink it may be a sketch: then ink and paper show."""
    if _plain(sheet).mean() < _MASK_SHARE:
        return False
    if _plain(photo).mean() < _MASK_SHARE:
        return True
    bright = np.asarray(photo.convert("L")) >= 128
    if bright.all() or not bright.any():
        return True
    return bool(drawn[bright].mean() > 0.5 or drawn[~bright].mean() > 0.5)


def _plain(image: Image.Image) -> Cells:
    """Cells that are nearly black or nearly white."""
    pixels = np.asarray(image).astype(np.int16)
    low, high = pixels.min(axis=2), pixels.max(axis=2)
    plain: Cells = (high - low < _GREYISH) & ((high < _BLACK) | (low > _WHITE))
    return plain


def _drawn(photo: Image.Image, sheet: Image.Image) -> Cells:
    """Cells of the sheet outside of what the photo has around the same place, in brightness or in colour."""
    around = photo.convert("YCbCr")
    low = np.asarray(around.filter(ImageFilter.MinFilter(_AROUND_PX))).astype(np.int16)
    high = np.asarray(around.filter(ImageFilter.MaxFilter(_AROUND_PX))).astype(np.int16)
    here = np.asarray(sheet.convert("YCbCr")).astype(np.int16)
    outside = np.maximum(low - here, here - high)
    drawn: Cells = (outside > np.array([_LUMA_OFF, _CHROMA_OFF, _CHROMA_OFF])).any(axis=2)
    return drawn


def _without_specks(cells: Cells) -> Cells:
    """The same without small islands."""
    islands = _islands(cells)
    sizes = np.bincount(islands.ravel())
    kept: Cells = cells & (sizes[islands] >= _SPECK_CELLS)
    return kept


def _filled(cells: Cells) -> Cells:
    """The same with everything that it encloses. Gaps of a hurried line are closed first."""
    gap = round(_GAP * max(cells.shape))
    closed = _grown(cells, gap)
    ground = _islands(~closed)
    edge = np.unique(np.concatenate([ground[0], ground[-1], ground[:, 0], ground[:, -1]]))
    enclosed: Cells = ~closed & ~np.isin(ground, edge)
    return cells | _grown(enclosed, gap) if enclosed.any() else cells


def _grown(cells: Cells, by: int) -> Cells:
    """The same, wider by so many cells on each side."""
    for axis in (0, 1):
        line = np.moveaxis(cells, axis, 0).copy()
        wide = line.copy()
        for step in range(1, min(by, len(line) - 1) + 1):
            wide[step:] |= line[:-step]
            wide[:-step] |= line[step:]
        cells = np.moveaxis(wide, 0, axis)
    return cells


def _islands(cells: Cells) -> NDArray[np.int64]:
    """A number for each connected island (sides touch, corners do not), 0 elsewhere.

    A cell's number is the place of some cell of its island. The smallest of each run along a row, then along a column,
    spreads over the run, and each cell takes over what the named place has by now, until nothing changes.
    """
    labels = np.where(cells, np.arange(1, cells.size + 1).reshape(cells.shape), 0)
    while True:
        before = labels
        labels = _spread(_spread(labels).T).T
        labels = np.where(cells, labels.ravel()[labels - 1], 0)
        if np.array_equal(labels, before):
            return labels


def _spread(labels: NDArray[np.int64]) -> NDArray[np.int64]:
    """Each run of numbers along a row takes its smallest."""
    padded = np.pad(labels, ((0, 0), (0, 1)))  # a gap after each row, so that no run goes around the corner
    flat = padded.ravel()
    inside = flat > 0
    starts = inside & ~np.concatenate([[False], inside[:-1]])
    if not starts.any():
        return labels
    smallest = np.minimum.reduceat(np.where(inside, flat, flat.size), np.flatnonzero(starts))
    run = np.maximum(np.cumsum(starts) - 1, 0)
    return np.where(inside, smallest[run], 0).reshape(padded.shape)[:, :-1]
