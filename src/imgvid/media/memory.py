"""Bytes that have a path and touch no disk: anonymous files of the kernel (memfd_create(2), Linux only).

Codecs and HTTP clients want a file that they can open by name, more than once; `/proc/self/fd/N` is one, in this process
and in a child that inherits the descriptor. The pages belong to whoever holds a descriptor and are gone with the last.
"""

from __future__ import annotations

import os
from pathlib import Path
from types import TracebackType
from typing import Self


class MemoryFile:
    """An unnamed file in memory. Belongs to one holder, who closes it; closing twice is harmless."""

    def __init__(self, name: str = "imgvid") -> None:
        self.fd = os.memfd_create(name, os.MFD_CLOEXEC)

    @classmethod
    def holding(cls, data: bytes | bytearray) -> Self:
        made = cls()
        try:
            made.write(data)
        except BaseException:
            made.close()
            raise
        return made

    @property
    def path(self) -> Path:
        """Where this process opens it, from the start each time; good until it is closed."""
        return Path(f"/proc/self/fd/{self.fd}")

    @property
    def size(self) -> int:
        """Bytes."""
        return os.fstat(self.fd).st_size

    def write(self, piece: bytes | bytearray) -> None:
        """Add at the end of what was written here. Raises OSError where memory runs out."""
        left = memoryview(piece)
        while left:
            left = left[os.write(self.fd, left) :]

    def close(self) -> None:
        if self.fd >= 0:
            os.close(self.fd)
            self.fd = -1

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self.close()
