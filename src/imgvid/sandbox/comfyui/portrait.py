"""LivePortrait's and the face finder's classes without a model: the face of a photo sways a little, labelled as a preview.

Faces are found by the rule of faces.py. A driving clip is only the numbers of its frames; what each one moves hangs on its
number, so that an order without jumps makes a movement without jumps.
"""

from __future__ import annotations

import asyncio
import math
from typing import Any

import numpy as np
from PIL import Image

from imgvid.sandbox.comfyui.faces import Face, find_faces
from imgvid.sandbox.comfyui.nodes import NodeError, Run
from imgvid.sandbox.comfyui.painter import Json, Node
from imgvid.sandbox.fal.pictures import label

NO_FACE = "No face detected in FIRST source image\n"
_SWAY = 0.06  # of the face's height, up and down
_TURN = 0.03  # of its width, from side to side
_REACH = 1.2  # of its sides: from its middle to where nothing moves any more


async def nothing(_run: Run, _given: dict[str, Any]) -> tuple[tuple[Any, ...], Json]:
    """A loader: what it loads is not needed."""
    return (None,), None


async def landmarks(run: Run, given: dict[str, Any]) -> tuple[tuple[Any, ...], Json]:
    boxes = []
    for picture in given["image"]:
        found = await _faces(run, picture)
        boxes.append([_box(face) for face in found[: int(given["num_faces"]) or None]])
    return (None, boxes), None


async def _faces(run: Run, picture: Image.Image) -> list[Face]:
    """Those of the rule, or as many as was ordered."""
    if run.faces is None:
        return await asyncio.to_thread(find_faces, picture)
    width, height = picture.width / max(1, run.faces), picture.height
    return [
        Face(x=width * (one + 0.3), y=height * 0.3, width=width * 0.4 / (one + 1), height=height * 0.4 / (one + 1))
        for one in range(run.faces)
    ]


def _box(face: Face) -> Json:
    return {"x": face.x, "y": face.y, "width": face.width, "height": face.height, "label": "face", "score": 0.9}


async def find_in_crop(run: Run, given: dict[str, Any]) -> tuple[tuple[Any, ...], Json]:
    """One face of each picture, the leftmost: the pack's own finder cannot be told which (docs/comfyui-server.md)."""
    found = [await _faces(run, picture) for picture in given["source_image"]]
    return (given["source_image"], [faces[0] if faces else None for faces in found]), None


async def load_clip(_run: Run, given: dict[str, Any]) -> tuple[tuple[Any, ...], Json]:
    first, count = int(given["skip_first_frames"]), int(given["frame_load_cap"])
    return (list(range(first, first + count)), count, None, None), None


async def select(_run: Run, given: dict[str, Any]) -> tuple[tuple[Any, ...], Json]:
    """`0:5:-1` is 4 to 0: the range first, its step afterwards."""
    images = given["image"]
    picked: list[Any] = []
    for group in str(given["indexes"]).split(","):
        start, *rest = (int(part) for part in group.split(":"))
        numbers = list(range(start, rest[0]))[:: (*rest, 1)[1]] if rest else [start]
        for number in numbers:
            if number >= len(images) and given["err_if_missing"]:
                raise NodeError("IndexError", f"Index '{number}' out of range for {len(images)} item(s).\n")
        picked += [images[number] for number in numbers if number < len(images)]
    return (picked,), None


async def animate(run: Run, given: dict[str, Any]) -> tuple[tuple[Any, ...], Json]:
    """How far the face is from where it was, for each driving frame, measured against the first."""
    face, driving = given["crop_info"][0], given["driving_images"]
    if face is None:
        raise NodeError("ValueError", NO_FACE)
    strength = float(given.get("expression_friendly_multiplier", 1.0))
    moves = []
    for done, number in enumerate(driving):
        sway, turn = (_wave(number, every) - _wave(driving[0], every) for every in (11, 17))
        moves.append((turn * strength * _TURN * face.width, sway * strength * _SWAY * face.height))
        if done % 16 == 0:
            await run.step(done + 1, len(driving))
    return (given["source_image"] * len(driving), {"face": face, "moves": moves}), None


