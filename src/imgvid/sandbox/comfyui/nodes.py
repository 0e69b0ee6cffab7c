"""The node classes of the stand-in: what `/object_info` says of them, and what they do with real pictures.

An IMAGE is a list of Pillow pictures. Core and VHS classes take and give what ComfyUI 0.33.0's do; `ProbeSampler` and
`ProbeFail` are what a slow model and a failing one look like from outside. No class needs a model, but loaders ask for the
name of one. SDXL's classes are in painter.py, LivePortrait's in portrait.py.
"""

from __future__ import annotations

import asyncio
import json
import os
import re
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from PIL import Image, ImageOps, UnidentifiedImageError

from imgvid.sandbox.comfyui.film import write_mp4
from imgvid.sandbox.comfyui.world import Folders, Prompt

Json = Any
Pictures = list[Image.Image]


class NodeError(Exception):
    """What a node raises: the type and the message that the real server would report."""

    def __init__(self, kind: str, message: str) -> None:
        super().__init__(message)
        self.kind = kind


class InterruptedNode(Exception):
    """The node saw that its prompt was interrupted."""


@dataclass(slots=True, kw_only=True)
class Run:
    """What a node may use while it runs."""

    prompt: Prompt
    folders: Folders
    step: Callable[[int, int], Awaitable[None]]  # done, in all; raises InterruptedNode
    step_s: float = 0.0  # what a step of a sampler takes
    writes_metadata: bool = False
    faces: int | None = None  # how many faces every photo shows; None: faces.py looks


@dataclass(frozen=True, slots=True, kw_only=True)
class NodeClass:
    """One class: its inputs as object_info writes them, and its function."""

    name: str
    title: str
    category: str
    module: str
    required: dict[str, Json]
    optional: dict[str, Json] = field(default_factory=dict)
    output: tuple[str, ...] = ()
    is_output: bool = False
    run: Callable[[Run, dict[str, Any]], Awaitable[tuple[tuple[Any, ...], Json]]]
    told: dict[str, Json] | None = None  # what object_info says of it, where that is the real server's own

    def info(self) -> dict[str, Json]:
        if self.told is not None:
            return self.told
        inputs: dict[str, Json] = {"required": self.required}
        order: dict[str, Json] = {"required": list(self.required)}
        if self.optional:
            inputs["optional"] = self.optional
            order["optional"] = list(self.optional)
        return {
            "input": inputs,
            "input_order": order,
            "is_input_list": False,
            "output": list(self.output),
            "output_is_list": [False] * len(self.output),
            "output_name": list(self.output),
            "name": self.name,
            "display_name": self.title,
            "description": "",
            "python_module": self.module,
            "category": self.category,
            "output_node": self.is_output,
            "has_intermediate_output": False,
            "search_aliases": [],
        }


async def load_image(run: Run, given: dict[str, Any]) -> tuple[tuple[Any, ...], Json]:
    path = annotated_path(run.folders, str(given["image"]))
    if path is None or not path.exists():
        raise NodeError("FileNotFoundError", f"[Errno 2] No such file or directory: '{path}'\n")
    try:
        with Image.open(path) as opened:
            picture = ImageOps.exif_transpose(opened).convert("RGB")
    except UnidentifiedImageError as error:
        raise NodeError("PIL.UnidentifiedImageError", f"{error}\n") from None
    return ([picture], None), None


async def image_scale(_run: Run, given: dict[str, Any]) -> tuple[tuple[Any, ...], Json]:
    size = (int(given["width"]), int(given["height"]))
    center = given["crop"] == "center"
    filters = {"nearest-exact": Image.Resampling.NEAREST, "bilinear": Image.Resampling.BILINEAR}
    how = filters.get(str(given["upscale_method"]), Image.Resampling.LANCZOS)
    scaled: dict[int, Image.Image] = {}
    for picture in given["image"]:
        if id(picture) not in scaled:
            scaled[id(picture)] = ImageOps.fit(picture, size, how) if center else picture.resize(size, how)
    return ([scaled[id(picture)] for picture in given["image"]],), None


async def repeat_image_batch(_run: Run, given: dict[str, Any]) -> tuple[tuple[Any, ...], Json]:
    return (list(given["image"]) * int(given["amount"]),), None


async def create_video(_run: Run, given: dict[str, Any]) -> tuple[tuple[Any, ...], Json]:
    return ({"frames": given["images"], "fps": float(given["fps"])},), None


async def save_video(run: Run, given: dict[str, Any]) -> tuple[tuple[Any, ...], Json]:
    video = given["video"]
    path, subfolder = next_file(run.folders.output, str(given["filename_prefix"]), "_.mp4")
    await asyncio.to_thread(write_mp4, path, video["frames"], video["fps"])
    entry = {"filename": path.name, "subfolder": subfolder, "type": "output"}
    return (video,), {"images": [entry], "animated": [True]}


async def save_image(run: Run, given: dict[str, Any]) -> tuple[tuple[Any, ...], Json]:
    entries = []
    for picture in given["images"]:
        path, subfolder = next_file(run.folders.output, str(given["filename_prefix"]), "_.png")
        picture.save(path)
        entries.append({"filename": path.name, "subfolder": subfolder, "type": "output"})
    return (given["images"],), {"images": entries}


