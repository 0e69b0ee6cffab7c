from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from imgvid.sandbox.comfyui import World, serve


@pytest.fixture
async def world(tmp_path: Path) -> AsyncIterator[World]:
    """A stand-in of its own; its files are below tmp_path/comfy."""
    async with serve(tmp_path / "comfy") as served:
        yield served
