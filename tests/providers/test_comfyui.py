"""Jobs of a ComfyUI server from submit to forget, against the stand-in over real sockets."""

from __future__ import annotations

import io
from collections.abc import AsyncIterator
from datetime import timedelta
from typing import Any

import av
import httpx
import pytest
import structlog
from PIL import Image

from imgvid.jobs.errors import Code
from imgvid.providers.base import Busy, Fetching, NotFound, Provider, RemoteState, RequestId, Result, Unauthorized
from imgvid.providers.comfyui import ComfyuiProvider
from imgvid.sandbox.comfyui import World
from tests.providers.comfy import KEY, Album, left, memory_world, provider_at, quick, runs, slow, spec, until
from tests.sandbox.comfyui.photos import png, portrait


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


async def fetched(provider: ComfyuiProvider, request: RequestId) -> tuple[bytes, Result]:
    async with provider.fetch(request) as result:
        return b"".join([piece async for piece in result.pieces]), result


async def test_it_is_a_provider_that_fetches(provider: ComfyuiProvider) -> None:
    checked: Provider = provider
    assert isinstance(checked, Fetching)
    assert checked.deadline_failure is Code.WAIT_EXCEEDED


async def test_words_become_a_picture_and_nothing_of_it_stays(world: World, provider: ComfyuiProvider) -> None:
    request = await provider.submit(spec("sdxl-t2i", aspect="16:9", negative="fog"))
    status = await until(provider, request)
    assert (status.state, status.fetchable, status.failure) == (RemoteState.SUCCEEDED, True, None)
    data, result = await fetched(provider, request)
    assert (result.media_type, result.size) == ("image/png", len(data))
    with Image.open(io.BytesIO(data)) as picture:
        assert picture.size == (1344, 768)
    recipe = dict(result.recipe)
    assert recipe.pop("comfyui_s") is not None
    assert recipe.pop("prompt_id") == request.rpartition("/")[2]
    assert len(str(recipe.pop("graph"))) == 64
    assert recipe == {"workflow": "sdxl_t2i", "comfyui": "0.33.0", "gpu": "cpu"}
    (graph,) = [entry["prompt"][2] for entry in world.history.values()]
    assert (graph["5"]["inputs"]["seed"], graph["4"]["inputs"]["text"]) == (7, "fog")

    await provider.forget(request)
    assert set(left(world).values()) == {0}, "files of 0 bytes, until the server starts again"
    assert world.history == {}
    await provider.forget(request)
    with pytest.raises(NotFound):
        await fetched(provider, request)


async def test_a_face_becomes_a_video(world: World, http: httpx.AsyncClient) -> None:
    two = png(portrait(480, 160, faces=((0.2, 0.4), (0.7, 0.7))))
    provider = provider_at(world.url, http, Album({"two": two}))
    request = await provider.submit(spec("liveportrait", photo="two", seconds=15, expression="smile"))
    assert (await until(provider, request)).fetchable
    data, result = await fetched(provider, request)
    assert result.media_type == "video/mp4"
    assert result.notes == ("note-largest-face",)
    assert result.recipe["faces"] == 2
    with av.open(io.BytesIO(data)) as video:
        assert (video.streams.video[0].frames, video.streams.video[0].average_rate) == (375, 25)
    assert len(world.history) == 1, "the look for faces is forgotten"
    (graph,) = [entry["prompt"][2] for entry in world.history.values()]
    assert graph["3"]["inputs"]["x"] > 300, "the larger one, on the right"
    await provider.forget(request)
    assert set(left(world).values()) == {0}
    assert not any(name.startswith("out/") for name in left(world))


async def test_one_face_needs_no_note(provider: ComfyuiProvider) -> None:
    request = await provider.submit(spec("liveportrait", photo="face", seconds=10, expression="calm"))
    await until(provider, request)
    async with provider.fetch(request) as result:
        assert result.notes == ()


async def test_the_picture_arrives_small_and_without_metadata(world: World, http: httpx.AsyncClient) -> None:
    big = portrait(3000, 1000)
    exif = Image.Exif()
    exif[0x010E] = "where I live"
    buffer = io.BytesIO()
    big.save(buffer, format="JPEG", exif=exif)
    provider = provider_at(world.url, http, Album({"face": buffer.getvalue()}))
    request = await provider.submit(quick())
    (path,) = world.folders.temp.rglob("image.img")
    assert path.parent.name == request.rpartition("/")[2]
    with Image.open(path) as kept:
        assert kept.size == (2048, 683)
        assert not kept.getexif()
    await until(provider, request)


async def test_another_process_follows_fetches_and_forgets(world: World, http: httpx.AsyncClient) -> None:
    request = await provider_at(world.url, http).submit(quick())
    other = provider_at(world.url, http)
    assert (await until(other, request)).fetchable
    data, result = await fetched(other, request)
    assert data.startswith(b"\x89PNG")
    assert result.recipe["workflow"] == "probe"
    await other.forget(request)
    assert set(left(world).values()) == {0}


