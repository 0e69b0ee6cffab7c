"""`imgvid worker` as the platform runs it: the real SDK, real sockets, killed and cancelled."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import sys
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import httpx
import pytest

from imgvid.config import WorkerSettings
from imgvid.sandbox.runpod import Cloud
from imgvid.sandbox.runpod import serve as serve_runpod
from imgvid.worker.engines.preview import Preview
from imgvid.worker.handler import Handler, make_engine, quiet_sdk, serve
from imgvid.worker.workspace import Root, Workspace
from tests.worker.conftest import TOKEN, Stage, jpeg

KEY = "rpa_test_key_0123456789"


@pytest.fixture
async def cloud() -> AsyncIterator[Cloud]:
    async with serve_runpod(endpoints=["ep1"], api_key=KEY) as running:
        yield running


@pytest.fixture
async def http(cloud: Cloud) -> AsyncIterator[httpx.AsyncClient]:
    headers = {"Authorization": f"Bearer {KEY}"}
    async with httpx.AsyncClient(base_url=cloud.url, headers=headers, trust_env=False) as client:
        yield client


async def until(true: Callable[[], Any], *, seconds: float = 30) -> Any:
    """Wait for a condition of processes that we do not run in."""
    async with asyncio.timeout(seconds):
        while not (value := true()):
            await asyncio.sleep(0.02)
        return value


def members(group: int) -> list[int]:
    """Live processes of a group."""
    found = []
    for entry in Path("/proc").iterdir():
        try:
            fields = (entry / "stat").read_text().rpartition(")")[2].split()
        except (OSError, ValueError):
            continue
        if entry.name.isdigit() and int(fields[2]) == group and fields[0] != "Z":
            found.append(int(entry.name))
    return found


@asynccontextmanager
async def working(cloud: Cloud, stage: Stage, worker: str, log: Path) -> AsyncIterator[asyncio.subprocess.Process]:
    """`imgvid worker` as a process group of its own, killed at the end."""
    env = {
        "PATH": os.environ["PATH"],
        "HOME": str(log.parent),
        "TELEGRAM_BOT_TOKEN": TOKEN,
        "TELEGRAM_API_URL": stage.sim.url,
        "WORKER_ENGINE": "preview",
        "JOB_ROOT": str(stage.folder / "shared"),
        **cloud.worker_env("ep1", worker, ping_interval_ms=1000),
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


async def submit(cloud: Cloud, http: httpx.AsyncClient, payload: dict[str, Any]) -> Any:
    """Send a job as the dispatcher does; the stand-in's own record of it."""
    accepted = (await http.post("/v2/ep1/run", json={"input": payload})).json()
    return cloud.endpoint("ep1").jobs[accepted["id"]]


async def ended(http: httpx.AsyncClient, job: Any) -> dict[str, Any]:
    await until(lambda: job.status.final)
    return (await http.get(f"/v2/ep1/status/{job.id}")).json()


def is_discreet(log: Path) -> None:
    """A worker's whole output, the SDK's included, holds no secret, no prompt and no stack trace."""
    said = log.read_text()
    assert TOKEN not in said
    assert "waves at dusk" not in said
    assert "Traceback" not in said


@pytest.mark.slow
async def test_the_real_sdk_carries_jobs_and_cancels(
    stage: Stage, cloud: Cloud, http: httpx.AsyncClient, tmp_path: Path
) -> None:
    photo = await stage.eva.send_photo(jpeg())
    log = tmp_path / "worker.log"
    async with working(cloud, stage, "w1", log):
        payload = await stage.job(photo)
        status = await ended(http, await submit(cloud, http, payload))
        assert status["status"] == "COMPLETED", log.read_text()
        assert status["output"]["outcome"] == "delivered"
        assert (status["output"]["worker_id"], status["output"]["residual_bytes"]) == ("w1", 0)
        assert (await stage.message(payload)).kind == "video"
        assert stage.leftovers() == []

        # A failed job: a string error, and the details beside it.
        bad = await stage.job(await stage.eva.send_document(b"no picture" * 50, name="x.jpg"))
        status = await ended(http, await submit(cloud, http, bad))
        assert status["status"] == "FAILED"
        assert status["error"].startswith("image_unsupported: ")
        assert status["output"]["code"] == "image_unsupported"

        # A cancel from the platform reaches the engine; nothing is left and nothing is delivered.
        payload = await stage.job(photo)
        cancelled = await submit(cloud, http, payload)
        await until(lambda: list((stage.folder / "shared").rglob("preview.mp4")))
        await http.post(f"/v2/ep1/cancel/{cancelled.id}")
        await until(lambda: "run.cancelled" in log.read_text())
        await until(lambda: stage.leftovers() == [])
        assert (await stage.message(payload)).kind == "text"
    is_discreet(log)


