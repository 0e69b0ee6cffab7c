"""What the stand-in promises beside the recorded script: files, faults, memory, old servers, the trap of the sockets."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any
from uuid import uuid4

import aiohttp
import av
import pytest
from PIL import Image

from imgvid.sandbox.comfyui import Memory, World, serve
from imgvid.sandbox.comfyui.faults import BadFault
from imgvid.sandbox.comfyui.world import GIB
from tests.comfy.script import CORE, VHS, changed

FAST = changed(CORE, "6", steps=1, step_ms=1)
LONG = changed(CORE, "6", steps=3000, step_ms=10)


@pytest.fixture
async def http(world: World) -> AsyncIterator[aiohttp.ClientSession]:
    (world.folders.input / "probe").mkdir()
    Image.radial_gradient("L").convert("RGB").save(world.folders.input / "probe" / "in.png")
    async with aiohttp.ClientSession(world.url) as session:
        yield session


async def run(world: World, http: aiohttp.ClientSession, graph: dict[str, Any]) -> Any:
    """One prompt to its history entry."""
    prompt_id = str(uuid4())
    async with http.post("/prompt", json={"prompt": graph, "prompt_id": prompt_id, "client_id": "c"}) as answer:
        assert answer.status == 200, await answer.text()
    while prompt_id not in world.history:
        await asyncio.sleep(0.005)
    return world.history[prompt_id]


async def upload(http: aiohttp.ClientSession, data: bytes, **fields: str) -> tuple[int, Any]:
    form = aiohttp.FormData()
    form.add_field("image", data, filename="in.png")
    for name, value in fields.items():
        form.add_field(name, value)
    async with http.post("/upload/image", data=form) as answer:
        return answer.status, await answer.json() if answer.content_type == "application/json" else None


async def test_the_video_is_real(world: World, http: aiohttp.ClientSession) -> None:
    await run(world, http, changed(changed(FAST, "2", width=96, height=160), "4", fps=12))
    with av.open(str(world.folders.output / "probe" / "clip_00001_.mp4")) as video:
        stream = video.streams.video[0]
        assert (stream.codec_context.name, stream.width, stream.height) == ("h264", 96, 160)
        assert (stream.frames, float(stream.average_rate or 0)) == (12, 12.0)


async def test_names_count_up_and_nothing_is_deleted(world: World, http: aiohttp.ClientSession) -> None:
    for _ in range(2):
        await run(world, http, FAST)
    made = sorted(path.name for path in (world.folders.output / "probe").iterdir())
    assert made == ["clip_00001_.mp4", "clip_00002_.mp4"]


async def test_vhs_leaves_a_picture_and_a_text(world: World, http: aiohttp.ClientSession) -> None:
    await run(world, http, changed(changed(VHS, "6", steps=1, step_ms=1), "28", save_metadata=True, save_output=False))
    left = {str(path.relative_to(world.folders.temp)) for path in world.folders.temp.rglob("*") if path.is_file()}
    assert left == {"probe/vhs_00001.mp4", "probe/vhs_00001.png", "metadata.txt"}
    with av.open(str(world.folders.temp / "probe" / "vhs_00001.mp4")) as video:
        assert "prompt" in video.metadata


async def test_a_prefix_that_leaves_the_folder_fails_at_run_time(world: World, http: aiohttp.ClientSession) -> None:
    entry = await run(world, http, changed(FAST, "5", filename_prefix="../../x"))
    kind, data = entry["status"]["messages"][-1]
    assert (kind, data["exception_type"]) == ("execution_error", "Exception")


async def test_uploads_keep_their_names_as_the_real_one_does(world: World, http: aiohttp.ClientSession) -> None:
    assert await upload(http, b"a") == (200, {"name": "in.png", "subfolder": "", "type": "input"})
    assert (await upload(http, b"a"))[1]["name"] == "in.png"
    assert (await upload(http, b"b"))[1]["name"] == "in (1).png"
    assert (await upload(http, b"c", overwrite="true"))[1]["name"] == "in.png"
    assert (await upload(http, b"d", type="temp", subfolder="j"))[1] == {
        "name": "in.png",
        "subfolder": "j",
        "type": "temp",
    }
    assert (await upload(http, b"e", subfolder="../.."))[0] == 400
    assert (await upload(http, b"e", type="elsewhere"))[0] == 500
    assert (world.folders.input / "in.png").read_bytes() == b"c"


@pytest.mark.parametrize(
    ("query", "status"),
    [
        ("filename=in.png&subfolder=probe&type=input", 200),
        ("filename=no.png&type=input", 404),
        ("type=input", 404),
        ("filename=../in.png&type=input", 400),
        ("filename=in.png&type=elsewhere", 400),
        ("filename=in.png&subfolder=../..&type=input", 403),
    ],
)
async def test_view(http: aiohttp.ClientSession, query: str, status: int) -> None:
    async with http.get(f"/view?{query}") as answer:
        assert answer.status == status


async def test_a_socket_that_ends_takes_the_newer_ones_place(world: World, http: aiohttp.ClientSession) -> None:
    """The trap of the real server: close before you come back."""
    old = await http.ws_connect("/ws?clientId=c")
    new = await http.ws_connect("/ws?clientId=c")
    for socket in (old, new):
        assert (await socket.receive_json())["type"] == "status"
    await old.close()
    await run(world, http, FAST)
    await world.tell_status()
    with pytest.raises(TimeoutError):
        await new.receive_json(timeout=0.05)
    await new.close()


async def test_faults_are_ordered_over_http(world: World, http: aiohttp.ClientSession) -> None:
    order = {"at": "call:GET /queue", "kind": "answer", "status": 500, "nth": 2, "times": 1}
    async with http.post("/sim/faults", json=order) as answer:
        assert (await answer.json())["id"] == "1"
    statuses = []
    for _ in range(3):
        async with http.get("/api/queue") as answer:
            statuses.append(answer.status)
    assert statuses == [200, 500, 200]
    async with http.get("/sim/faults") as answer:
        assert await answer.json() == {"faults": []}
    async with http.post("/sim/faults", json={"at": "nowhere", "kind": "answer"}) as answer:
        assert answer.status == 400
    async with http.get("/sim/calls") as answer:
        calls = (await answer.json())["calls"]
    assert [call["path"] for call in calls] == ["/queue"] * 3
    with pytest.raises(BadFault):
        world.faults.add(at="history", kind="explode")


async def test_a_fault_may_end_the_process(tmp_path: Path) -> None:
    died = asyncio.Event()
    async with serve(tmp_path / "c", die=died.set) as world, aiohttp.ClientSession(world.url) as http:
        (world.folders.input / "probe").mkdir()
        Image.new("RGB", (8, 8)).save(world.folders.input / "probe" / "in.png")
        world.faults.add(at="frame:progress", kind="die")
        await run(world, http, FAST)
        assert died.is_set()


async def test_memory_as_system_stats_tells_it(tmp_path: Path) -> None:
    memory = Memory(gpu="cuda:0 NVIDIA L40S : native", device_type="cuda", resident_vram=4 * GIB, job_vram=2 * GIB,
                    leak_vram=GIB, leak_ram=GIB)  # fmt: skip
    async with serve(tmp_path / "c", memory=memory) as world, aiohttp.ClientSession(world.url) as http:
        (world.folders.input / "probe").mkdir()
        Image.new("RGB", (8, 8)).save(world.folders.input / "probe" / "in.png")

        async def free() -> tuple[int, int]:
            async with http.get("/system_stats") as answer:
                stats = await answer.json()
            return stats["devices"][0]["vram_free"] // GIB, stats["system"]["ram_free"] // GIB

        assert await free() == (20, 62)
        await run(world, http, FAST)
        assert await free() == (19, 61)
        async with http.post("/free", json={"unload_models": True, "free_memory": True}) as answer:
            assert answer.status == 200
        assert await free() == (23, 61), "models go, a leak does not"


async def test_prompts_run_one_at_a_time_and_in_front_when_asked(world: World, http: aiohttp.ClientSession) -> None:
    ids = [str(uuid4()) for _ in range(3)]
    graphs = (changed(CORE, "6", steps=20, step_ms=5), FAST, FAST)
    for prompt_id, graph, front in zip(ids, graphs, (False, False, True), strict=True):
        body = {"prompt": graph, "prompt_id": prompt_id, "front": front}
        async with http.post("/prompt", json=body) as answer:
            assert answer.status == 200
        while world.running is None:
            await asyncio.sleep(0)
    while len(world.history) < 3:
        await asyncio.sleep(0.005)
    assert list(world.history) == [ids[0], ids[2], ids[1]]


async def test_a_global_interrupt_hits_whatever_runs(world: World, http: aiohttp.ClientSession) -> None:
    task = asyncio.create_task(run(world, http, LONG))
    while world.running is None:
        await asyncio.sleep(0.005)
    async with http.post("/interrupt") as answer:
        assert answer.status == 200
    assert (await task)["status"]["messages"][-1][0] == "execution_interrupted"
