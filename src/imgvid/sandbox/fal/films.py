"""Videos made on the CPU: a slow camera move over one picture, exactly as many frames as asked, with or without sound.

The picture is turned into YUV once, a tenth larger than the frame; each frame is a cut out of it, which costs a copy.
"""

from __future__ import annotations

import struct
import tempfile
from collections.abc import Iterator
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
import numpy.typing as npt
from av.audio.frame import AudioFrame
from av.audio.stream import AudioStream
from av.container import OutputContainer
from av.video.frame import VideoFrame
from av.video.stream import VideoStream
from PIL import Image, ImageOps

from imgvid.media.label import draw_label

_ROOM = 1.1  # how much larger the picture is than the frame
_CALM_PIXELS = 1_000_000  # above it the camera moves on every second frame only: a repeated frame costs nothing
_RATE_HZ = 48_000
_AAC_FRAME = 1024  # samples
_FREE_BOX = 8  # bytes of an empty one

Size = tuple[int, int]
Plane = npt.NDArray[np.uint8]
Planes = tuple[Plane, Plane, Plane]


def film(  # a film has that many sides
    picture: Image.Image, size: Size, *, label: str, frames: int, fps: float, sound: bool, bytes_wanted: int = 0
) -> bytes:
    """An MP4 (H.264, yuv420p, AAC, moov first) with the label in a corner, padded to `bytes_wanted` where that is more.

    Sides must be even.
    """
    rate = Fraction(fps).limit_denominator(1001)
    with tempfile.TemporaryDirectory(prefix="falsim-") as folder:
        path = Path(folder) / "film.mp4"  # faststart's second pass opens the file again by its name
        with av.open(str(path), "w", format="mp4", options={"movflags": "+faststart"}) as out:
            voice = _voice(out) if sound else None
            _write_frames(out, picture, _Mark(label, size), size=size, frames=frames, rate=rate)
            if voice is not None:
                _write_sound(out, voice, float(frames / rate))
        data = path.read_bytes()
    return data + _padding(bytes_wanted - len(data))


class _Mark:
    """The label as brightness and cover, laid over the same place of every frame."""

    def __init__(self, text: str, size: Size) -> None:
        label, (x, y) = draw_label(text, width=size[0], height=size[1])
        grey, cover = (np.asarray(channel, dtype=np.float32) for channel in (label.convert("L"), label.getchannel("A")))
        rows, columns = min(grey.shape[0], size[1] - y), min(grey.shape[1], size[0] - x)
        self._place = (slice(y, y + rows), slice(x, x + columns))
        self._cover = cover[:rows, :columns] / 255
        self._ink = grey[:rows, :columns] * self._cover

    def on(self, luma: Plane) -> Plane:
        marked = luma.copy()
        marked[self._place] = (marked[self._place] * (1 - self._cover) + self._ink).astype(np.uint8)
        return marked


def _write_frames(
    out: OutputContainer, picture: Image.Image, mark: _Mark, *, size: Size, frames: int, rate: Fraction
) -> None:
    stream: VideoStream = out.add_stream("libx264", rate=rate, options={"preset": "ultrafast", "crf": "26"})
    stream.width, stream.height, stream.pix_fmt = size[0], size[1], "yuv420p"
    stream.codec_context.thread_count = 1
    step = 2 if size[0] * size[1] > _CALM_PIXELS else 1
    planes = _planes(picture, size)
    last: VideoFrame | None = None
    for number, (x, y) in enumerate(_path(size, frames)):
        if last is None or number % step == 0:
            last = _cut(planes, x, y, size, mark)
        last.pts, last.time_base = number, 1 / rate
        out.mux(stream.encode(last))
    out.mux(stream.encode(None))


def _path(size: Size, frames: int) -> Iterator[tuple[int, int]]:
    """Where the frame's corner is, in even px: a diagonal through the spare room, soft at both ends."""
    room = [_larger(side) - side for side in size]
    for number in range(frames):
        time = number / max(1, frames - 1)
        share = time * time * (3 - 2 * time)
        yield int(room[0] * share) // 2 * 2, int(room[1] * share) // 2 * 2


def _larger(side: int) -> int:
    return round(side * _ROOM / 2) * 2


def _planes(picture: Image.Image, size: Size) -> Planes:
    width, height = _larger(size[0]), _larger(size[1])
    rgb = np.asarray(ImageOps.fit(picture, (width, height), Image.Resampling.BILINEAR))
    yuv = VideoFrame.from_ndarray(rgb, format="rgb24").reformat(format="yuv420p").to_ndarray()
    half = (height // 2, width // 2)
    planes: Plane = yuv.astype(np.uint8, copy=False)
    chroma = planes[height:].reshape(2, *half)
    return planes[:height], chroma[0], chroma[1]


def _cut(planes: Planes, x: int, y: int, size: Size, mark: _Mark) -> VideoFrame:
    width, height = size
    luma, *chroma = planes
    parts = [mark.on(luma[y : y + height, x : x + width])]
    parts += [one[y // 2 : (y + height) // 2, x // 2 : (x + width) // 2] for one in chroma]
    packed = np.concatenate([np.ascontiguousarray(part).reshape(-1) for part in parts])
    return VideoFrame.from_ndarray(packed.reshape(height * 3 // 2, width), format="yuv420p")


def _voice(out: OutputContainer) -> AudioStream:
    stream: AudioStream = out.add_stream("aac", rate=_RATE_HZ)
    stream.layout, stream.bit_rate = "stereo", 96_000
    return stream


def _write_sound(out: OutputContainer, stream: AudioStream, seconds: float) -> None:
    """A quiet chord, never longer than the picture: whole AAC frames only, less the encoder's own first one."""
    count = max(1, int(seconds * _RATE_HZ / _AAC_FRAME) - 1)
    for number in range(count):
        at = (np.arange(_AAC_FRAME) + number * _AAC_FRAME) / _RATE_HZ
        tone = sum(np.sin(2 * np.pi * hertz * at) for hertz in (220.0, 277.2, 329.6)) * 0.03
        frame = AudioFrame.from_ndarray(np.stack([tone, tone]).astype(np.float32), format="fltp", layout="stereo")
        frame.sample_rate, frame.pts, frame.time_base = _RATE_HZ, number * _AAC_FRAME, Fraction(1, _RATE_HZ)
        out.mux(stream.encode(frame))
    out.mux(stream.encode(None))


def _padding(missing: int) -> bytes:
    """A box that every reader skips."""
    return b"" if missing < _FREE_BOX else struct.pack(">I4s", missing, b"free") + bytes(missing - _FREE_BOX)
