"""The shapes of the families' results. Sources: each model's page at fal and fal-js's types (facts/models.md 2)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from imgvid.sandbox.fal.schema import Answer
from imgvid.sandbox.fal.sizes import Size


@dataclass(frozen=True, slots=True, kw_only=True)
class Shown:
    """A file as a result names it; `url` may be a data URI."""

    url: str
    content_type: str
    name: str
    bytes: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Facts:
    """What a run made."""

    files: Sequence[Shown]
    size: Size
    frames: int
    fps: float
    seed: int
    prompt: str
    black: bool
    seconds: float


def output(shape: Answer, made: Facts) -> dict[str, object]:
    """The model's answer, as its result is fetched: no envelope."""
    width, height = made.size
    match shape:
        case Answer.FLUX:
            return {
                "images": [
                    {"url": file.url, "width": width, "height": height, "content_type": file.content_type}
                    for file in made.files
                ],
                "timings": {"inference": made.seconds},
                "seed": made.seed,
                "has_nsfw_concepts": [made.black] * len(made.files),
                "prompt": made.prompt,
            }
        case Answer.GEMINI:
            # Its pictures come without their size, its answer without a seed and without a flag.
            return {
                "images": [{**_file(file), "width": None, "height": None} for file in made.files],
                "description": "",
            }
        case Answer.FILE:
            return {"video": _file(made.files[0])}
        case Answer.WAN:
            return {
                "video": _video(made),
                "seed": made.seed,
                "duration": made.frames / made.fps,
                "actual_prompt": made.prompt,
            }
        case Answer.LTX:
            return {"video": _video(made), "seed": made.seed, "prompt": made.prompt}


def _file(file: Shown) -> dict[str, object]:
    return {
        "url": file.url,
        "content_type": file.content_type,
        "file_name": file.name,
        "file_size": file.bytes,
    }


def _video(made: Facts) -> dict[str, object]:
    width, height = made.size
    return {
        **_file(made.files[0]),
        "width": width,
        "height": height,
        "fps": made.fps,
        "duration": made.frames / made.fps,
        "num_frames": made.frames,
    }
