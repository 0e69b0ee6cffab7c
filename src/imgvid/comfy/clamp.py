"""One value brought into what an input takes: its type, its bounds, its step, its choices. Pure."""

from __future__ import annotations

import math
from dataclasses import dataclass

from imgvid.comfy.objectinfo import COMBO, InputSpec

Scalar = str | int | float | bool | None
_UPLOADS = ("image_upload", "video_upload", "audio_upload", "file_upload", "animated_image_upload")


class OutOfBounds(ValueError):
    """The value cannot be brought into bounds: another type, or no choice."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Bounds:
    """Bounds of a binding file, narrower than the class's own. `step` counts from `offset`, else from the minimum."""

    min: float | None = None
    max: float | None = None
    step: float | None = None
    offset: float | None = None


def fit(value: Scalar, spec: InputSpec | None, bounds: Bounds, *, wrap: bool = False) -> Scalar:
    """The nearest allowed value. `wrap`: a number beyond the bounds comes in again at the other end (seeds).

    Raises OutOfBounds. Without a spec only the binding's own bounds count.
    """
    kind = spec.widget_type.partition(",")[0] if spec is not None else ""
    if kind == COMBO and spec is not None:
        return _choice(value, spec)
    if kind == "BOOLEAN":
        if not isinstance(value, bool):
            raise OutOfBounds(f"{value!r} is not true or false.")
        return value
    if kind == "STRING":
        if not isinstance(value, str):
            raise OutOfBounds(f"{value!r} is no text.")
        return value
    if kind in ("INT", "FLOAT") or (not kind and isinstance(value, int | float) and not isinstance(value, bool)):
        return _number(value, spec, bounds, whole=kind == "INT" or (not kind and isinstance(value, int)), wrap=wrap)
    return value


def _choice(value: Scalar, spec: InputSpec) -> Scalar:
    if any(spec.options.get(key) for key in _UPLOADS) or not spec.choices or value in spec.choices:
        return value  # an uploaded file is in no list yet; an empty list belongs to a server without files
    raise OutOfBounds(f"{value!r} is not among its {len(spec.choices)} choices.")


def _number(value: Scalar, spec: InputSpec | None, bounds: Bounds, *, whole: bool, wrap: bool) -> int | float:
    if isinstance(value, bool) or not isinstance(value, int | float) or not math.isfinite(value):
        raise OutOfBounds(f"{value!r} is no number.")
    low = max(_limit(spec, "min", -math.inf), -math.inf if bounds.min is None else bounds.min)
    high = min(_limit(spec, "max", math.inf), math.inf if bounds.max is None else bounds.max)
    if low > high:
        raise OutOfBounds(f"no number is between {low} and {high}.")
    if wrap and not low <= value <= high and math.isfinite(low) and math.isfinite(high):
        return int(low) + (int(value) - int(low)) % (int(high) - int(low) + 1)
    value = min(max(value, low), high)
    for step, offset in _steps(spec, bounds, low):
        value = _on_step(value, step, offset, low, high)
    return round(value) if whole else value


def _steps(spec: InputSpec | None, bounds: Bounds, low: float) -> list[tuple[float, float]]:
    """The class's own step first, the binding's last, because the narrower one has the last word."""
    base = low if math.isfinite(low) else 0.0
    steps: list[tuple[float, float]] = []
    own = _limit(spec, "step", 0.0)
    if spec is not None and own > 1 and spec.widget_type.startswith("INT"):
        steps.append((own, _limit(spec, "min", 0.0)))
    if bounds.step:
        steps.append((bounds.step, base if bounds.offset is None else bounds.offset))
    return steps


def _on_step(value: float, step: float, offset: float, low: float, high: float) -> int | float:
    """The nearest step inside the bounds; a half goes up."""
    nearest = offset + math.floor((value - offset) / step + 0.5) * step
    if nearest > high:
        nearest -= step * math.ceil((nearest - high) / step)
    if nearest < low:
        nearest += step * math.ceil((low - nearest) / step)
    return nearest


def _limit(spec: InputSpec | None, key: str, fallback: float) -> float:
    value = spec.options.get(key) if spec is not None else None
    return value if isinstance(value, int | float) and not isinstance(value, bool) else fallback
