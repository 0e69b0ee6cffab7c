"""What a worker proves about its machine before it takes the first job, and how it keeps its memory small."""

from __future__ import annotations

import ctypes
import sys
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
from av.video.frame import VideoFrame

from imgvid.media.carry import carry_out
from imgvid.media.plan import Action, plan
from imgvid.media.video import BadVideo, frames_digest, probe, thumbnail

# malloc.h of glibc
_M_TRIM_THRESHOLD, _M_MMAP_THRESHOLD, _M_ARENA_MAX = -1, -3, -8
_PIECE_BYTES = 128 * 1024  # glibc's own first value; it would let it grow to 32 MiB and keep that much


def lean_malloc() -> bool:
    """Give freed memory back to the system at once. Returns whether this C library can be told so.

    Pictures come and go in pieces of megabytes, in several threads; glibc's defaults keep an arena for each thread and
    hold on to what was freed: after six jobs 190 MiB instead of 125, at the price of 0.2 s a preview.
    """
    if not sys.platform.startswith("linux"):
        return False
    mallopt = getattr(ctypes.CDLL(None), "mallopt", None)
    if mallopt is None:
        return False
    settings = ((_M_ARENA_MAX, 1), (_M_MMAP_THRESHOLD, _PIECE_BYTES), (_M_TRIM_THRESHOLD, _PIECE_BYTES))
    return all(mallopt(name, value) == 1 for name, value in settings)


def prove_codecs(folder: Path) -> None:
    """Encode, plan, carry out and read back two frames in `folder`, which is left empty. Raises BadVideo, OSError.

    A build of FFmpeg without H.264 or AAC is noticed here and not by the first person. Takes a tenth of a second.
    """
    source, target = folder / "proof.mkv", folder / "proof.mp4"
    try:
        _two_frames(source)
        decision = plan(probe(source))
        facts = probe(carry_out(decision, source, target))
        left = plan(facts)
        if left.action is not Action.KEEP or not thumbnail(target) or not frames_digest(target):
            raise BadVideo(f"a file made here needs {left.action}: {' '.join(left.reasons)}")
    finally:
        source.unlink(missing_ok=True)
        target.unlink(missing_ok=True)


def _two_frames(path: Path) -> None:
    try:
        with av.open(str(path), "w") as out:
            stream = out.add_stream("libx264", rate=24)
            stream.width, stream.height, stream.pix_fmt = 128, 128, "yuv444p"  # to be encoded anew by the plan
            for number in range(2):
                pixels = np.full((128, 128, 3), 100 * number, dtype=np.uint8)
                frame = VideoFrame.from_ndarray(pixels, format="rgb24").reformat(format="yuv444p")
                frame.pts, frame.time_base = number, Fraction(1, 24)
                out.mux(stream.encode(frame))
            out.mux(stream.encode(None))
    except (av.error.FFmpegError, ValueError) as error:
        raise BadVideo(f"encoding: {type(error).__name__}") from error
