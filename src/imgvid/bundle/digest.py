"""sha256 of a file, read once in large pieces."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from pathlib import Path

_PIECE = 8 * 1024 * 1024  # bytes; large enough that the hash, not the call, is what costs


def sha256_of(path: Path, *, told: Callable[[int], None] | None = None) -> str:
    """The file's sha256 in hex. `told` hears how many bytes have been read so far. Raises OSError."""
    digest, done = hashlib.sha256(), 0
    with path.open("rb", buffering=0) as file:
        while piece := file.read(_PIECE):
            digest.update(piece)
            done += len(piece)
            if told is not None:
                told(done)
    return digest.hexdigest()
