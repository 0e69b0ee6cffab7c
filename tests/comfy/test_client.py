from __future__ import annotations

import io
import subprocess
import sys
from pathlib import Path
from uuid import uuid4

import httpx
import pytest
from PIL import Image

from imgvid.comfy.client import Comfy, Limits, Place
from imgvid.comfy.errors import (
    BadAnswer,
    BadInput,
    Busy,
    MissingNode,
    NoOutput,
    ServerGone,
    Timeout,
    Unauthorized,
)
from imgvid.comfy.history import OutputFile
from imgvid.sandbox.comfyui import World, serve
from tests.comfy.script import CORE, MISSING_NODE, PARTLY_WRONG, changed


def png() -> io.BytesIO:
    buffer = io.BytesIO()
    Image.new("RGB", (8, 8), "teal").save(buffer, format="PNG")
    buffer.seek(0)
    return buffer


async def test_what_a_server_is(server: Comfy, world: World) -> None:
    stats = await server.stats()
    assert stats.version == "0.33.0"
    assert stats.folder("temp") == world.folders.temp
    assert (await server.object_info("ImageScale"))["ImageScale"]
    assert await server.object_info("No Such/Node") == {}
    assert await server.models("diffusion_models") == ("a.safetensors",)
    assert await server.models("unet") is None


async def test_a_key_is_sent_and_never_shown(tmp_path: Path, http: httpx.AsyncClient) -> None:
    async with serve(tmp_path, key="s3cret-key") as world:
        await Comfy(world.url, http=http, key="s3cret-key").stats()
        wrong = Comfy(world.url, http=http, key="an0ther-key")
        with pytest.raises(Unauthorized) as refused:
            await wrong.stats()
    assert "an0ther" not in f"{wrong!r} {refused.value}"


async def test_a_picture_is_uploaded_to_the_temporary_folder(server: Comfy, world: World) -> None:
    kept = await server.upload(png(), name="in.png", subfolder="job1")
    assert kept.value == "job1/in.png [temp]"
    assert (world.folders.temp / "job1" / "in.png").read_bytes() == png().read()
    assert list(world.folders.input.glob("*")) == [world.folders.input / "probe"]
    with pytest.raises(BadInput):
        await server.upload(png(), name="in.png", subfolder="../out")


async def test_a_graph_runs_from_an_uploaded_temporary_picture(server: Comfy, world: World) -> None:
    kept = await server.upload(png(), name="in.png", subfolder="job1")
    prompt_id = str(uuid4())
    await server.submit(changed(CORE, "1", image=kept.value), prompt_id=prompt_id, client_id="c")
    assert await server.place(prompt_id) is not Place.ABSENT
    await server.cancel(prompt_id)


async def test_a_result_is_streamed_to_a_file(server: Comfy, world: World, tmp_path: Path) -> None:
    (world.folders.output / "a").mkdir()
    (world.folders.output / "a" / "b.mp4").write_bytes(bytes(3_000_000))
    file = OutputFile(node="5", filename="b.mp4", subfolder="a", folder_type="output")
    assert await server.download(file, tmp_path / "got.mp4") == 3_000_000
    assert (tmp_path / "got.mp4").stat().st_size == 3_000_000
    with pytest.raises(BadAnswer, match="larger than 1000"):
        await server.download(file, tmp_path / "big.mp4", max_bytes=1000)
    gone = OutputFile(node="5", filename="c.mp4", subfolder="a", folder_type="output")
    with pytest.raises(NoOutput):
        await server.download(gone, tmp_path / "gone.mp4")


async def test_a_refused_graph_is_not_queued(server: Comfy, world: World) -> None:
    with pytest.raises(MissingNode):
        await server.submit(MISSING_NODE, prompt_id=str(uuid4()), client_id="c")
    assert world.remaining == 0


async def test_a_graph_that_runs_in_part_is_refused_and_cancelled(server: Comfy, world: World) -> None:
    world.faults.add(at="node:LoadImage", kind="slow", steps=1000, step_s=0.01)
    prompt_id = str(uuid4())
    with pytest.raises(BadInput, match=r"node 9 \(LoadImage\)"):
        await server.submit(PARTLY_WRONG, prompt_id=prompt_id, client_id="c")
    while await server.place(prompt_id) is not Place.ABSENT:
        pass
    entry = await server.history(prompt_id)
    assert entry is None or entry.ended == "interrupted"


async def test_a_finished_prompt_is_forgotten(server: Comfy, world: World) -> None:
    prompt_id = str(uuid4())
    await server.submit(CORE, prompt_id=prompt_id, client_id="c")
    while await server.history(prompt_id) is None:
        pass
    await server.forget(prompt_id)
    await server.forget(prompt_id)
    assert await server.history(prompt_id) is None
    assert world.history == {}


