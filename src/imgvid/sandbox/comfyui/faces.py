"""Where a photo shows faces, by a rule that anybody can draw for: a roundish patch of skin colour.

It stands in for MediaPipe's finder. Skin is a range of Cb and Cr (Chai and Ngan 1999), whatever its brightness. A patch counts
when it fills between a third and nearly all of its box, is neither flat nor a pole, has a hundredth of the picture's sides
at least, and is not the whole wall. It errs on hands and on wood; who must be sure says so by `World.faces`.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from PIL import Image

_WORK_PX = 160
_CB, _CR = (77, 127), (133, 173)
_LEAST_SHARE, _MOST_SHARE = 0.004, 0.6  # of the picture
_FILL = (0.35, 0.97)  # of its box; an ellipse fills 0.785
_TALL = (0.6, 2.5)  # height by width


@dataclass(frozen=True, slots=True, kw_only=True)
class Face:
    """A box in pixels."""

    x: float
    y: float
    width: float
    height: float


def find_faces(picture: Image.Image) -> list[Face]:
    """From left to right."""
    scale = _WORK_PX / max(picture.size)
    size = (max(1, round(picture.width * scale)), max(1, round(picture.height * scale)))
    small = np.asarray(picture.resize(size, Image.Resampling.BILINEAR).convert("YCbCr")).astype(np.int16)
    blue, red = small[..., 1], small[..., 2]
    skin = (blue >= _CB[0]) & (blue <= _CB[1]) & (red >= _CR[0]) & (red <= _CR[1])
    found = [
        Face(x=left / scale, y=top / scale, width=(right - left) / scale, height=(bottom - top) / scale)
        for left, top, right, bottom, area in _patches(skin)
        if _is_face(right - left, bottom - top, area / skin.size, area)
    ]
    return sorted(found, key=lambda face: face.x)


def _is_face(width: int, height: int, share: float, area: int) -> bool:
    return (
        _LEAST_SHARE <= share <= _MOST_SHARE
        and _FILL[0] <= area / (width * height) <= _FILL[1]
        and _TALL[0] <= height / width <= _TALL[1]
    )


def _patches(skin: NDArray[np.bool_]) -> Iterator[tuple[int, int, int, int, int]]:
    """Left, top, right, bottom and area of each patch whose cells touch by their sides."""
    left = set(map(tuple, np.argwhere(skin).tolist()))
    while left:
        todo = deque([left.pop()])
        cells = list(todo)
        while todo:
            row, column = todo.popleft()
            for near in ((row + 1, column), (row - 1, column), (row, column + 1), (row, column - 1)):
                if near in left:
                    left.remove(near)
                    todo.append(near)
                    cells.append(near)
        rows, columns = [cell[0] for cell in cells], [cell[1] for cell in cells]
        yield min(columns), min(rows), max(columns) + 1, max(rows) + 1, len(cells)
