"""What the doctor says about a ComfyUI server."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import httpx
import pytest

from imgvid.catalog import modes
from imgvid.comfy.client import Comfy
from imgvid.comfy.errors import ServerGone, Unauthorized
from imgvid.comfy.workflow import workflows_of
from imgvid.providers.comfyui.doctor import check_server, remarks
from imgvid.sandbox.comfyui import serve
from tests.providers.comfy import KEY, memory_world, provider_at, runs, slow

WORKFLOWS = workflows_of(mode for mode in modes().values() if mode.backend == "comfyui")
UNSEEN = "whether models/liveportrait is whole shows only when it runs"


@pytest.fixture
async def http() -> AsyncIterator[httpx.AsyncClient]:
    async with httpx.AsyncClient(trust_env=False) as client:
        yield client


async def test_a_server_as_it_should_be(http: httpx.AsyncClient) -> None:
    async with memory_world() as world:
        server = Comfy(world.url, http=http)
        assert await check_server(server, WORKFLOWS, allow_disk=False) == ("ComfyUI 0.33.0 on cpu", [])
        assert await remarks(server, WORKFLOWS, allow_disk=False) == [UNSEEN]


async def test_what_is_missing_is_named(http: httpx.AsyncClient) -> None:
    async with memory_world() as world:
        world.without |= {"LivePortraitProcess", "VHS_SelectImages"}
        world.models["checkpoints"] = ["another.safetensors"]
        world.models["detection"].clear()
        _, troubles = await check_server(Comfy(world.url, http=http), WORKFLOWS, allow_disk=False)
    said = "\n".join(troubles)
    for words in ("no class LivePortraitProcess", "no class VHS_SelectImages", "mediapipe_face_fp32.safetensors is not in",
                  "sd_xl_base_1.0.safetensors is not in checkpoints"):  # fmt: skip
        assert words in said


async def test_a_disk_is_a_trouble_unless_it_is_accepted(tmp_path: Path, http: httpx.AsyncClient) -> None:
    async with serve(tmp_path, metadata=True) as world:
        world.argv = tuple(word for word in world.argv if word != "--cache-none")
        server = Comfy(world.url, http=http)
        _, (trouble,) = await check_server(server, WORKFLOWS, allow_disk=False)
        assert str(world.folders.temp) in trouble
        assert (await check_server(server, WORKFLOWS, allow_disk=True))[1] == []
        accepted, metadata, cache, unseen = await remarks(server, WORKFLOWS, allow_disk=True)
        assert str(world.folders.temp) in accepted
        assert "--disable-metadata" in metadata
        assert "--cache-none" in cache
        assert unseen == UNSEEN


async def test_a_server_that_others_use(http: httpx.AsyncClient) -> None:
    async with memory_world() as world:
        provider = provider_at(world.url, http)
        request = await provider.submit(slow())
        await runs(world)
        said = await remarks(Comfy(world.url, http=http), WORKFLOWS, allow_disk=False)
        await provider.cancel(request)
    assert said[0] == "1 prompts run there and 0 wait; jobs wait until none is left"


async def test_nobody_there_and_a_wrong_key(http: httpx.AsyncClient) -> None:
    with pytest.raises(ServerGone):
        await check_server(Comfy("http://127.0.0.1:9", http=http), WORKFLOWS, allow_disk=False)
    async with memory_world(key=KEY) as world:
        with pytest.raises(Unauthorized):
            await remarks(Comfy(world.url, http=http), WORKFLOWS, allow_disk=False)
        asked = Comfy(world.url, http=http, key=KEY)
        assert (await check_server(asked, WORKFLOWS, allow_disk=False))[1] == []
