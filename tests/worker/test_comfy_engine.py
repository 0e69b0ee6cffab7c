"""The engine against the stand-in: the file, the phases, and that nothing is left on any way out."""

from __future__ import annotations

import asyncio
import contextlib
import json
import signal
import sys
from collections.abc import AsyncIterator
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import pytest
from PIL import Image
from structlog.testing import capture_logs

from imgvid import log
from imgvid.catalog import modes
from imgvid.catalog.pick import parse_pick
from imgvid.comfy.bind import parse_binding
from imgvid.comfy.graph import parse_graph
from imgvid.jobs.errors import Code
from imgvid.media.video import probe
from imgvid.sandbox.comfyui import Memory, World, serve
from imgvid.sandbox.comfyui.world import GIB
from imgvid.worker.bootstrap.server import Folders
from imgvid.worker.engines.base import EngineFailed, Order, Wears
from imgvid.worker.engines.comfy import PACE, ComfyEngine, prompt_id_of
from imgvid.worker.engines.workflows import Workflow
from tests.comfy.script import CORE, VHS, changed, failing

CATALOGUE = {"m": replace(modes()["wan22-i2v"], id="m", workflow=parse_pick("m"))}
QUICK = replace(PACE, gone_s=0.3, quiet_s=0.3, poll_s=0.05, stop_s=2, stop_look_s=0.01)
BINDING = {
    "roles": {
        "image": {"node": "1", "input": "image", "required": True},
        "frames": {"node": "3", "input": "amount", "max": 24},
    }
}


def workflow(graph: dict[str, Any] | None = None, binding: dict[str, Any] | None = None) -> Workflow:
    return Workflow(
        name="probe",
        origin="operator's",
        graph=parse_graph(graph or changed(CORE, "6", steps=2, step_ms=1)),
        binding=parse_binding(binding or BINDING),
    )


LONG = workflow(changed(CORE, "6", steps=3000, step_ms=10))


@dataclass
class Bench:
    """An engine, its server, and one order after another."""

    world: World
    tmp: Path
    engine: ComfyEngine
    told: list[tuple[str, int | None]] = field(default_factory=list)
    sampling: asyncio.Event = field(default_factory=asyncio.Event)

    def order(self, **params: Any) -> Order:
        folder = self.tmp / "job"
        folder.mkdir(exist_ok=True)
        Image.radial_gradient("L").convert("RGB").save(folder / "input.png")
        images = {"image": folder / "input.png"}
        return Order(
            job_id=str(uuid4()), mode="m", params=params, seed=7, images=images, folder=folder, locale="en",
            deadline=None, attempt=2,
        )  # fmt: skip

    async def tell(self, phase: str, percent: int | None = None) -> None:
        self.told.append((phase, percent))
        if phase == "sample":
            self.sampling.set()

    async def make(self, **params: Any) -> Any:
        return await self.engine.make(self.order(**params), self.tell)

    def use(self, served: Workflow) -> None:
        self.engine._workflows = {"m": served}

    def assert_nothing_left(self) -> None:
        assert self.engine._shelf.left_bytes() == 0
        assert [path for path in (self.tmp / "comfy").rglob("*") if path.is_file()] == []
        assert self.world.history == {}
        assert self.world.running is None
        assert not self.world.pending


@contextlib.asynccontextmanager
async def bench_of(tmp_path: Path, **kwargs: Any) -> AsyncIterator[Bench]:
    async with serve(tmp_path / "comfy", **kwargs) as world:
        engine = ComfyEngine(
            url=world.url,
            folders=Folders(root=tmp_path / "comfy"),
            workflows={"m": workflow()},
            catalogue=CATALOGUE,
            facts={"image": "imgvid-worker:test"},
            pace=QUICK,
            look_every_s=0.02,
        )
        yield Bench(world, tmp_path, engine)
        await engine.close()


@pytest.fixture
async def bench(tmp_path: Path) -> AsyncIterator[Bench]:
    async with bench_of(tmp_path) as made:
        yield made


