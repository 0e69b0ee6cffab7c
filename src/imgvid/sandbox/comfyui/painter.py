"""SDXL's classes without a model: a landscape for a prompt, of the asked size, labelled as a preview."""

from __future__ import annotations

import asyncio
import json
import random
import string
from collections.abc import Awaitable, Callable
from typing import Any

from PIL import Image, PngImagePlugin

from imgvid.sandbox.comfyui.nodes import Run, next_file
from imgvid.sandbox.fal.pictures import painted

Json = Any
Node = Callable[[Run, dict[str, Any]], Awaitable[tuple[tuple[Any, ...], Json]]]


async def load_checkpoint(_run: Run, given: dict[str, Any]) -> tuple[tuple[Any, ...], Json]:
    return (given["ckpt_name"],) * 3, None


async def encode_text(_run: Run, given: dict[str, Any]) -> tuple[tuple[Any, ...], Json]:
    return (str(given["text"]),), None


async def empty_latent(_run: Run, given: dict[str, Any]) -> tuple[tuple[Any, ...], Json]:
    # A latent is an eighth of the picture; what is left over is cut off.
    sides = tuple(int(given[name]) // 8 * 8 for name in ("width", "height"))
    return ({"size": sides, "batch": int(given["batch_size"])},), None


async def sample(run: Run, given: dict[str, Any]) -> tuple[tuple[Any, ...], Json]:
    steps = int(given["steps"])
    for done in range(steps):
        await asyncio.sleep(run.step_s)
        await run.step(done + 1, steps)
    drawn = {"prompt": given["positive"], "seed": int(given["seed"]) % 2**32}
    return ({**given["latent_image"], **drawn},), None


async def decode(_run: Run, given: dict[str, Any]) -> tuple[tuple[Any, ...], Json]:
    latent = given["samples"]
    pictures = [
        await asyncio.to_thread(painted, latent["prompt"], latent["seed"] + number, latent["size"])
        for number in range(latent["batch"])
    ]
    return (pictures,), None


async def preview_image(run: Run, given: dict[str, Any]) -> tuple[tuple[Any, ...], Json]:
    """Into the temporary folder, under a name that nobody chose."""
    prefix = "ComfyUI_temp_" + "".join(random.choices(string.ascii_lowercase, k=5))
    entries = []
    for picture in given["images"]:
        path, subfolder = next_file(run.folders.temp, prefix, "_.png")
        await asyncio.to_thread(picture.save, path, pnginfo=metadata(run), compress_level=1)
        entries.append({"filename": path.name, "subfolder": subfolder, "type": "temp"})
    return (given["images"],), {"images": entries}


def metadata(run: Run) -> PngImagePlugin.PngInfo | None:
    """What the real server writes into a PNG unless it was started with --disable-metadata."""
    if not run.writes_metadata:
        return None
    told = PngImagePlugin.PngInfo()
    told.add_text("prompt", json.dumps(run.prompt.graph))
    for name, value in (run.prompt.extra_data.get("extra_pnginfo") or {}).items():
        told.add_text(name, json.dumps(value))
    return told


async def preview_any(_run: Run, given: dict[str, Any]) -> tuple[tuple[Any, ...], Json]:
    source = given["source"]
    text = source if isinstance(source, str) else json.dumps(source, indent=4, ensure_ascii=False)
    return (text,), {"text": [text]}


async def scale_to_longest(_run: Run, given: dict[str, Any]) -> tuple[tuple[Any, ...], Json]:
    longest = int(given["largest_size"])

    def scaled(picture: Image.Image) -> Image.Image:
        scale = longest / max(picture.size)
        width, height = (longest if side == max(picture.size) else round(side * scale) for side in picture.size)
        return picture.resize((width, height), Image.Resampling.LANCZOS)

    return ([await asyncio.to_thread(scaled, picture) for picture in given["image"]],), None


async def crop(_run: Run, given: dict[str, Any]) -> tuple[tuple[Any, ...], Json]:
    """What lies beyond the right and lower edge is left out."""
    cut = []
    for picture in given["image"]:
        x, y = min(int(given["x"]), picture.width - 1), min(int(given["y"]), picture.height - 1)
        right, bottom = min(picture.width, x + int(given["width"])), min(picture.height, y + int(given["height"]))
        cut.append(picture.crop((x, y, right, bottom)))
    return (cut,), None


RUNS: dict[str, Node] = {
    "CheckpointLoaderSimple": load_checkpoint,
    "CLIPTextEncode": encode_text,
    "EmptyLatentImage": empty_latent,
    "KSampler": sample,
    "VAEDecode": decode,
    "PreviewImage": preview_image,
    "PreviewAny": preview_any,
    "ImageScaleToMaxDimension": scale_to_longest,
    "ImageCrop": crop,
}
