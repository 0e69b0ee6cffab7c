"""The engine without a model: a camera move through the photo, or through a made picture where there is none, on one core.

It proves the whole path on a laptop, in a test and on a new endpoint. It lasts as long as was asked for, else 5 s, at 24
fps; sizes are WAN's 480p buckets (facts/models.md 4) in the asked or the photo's own shape, so what follows meets real
sizes. With a last frame the move dissolves into it, and the final frame shows it exactly (under the label). The same
order gives the same frames: one encoder thread, all chance from the seed.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from fractions import Fraction
from functools import partial
from pathlib import Path

import av
import numpy as np
from av.container import OutputContainer
from av.video.frame import VideoFrame
from av.video.reformatter import ColorRange, Colorspace, VideoReformatter
from av.video.stream import VideoStream
from PIL import Image

from imgvid.media.label import draw_label
from imgvid.texts import say
from imgvid.worker.engines.base import Made, Order, Scalar, Tell
from imgvid.worker.engines.camera import Box, Move, ease, plan_move, still
from imgvid.worker.engines.dream import dreamt
from imgvid.worker.thread import in_thread

FPS = 24
SECONDS = 5  # where the mode does not say
FRAMES = FPS * SECONDS
DISSOLVE = 30  # frames until the last frame stands alone: 1.25 s
BUCKETS = ((832, 480), (480, 832), (624, 624))
_PIECE = 12  # frames between two looks at the event loop: about 0.15 s, which bounds how long a cancel waits
_LONGEST_S = 60
_ROOM = 1.25  # of a made picture around the frame, for the camera to move in
_BT709 = 1  # ITU-T H.273, the code for primaries, transfer and matrix alike


class Preview:
    """Implements `Engine`."""

    name = "preview"
    picture_px: int | None = 1280  # the closest view of the widest bucket needs 982; a usual Telegram photo has 1280

    async def make(self, order: Order, tell: Tell) -> Made:
        """Render and encode in pieces, so that progress is told and a cancel is obeyed between them."""
        await tell("load", 0)
        path = order.folder / "preview.mp4"
        frames = frames_of(order.params)
        film = await in_thread(partial(_Film, order, path, frames))
        try:
            for done in range(0, frames, _PIECE):
                await tell("sample", 100 * done // frames)
                await in_thread(partial(film.render, range(done, min(done + _PIECE, frames))))
            await tell("encode", 100)
            await in_thread(film.finish)
            width, height = film.size
        finally:
            film.close()
        return Made(path=path, recipe={"width": width, "height": height, "fps": FPS, "frames": frames})


def bucket_for(width: int, height: int) -> tuple[int, int]:
    """The size whose shape is nearest to the picture's."""
    return min(BUCKETS, key=lambda size: abs(math.log(size[0] / size[1] * height / width)))


def frames_of(params: Mapping[str, Scalar]) -> int:
    """Frames of the asked length."""
    seconds = params.get("seconds")
    return FPS * (seconds if isinstance(seconds, int) and 0 < seconds <= _LONGEST_S else SECONDS)


def shape_of(params: Mapping[str, Scalar]) -> tuple[int, int] | None:
    """The asked shape, as a width and a height; None: as the photo."""
    width, colon, height = str(params.get("aspect")).partition(":")
    asked = colon and width.isdecimal() and height.isdecimal() and int(width) * int(height)
    return (int(width), int(height)) if asked else None