async def vhs_video_combine(run: Run, given: dict[str, Any]) -> tuple[tuple[Any, ...], Json]:
    """Writes the video, a PNG of its first frame beside it, and with save_metadata the prompt into both and a text file.

    It is played `loop_count` times more, with even sides: the last row or column is repeated.
    """
    keep = bool(given.get("save_output", True))
    folder = run.folders.output if keep else run.folders.temp
    path, subfolder = next_file(folder, str(given["filename_prefix"]), ".mp4")
    even = {id(picture): picture for picture in given["images"]}
    even = dict(zip(even, await asyncio.to_thread(lambda: [_even(picture) for picture in even.values()]), strict=True))
    frames = [even[id(picture)] for picture in given["images"]] * (1 + int(given["loop_count"]))
    rate = float(given["frame_rate"])
    tags = {}
    if given.get("save_metadata", True):
        tags["prompt"] = json.dumps(run.prompt.graph)
        run.folders.temp.mkdir(parents=True, exist_ok=True)
        (run.folders.temp / "metadata.txt").write_text(tags["prompt"])
    companion = path.with_suffix(".png")
    pnginfo = run.prompt.extra_data.get("extra_pnginfo") or {}
    if (pnginfo.get("workflow") or {}).get("extra", {}).get("VHS_MetadataImage", True) is not False:
        frames[0].save(companion)
    for done in (1, len(frames)):
        await run.step(done, len(frames))
    await asyncio.to_thread(write_mp4, path, frames, rate, tags)
    entry = {
        "filename": path.name,
        "subfolder": subfolder,
        "type": "output" if keep else "temp",
        "format": str(given["format"]),
        "frame_rate": rate,
        "workflow": companion.name,
        "fullpath": str(path),
    }
    return (None,), {"gifs": [entry]}


def _even(picture: Image.Image) -> Image.Image:
    size = (picture.width + picture.width % 2, picture.height + picture.height % 2)
    if size == picture.size:
        return picture
    padded = Image.new("RGB", size)
    for right in (size[0] - picture.width, 0):
        for down in (size[1] - picture.height, 0):
            padded.paste(picture, (right, down))
    return padded


async def unet_loader(_run: Run, _given: dict[str, Any]) -> tuple[tuple[Any, ...], Json]:
    raise NodeError("safetensors._safetensors_rust.SafetensorError", "Error while deserializing: header too small\n")


async def model_save(_run: Run, _given: dict[str, Any]) -> tuple[tuple[Any, ...], Json]:
    return (), {}


async def probe_sampler(run: Run, given: dict[str, Any]) -> tuple[tuple[Any, ...], Json]:
    steps = int(given["steps"])
    for done in range(steps):
        await asyncio.sleep(int(given["step_ms"]) / 1000)
        await run.step(done + 1, steps)
    return (given["image"],), None


async def probe_fail(_run: Run, given: dict[str, Any]) -> tuple[tuple[Any, ...], Json]:
    raise node_error(str(given["kind"]), str(given["text"]))


def node_error(kind: str, text: str = "") -> NodeError:
    """An error in the words of the real server."""
    if kind == "oom":
        return NodeError(
            "torch.OutOfMemoryError",
            "CUDA out of memory. Tried to allocate 2.00 GiB.\nThis error means you ran out of memory on your GPU.\n\n"
            "TIPS: If the workflow worked before you might have accidentally set the batch_size to a large number.",
        )
    if kind == "file":
        return NodeError(
            "FileNotFoundError", "[Errno 2] No such file or directory: '/nonexistent/folder/model.safetensors'\n"
        )
    if kind == "model":
        return NodeError(
            "safetensors._safetensors_rust.SafetensorError", "Error while deserializing: header too small\n"
        )
    return NodeError("ValueError", f"probe value error for {text!r}\n")


def next_file(folder: Path, prefix: str, ending: str) -> tuple[Path, str]:
    """The next free numbered name below a folder, and its sub-folder; refuses to leave the folder."""
    target = Path(os.path.normpath(folder / prefix))
    if not target.is_relative_to(folder):
        raise NodeError("Exception", "**** ERROR: Saving image outside the output folder is not allowed.\n")
    target.parent.mkdir(parents=True, exist_ok=True)
    pattern = re.compile(re.escape(target.name) + r"_(\d+)")
    used = [int(found[1]) for path in target.parent.iterdir() if (found := pattern.match(path.name))]
    subfolder = target.parent.relative_to(folder).as_posix()
    return target.with_name(
        f"{target.name}_{max(used, default=0) + 1:05}{ending}"
    ), "" if subfolder == "." else subfolder


def annotated_path(folders: Folders, value: str) -> Path | None:
    """The file behind `name`, `sub/name` or `name [temp]`; None for a path that leaves its folder."""
    named = re.fullmatch(r"(.*?)(?: \[(input|output|temp)\])?", value)
    assert named is not None  # every text matches
    folder = folders.of(named[2] or "input")
    if folder is None:
        return None
    path = Path(os.path.normpath(folder / named[1]))
    return path if path.is_relative_to(folder) else None
