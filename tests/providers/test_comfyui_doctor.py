"""What the doctor says about a ComfyUI server."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from imgvid.catalog import modes
from imgvid.comfy.client import Comfy
from imgvid.comfy.workflow import workflows_of
from imgvid.providers.comfyui.doctor import Examined, examine
from imgvid.sandbox.comfyui import World, serve
from tests.providers.comfy import KEY, memory_world, provider_at, runs, slow

MODES = [mode for mode in modes().values() if mode.backend == "comfyui"]
WORKFLOWS = workflows_of(MODES)


@pytest.fixture
async def http() -> AsyncIterator[httpx.AsyncClient]:
    async with httpx.AsyncClient(trust_env=False) as client:
        yield client


async def looked(world: World, http: httpx.AsyncClient, **options: Any) -> Examined:
    return await examine(Comfy(world.url, http=http), modes=MODES, workflows=WORKFLOWS, **options)


async def test_a_server_as_it_should_be(http: httpx.AsyncClient) -> None:
    async with memory_world() as world:
        found = await looked(world, http)
        assert found.problems == []
        assert found.notes == ["mode liveportrait: whether models/liveportrait is whole shows only when it runs"]
        assert found.fine == [
            "ComfyUI 0.33.0 on cpu, 24.0 of 24.0 GB of its memory free",
            "its queue is empty",
            f"people's files stay in memory: temp {world.folders.temp}",
            "mode liveportrait: its nodes and model files are there",
            "mode sdxl-t2i: its nodes and model files are there",
        ]


async def test_what_is_missing_is_named_by_mode(http: httpx.AsyncClient) -> None:
    async with memory_world() as world:
        world.without |= {"LivePortraitProcess", "VHS_SelectImages"}
        world.models["checkpoints"] = ["another.safetensors"]
        world.models["detection"].clear()
        found = await looked(world, http)
    said = "\n".join(found.problems)
    assert "mode liveportrait: liveportrait: node 30: the server has no class LivePortraitProcess." in said
    assert "mode liveportrait: liveportrait: node 21: the server has no class VHS_SelectImages." in said
    assert "face_look: node 3: its model file mediapipe_face_fp32.safetensors is not in detection." in said
    assert "mode sdxl-t2i: sdxl_t2i: node 1: its model file sd_xl_base_1.0.safetensors is not in checkpoints." in said
    assert all("docs/comfyui-server.md" in one for one in found.problems)
    assert not any(one.startswith("mode") for one in found.fine)


async def test_a_disk_is_a_problem_unless_it_is_accepted(tmp_path: Path, http: httpx.AsyncClient) -> None:
    async with serve(tmp_path, metadata=True) as world:
        world.argv = tuple(word for word in world.argv if word != "--cache-none")
        found = await looked(world, http)
        (problem,) = found.problems
        assert str(world.folders.temp) in problem
        assert "COMFYUI_ALLOW_DISK=1" in problem
        assert any("--disable-metadata" in one for one in found.notes)
        assert any("--cache-none" in one for one in found.notes)
        assert (await looked(world, http, allow_disk=True)).problems == []


async def test_a_server_that_others_use(http: httpx.AsyncClient) -> None:
    async with memory_world() as world:
        provider = provider_at(world.url, http)
        request = await provider.submit(slow())
        await runs(world)
        found = await looked(world, http)
        await provider.cancel(request)
    assert "its queue: 1 running, 0 waiting; jobs wait until it is empty" in found.notes


async def test_nobody_there_and_a_wrong_key(http: httpx.AsyncClient) -> None:
    gone = await examine(Comfy("http://127.0.0.1:9", http=http), modes=MODES, workflows=WORKFLOWS)
    assert "does not answer" in gone.problems[0]
    async with memory_world(key=KEY) as world:
        assert (await looked(world, http)).problems == ["it does not accept COMFYUI_API_KEY, or wants one"]
        asked = Comfy(world.url, http=http, key=KEY)
        assert (await examine(asked, modes=MODES, workflows=WORKFLOWS)).problems == []