class _Film:
    """One video being made: a few pictures and an encoder, never all frames."""

    def __init__(self, order: Order, path: Path, frames: int) -> None:
        self._frames = frames
        with _first_picture(order) as first:
            self.size = bucket_for(*(shape_of(order.params) or first.size))
            ratio = self.size[0] / self.size[1]
            self._first = _Shot(first, plan_move(*first.size, ratio, order.seed), self.size)
        self._last: _Shot | None = None
        if "last" in order.images:
            with Image.open(order.images["last"], formats=("PNG",)) as last:
                rest = still(*last.size, ratio)
                self._last = _Shot(last, Move(start=_closer(rest, 1.06), end=rest), self.size)
        label, self._label_at = draw_label(say(order.locale, "preview-label"), width=self.size[0], height=self.size[1])
        self._label = label
        self._out: OutputContainer = av.open(str(path), "w", format="mp4", options={"movflags": "+faststart"})
        self._stream = _encoder(self._out, self.size)
        self._reformatter = VideoReformatter()

    def render(self, numbers: range) -> None:
        for number in numbers:
            frame = self._reformatter.reformat(
                VideoFrame.from_ndarray(np.asarray(self._picture(number)), format="rgb24"),
                format="yuv420p",
                dst_colorspace=Colorspace.ITU709,
                dst_color_range=ColorRange.MPEG,
            )
            frame.pts, frame.time_base = number, Fraction(1, FPS)
            self._out.mux(self._stream.encode(frame))

    def finish(self) -> None:
        self._out.mux(self._stream.encode(None))
        self._out.close()

    def close(self) -> None:
        """Let the file and the memory go, finished or not. Safe to call twice; nothing else works afterwards.

        A cancel's traceback keeps this object alive into the next job; its pictures and encoder (25 MB) it must not.
        """
        if vars(self):
            self._out.close()
            vars(self).clear()

    def _picture(self, number: int) -> Image.Image:
        time = number / (self._frames - 1)
        picture = self._first.at(time)
        if self._last is not None and number >= self._frames - DISSOLVE:
            share = (number - (self._frames - DISSOLVE) + 1) / DISSOLVE
            picture = Image.blend(picture, self._last.at(share), ease(share))
        picture.paste(self._label, self._label_at, self._label)
        return picture


def _first_picture(order: Order) -> Image.Image:
    if "image" in order.images:
        return Image.open(order.images["image"], formats=("PNG",))
    width, height = bucket_for(*(shape_of(order.params) or BUCKETS[0]))
    return dreamt(order.seed, width=round(width * _ROOM), height=round(height * _ROOM))


class _Shot:
    """One picture under a moving camera, cut to what the move shows and scaled to what the frame needs."""

    def __init__(self, picture: Image.Image, move: Move, size: tuple[int, int]) -> None:
        hull = move.hull
        nearest = min(move.start[2] - move.start[0], move.end[2] - move.end[0])
        scale = min(1.0, size[0] / nearest)  # the closest view gets one pixel for each of the frame's
        staged = (
            max(1, math.ceil((hull[2] - hull[0]) * scale)),
            max(1, math.ceil((hull[3] - hull[1]) * scale)),
        )
        self._stage = picture.resize(staged, Image.Resampling.LANCZOS, box=hull)
        self._scale = (staged[0] / (hull[2] - hull[0]), staged[1] / (hull[3] - hull[1]))
        self._origin, self._move, self._size = (hull[0], hull[1]), move, size

    def at(self, time: float) -> Image.Image:
        left, top, right, bottom = self._move.at(time)
        box = (
            max(0.0, (left - self._origin[0]) * self._scale[0]),
            max(0.0, (top - self._origin[1]) * self._scale[1]),
            min(float(self._stage.width), (right - self._origin[0]) * self._scale[0]),
            min(float(self._stage.height), (bottom - self._origin[1]) * self._scale[1]),
        )
        return self._stage.resize(self._size, Image.Resampling.BICUBIC, box=box)


def _closer(box: Box, zoom: float) -> Box:
    cut_x, cut_y = (box[2] - box[0]) * (1 - 1 / zoom) / 2, (box[3] - box[1]) * (1 - 1 / zoom) / 2
    return box[0] + cut_x, box[1] + cut_y, box[2] - cut_x, box[3] - cut_y


def _encoder(out: OutputContainer, size: tuple[int, int]) -> VideoStream:
    # The shortest lookahead that keeps macroblock trees (without them the file is three times as large): 18 MB of memory less
    # than the preset, for the same size.
    options = {"preset": "veryfast", "crf": "20", "profile": "high", "x264-params": "rc-lookahead=1:bframes=1"}
    stream = out.add_stream("libx264", rate=FPS, options=options)
    stream.width, stream.height, stream.pix_fmt = *size, "yuv420p"
    context = stream.codec_context
    context.thread_count = 1  # more threads give other bits, and how many there are depends on the machine
    context.gop_size = 2 * FPS
    context.color_range = ColorRange.MPEG
    for name in ("color_primaries", "color_trc", "colorspace"):
        setattr(context, name, _BT709)
    return stream
