"""One prompt's course through everything that can happen to it."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator
from dataclasses import dataclass, field, replace
from datetime import timedelta
from typing import Any
from uuid import uuid4

import httpx
import pytest

from imgvid.comfy.client import Comfy, Place
from imgvid.comfy.course import run_prompt
from imgvid.comfy.errors import (
    BadInput,
    ComfyError,
    Interrupted,
    MissingModel,
    MissingNode,
    NodeFailed,
    OutOfMemory,
    ServerGone,
    Stuck,
    Timeout,
)
from imgvid.comfy.frames import Executing, Frame, Steps
from imgvid.comfy.graph import parse_graph
from imgvid.comfy.history import Ended, Entry, Kind, choose
from imgvid.comfy.progress import Tracker
from imgvid.comfy.stop import Pace, stop_prompt
from imgvid.sandbox.comfyui import World
from tests.comfy.script import CORE, MISSING_MODEL, MISSING_NODE, PARTLY_WRONG, VHS, changed, failing

QUICK = Pace(connect_s=2, quiet_s=0.2, poll_s=0.05, gone_s=0.3, late_s=2, stop_s=5, stop_look_s=0.01)
FAST = changed(CORE, "6", steps=2, step_ms=1)
LONG = changed(CORE, "6", steps=3000, step_ms=10)


@dataclass
class Run:
    """A prompt under way, and what was heard of it."""

    server: Comfy
    graph: dict[str, Any] = field(default_factory=lambda: FAST)
    pace: Pace = QUICK
    id: str = field(default_factory=lambda: str(uuid4()))
    frames: list[Frame] = field(default_factory=list)
    sampling: asyncio.Event = field(default_factory=asyncio.Event)
    steps: list[tuple[str, int | None]] = field(default_factory=list)

    async def __call__(self, within: timedelta | None = None) -> Entry:
        tracker = Tracker(parse_graph(self.graph))

        async def watch(frame: Frame) -> None:
            self.frames.append(frame)
            step = tracker.see(frame)
            if step is not None:
                self.steps.append((str(step.phase), step.percent))
            if isinstance(frame, Steps) and "6" in frame.nodes:
                self.sampling.set()

        return await run_prompt(self.server, self.graph, prompt_id=self.id, watch=watch, pace=self.pace, within=within)

    @contextlib.asynccontextmanager
    async def sampled(self) -> AsyncIterator[asyncio.Task[Entry]]:
        """Started, and its sampler at work."""
        task = asyncio.create_task(self())
        try:
            await asyncio.wait(
                {task, waiting := asyncio.create_task(self.sampling.wait())}, return_when="FIRST_COMPLETED"
            )
            waiting.cancel()
            yield task
        finally:
            task.cancel()
            await asyncio.wait({task})


def is_idle(world: World) -> bool:
    return world.running is None and not world.pending


@pytest.mark.parametrize(("graph", "name"), [(FAST, "clip_00001_.mp4"), (VHS, "vhs_00001.mp4")])
async def test_a_prompt_ends_well(server: Comfy, world: World, graph: dict[str, Any], name: str) -> None:
    run = Run(server, graph)
    entry = await run()
    made = choose(entry.outputs, Kind.VIDEO)
    assert made is not None
    assert (world.folders.output / made.relative).name == name
    assert (world.folders.output / made.relative).stat().st_size > 500
    assert entry.ended is Ended.SUCCESS
    assert entry.ran_for is not None
    assert run.steps[-1] == ("encode", 100)
    assert all(frame.prompt_id == run.id for frame in run.frames if isinstance(frame, Executing | Steps))


@pytest.mark.parametrize(
    ("graph", "error"),
    [
        (MISSING_NODE, MissingNode),
        (MISSING_MODEL, MissingModel),
        (changed(CORE, "1", image="nope.png"), BadInput),
        (PARTLY_WRONG, BadInput),
        (failing("oom"), OutOfMemory),
        (failing("value"), NodeFailed),
        (failing("file"), MissingModel),
        (failing("model"), MissingModel),
    ],
)
async def test_a_prompt_ends_badly(server: Comfy, world: World, graph: dict[str, Any], error: type[ComfyError]) -> None:
    with pytest.raises(error) as met:
        await Run(server, graph)()
    assert "quiet garden" not in str(met.value)
    assert is_idle(world)


async def test_a_cancel_stops_the_prompt_before_it_comes_back(server: Comfy, world: World) -> None:
    run = Run(server, LONG)
    async with run.sampled() as task:
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        assert is_idle(world)
        assert world.history[run.id]["status"]["messages"][-1][0] == "execution_interrupted"


async def test_a_cancel_while_the_prompt_is_being_sent(server: Comfy, world: World) -> None:
    """Its answer decides what there is to stop: it is waited for."""
    world.faults.add(at="call:POST /prompt", kind="delay", seconds=0.2)
    run = Run(server, LONG)
    task = asyncio.create_task(run())
    while not any(call["path"] == "/prompt" for call in world.calls):
        await asyncio.sleep(0)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert is_idle(world)
    assert any(call["path"].endswith("/cancel") for call in world.calls)


async def test_a_second_cancel_does_not_leave_the_prompt_running(server: Comfy, world: World) -> None:
    world.faults.add(at="call:POST /api/jobs", kind="delay", seconds=0.2)
    async with Run(server, LONG).sampled() as task:
        task.cancel()
        await asyncio.sleep(0)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        assert is_idle(world)


async def test_a_deadline_stops_the_prompt(server: Comfy, world: World) -> None:
    with pytest.raises(Timeout):
        await Run(server, LONG)(within=timedelta(seconds=0.3))
    assert is_idle(world)


async def test_a_prompt_that_is_behind_another_is_taken_out_of_the_queue(server: Comfy, world: World) -> None:
    async with Run(server, LONG).sampled():
        second = Run(server)
        task = asyncio.create_task(second())
        while await server.place(second.id) is not Place.WAITING:
            pass
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        assert world.running is not None
        assert not world.pending
        assert not world.running.interrupted


async def test_somebody_else_interrupts(server: Comfy, world: World) -> None:
    run = Run(server, LONG)
    async with run.sampled() as task:
        world.interrupt(run.id)
        with pytest.raises(Interrupted, match="node 6"):
            await task


async def test_a_lost_socket_loses_nothing(server: Comfy, world: World) -> None:
    run = Run(server, changed(CORE, "6", steps=40, step_ms=20))
    async with run.sampled() as task:
        seen = len(run.steps)
        world.sockets.cut()
        assert (await task).ended is Ended.SUCCESS
    # Not the last of them: the history, which is asked beside the new socket, may be faster by a frame.
    assert len(run.steps) > seen, "frames came again after the reconnect"


async def test_the_lost_sockets_end_takes_the_new_ones_frames_away(server: Comfy, world: World) -> None:
    """A half-open connection: the server drops the old socket after the new one came, and forgets the new one."""
    run = Run(server, changed(CORE, "6", steps=150, step_ms=10))
    async with run.sampled() as task:
        world.sockets.cut()
        while not world.sockets._open:
            await asyncio.sleep(0.005)
        heard = len(run.frames)
        while len(run.frames) == heard:
            await asyncio.sleep(0.005)
        world.sockets._open.clear()
        assert (await task).ended is Ended.SUCCESS
    assert run.steps[-1] == ("encode", 100), "it came back once more after a silence"


async def test_sockets_that_are_lost_again_and_again(server: Comfy, world: World) -> None:
    world.faults.add(at="frame:progress_state", kind="cut_sockets", times=0)
    assert (await Run(server)()).ended is Ended.SUCCESS


async def test_a_socket_that_falls_silent(server: Comfy, world: World) -> None:
    """The end is learnt by asking: nothing tells that frames are missing."""
    world.faults.add(at="frame:executing", kind="mute")
    assert (await Run(server)()).ended is Ended.SUCCESS


async def test_other_prompts_noise_does_not_hide_the_silence(server: Comfy, world: World) -> None:
    world.faults.add(at="frame:executing", kind="mute", nth=2)
    run = Run(server, FAST, pace=replace(QUICK, quiet_s=0.3))

    async def noise() -> None:
        while True:
            world.sockets.muted = False
            await world.tell_status()
            world.sockets.muted = True
            await asyncio.sleep(0.02)

    async with run.sampled() as task:
        making_noise = asyncio.create_task(noise())
        assert (await task).ended is Ended.SUCCESS
        making_noise.cancel()
        await asyncio.wait({making_noise})


async def test_history_is_late(server: Comfy, world: World) -> None:
    world.faults.add(at="history", kind="late", seconds=0.3)
    assert (await Run(server)()).ended is Ended.SUCCESS


async def test_history_never_comes(server: Comfy, world: World) -> None:
    world.faults.add(at="history", kind="lost")
    with pytest.raises(ServerGone, match="no history"):
        await Run(server, pace=replace(QUICK, late_s=0.1))()


async def test_the_answer_to_the_prompt_is_lost_but_it_runs(server: Comfy, world: World) -> None:
    world.faults.add(at="call:POST /prompt", kind="cut_after")
    assert (await Run(server)()).ended is Ended.SUCCESS


async def test_the_answer_to_the_prompt_is_lost_and_it_was_never_there(server: Comfy, world: World) -> None:
    world.faults.add(at="call:POST /prompt", kind="cut")
    with pytest.raises(ServerGone):
        await Run(server)()


async def test_a_restarted_server_does_not_know_the_prompt(server: Comfy, world: World) -> None:
    async with Run(server, LONG).sampled() as task:
        assert world.running is not None
        world.running.interrupted = True
        world.faults.add(at="history", kind="lost")
        world.sockets.muted = True
        world.sockets.cut()
        with pytest.raises(ServerGone, match="restarted"):
            await task


async def test_a_dead_server_is_noticed_soon(tmp_path: Any, http: httpx.AsyncClient) -> None:
    from imgvid.sandbox.comfyui import serve

    alive = contextlib.AsyncExitStack()
    world = await alive.enter_async_context(serve(tmp_path))
    (world.folders.input / "probe").mkdir()
    (world.folders.input / "probe" / "in.png").write_bytes(b"")
    run = Run(Comfy(world.url, http=http), changed(CORE, "6", steps=3000))
    world.faults.add(at="node:LoadImage", kind="slow", steps=1000, step_s=0.05)
    task = asyncio.create_task(run())
    while not run.frames:
        await asyncio.sleep(0.01)
    await alive.aclose()
    with pytest.raises(ServerGone, match=r"no answer for|no connection"):
        await task


async def test_no_server(http: httpx.AsyncClient) -> None:
    with pytest.raises(ServerGone, match="websocket"):
        await Run(Comfy("http://127.0.0.1:9", http=http))()


async def test_a_busy_server_is_not_a_dead_one(server: Comfy, world: World) -> None:
    world.faults.add(at="call:GET /history", kind="answer", status=503, times=5)
    world.faults.add(at="frame:progress", kind="cut_sockets")
    assert (await Run(server)()).ended is Ended.SUCCESS


async def test_a_node_that_hears_nothing_is_waited_for_and_then_given_up(server: Comfy, world: World) -> None:
    world.faults.add(at="node:ImageScale", kind="deaf", seconds=0.5)
    run = Run(server, pace=replace(QUICK, stop_s=0.1))
    task = asyncio.create_task(run())
    while not any(isinstance(frame, Executing) and frame.node == "2" for frame in run.frames):
        await asyncio.sleep(0.01)
    with pytest.raises(Stuck):
        await stop_prompt(server, run.id, run.pace)
    await stop_prompt(server, run.id)
    with pytest.raises(Interrupted):
        await task


async def test_the_picture_of_previews_and_foreign_frames_are_passed_over(server: Comfy, world: World) -> None:
    async def disturb() -> None:
        for socket in list(world.sockets._open.values()):
            await socket.send_bytes(b"\x00\x00\x00\x01\x00\x00\x00\x01preview")
            await socket.send_str("no json")
            await socket.send_json({"type": "executing", "data": {"node": None, "prompt_id": "somebody else's"}})

    run = Run(server, changed(CORE, "6", steps=10, step_ms=20))
    async with run.sampled() as task:
        await disturb()
        assert (await task).ended is Ended.SUCCESS
    assert run.steps[-1][0] == "encode"


async def test_a_key_goes_with_the_socket_too(tmp_path: Any, http: httpx.AsyncClient) -> None:
    from imgvid.comfy.errors import Unauthorized
    from imgvid.sandbox.comfyui import serve

    async with serve(tmp_path, key="k") as world:
        (world.folders.input / "probe").mkdir()
        with pytest.raises(BadInput):  # it came as far as the graph
            await Run(Comfy(world.url, http=http, key="k"))()
        with pytest.raises(Unauthorized, match="websocket"):
            await Run(Comfy(world.url, http=http))()


def test_the_pace_of_production_fits_its_reasons() -> None:
    pace = Pace()
    assert pace.poll_s <= 1, "an end is known within a second after a lost socket"
    assert pace.stop_s < 120, "a cancelled worker is free or replaced within two minutes"
