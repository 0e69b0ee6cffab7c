"""What of a picture goes when it is cut to a ratio, and whether two pictures have the same shape. Pure.

Sizes are known of photos. Of a file Telegram tells none, so nothing is said but that it may be cut.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from imgvid.catalog.param import Param
from imgvid.catalog.pick import Scalar
from imgvid.jobs.model import Input

SAME_SHAPE = 0.02  # of the ratio: rounding by clients that scale a picture stays below it


class Edge(StrEnum):
    """Where a picture is cut."""

    SIDES = "sides"  # left and right
    ENDS = "ends"  # top and bottom
    MAYBE = "maybe"  # its size is not known


@dataclass(frozen=True, slots=True, kw_only=True)
class Cut:
    """`percent` of the picture that goes, both edges together."""

    edge: Edge
    percent: int = 0


def ratio_of(picture: Input) -> float | None:
    """Width over height."""
    return picture.width / picture.height if picture.width and picture.height else None


def nearest_ratio(picture: Input, param: Param) -> Scalar:
    """The parameter's ratio that is nearest to the picture's own; None where the picture's size is not known."""
    return param.nearest(f"{picture.width}:{picture.height}") if picture.width and picture.height else None


def cut(picture: Input, ratio: str) -> Cut | None:
    """What goes when this picture is cut to `w:h` around its middle; None: nothing worth a word."""
    width, _, height = ratio.partition(":")
    if not width.isdecimal() or not height.isdecimal() or not int(width) * int(height):
        return None
    wanted, own = int(width) / int(height), ratio_of(picture)
    if own is None:
        return Cut(edge=Edge.MAYBE)
    if abs(own / wanted - 1) <= SAME_SHAPE:
        return None
    if own > wanted:
        return Cut(edge=Edge.SIDES, percent=round(100 * (1 - wanted / own)))
    return Cut(edge=Edge.ENDS, percent=round(100 * (1 - own / wanted)))


def same_shape(picture: Input, other: Input) -> bool:
    """Not clearly of another ratio. What is not known passes: who has the bytes looks again."""
    one, two = ratio_of(picture), ratio_of(other)
    return one is None or two is None or abs(one / two - 1) <= SAME_SHAPE
