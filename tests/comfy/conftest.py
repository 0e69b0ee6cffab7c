from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import httpx
import pytest

from imgvid.comfy.client import Comfy
from imgvid.sandbox.comfyui import World, serve


@pytest.fixture
async def world(tmp_path: Path) -> AsyncIterator[World]:
    """A stand-in of its own, with the picture that the script's graphs ask for."""
    from PIL import Image

    async with serve(tmp_path / "comfy") as served:
        (served.folders.input / "probe").mkdir()
        Image.radial_gradient("L").convert("RGB").resize((96, 64)).save(served.folders.input / "probe" / "in.png")
        yield served


@pytest.fixture
async def http() -> AsyncIterator[httpx.AsyncClient]:
    async with httpx.AsyncClient(trust_env=False) as client:
        yield client


@pytest.fixture
async def server(world: World, http: httpx.AsyncClient) -> Comfy:
    return Comfy(world.url, http=http)
