"""Pictures and clips made on the spot."""

from __future__ import annotations

import functools
import io

import av
import numpy as np
from PIL import Image


@functools.cache
def jpeg(width: int = 640, height: int = 480, *, shade: int = 90, exif_turn: int | None = None) -> bytes:
    image = Image.linear_gradient("L").resize((width, height)).convert("RGB")
    image.paste((shade, 40, 200), (0, 0, max(1, width // 3), max(1, height // 3)))
    out = io.BytesIO()
    if exif_turn is None:
        image.save(out, "JPEG")
    else:
        exif = Image.Exif()
        exif[0x0112] = exif_turn
        image.save(out, "JPEG", exif=exif)
    return out.getvalue()


@functools.cache
def png(width: int = 300, height: int = 200) -> bytes:
    out = io.BytesIO()
    Image.new("RGB", (width, height), (10, 200, 30)).save(out, "PNG")
    return out.getvalue()


@functools.cache
def mp4(*, sound: bool = True, width: int = 160, height: int = 96, frames: int = 24, shade: int = 60) -> bytes:
    out = io.BytesIO()
    with av.open(out, "w", format="mp4") as container:
        video = container.add_stream("libx264", rate=24)
        video.width, video.height, video.pix_fmt = width, height, "yuv420p"
        audio = container.add_stream("aac", rate=48000) if sound else None
        for number in range(frames):
            pixels = np.full((height, width, 3), (shade + number) % 256, np.uint8)
            container.mux(video.encode(av.VideoFrame.from_ndarray(pixels, format="rgb24")))
        container.mux(video.encode())
        if audio is not None:
            quiet = np.zeros((1, 48000), np.float32)
            frame = av.AudioFrame.from_ndarray(quiet, format="fltp", layout="mono")
            frame.sample_rate = 48000
            container.mux(audio.encode(frame))
            container.mux(audio.encode())
    return out.getvalue()