async def test_a_row_is_polled_where_it_was_accepted(http: httpx.AsyncClient) -> None:
    async with memory_world() as first, memory_world(key=KEY) as second:
        request = await provider_at(first.url, http).submit(slow())
        moved = provider_at(second.url, http, key=KEY)
        await runs(first)
        assert (await moved.status(request)).state is RemoteState.RUNNING
        await moved.cancel(request)
        assert (await until(moved, request)).state is RemoteState.CANCELLED
        # The key is for the configured server alone: asked for elsewhere, it does not go there.
        there = await moved.submit(quick())
        with pytest.raises(Unauthorized):
            await provider_at(first.url, http, key=KEY).status(there)


async def test_the_queue_tells_the_place_in_it(world: World, http: httpx.AsyncClient) -> None:
    first, second = provider_at(world.url, http), provider_at(world.url, http)
    running = await first.submit(slow())
    await runs(world)
    # Two dispatchers that looked at the same moment: the server lines them up.
    prompt = world.running
    assert prompt is not None
    world.running = None
    waiting = await second.submit(slow())
    world.running = prompt
    status = await second.status(waiting)
    assert (status.state, status.position) == (RemoteState.QUEUED, 1)
    assert (await first.status(running)).position is None
    health = await first.health()
    assert (health.in_progress, health.in_queue, health.starved) == (1, 1, False)

    await second.cancel(waiting)
    assert (await second.status(waiting)).state.final, "it leaves no trace, and it does not run"
    assert (await first.status(running)).state is RemoteState.RUNNING, "nobody else's prompt was hit"
    await first.cancel(running)
    assert (await until(first, running)).state is RemoteState.CANCELLED


async def test_a_new_attempt_ends_and_forgets_the_earlier_ones(world: World, provider: ComfyuiProvider) -> None:
    world.faults.add(at="node:ProbeSampler", kind="deaf", seconds=1)
    first = slow()
    old = await provider.submit(first)
    await runs(world)
    with pytest.raises(Busy, match="queue"):  # a kernel does not hear of it at once: sent a little later
        await provider.submit(slow(job=first.job_id, attempt=3))
    assert (await until(provider, old)).state is RemoteState.CANCELLED
    new = await provider.submit(quick(job=first.job_id, attempt=4))
    assert list(world.history) in ([], [new.rpartition("/")[2]])
    assert (await until(provider, new)).fetchable
    with pytest.raises(NotFound):
        await fetched(provider, old)


async def test_it_may_run_no_longer_than_the_operator_allows(world: World, http: httpx.AsyncClient) -> None:
    clock = [1000.0]
    provider = provider_at(world.url, http, cap=timedelta(seconds=50), now=lambda: clock[0])
    request = await provider.submit(slow())
    await runs(world)
    clock[0] += 49
    assert (await provider.status(request)).state is RemoteState.RUNNING
    clock[0] += 2
    status = await until(provider, request)
    assert (status.state, status.failure) == (RemoteState.FAILED, Code.WAIT_EXCEEDED)
    assert world.running is None


async def test_a_prompt_that_waits_too_long_is_taken_out(world: World, http: httpx.AsyncClient) -> None:
    clock = [1000.0]
    provider = provider_at(world.url, http, cap=timedelta(seconds=50), now=lambda: clock[0])
    await provider.submit(slow())
    await runs(world)
    prompt, world.running = world.running, None
    waiting = await provider.submit(slow())
    world.running = prompt
    clock[0] += 51
    status = await provider.status(waiting)
    assert (status.state, status.failure) == (RemoteState.FAILED, Code.WAIT_EXCEEDED)
    assert not world.pending
    assert prompt is not None
    prompt.interrupted = True


async def test_a_cap_above_the_jobs_own_time_changes_nothing(world: World, http: httpx.AsyncClient) -> None:
    provider = provider_at(world.url, http, cap=timedelta(hours=1))
    await until(provider, await provider.submit(quick()))
    (entry,) = world.history.values()
    assert entry["prompt"][3]["imgvid"]["until"] is None


async def test_no_log_line_and_no_error_tells_a_prompt_or_a_key(http: httpx.AsyncClient) -> None:
    said: list[Any] = []
    async with memory_world(key=KEY) as world:
        provider = provider_at(world.url, http, key=KEY)
        with structlog.testing.capture_logs() as lines:
            request = await provider.submit(spec("sdxl-t2i", aspect="1:1"))
            await until(provider, request)
            world.faults.add(at="node:KSampler", kind="raise", error="value")
            failed = await provider.submit(spec("sdxl-t2i", aspect="1:1"))
            said.append(await until(provider, failed))
            world.without.add("KSampler")
            with pytest.raises(Exception, match="KSampler") as refused:
                await provider.submit(spec("sdxl-t2i", aspect="1:1"))
            said += [str(refused.value), repr(provider), *lines]
    assert all("secret garden" not in str(one) and KEY not in str(one) for one in said)