@pytest.mark.parametrize("graph", [CORE, VHS])
async def test_a_video_of_the_photo(bench: Bench, graph: dict[str, Any]) -> None:
    bench.use(workflow(changed(graph, "6", step_ms=1)))
    order = bench.order(frames=10)
    made = await bench.engine.make(order, bench.tell)
    facts = probe(made.path)
    assert made.path.parent == order.folder
    assert (facts.width, facts.height, facts.frames, facts.codec) == (96, 64, 10, "h264")
    assert bench.told[0] == ("load", 0)
    assert next(phase for phase, _ in bench.told if phase != "load") == "sample"
    assert bench.told[-1] == ("encode", 100)
    bench.assert_nothing_left()
    assert bench.engine.worn is None


async def test_the_recipe_would_make_it_again(bench: Bench) -> None:
    order = bench.order()
    made = await bench.engine.make(order, bench.tell)
    assert made.recipe["graph"] == workflow().graph.hash()
    assert made.recipe["prompt_id"] == prompt_id_of(order)
    assert isinstance(made.recipe["comfyui_s"], float)
    wanted = {"workflow": "probe", "workflow_origin": "operator's", "comfyui": "0.33.0", "gpu": "cpu"}
    assert wanted.items() <= made.recipe.items()
    assert made.recipe["image"] == "imgvid-worker:test"


def test_one_attempt_has_one_prompt_id() -> None:
    order = Order(
        job_id=str(uuid4()), mode="m", params={}, seed=1, images={}, folder=Path(), locale="en", deadline=None
    )
    first, again, other = prompt_id_of(order), prompt_id_of(order), prompt_id_of(replace(order, attempt=1))
    assert first == again != other
    assert str(UUID(first)) == first


async def test_only_bound_inputs_and_file_names_change(bench: Bench) -> None:
    order = bench.order(frames=10_000, prompt="a quiet garden")
    prompt_id = prompt_id_of(order)
    bench.world.faults.add(at="call:POST /history", kind="cut")  # so that the server still tells what it was sent
    with capture_logs() as lines:
        await bench.engine.make(order, bench.tell)
    graph = bench.world.history[prompt_id]["prompt"][2]
    before = parse_graph(changed(CORE, "6", steps=2, step_ms=1)).json()
    changes = {
        (key, name): node["inputs"][name]
        for key, node in graph.items()
        for name in node["inputs"]
        if node["inputs"][name] != before[key]["inputs"][name]  # type: ignore[index,call-overload]
    }
    assert changes == {
        ("1", "image"): f"{prompt_id}/image.png",
        ("3", "amount"): 24,
        ("5", "filename_prefix"): f"{prompt_id}/5",
    }
    [line] = [line for line in lines if line["event"] == log.PROMPT_BOUND]
    assert line["unused"] == ("prompt", "seed")
    assert "quiet" not in json.dumps(lines)


PICTURES_ONLY = {
    "1": CORE["1"],
    "9": {"class_type": "SaveImage", "inputs": {"images": ["1", 0], "filename_prefix": "x"}},
    "3": {"class_type": "RepeatImageBatch", "inputs": {"image": ["1", 0], "amount": 2}},
}


@pytest.mark.parametrize(
    ("graph", "code"),
    [
        (failing("oom"), Code.OUT_OF_MEMORY),
        (failing("value"), Code.ENGINE_FAILED),
        (failing("file"), Code.MODEL_MISSING),
        ({**CORE, "6": {"class_type": "NoSuchNode", "inputs": {"image": ["2", 0]}}}, Code.NODE_MISSING),
        ({**CORE, "9": {"class_type": "SaveImage", "inputs": {"images": ["2", 0]}}}, Code.ENGINE_FAILED),
        (PICTURES_ONLY, Code.ENGINE_FAILED),
    ],
)
async def test_a_job_that_fails_leaves_nothing_and_the_next_one_works(
    bench: Bench, graph: dict[str, Any], code: Code
) -> None:
    bench.use(workflow(graph))
    with pytest.raises(EngineFailed) as failed:
        await bench.make()
    assert failed.value.code is code
    assert "garden" not in failed.value.detail
    assert str(bench.tmp) not in failed.value.detail
    bench.assert_nothing_left()
    bench.use(workflow())
    await bench.make()
    bench.assert_nothing_left()


