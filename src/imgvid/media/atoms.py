"""The outer boxes of an MP4, read without a decoder: brands, order, and whether the file plays before it is all here.

ISO/IEC 14496-12, section 4.2: a box is a 32-bit big-endian size, a four-letter type, and for size 1 a 64-bit size.
"""

from __future__ import annotations

import struct
from dataclasses import dataclass
from pathlib import Path

_MAX_BOXES = 10_000  # a fragmented hour has a few thousand; more is a hostile file


@dataclass(frozen=True, slots=True, kw_only=True)
class Layout:
    """The top-level boxes in file order. `brand` is the major brand ("isom", "qt  "), empty when there is no ftyp."""

    brand: str
    boxes: tuple[str, ...]

    @property
    def is_mp4(self) -> bool:
        return bool(self.brand) and self.brand != "qt  " and "moov" in self.boxes and not self.is_fragmented

    @property
    def is_fragmented(self) -> bool:
        return "moof" in self.boxes

    @property
    def is_faststart(self) -> bool:
        """The index comes before the data, so a client shows the first frame at once."""
        if "moov" not in self.boxes or "mdat" not in self.boxes:
            return False
        return self.boxes.index("moov") < self.boxes.index("mdat")


def read_layout(path: Path) -> Layout:
    """Read the top-level boxes. A file that is no box file gives an empty layout, never an error but OSError."""
    boxes: list[str] = []
    brand = ""
    size_of_file = path.stat().st_size
    with path.open("rb") as file:
        at = 0
        while at + 8 <= size_of_file and len(boxes) < _MAX_BOXES:
            file.seek(at)
            head = file.read(16)
            size, kind = struct.unpack(">I4s", head[:8])
            if not kind.isalnum() and not kind.strip().isalnum():
                break
            if size == 1 and len(head) == 16:
                size = struct.unpack(">Q", head[8:])[0]
            elif size == 0:
                size = size_of_file - at
            if size < 8:
                break
            name = kind.decode("latin-1")
            if name == "ftyp" and not boxes:
                brand = head[8:12].decode("latin-1")
            boxes.append(name)
            at += size
    return Layout(brand=brand, boxes=tuple(boxes))
