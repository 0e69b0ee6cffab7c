"""Which face of a photo moves: what the graph `face_look` says about it, and the surroundings that are animated. Pure.

LivePortraitKJ's MediaPipe cropper finds one face and lets nobody say which: of two it took the smaller in 97 of 252 photos,
whatever its `face_index_order` says (measured). So the faces are looked for first, and the animation sees the surroundings
of the largest only. Both graphs scale the photo to 1024 pixels on its longer side; boxes and regions are in those pixels.
"""

from __future__ import annotations

import json
import math
from collections.abc import Sequence
from dataclasses import dataclass

from imgvid.comfy.jsontypes import Json, as_dict, as_list

_REACH = 0.8  # of the face's longer side, on each side of it: the cropper takes 2.3 times the face in all
_LEAST_PX = 24  # of 1024: a smaller box is a face on a poster, or none


class FacesUnreadable(ValueError):
    """The text is not what `PreviewAny` makes of a list of boxes."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Box:
    """A rectangle in pixels of the scaled photo; `x` and `y` are its upper left corner."""

    x: float
    y: float
    width: float
    height: float

    @property
    def right(self) -> float:
        return self.x + self.width

    @property
    def bottom(self) -> float:
        return self.y + self.height

    @property
    def area(self) -> float:
        return self.width * self.height


def read_faces(text: str) -> tuple[Box, ...]:
    """The faces of one photo, largest first: the text under `outputs.<node>.text[0]` of `face_look`.

    Raises FacesUnreadable.
    """
    try:
        frames: Json = json.loads(text)
    except ValueError as error:
        raise FacesUnreadable("the face finder's answer is no JSON") from error
    if not isinstance(frames, list) or not all(isinstance(frame, list) for frame in frames):
        raise FacesUnreadable("the face finder's answer is no list of faces for each picture")
    found = [_box(as_dict(raw)) for frame in frames[:1] for raw in as_list(frame)]
    return tuple(sorted((box for box in found if min(box.width, box.height) >= _LEAST_PX), key=lambda b: -b.area))


def surroundings(faces: Sequence[Box]) -> dict[str, int]:
    """The roles `face_x`, `face_y`, `face_width`, `face_height` for the largest face, so that no other one is in the middle.

    It may reach over the photo's right and lower edge, where the graph cuts it off. `faces` are those of `read_faces`,
    at least one.
    """
    face, *others = faces
    reach = _REACH * max(face.width, face.height)
    left, top, right, bottom = face.x - reach, face.y - reach, face.right + reach, face.bottom + reach
    for other in others:
        # The border lies between the two where they are furthest apart.
        apart = {
            "left": face.x - other.right,
            "top": face.y - other.bottom,
            "right": other.x - face.right,
            "bottom": other.y - face.bottom,
        }
        match max(apart, key=apart.__getitem__):
            case "left":
                left = max(left, (face.x + other.right) / 2)
            case "top":
                top = max(top, (face.y + other.bottom) / 2)
            case "right":
                right = min(right, (face.right + other.x) / 2)
            case _:
                bottom = min(bottom, (face.bottom + other.y) / 2)
    x, y = max(0, round(left)), max(0, round(top))
    return {"face_x": x, "face_y": y, "face_width": max(1, round(right) - x), "face_height": max(1, round(bottom) - y)}


def _box(raw: dict[str, Json]) -> Box:
    numbers = {name: raw.get(name) for name in ("x", "y", "width", "height")}
    if not all(_is_finite(value) for value in numbers.values()):
        raise FacesUnreadable("a face without x, y, width and height")
    return Box(**{name: float(value) for name, value in numbers.items() if isinstance(value, int | float)})


def _is_finite(value: Json) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value)