async def test_a_picture_that_comfyui_cannot_read_is_the_persons(bench: Bench) -> None:
    order = bench.order()
    order.images["image"].write_bytes(b"no picture")
    with pytest.raises(EngineFailed) as failed:
        await bench.engine.make(order, bench.tell)
    assert failed.value.code is Code.BAD_IMAGE
    bench.assert_nothing_left()


async def test_a_cancel_comes_back_when_comfyui_has_stopped_and_all_is_wiped(bench: Bench) -> None:
    bench.use(LONG)
    task = asyncio.create_task(bench.make())
    await bench.sampling.wait()
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    bench.assert_nothing_left()
    assert bench.engine.worn is None


async def test_cancelled_again_while_it_cleans(bench: Bench) -> None:
    bench.use(LONG)
    task = asyncio.create_task(bench.make())
    await bench.sampling.wait()
    for _ in range(30):
        task.cancel()
        await asyncio.sleep(0.005)
    with pytest.raises(asyncio.CancelledError):
        await task
    bench.assert_nothing_left()


async def test_a_cancel_while_a_good_job_is_cleaned_is_not_lost(bench: Bench) -> None:
    bench.world.faults.add(at="call:POST /history", kind="delay", seconds=0.2)
    task = asyncio.create_task(bench.make())
    while not any(call["method"] == "POST" and call["path"] == "/history" for call in bench.world.calls):
        await asyncio.sleep(0.005)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    bench.assert_nothing_left()


async def test_what_a_killed_worker_left_is_gone_before_the_next_picture_comes(bench: Bench) -> None:
    for folder in (bench.world.folders.input, bench.world.folders.output, bench.world.folders.temp):
        (folder / "old").mkdir()
        (folder / "old" / "secret.png").write_bytes(b"x")
    await bench.make()
    bench.assert_nothing_left()
    assert bench.world.folders.temp.is_dir(), "ComfyUI made it at its start and expects it"


async def test_vhs_leaves_neither_its_picture_nor_its_text(bench: Bench) -> None:
    bench.use(workflow(changed(changed(VHS, "6", step_ms=1), "28", save_metadata=True, save_output=False)))
    seen: set[str] = set()
    original = bench.engine._shelf.take

    def take(*args: Any) -> Path:
        seen.update(path.suffix for path in bench.world.folders.temp.rglob("*.*"))
        return original(*args)

    bench.engine._shelf.take = take  # type: ignore[method-assign]
    await bench.make()
    assert ".png" not in seen, "it was told not to write one"
    assert ".txt" in seen, "the stand-in does leave the prompt's text, as VHS does"
    bench.assert_nothing_left()


async def test_a_result_that_is_said_to_lie_elsewhere_is_not_fetched(bench: Bench, tmp_path: Path) -> None:
    (tmp_path / "elsewhere.mp4").write_bytes(b"x")
    bench.world.faults.add(at="history", kind="late", seconds=0)
    bench.use(workflow(changed(CORE, "6", steps=1, step_ms=1)))
    from imgvid.comfy.history import OutputFile

    for name, subfolder in (
        ("../../elsewhere.mp4", ""),
        ("elsewhere.mp4", "../.."),
        (str(tmp_path / "elsewhere.mp4"), ""),
    ):
        file = OutputFile(node="5", filename=name, subfolder=subfolder, folder_type="output")
        with pytest.raises(FileNotFoundError):
            bench.engine._shelf.take(file, tmp_path)


async def test_other_folders_than_ours_are_refused(bench: Bench, tmp_path: Path) -> None:
    engine = ComfyEngine(
        url=bench.world.url,
        folders=Folders(root=tmp_path / "other"),
        workflows={"m": workflow()},
        catalogue=CATALOGUE,
        pace=QUICK,
    )
    with pytest.raises(EngineFailed, match="COMFY_DIR"):
        await engine.make(bench.order(), bench.tell)
    assert engine.worn is not None
    await engine.close()


async def test_no_workflow_for_the_mode(bench: Bench) -> None:
    with pytest.raises(EngineFailed) as failed:
        await bench.engine.make(replace(bench.order(), mode="other"), bench.tell)
    assert failed.value.code is Code.INTERNAL


