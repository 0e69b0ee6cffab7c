"""What goes wrong at a ComfyUI server, and what the provider lets its caller conclude."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path
from typing import Any
from uuid import uuid4

import httpx
import pytest
import structlog

from imgvid.jobs.errors import Code
from imgvid.providers.base import (
    Broken,
    Busy,
    NotFound,
    OutcomeUnknown,
    ProviderError,
    Rejected,
    RemoteState,
    RequestId,
    Unauthorized,
    Unreachable,
    UnsafeDisk,
)
from imgvid.providers.comfyui import ComfyuiProvider
from imgvid.sandbox.comfyui import World, serve
from imgvid.telegram import errors as telegram
from tests.providers.comfy import Album, left, memory_world, provider_at, quick, runs, slow, spec, until
from tests.sandbox.comfyui.photos import landscape, png


@pytest.fixture
async def world() -> AsyncIterator[World]:
    async with memory_world() as served:
        yield served


@pytest.fixture
async def http() -> AsyncIterator[httpx.AsyncClient]:
    async with httpx.AsyncClient(trust_env=False) as client:
        yield client


@pytest.fixture
def provider(world: World, http: httpx.AsyncClient) -> ComfyuiProvider:
    return provider_at(world.url, http)


async def read(provider: ComfyuiProvider, request: RequestId, trouble: Exception | None = None) -> int:
    """All bytes of a result; their number is what was told."""
    size = 0
    async with provider.fetch(request) as result:
        async for piece in result.pieces:
            size += len(piece)
            if trouble is not None:
                raise trouble
    assert size == result.size
    return size


# -- before anything is sent


async def test_a_photo_without_a_face_is_refused_before_the_animation(world: World, http: httpx.AsyncClient) -> None:
    provider = provider_at(world.url, http, Album({"meadow": png(landscape())}))
    with pytest.raises(Rejected) as refused:
        await provider.submit(spec("liveportrait", photo="meadow", seconds=10, expression="calm"))
    assert refused.value.failure is Code.NO_FACE
    assert world.remaining == 0
    assert world.history == {}
    assert set(left(world).values()) == {0}, "the photo does not stay there"


@pytest.mark.parametrize(
    ("data", "failure"),
    [
        (b"no picture", Code.IMAGE_UNSUPPORTED),
        (png(landscape(400, 300))[:400], Code.BAD_IMAGE),
        (png(landscape(12, 12)), Code.IMAGE_TOO_SMALL),
        (telegram.FileTooBig("21 MB"), Code.IMAGE_TOO_HEAVY),
        (telegram.FileUnavailable("wrong file identifier", temporary=False), Code.FILE_UNAVAILABLE),
    ],
)
async def test_a_picture_that_cannot_be_used(
    world: World, http: httpx.AsyncClient, data: bytes | Exception, failure: Code
) -> None:
    provider = provider_at(world.url, http, Album({"face": data}))
    with pytest.raises(Rejected) as refused:
        await provider.submit(quick())
    assert refused.value.failure is failure
    assert world.remaining == 0


@pytest.mark.parametrize(
    "error", [telegram.Unreachable("no connection"), telegram.FileUnavailable("expired", temporary=True)]
)
async def test_a_picture_that_cannot_be_read_now(world: World, http: httpx.AsyncClient, error: Exception) -> None:
    with pytest.raises(Unreachable):
        await provider_at(world.url, http, Album({"face": error})).submit(quick())


async def test_a_server_that_keeps_files_on_a_disk_is_refused(tmp_path: Path, http: httpx.AsyncClient) -> None:
    async with serve(tmp_path) as world:
        with pytest.raises(UnsafeDisk, match=r"temp folder .*--temp-directory /dev/shm/comfyui.*COMFYUI_ALLOW_DISK=1"):
            await provider_at(world.url, http).submit(quick())
        assert not list(world.folders.temp.rglob("*")), "not even the photo was sent"
        allowed = provider_at(world.url, http, allow_disk=True)
        with structlog.testing.capture_logs() as lines:
            for _ in range(2):
                await until(allowed, await allowed.submit(quick()))
        assert [line["event"] for line in lines].count("disk.allowed") == 1


async def test_while_anybody_uses_the_server_jobs_wait(world: World, provider: ComfyuiProvider, http: Any) -> None:
    foreign = str(uuid4())
    (world.folders.input / "x.png").write_bytes(png(landscape()))
    graph = {
        "1": {"class_type": "LoadImage", "inputs": {"image": "x.png"}},
        "2": {"class_type": "ProbeSampler", "inputs": {"image": ["1", 0], "steps": 3000, "step_ms": 10}},
        "3": {"class_type": "PreviewImage", "inputs": {"images": ["2", 0]}},
    }
    await http.post(f"{world.url}/prompt", json={"prompt": graph, "prompt_id": foreign})
    with pytest.raises(Busy, match="1 prompt") as busy:
        await provider.submit(quick())
    assert busy.value.retry_after == timedelta(seconds=3)
    assert world.remaining == 1
    await http.post(f"{world.url}/interrupt", json={"prompt_id": foreign})
    while world.running is not None:
        await asyncio.sleep(0.005)
    await until(provider, await provider.submit(quick()))


async def test_two_jobs_of_one_dispatcher_do_not_both_find_it_free(world: World, provider: ComfyuiProvider) -> None:
    world.faults.add(at="call:POST /upload/image", kind="delay", seconds=0.3)
    done = await asyncio.gather(provider.submit(slow()), provider.submit(slow()), return_exceptions=True)
    assert sorted(type(one).__name__ for one in done) == ["Busy", "str"]
    assert world.remaining == 1


# -- what /prompt may meet


@pytest.mark.parametrize(
    ("change", "failure"),
    [
        (lambda world: world.without.add("PreviewImage"), Code.NODE_MISSING),
        (lambda world: world.models["checkpoints"].clear(), Code.MODEL_MISSING),
    ],
)
async def test_what_is_not_installed(world: World, provider: ComfyuiProvider, change: Any, failure: Code) -> None:
    change(world)
    with pytest.raises(Rejected) as refused:
        await provider.submit(spec("sdxl-t2i", aspect="1:1"))
    assert refused.value.failure is failure
    assert world.remaining == 0


def _refusal(kind: str, details: str, **extra: Any) -> dict[str, Any]:
    error = {"type": kind, "message": "m", "details": details, "extra_info": extra}
    return {
        "error": {"type": "prompt_outputs_failed_validation", "message": "m", "details": "", "extra_info": {}},
        "node_errors": {"5": {"errors": [error], "dependent_outputs": ["7"], "class_type": "KSampler"}},
    }


@pytest.mark.parametrize(
    ("body", "failure"),
    [
        (_refusal("value_bigger_than_max", "seed", input_name="seed"), Code.INPUT_REFUSED),
        (_refusal("value_not_in_list", "x: 'y' not in []", input_name="x", received_value="y"), Code.PROVIDER_REJECTED),
        (_refusal("custom_validation_failed", "video - Invalid file path: a/d9.mp4"), Code.MODEL_MISSING),
        (_refusal("required_input_missing", "dtype", input_name="dtype"), Code.PROVIDER_REJECTED),
        (_refusal("custom_validation_failed", "image - Invalid image file: a/b.png"), Code.BAD_IMAGE),
    ],
)
async def test_a_refused_input(world: World, provider: ComfyuiProvider, body: Any, failure: Code) -> None:
    world.faults.add(at="call:POST /prompt", kind="answer", status=400, body=body)
    with pytest.raises(Rejected) as refused:
        await provider.submit(spec("sdxl-t2i", aspect="1:1"))
    assert refused.value.failure is failure


@pytest.mark.parametrize(
    "fault",
    [
        {"kind": "cut_after"},
        {"kind": "answer", "status": 500, "applied": True},
        {"kind": "answer", "status": 502, "applied": True},
    ],
)
async def test_a_lost_answer_is_asked_for(world: World, provider: ComfyuiProvider, fault: dict[str, Any]) -> None:
    world.faults.add(at="call:POST /prompt", **fault)
    request = await provider.submit(slow())
    assert world.remaining == 1
    await runs(world)
    assert (await provider.status(request)).state is RemoteState.RUNNING


@pytest.mark.parametrize(
    ("fault", "error"),
    [
        ({"kind": "cut"}, Unreachable),
        ({"kind": "answer", "status": 502}, Unreachable),
        ({"kind": "answer", "status": 500}, Broken),
        ({"kind": "answer", "status": 200, "body": "<html>sign in</html>"}, Broken),
        ({"kind": "answer", "status": 503, "headers": {"Retry-After": "7"}}, Busy),
        ({"kind": "answer", "status": 401}, Unauthorized),
    ],
)
async def test_a_prompt_that_was_surely_not_taken(
    world: World, provider: ComfyuiProvider, fault: dict[str, Any], error: type[ProviderError]
) -> None:
    world.faults.add(at="call:POST /prompt", **fault)
    with pytest.raises(error) as met:
        await provider.submit(quick())
    assert world.remaining == 0
    assert set(left(world).values()) == {0}, "its photo does not stay there"
    if isinstance(met.value, Busy):
        assert met.value.retry_after == timedelta(seconds=7)


async def test_nobody_can_say_whether_it_was_taken(world: World, provider: ComfyuiProvider) -> None:
    world.faults.add(at="call:POST /prompt", kind="cut_after")
    world.faults.add(at="call:GET /queue", kind="cut", nth=2, times=0)
    with pytest.raises(OutcomeUnknown):
        await provider.submit(slow())
    assert world.remaining == 1, "it runs, and the next attempt ends it"
    assert max(left(world).values()) > 0


@pytest.mark.parametrize(
    ("fault", "error"),
    [
        ({"kind": "answer", "status": 401}, Unauthorized),
        ({"kind": "answer", "status": 200, "body": "<html>sign in</html>"}, Broken),
        ({"kind": "answer", "status": 429}, Busy),
        ({"kind": "cut"}, Unreachable),
    ],
)
async def test_a_server_that_is_not_what_it_should_be(
    world: World, provider: ComfyuiProvider, fault: dict[str, Any], error: type[ProviderError]
) -> None:
    world.faults.add(at="call:GET /system_stats", times=0, **fault)
    with pytest.raises(error):
        await provider.submit(quick())


async def test_a_server_that_is_not_there(http: httpx.AsyncClient) -> None:
    provider = provider_at("http://127.0.0.1:9", http)
    with pytest.raises(Unreachable):
        await provider.submit(quick())
    for call in (provider.status, provider.cancel, provider.forget):
        with pytest.raises(Unreachable):
            await call("http://127.0.0.1:9/x")  # type: ignore[arg-type]
    with pytest.raises(Unreachable):
        await provider.health()


# -- the look for faces


@pytest.mark.parametrize(
    ("fault", "error"),
    [
        ({"kind": "raise", "error": "oom"}, Rejected),
        ({"kind": "raise", "error": "model"}, Rejected),
        ({"kind": "restart"}, Unreachable),
    ],
)
async def test_a_look_for_faces_that_fails(
    world: World, provider: ComfyuiProvider, fault: dict[str, Any], error: type[ProviderError]
) -> None:
    world.faults.add(at="node:MediaPipeFaceLandmarker", **fault)
    with pytest.raises(error) as met:
        await provider.submit(spec("liveportrait", photo="face", seconds=10, expression="calm"))
    if isinstance(met.value, Rejected):
        assert met.value.failure in {Code.OUT_OF_MEMORY, Code.MODEL_MISSING}
    assert world.remaining == 0
    assert world.history == {}


async def test_a_dispatcher_that_stops_leaves_no_look_behind(world: World, provider: ComfyuiProvider) -> None:
    world.faults.add(at="node:MediaPipeFaceLandmarker", kind="slow", steps=3000, step_s=0.01)
    job = asyncio.create_task(provider.submit(spec("liveportrait", photo="face", seconds=10, expression="calm")))
    await runs(world)
    job.cancel()
    with pytest.raises(asyncio.CancelledError):
        await job
    assert world.remaining == 0
    assert world.history == {}
    assert set(left(world).values()) == {0}


async def test_a_face_that_only_the_look_saw(world: World, provider: ComfyuiProvider) -> None:
    world.faces = 1
    world.faults.add(at="node:LoadImage", kind="slow", nth=2, steps=100, step_s=0.01)
    request = await provider.submit(spec("liveportrait", photo="face", seconds=10, expression="calm"))
    world.faces = 0  # the animation's own finder has not looked yet
    status = await until(provider, request)
    assert (status.state, status.failure) == (RemoteState.FAILED, Code.NO_FACE)


# -- while it runs, and after


@pytest.mark.parametrize(
    ("error", "failure"),
    [
        ("oom", Code.OUT_OF_MEMORY),
        ("value", Code.ENGINE_FAILED),
        ("model", Code.MODEL_MISSING),
        ("file", Code.MODEL_MISSING),
    ],
)
async def test_a_node_that_fails(world: World, provider: ComfyuiProvider, error: str, failure: Code) -> None:
    world.faults.add(at="node:KSampler", kind="raise", error=error)
    request = await provider.submit(spec("sdxl-t2i", aspect="1:1"))
    status = await until(provider, request)
    assert (status.state, status.failure, status.fetchable) == (RemoteState.FAILED, failure, False)
    assert "node 5 (KSampler)" in (status.error or "")
    with pytest.raises(Rejected):
        async with provider.fetch(request):
            pass


async def test_a_server_that_was_started_again_has_lost_it(world: World, provider: ComfyuiProvider) -> None:
    world.faults.add(at="node:ProbeSampler", kind="restart")
    request = await provider.submit(quick())
    status = await until(provider, request)
    assert (status.state, status.failure) == (RemoteState.FAILED, Code.WORKER_LOST)
    with pytest.raises(NotFound):
        await read(provider, request)


async def test_a_server_that_is_gone_and_comes_back(http: httpx.AsyncClient) -> None:
    async with memory_world() as world:
        provider = provider_at(world.url, http)
        request = await provider.submit(slow())
        await runs(world)
    with pytest.raises(Unreachable):
        await provider.status(request)
    with pytest.raises(Unreachable):
        async with provider.fetch(request):
            pass


async def test_a_prompt_that_somebody_else_stopped_is_cancelled(world: World, provider: ComfyuiProvider) -> None:
    request = await provider.submit(slow())
    await runs(world)
    world.interrupt(None)
    assert (await until(provider, request)).state is RemoteState.CANCELLED


async def test_a_graph_that_ends_well_without_a_file(world: World, provider: ComfyuiProvider) -> None:
    request = await provider.submit(quick())
    await until(provider, request)
    (entry,) = world.history.values()
    entry["outputs"] = {}
    status = await provider.status(request)
    assert (status.state, status.failure) == (RemoteState.FAILED, Code.ENGINE_FAILED)
    with pytest.raises(Rejected):
        async with provider.fetch(request):
            pass


async def test_a_result_whose_file_is_gone(world: World, provider: ComfyuiProvider) -> None:
    request = await provider.submit(quick())
    await until(provider, request)
    for path in world.folders.temp.glob("*.png"):
        path.unlink()
    with pytest.raises(NotFound):
        async with provider.fetch(request):
            pass


async def test_a_download_that_stops_arriving_is_given_up(world: World, http: httpx.AsyncClient) -> None:
    provider = provider_at(world.url, http, cap=timedelta(seconds=1))
    request = await provider.submit(spec("sdxl-t2i", aspect="1:1"))
    await until(provider, request)
    world.faults.add(at="call:GET /view", kind="stall", seconds=30)
    with pytest.raises(Unreachable, match="stopped arriving"):
        await read(provider, request)
    assert await read(provider, request) > 1000


async def test_a_download_that_breaks_off(world: World, provider: ComfyuiProvider) -> None:
    request = await provider.submit(spec("sdxl-t2i", aspect="1:1"))
    await until(provider, request)
    world.faults.add(at="call:GET /view", kind="stall", seconds=0)
    with pytest.raises(Unreachable, match="broke off"):
        await read(provider, request)


async def test_what_the_readers_own_trouble_is_stays_its_own(provider: ComfyuiProvider) -> None:
    request = await provider.submit(quick())
    await until(provider, request)
    with pytest.raises(ZeroDivisionError):
        await read(provider, request, trouble=ZeroDivisionError())


async def test_a_question_is_repeated_for_a_moment(world: World, provider: ComfyuiProvider) -> None:
    request = await provider.submit(quick())
    await until(provider, request)
    world.faults.add(at="call:GET /queue", kind="cut", times=2)
    assert (await provider.status(request)).fetchable
