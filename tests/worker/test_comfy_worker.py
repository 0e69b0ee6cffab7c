"""`imgvid worker` with the real engine, under the real SDK, beside a ComfyUI that dies."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from pathlib import Path

import httpx
import pytest

import imgvid.sandbox.comfyui
from imgvid.sandbox.runpod import Cloud
from imgvid.sandbox.runpod import serve as serve_runpod
from tests.worker.conftest import TOKEN, Stage, jpeg
from tests.worker.test_handler import KEY, ended, is_discreet, members, submit, until

WORKFLOWS = Path(imgvid.sandbox.comfyui.__file__).parent / "workflows"


@pytest.fixture
async def cloud() -> AsyncIterator[Cloud]:
    async with serve_runpod(endpoints=["ep1"], api_key=KEY) as running:
        yield running


@pytest.fixture
async def http(cloud: Cloud) -> AsyncIterator[httpx.AsyncClient]:
    headers = {"Authorization": f"Bearer {KEY}"}
    async with httpx.AsyncClient(base_url=cloud.url, headers=headers, trust_env=False) as client:
        yield client


@asynccontextmanager
async def comfyui(folder: Path) -> AsyncIterator[tuple[str, asyncio.subprocess.Process]]:
    """A stand-in as a process of its own: its address, and what to kill."""
    argv = ["-m", "imgvid.sandbox.comfyui", "--folder", str(folder)]
    process = await asyncio.create_subprocess_exec(sys.executable, *argv, stdout=asyncio.subprocess.PIPE)
    assert process.stdout is not None
    try:
        yield (await process.stdout.readline()).decode().strip(), process
    finally:
        with suppress(ProcessLookupError):
            process.kill()
        await process.wait()


@asynccontextmanager
async def working(
    cloud: Cloud, stage: Stage, log: Path, *, url: str, folder: Path
) -> AsyncIterator[asyncio.subprocess.Process]:
    """`imgvid worker` as bootstrap starts it."""
    env = {
        "PATH": os.environ["PATH"],
        "HOME": str(log.parent),
        "TELEGRAM_BOT_TOKEN": TOKEN,
        "TELEGRAM_API_URL": stage.sim.url,
        "WORKER_ENGINE": "comfy",
        "JOB_ROOT": str(stage.folder / "shared"),
        "COMFY_URL": url,
        "COMFY_DIR": str(folder),
        "WORKFLOWS_DIR": str(WORKFLOWS),
        "WORKER_FACTS": '{"image": "imgvid-worker:test", "bundle_revision": 3}',
        **cloud.worker_env("ep1", "w1", ping_interval_ms=1000),
    }
    with log.open("wb") as out:
        process = await asyncio.create_subprocess_exec(
            sys.executable, "-m", "imgvid", "worker", env=env, stdout=out, stderr=out, start_new_session=True
        )
    try:
        yield process
    finally:
        if members(process.pid):
            os.killpg(process.pid, signal.SIGKILL)
        await process.wait()


@pytest.mark.slow
async def test_a_photo_becomes_a_video_and_a_dead_comfyui_ends_the_worker(
    stage: Stage, cloud: Cloud, http: httpx.AsyncClient, tmp_path: Path
) -> None:
    endpoint = cloud.endpoint("ep1")
    endpoint.rules = endpoint.rules.changed({"poll_hold_s": 1.0})
    log, files = tmp_path / "worker.log", tmp_path / "comfy"
    async with comfyui(files) as (url, server), working(cloud, stage, log, url=url, folder=files) as worker:
        photo = await stage.eva.send_photo(jpeg())
        payload = await stage.job(photo)
        status = await ended(http, await submit(cloud, http, payload))
        assert status["status"] == "COMPLETED", log.read_text()
        output = status["output"]
        assert (output["outcome"], output["file"]["frames"], output["residual_bytes"]) == ("delivered", 120, 0)
        assert output["recipe"]["workflow_origin"] == "operator's"
        assert {"image": "imgvid-worker:test", "bundle_revision": 3}.items() <= output["recipe"].items()
        assert (await stage.message(payload)).kind == "video"
        (said,) = [line for line in log.read_text().splitlines() if '"run.ended"' in line]
        assert {"graph": output["recipe"]["graph"], "workflow_origin": "operator's"}.items() <= json.loads(said).items()
        assert [path for path in files.rglob("*") if path.is_file()] == []

        # kill -9 in the middle: the attempt fails as ours, the platform is asked for a new worker, the process ends.
        async with httpx.AsyncClient(trust_env=False) as plain:
            slow = {"at": "node:RepeatImageBatch", "kind": "slow", "steps": 1000, "step_s": 0.05}
            assert (await plain.post(f"{url}/sim/faults", json=slow)).status_code == 200
        payload = await stage.job(photo)
        job = await submit(cloud, http, payload)
        await until(lambda: list(files.rglob("*.png")))
        server.send_signal(signal.SIGKILL)
        status = await ended(http, job)
        assert (status["status"], status["output"]["code"]) == ("FAILED", "worker_lost")
        await until(lambda: worker.returncode is not None)
        assert worker.returncode == 0
        assert "engine.worn" in log.read_text()
        assert [path for path in files.rglob("*") if path.is_file()] == []
        assert stage.leftovers() == []
        assert (await stage.message(payload)).kind == "text"
    is_discreet(log)