async def test_a_dead_comfyui_wears_the_worker_out(tmp_path: Path) -> None:
    """kill -9 in the middle of a job."""
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        "-m",
        "imgvid.sandbox.comfyui",
        "--folder",
        str(tmp_path / "comfy"),
        stdout=asyncio.subprocess.PIPE,
    )
    try:
        assert process.stdout is not None
        url = (await process.stdout.readline()).decode().strip()
        engine = ComfyEngine(
            url=url, folders=Folders(root=tmp_path / "comfy"), workflows={"m": LONG}, catalogue=CATALOGUE, pace=QUICK
        )
        bench = Bench(World(folders=None), tmp_path, engine)  # type: ignore[arg-type]
        task = asyncio.create_task(bench.make())
        await bench.sampling.wait()
        process.send_signal(signal.SIGKILL)
        with pytest.raises(EngineFailed) as failed:
            await task
        assert failed.value.code is Code.WORKER_LOST
        assert isinstance(engine, Wears)
        assert engine.worn is not None
        assert engine._shelf.left_bytes() == 0
        with pytest.raises(EngineFailed) as again:
            await bench.make()
        assert again.value.code is Code.WORKER_LOST
        await engine.close()
    finally:
        with contextlib.suppress(ProcessLookupError):
            process.kill()
        await process.wait()


async def test_a_comfyui_that_cannot_be_stopped_wears_the_worker_out(bench: Bench) -> None:
    bench.engine._pace = replace(QUICK, stop_s=0.1)
    bench.world.faults.add(at="node:ImageScale", kind="deaf", seconds=1)
    task = asyncio.create_task(bench.make())
    while bench.world.sockets.executing[1] != "2":
        await asyncio.sleep(0.005)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert bench.engine.worn == "ComfyUI goes on with a job that was told to stop"


async def test_memory_that_sinks_with_every_job_asks_for_a_new_worker_in_time(tmp_path: Path) -> None:
    memory = Memory(
        gpu="cuda:0 NVIDIA L40S : cudaMallocAsync", device_type="cuda", vram_total=24 * GIB, resident_vram=12 * GIB,
        job_vram=8 * GIB, leak_vram=GIB // 2,
    )  # fmt: skip
    async with bench_of(tmp_path, memory=memory) as bench:
        bench.use(workflow(changed(CORE, "6", steps=1, step_ms=120)))
        jobs = 0
        while bench.engine.worn is None:
            made = await bench.make()
            jobs += 1
            assert jobs < 12
            assert memory.vram_free >= 8 * GIB - GIB, "asked before the next job would have failed"
        assert "vram" in bench.engine.worn
        assert 3 <= jobs <= 8
        assert made.recipe["gpu"] == "NVIDIA L40S"


async def test_memory_that_is_full_but_steady_is_no_news(tmp_path: Path) -> None:
    memory = Memory(vram_total=24 * GIB, resident_vram=23 * GIB, job_vram=GIB // 2)
    async with bench_of(tmp_path, memory=memory) as bench:
        for _ in range(6):
            await bench.make()
        assert bench.engine.worn is None


async def test_out_of_memory_with_a_graph_that_fitted_before_asks_for_a_new_worker(bench: Bench) -> None:
    bench.world.faults.add(at="node:ProbeSampler", kind="raise", error="oom", nth=2)
    await bench.make()
    with pytest.raises(EngineFailed) as failed:
        await bench.make()
    assert failed.value.code is Code.OUT_OF_MEMORY
    assert bench.engine.worn is not None


async def test_out_of_memory_at_the_first_job_would_come_again_on_any_worker(bench: Bench) -> None:
    bench.world.faults.add(at="node:ProbeSampler", kind="raise", error="oom")
    with pytest.raises(EngineFailed):
        await bench.make()
    assert bench.engine.worn is None


async def test_a_question_about_memory_never_fails_a_job(bench: Bench) -> None:
    bench.world.faults.add(at="call:GET /system_stats", kind="answer", status=500, nth=2, times=0)
    assert (await bench.make()).path.exists()
