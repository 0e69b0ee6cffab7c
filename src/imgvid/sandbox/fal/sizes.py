"""How large and how long a result is. Pure.

Gemini's sizes at 1K: Google's image docs. Video classes: Alibaba's for Wan (480p, 720p, 1080p), the same areas for Kling
and Veo; what follows a picture keeps its ratio and its class's area.
"""

from __future__ import annotations

import math
from collections.abc import Mapping

from imgvid.sandbox.fal.schema import By, Model
from imgvid.sandbox.fal.validate import PRESETS

Size = tuple[int, int]

RATIOS: Mapping[str, Mapping[str, Size]] = {
    "gemini-2.5": {
        "1:1": (1024, 1024),
        "2:3": (832, 1248),
        "3:2": (1248, 832),
        "3:4": (864, 1184),
        "4:3": (1184, 864),
        "4:5": (896, 1152),
        "5:4": (1152, 896),
        "9:16": (768, 1344),
        "16:9": (1344, 768),
        "21:9": (1536, 672),
    },
    "gemini-3": {
        "1:1": (1024, 1024),
        "2:3": (848, 1264),
        "3:2": (1264, 848),
        "3:4": (896, 1200),
        "4:3": (1200, 896),
        "4:5": (928, 1152),
        "5:4": (1152, 928),
        "9:16": (768, 1376),
        "16:9": (1376, 768),
        "21:9": (1584, 672),
        "4:1": (2048, 512),
        "1:4": (512, 2048),
        "8:1": (3072, 384),
        "1:8": (384, 3072),
    },
}
CLASSES: Mapping[str, Mapping[str, Size]] = {
    "480p": {"16:9": (832, 480), "9:16": (480, 832), "1:1": (624, 624), "4:3": (720, 544), "3:4": (544, 720)},
    "720p": {"16:9": (1280, 720), "9:16": (720, 1280), "1:1": (960, 960), "4:3": (1088, 832), "3:4": (832, 1088)},
    "1080p": {
        "16:9": (1920, 1080),
        "9:16": (1080, 1920),
        "1:1": (1440, 1440),
        "4:3": (1632, 1248),
        "3:4": (1248, 1632),
    },
    "4k": {"16:9": (3840, 2160), "9:16": (2160, 3840)},
}
_SCALES = {"0.5K": 0.5, "1K": 1.0, "2K": 2.0, "4K": 4.0}
_FOLLOW = frozenset({"auto", "adaptive"})
_LTX_AREA = 1248 * 704  # its page's example of a followed picture
_LTX_STEP = 32
_CHOSEN_S = 5  # Wan's length when it chooses itself


def size_of(model: Model, inputs: Mapping[str, object], picture: Size | None) -> Size:
    """Width and height in px of each result; `picture` is the first one taken in."""
    match model.frame.by:
        case By.SIZE:
            asked = inputs[model.frame.field]
            return _followed(picture, _LTX_AREA, _LTX_STEP) if asked == "auto" else _asked(asked)
        case By.RATIO:
            table = RATIOS[model.frame.table]
            ratio = str(inputs["aspect_ratio"])
            width, height = table[_nearest(table, picture) if ratio in _FOLLOW else ratio]
            scale = _SCALES[str(inputs.get("resolution", "1K"))]
            return round(width * scale), round(height * scale)
        case By.CLASS:
            return _in_class(model, inputs, picture)
        case By.INPUT:
            asked = inputs.get(model.frame.field)
            assert picture is not None
            return picture if asked is None else _asked(asked)


def seconds_of(inputs: Mapping[str, object]) -> float:
    """4, "4" and "4s" are four seconds; frames are divided by their rate."""
    if "num_frames" in inputs:
        return float(str(inputs["num_frames"])) / float(str(inputs["fps"]))
    duration = inputs["duration"]
    return float(_CHOSEN_S if duration is None else str(duration).removesuffix("s"))


def _in_class(model: Model, inputs: Mapping[str, object], picture: Size | None) -> Size:
    table = CLASSES[model.frame.cls or str(inputs[model.frame.field])]
    ratio = str(inputs.get("aspect_ratio", "auto"))
    if ratio not in _FOLLOW:
        return table[ratio]
    field = model.fields.get("aspect_ratio")
    can_be_any = field is None or "1:1" in field.choices
    if picture is None or not can_be_any:
        allowed = {name: size for name, size in table.items() if field is None or name in field.choices}
        return allowed[_nearest(allowed, picture) if picture else "16:9"]
    width, height = table["16:9"]
    return _followed(picture, width * height, 2)


def _asked(value: object) -> Size:
    if isinstance(value, dict):
        return int(value["width"]), int(value["height"])
    return PRESETS[str(value)]


def _nearest(table: Mapping[str, Size], picture: Size | None) -> str:
    if picture is None:
        return "1:1" if "1:1" in table else "16:9"
    wanted = picture[0] / picture[1]
    return min(table, key=lambda name: abs(math.log(table[name][0] / table[name][1] / wanted)))


def _followed(picture: Size | None, area: int, step: int) -> Size:
    width, height = picture or (16, 9)
    side = math.sqrt(area * width / height)
    return max(step, round(side / step) * step), max(step, round(area / side / step) * step)
