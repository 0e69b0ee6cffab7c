"""A slow, smooth camera move through a still picture: pure geometry, decided by the seed."""

from __future__ import annotations

import math
import random
from dataclasses import dataclass

from imgvid.media.image import cover_box

ZOOM = 1.18  # the closer end of the move; more looks like falling into the picture within five seconds
_TRAVEL = 0.8  # a long panorama is crossed by at most this share of the frame's width: faster makes people dizzy

Box = tuple[float, float, float, float]
"""Left, top, right, bottom in pixels of the picture, fractions included."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Move:
    """From one box to another of the same shape; both lie inside the picture, and so does every box between."""

    start: Box
    end: Box

    def at(self, time: float) -> Box:
        """The box at `time` 0..1, easing in and out."""
        eased = ease(time)
        left, top, right, bottom = (a + (b - a) * eased for a, b in zip(self.start, self.end, strict=True))
        return left, top, right, bottom

    @property
    def hull(self) -> Box:
        """The part of the picture that the move ever shows."""
        return (
            min(self.start[0], self.end[0]),
            min(self.start[1], self.end[1]),
            max(self.start[2], self.end[2]),
            max(self.start[3], self.end[3]),
        )


def ease(time: float) -> float:
    """0 to 1 without a jerk at either end (smoothstep)."""
    return time * time * (3.0 - 2.0 * time)


def plan_move(width: int, height: int, ratio: float, seed: int) -> Move:
    """Choose the move for a picture of this size and a frame of this width / height.

    The seed decides the direction and whether the camera comes closer or steps back.
    """
    dice = random.Random(seed)  # noqa: S311 - the same seed must give the same move
    angle, closer = dice.uniform(0.0, 2.0 * math.pi), dice.random() < 0.5
    wide, near = _size(width, height, ratio, 1.0), _size(width, height, ratio, ZOOM)
    first, last = (wide, near) if closer else (near, wide)
    dx, dy = math.cos(angle), math.sin(angle)
    return Move(
        start=_box(width, height, first, -dx, -dy),
        end=_box(width, height, last, dx, dy),
    )


def still(width: int, height: int, ratio: float) -> Box:
    """The middle of the picture: where a move towards a last frame comes to rest."""
    return cover_box(width, height, ratio)


def _size(width: int, height: int, ratio: float, zoom: float) -> tuple[float, float]:
    left, top, right, bottom = cover_box(width, height, ratio)
    return (right - left) / zoom, (bottom - top) / zoom


def _box(width: int, height: int, size: tuple[float, float], dx: float, dy: float) -> Box:
    """A box of `size` whose centre is off the picture's middle in this direction, as far as there is room."""
    room_x = min((width - size[0]) / 2, size[0] * _TRAVEL / 2)
    room_y = min((height - size[1]) / 2, size[1] * _TRAVEL / 2)
    left = (width - size[0]) / 2 + dx * max(0.0, room_x)
    top = (height - size[1]) / 2 + dy * max(0.0, room_y)
    return left, top, min(left + size[0], float(width)), min(top + size[1], float(height))
