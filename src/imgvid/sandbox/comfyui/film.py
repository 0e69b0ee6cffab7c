"""Pictures become an MP4, as SaveVideo makes one: H.264, yuv420p, no sound."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
from av.video.frame import VideoFrame
from av.video.stream import VideoStream
from PIL import Image


def write_mp4(path: Path, frames: Sequence[Image.Image], fps: float, tags: Mapping[str, str] | None = None) -> None:
    """Encode in this thread. A picture that stands still is converted once."""
    width, height = (side - side % 2 for side in frames[0].size)
    rate = Fraction(fps).limit_denominator(1000)
    options = {"movflags": "use_metadata_tags"} if tags else {}
    with av.open(str(path), "w", format="mp4", options=options) as out:
        out.metadata.update(tags or {})
        stream: VideoStream = out.add_stream("libx264", rate=rate, options={"preset": "ultrafast", "crf": "23"})
        stream.width, stream.height, stream.pix_fmt = width, height, "yuv420p"
        stream.codec_context.thread_count = 1
        last: tuple[Image.Image, VideoFrame] | None = None
        for number, picture in enumerate(frames):
            if last is None or last[0] is not picture:
                cut = np.asarray(picture.crop((0, 0, width, height)))
                last = (picture, VideoFrame.from_ndarray(cut, format="rgb24").reformat(format="yuv420p"))
            frame = last[1]
            frame.pts, frame.time_base = number, 1 / rate
            out.mux(stream.encode(frame))
        out.mux(stream.encode(None))
