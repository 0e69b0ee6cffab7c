"""What a run costs: units as X-Fal-Billable-Units tells them, times the unit price of the platform's price list. Pure."""

from __future__ import annotations

import math
from collections.abc import Mapping

from imgvid.sandbox.fal.schema import Count, Model
from imgvid.sandbox.fal.sizes import Size, seconds_of

_MEGA = 1_000_000


def units_of(model: Model, inputs: Mapping[str, object], size: Size, frames: int) -> float:
    """Billable units of a good run. Prices that depend on an input multiply the units (how fal counts them is not told)."""
    width, height = size
    pictures = int(str(inputs.get("num_images", 1)))
    match model.price.count:
        case Count.PICTURES:
            units = float(pictures)
        case Count.MEGAPIXELS:
            units = float(pictures * math.ceil(width * height / _MEGA))
        case Count.SECONDS:
            units = seconds_of(inputs)
        case Count.MEGAPIXEL_FRAMES:
            units = float(math.ceil(width * height * frames / _MEGA))
    for name, factors in model.price.factors.items():
        units *= factors.get(_word(inputs.get(name)), 1.0)
    return units


def _word(value: object) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)