async def test_a_waiting_prompt_is_taken_out_and_the_running_one_goes_on(server: Comfy, world: World) -> None:
    first, second = str(uuid4()), str(uuid4())
    await server.submit(changed(CORE, "6", steps=1000, step_ms=10), prompt_id=first, client_id="c")
    await server.submit(CORE, prompt_id=second, client_id="c")
    assert await server.place(second) is Place.WAITING
    await server.cancel(second)
    assert await server.place(second) is Place.ABSENT
    assert world.running is not None
    assert (world.running.id, world.running.interrupted) == (first, False)
    await server.cancel(first)


async def test_a_server_without_the_jobs_api_is_asked_the_old_way(tmp_path: Path, http: httpx.AsyncClient) -> None:
    async with serve(tmp_path, has_jobs_api=False) as world:
        (world.folders.input / "probe").mkdir()
        (world.folders.input / "probe" / "in.png").write_bytes(png().read())
        server = Comfy(world.url, http=http)
        first, second = str(uuid4()), str(uuid4())
        await server.submit(changed(CORE, "6", steps=1000, step_ms=10), prompt_id=first, client_id="c")
        await server.submit(changed(CORE, "6", steps=1000, step_ms=10), prompt_id=second, client_id="c")
        while await server.place(first) is not Place.RUNNING:
            pass
        await server.cancel(second)
        assert await server.place(second) is Place.ABSENT
        assert await server.place(first) is Place.RUNNING, "no interrupt went to somebody else's prompt"
        await server.cancel(first)
        while await server.place(first) is not Place.ABSENT:
            pass
        asked = [call["path"] for call in world.calls]
        assert len([path for path in asked if path.endswith("/cancel")]) == 1, "a 404 is asked for once"


@pytest.mark.parametrize(
    ("status", "error"),
    [
        (401, Unauthorized),
        (403, Unauthorized),
        (429, Busy),
        (503, Busy),
        (502, ServerGone),
        (500, BadAnswer),
        (404, BadAnswer),
    ],
)
async def test_what_a_status_means(server: Comfy, world: World, status: int, error: type[Exception]) -> None:
    world.faults.add(at="call:GET /queue", kind="answer", status=status, body="<html>a secret page</html>")
    with pytest.raises(error) as met:
        await server.place("x")
    assert "secret" not in str(met.value)
    assert f"GET /queue: HTTP {status}" in str(met.value)


async def test_busy_says_for_how_long(server: Comfy, world: World) -> None:
    world.faults.add(at="call:GET /queue", kind="answer", status=429, headers={"Retry-After": "7"})
    with pytest.raises(Busy) as busy:
        await server.place("x")
    assert busy.value.retry_after_s == 7


async def test_a_page_instead_of_json(server: Comfy, world: World) -> None:
    world.faults.add(at="call:GET /system_stats", kind="answer", status=200, body="<html>sign in</html>")
    with pytest.raises(BadAnswer, match="without JSON"):
        await server.stats()


async def test_no_server_is_gone_and_surely_got_nothing(http: httpx.AsyncClient) -> None:
    with pytest.raises(ServerGone) as gone:
        await Comfy("http://127.0.0.1:9", http=http).submit(CORE, prompt_id=str(uuid4()), client_id="c")
    assert gone.value.maybe_sent is False


async def test_a_cut_answer_to_a_prompt_may_have_been_sent(server: Comfy, world: World) -> None:
    world.faults.add(at="call:POST /prompt", kind="cut_after")
    with pytest.raises(ServerGone) as gone:
        await server.submit(changed(CORE, "6", steps=500), prompt_id=str(uuid4()), client_id="c")
    assert gone.value.maybe_sent is True
    assert world.remaining == 1


async def test_a_slow_answer_is_given_up(world: World, http: httpx.AsyncClient) -> None:
    server = Comfy(world.url, http=http, limits=Limits(answer_s=0.05))
    world.faults.add(at="call:GET /queue", kind="delay", seconds=1)
    with pytest.raises(Timeout):
        await server.place("x")
    world.faults.add(at="call:POST /prompt", kind="delay", seconds=1)
    with pytest.raises(ServerGone) as gone:
        await server.submit(CORE, prompt_id=str(uuid4()), client_id="c")
    assert gone.value.maybe_sent is True


def test_a_dispatcher_that_asks_a_server_loads_no_second_http_library() -> None:
    code = "import sys, imgvid.comfy.client, imgvid.comfy.stop; sys.exit('aiohttp' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
