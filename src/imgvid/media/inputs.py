"""A person's pictures made ready for a hosted model, without loading a codec: the work is done in a child process.

A photo is turned upright, cut to the shape that was chosen, limited in size and rid of metadata; a marked copy of it
becomes a mask exactly as large (media/stills.py, media/mask.py).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from datetime import timedelta
from signal import SIGKILL

from imgvid.jobs.errors import Code
from imgvid.media.develop import Fell, Unfit, develop
from imgvid.media.memory import MemoryFile

LONGEST_PX = 2048  # models work at 720p to about 4 MP; more is only upload
PREPARE_WITHIN = timedelta(seconds=60)  # 40 MP of PNG take two seconds of one slow core


@dataclass(frozen=True, slots=True, kw_only=True)
class Source:
    """One picture as a person sent it. `ratio` is the width / height it is cut to, None keeps its shape.

    A mask is drawn over the picture before it.
    """

    role: str
    data: bytes
    ratio: float | None = None
    is_mask: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Still:
    """One file to upload; sizes in pixels."""

    data: bytes
    media_type: str
    width: int
    height: int


async def prepare(
    sources: Sequence[Source], *, longest_px: int = LONGEST_PX, within: timedelta = PREPARE_WITHIN
) -> Mapping[str, Still]:
    """A still for each role. A third of a second, most of it the start of the child. Raises Unfit with the job's code."""
    order = {
        "longest_px": longest_px,
        "pictures": [{"role": one.role, "ratio": one.ratio, "mask": one.is_mask} for one in sources],
    }
    with ExitStack() as held:
        files: list[MemoryFile] = []
        for one in sources:
            files += (held.enter_context(MemoryFile.holding(one.data)), held.enter_context(MemoryFile("still")))
        try:
            told = await develop("stills", order, files, within=within)
        except Fell as fell:
            if fell.signal in {0, SIGKILL}:
                raise
            raise Unfit(Code.BAD_IMAGE, f"a decoder fell over it (signal {fell.signal})") from None
        return {
            one.role: Still(data=file.path.read_bytes(), **said)
            for one, file, said in zip(sources, files[1::2], told["stills"], strict=True)
        }