def _wave(number: int, every: float) -> float:
    return math.sin(number / every)


async def put_back(_run: Run, given: dict[str, Any]) -> tuple[tuple[Any, ...], Json]:
    """The photo once for every move."""
    source, made = given["source_image"][0], given["liveportrait_out"]
    return (await asyncio.to_thread(_moved, source, made["face"], made["moves"]), None), None


def _moved(source: Image.Image, face: Face, moves: list[tuple[float, float]]) -> list[Image.Image]:
    """Every pixel moves as far as it is near to the face: nothing tears."""
    still = np.asarray(source)
    rows, columns = np.mgrid[0 : source.height, 0 : source.width].astype(np.float32)
    across = (columns - face.x - face.width / 2) / (_REACH * face.width)
    along = (rows - face.y - face.height / 2) / (_REACH * face.height)
    near = np.clip(1.5 - 1.5 * np.hypot(across, along), 0, 1)
    near = near * near * (3 - 2 * near)
    frames = []
    for right, down in moves:
        row = np.clip(np.rint(rows - down * near), 0, source.height - 1).astype(np.int32)
        column = np.clip(np.rint(columns - right * near), 0, source.width - 1).astype(np.int32)
        frame = Image.fromarray(still[row, column])
        frame.info["made"] = "liveportrait"
        frames.append(frame)
    return frames


async def solid_mask(_run: Run, given: dict[str, Any]) -> tuple[tuple[Any, ...], Json]:
    return (Image.new("L", (int(given["width"]), int(given["height"])), round(float(given["value"]) * 255)),), None


async def feather(_run: Run, given: dict[str, Any]) -> tuple[tuple[Any, ...], Json]:
    cells = np.asarray(given["mask"]).astype(np.float32)
    for name, axis, flip in (("left", 1, False), ("right", 1, True), ("top", 0, False), ("bottom", 0, True)):
        width = min(int(given[name]), cells.shape[axis])
        ramp = np.ones(cells.shape[axis], np.float32)
        ramp[:width] = (np.arange(width) + 1) / max(1, width)
        ramp = ramp[::-1] if flip else ramp
        cells = cells * (ramp[None, :] if axis else ramp[:, None])
    return (Image.fromarray(cells.astype(np.uint8)),), None


async def composite(_run: Run, given: dict[str, Any]) -> tuple[tuple[Any, ...], Json]:
    return (await asyncio.to_thread(_composited, given),), None


def _composited(given: dict[str, Any]) -> list[Image.Image]:
    """Each source on its destination; the mask takes the source's size. What a model would have made is labelled."""
    at, mask = (int(given["x"]), int(given["y"])), given.get("mask")
    made = []
    for under, over in zip(given["destination"], given["source"], strict=True):
        whole = under.copy()
        soft = mask.resize(over.size, Image.Resampling.BILINEAR) if mask is not None else None
        whole.paste(over, at, soft)
        made.append(label(whole, (0, 0, *whole.size)) if over.info.get("made") else whole)
    return made


RUNS: dict[str, Node] = {
    "LoadMediaPipeFaceLandmarker": nothing,
    "DownloadAndLoadLivePortraitModels": nothing,
    "LivePortraitLoadMediaPipeCropper": nothing,
    "MediaPipeFaceLandmarker": landmarks,
    "LivePortraitCropper": find_in_crop,
    "VHS_LoadVideoPath": load_clip,
    "VHS_SelectImages": select,
    "LivePortraitProcess": animate,
    "LivePortraitComposite": put_back,
    "SolidMask": solid_mask,
    "FeatherMask": feather,
    "ImageCompositeMasked": composite,
}