@pytest.mark.slow
async def test_a_kill_leaves_no_ping_and_the_next_start_leaves_no_file(
    stage: Stage, cloud: Cloud, http: httpx.AsyncClient, tmp_path: Path
) -> None:
    endpoint = cloud.endpoint("ep1")
    endpoint.rules = endpoint.rules.changed({"lease_s": 2.0, "poll_hold_s": 2.0})
    payload = await stage.job(await stage.eva.send_photo(jpeg()))
    async with working(cloud, stage, "w1", tmp_path / "first.log") as first:
        job = await submit(cloud, http, payload)
        await until(lambda: list((stage.folder / "shared").rglob("preview.mp4")))
        assert len(members(first.pid)) == 2, "the worker and the SDK's ping process"
        first.kill()
        await first.wait()
        await until(lambda: members(first.pid) == [])
        assert stage.leftovers() != []
    async with working(cloud, stage, "w2", tmp_path / "second.log"):
        status = await ended(http, job)
        assert (job.retries, status["output"]["outcome"], status["output"]["worker_id"]) == (1, "delivered", "w2")
        assert stage.leftovers() == []
    assert (await stage.sim.summary(stage.eva.chat_id))["videos"] == 1
    for log in ("first.log", "second.log"):
        is_discreet(tmp_path / log)


def settings(stage: Stage, **changes: Any) -> WorkerSettings:
    values: dict[str, Any] = {
        "telegram_bot_token": TOKEN,
        "telegram_api_url": stage.sim.url,
        "worker_engine": "preview",
        "worker_database_url": None,
        "job_root": stage.folder / "root",
        "log_level": "INFO",
    }
    return WorkerSettings(**(values | changes))


async def test_the_handler_speaks_the_sdks_language(stage: Stage) -> None:
    workspace = Workspace(Root(path=stage.folder / "root", is_tmpfs=False))
    handler = Handler(settings(stage), engine=stage.clip(), workspace=workspace, worker_id="w7")
    payload = await stage.job(await stage.eva.send_photo(jpeg()))
    result = await handler({"id": "rp-1", "input": payload})
    assert (result["outcome"], result["worker_id"]) == ("delivered", "w7")
    again = await handler({"id": "rp-1", "input": payload})
    assert (again["outcome"], again["reason"]) == ("stopped", "already_delivered")
    refused = await handler({"id": "rp-2"})
    assert isinstance(refused["error"], str)
    assert refused["outcome"] == "failed"
    for answer in (result, again, refused):
        json.dumps(answer)
    await handler.close()
    workspace.close()


@pytest.mark.parametrize(
    ("environment", "changes", "complaint"),
    [
        ({}, {}, "RUNPOD_WEBHOOK_GET_JOB"),
        ({"RUNPOD_WEBHOOK_GET_JOB": "http://127.0.0.1/"}, {"worker_engine": "magic"}, "'magic'"),
        ({"RUNPOD_WEBHOOK_GET_JOB": "http://127.0.0.1/"}, {"job_root": Path("/proc/nowhere")}, "JOB_ROOT"),
    ],
)
async def test_it_refuses_to_start_in_one_sentence(
    stage: Stage,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    environment: dict[str, str],
    changes: dict[str, Any],
    complaint: str,
) -> None:
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    assert serve(settings(stage, **changes)) == 1
    said = capsys.readouterr()
    assert complaint in said.out + said.err
    assert "Traceback" not in said.out + said.err


def test_engines_by_name() -> None:
    assert isinstance(make_engine("preview", {}), Preview)
    assert make_engine("magic", {}) is None


def test_the_sdk_is_quiet_unless_the_operator_says_otherwise() -> None:
    environ = {"RUNPOD_LOG_LEVEL": "INFO"}
    quiet_sdk(environ)
    assert environ == {
        "RUNPOD_LOG_LEVEL": "INFO",
        "RUNPOD_SKIP_AUTO_SYSTEM_CHECKS": "true",
        "RUNPOD_SKIP_GPU_CHECK": "true",
    }
