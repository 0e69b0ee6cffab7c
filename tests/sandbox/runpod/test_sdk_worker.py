"""The real SDK's worker process on the stand-in, started and killed by the scaler."""

from __future__ import annotations

import asyncio
import os
import signal
import sys
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from datetime import timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest

from imgvid.sandbox.runpod import Cloud
from imgvid.sandbox.runpod.scaler import Load, Scaler, WorkerPlan, wants_one_more

WORKER = Path(__file__).parent / "sdk_worker.py"


async def until(true: Callable[[], Any], *, seconds: float = 30) -> Any:
    """Wait for a condition of processes that we do not run in."""
    async with asyncio.timeout(seconds):
        while not (value := true()):
            await asyncio.sleep(0.02)
        return value


def members(pgid: int) -> list[int]:
    """Live processes of a group; zombies are no longer anything."""
    found = []
    for entry in Path("/proc").iterdir():
        try:
            fields = (entry / "stat").read_text().rpartition(")")[2].split()
        except (OSError, ValueError):
            continue
        if entry.name.isdigit() and int(fields[2]) == pgid and fields[0] != "Z":
            found.append(int(entry.name))
    return found


def plan(tmp_path: Path, argv: list[str] | None = None, **changes: Any) -> WorkerPlan:
    settings: dict[str, Any] = {
        "argv": argv or [sys.executable, str(WORKER)],
        "log_dir": tmp_path / "logs",
        "idle_timeout": timedelta(seconds=20),
        "ping_interval_ms": 1000,
        **changes,
    }
    return WorkerPlan(**settings)


@asynccontextmanager
async def scaled(cloud: Cloud, workers: WorkerPlan) -> AsyncIterator[Scaler]:
    scaler, stop = Scaler(cloud=cloud, endpoint="ep1", plan=workers), asyncio.Event()
    running = asyncio.create_task(scaler.run(stop))
    try:
        yield scaler
    finally:
        stop.set()
        await running


async def run(http: httpx.AsyncClient, **order: Any) -> str:
    return (await http.post("/v2/ep1/run", json={"input": order})).json()["id"]


@pytest.mark.slow
async def test_the_sdk_takes_reports_and_is_cancelled(cloud: Cloud, http: httpx.AsyncClient, tmp_path: Path) -> None:
    endpoint = cloud.endpoint("ep1")
    async with scaled(cloud, plan(tmp_path)) as scaler:
        good = endpoint.jobs[await run(http, do="work", word="ahoj")]
        assert (await http.get("/v2/ep1/health")).json()["jobs"]["inQueue"] == 1
        await until(lambda: good.status.final)
        status = (await http.get(f"/v2/ep1/status/{good.id}")).json()
        assert (status["status"], status["output"]) == ("COMPLETED", {"echo": "ahoj"})
        assert "progress" in [entry.get("note") for entry in good.history]

        bad = endpoint.jobs[await run(http, do="fail")]
        await until(lambda: bad.status.final)
        status = (await http.get(f"/v2/ep1/status/{bad.id}")).json()
        assert (status["status"], status["error"]) == ("FAILED", "it broke")
        assert status["output"] == {"code": "engine_failed"}

        endless = endpoint.jobs[await run(http, do="wait")]
        await until(lambda: endless.has_output)
        (hosted,) = scaler.workers()
        await http.post(f"/v2/ep1/cancel/{endless.id}")
        await until(lambda: f"HANDLER CANCELLED {endless.id}" in hosted.log.read_text())
        assert (await http.get(f"/v2/ep1/status/{endless.id}")).json()["status"] == "CANCELLED"

        again = endpoint.jobs[await run(http, do="work", word="still here")]
        await until(lambda: again.status.final)
        assert again.worker == good.worker == hosted.id
        assert {call.op for call in cloud.calls} >= {"ping", "job-take", "job-stop", "job-done", "progress"}
        takes = [call for call in cloud.calls if call.op == "job-take"]
        assert len(takes) < 10, "polls are held"


@pytest.mark.slow
async def test_a_killed_worker_is_missed_and_another_finishes(
    cloud: Cloud, http: httpx.AsyncClient, tmp_path: Path
) -> None:
    endpoint = cloud.endpoint("ep1")
    endpoint.rules = endpoint.rules.changed({"lease_s": 1.5, "workers_max": 1})
    async with scaled(cloud, plan(tmp_path)) as scaler:
        job = endpoint.jobs[await run(http, do="wait")]
        await until(lambda: job.has_output)
        (first,) = scaler.workers()
        assert first.process is not None
        group = first.process.pid
        assert len(members(group)) >= 3, "guard, worker and the SDK's ping process"
        job.order.input["do"] = "work"  # type: ignore[index]  # so that the second run ends
        job.order.input["word"] = "second"  # type: ignore[index]
        assert (await http.post(f"/sim/workers/{first.id}/kill")).status_code == 200
        await until(lambda: members(group) == [])
        await until(lambda: job.retries == 1)
        await until(lambda: job.status.final)
    status = (await http.get(f"/v2/ep1/status/{job.id}")).json()
    assert (status["status"], status["output"], status["retries"]) == ("COMPLETED", {"echo": "second"}, 1)
    assert status["workerId"] != first.id
    assert [run.outcome for run in job.runs] == ["lost", "completed"]


async def test_an_idle_worker_is_stopped_and_nothing_of_it_stays(
    cloud: Cloud, http: httpx.AsyncClient, tmp_path: Path
) -> None:
    endpoint = cloud.endpoint("ep1")
    async with scaled(cloud, plan(tmp_path, idle_timeout=timedelta(0))) as scaler:
        job = endpoint.jobs[await run(http, do="work", word="x")]
        await until(lambda: scaler.workers() and scaler.workers()[0].process)
        group = scaler.workers()[0].process.pid  # type: ignore[union-attr]
        await until(lambda: job.status.final)
        await until(lambda: scaler.workers() == [])
        assert members(group) == []
    assert job.status == "COMPLETED"
    (listed,) = (await http.get("/sim/workers")).json()["workers"]
    assert Path(listed["log"]).exists(), "its log can still be read"
    assert "pid" not in listed


SLEEPER = "import subprocess, sys, time; subprocess.Popen([sys.executable, '-c', 'import time; time.sleep(99)']); "


async def test_whatever_dies_the_group_dies(cloud: Cloud, http: httpx.AsyncClient, tmp_path: Path) -> None:
    """The program kills itself as SIGKILL would, and leaves a child behind, as the SDK's ping process is left."""
    code = SLEEPER + "time.sleep(0.3); import os; os.kill(os.getpid(), 9)"
    async with scaled(cloud, plan(tmp_path, [sys.executable, "-c", code])) as scaler:
        await run(http, do="work", word="x")
        await until(lambda: scaler.workers() and scaler.workers()[0].process)
        group = scaler.workers()[0].process.pid  # type: ignore[union-attr]
        await until(lambda: len(members(group)) == 3)
        await until(lambda: members(group) == [])
        await until(lambda: cloud.endpoint("ep1").unhealthy == 1)
        assert len(scaler.workers()) == 0, "the next one waits: the last never asked for work"
        await until(lambda: scaler.workers())


async def test_a_starter_that_is_killed_leaves_no_orphan(tmp_path: Path) -> None:
    """kill -9 of the process that runs the scaler: the guard's input ends, and it kills its group."""
    program = f"""
import asyncio, pathlib, sys
from imgvid import log
from imgvid.sandbox.runpod import serve
from imgvid.sandbox.runpod.job import parse_order
from imgvid.sandbox.runpod.scaler import Scaler, WorkerPlan
log.setup("starter")  # to stderr: our stdout says the group
async def main():
    async with serve() as cloud:
        cloud.endpoint("ep1").submit(parse_order({{"input": {{}}}}, cloud.endpoint("ep1").rules))
        plan = WorkerPlan(argv=[sys.executable, "-c", {SLEEPER + "time.sleep(99)"!r}], log_dir=pathlib.Path({str(tmp_path)!r}))
        scaler = Scaler(cloud=cloud, endpoint="ep1", plan=plan)
        asyncio.get_running_loop().create_task(scaler.run(asyncio.Event()))
        while not (scaler.workers() and scaler.workers()[0].process):
            await asyncio.sleep(0.02)
        print(scaler.workers()[0].process.pid, flush=True)
        await asyncio.Event().wait()
asyncio.run(main())
"""
    starter = await asyncio.create_subprocess_exec(
        sys.executable, "-c", program, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.DEVNULL
    )
    assert starter.stdout is not None
    group = 0
    try:
        group = int(await starter.stdout.readline())
        await until(lambda: len(members(group)) == 3)
        starter.kill()
        await starter.wait()
        await until(lambda: members(group) == [])
    finally:
        if starter.returncode is None:
            starter.kill()
            await starter.wait()
        for pid in members(group) if group else []:
            os.kill(pid, signal.SIGKILL)


async def test_cancelling_the_scaler_kills_at_once(cloud: Cloud, http: httpx.AsyncClient, tmp_path: Path) -> None:
    """As a second Ctrl-C does; the program would ignore SIGTERM."""
    code = "import signal; signal.signal(signal.SIGTERM, signal.SIG_IGN); " + SLEEPER + "time.sleep(99)"
    scaler = Scaler(cloud=cloud, endpoint="ep1", plan=plan(tmp_path, [sys.executable, "-c", code]))
    running = asyncio.create_task(scaler.run(asyncio.Event()))
    await run(http, do="work", word="x")
    await until(lambda: scaler.workers() and scaler.workers()[0].process)
    group = scaler.workers()[0].process.pid  # type: ignore[union-attr]
    await until(lambda: len(members(group)) == 3)
    running.cancel()
    await asyncio.gather(running, return_exceptions=True)
    await until(lambda: members(group) == [])  # SIGKILL is sent at once; on a busy machine dying takes its moment
    assert scaler.workers() == []


async def test_a_program_that_does_not_exist_is_said_in_the_log_and_tried_again_later(
    cloud: Cloud, http: httpx.AsyncClient, tmp_path: Path
) -> None:
    async with scaled(cloud, plan(tmp_path, ["/no/such/program"])):
        await run(http, do="work", word="x")
        await until(lambda: cloud.endpoint("ep1").unhealthy == 1)
    assert "/no/such/program" in (tmp_path / "logs" / "ep1-worker-1.log").read_text()


async def test_a_cold_start_is_told_and_workers_max_is_kept(
    cloud: Cloud, http: httpx.AsyncClient, tmp_path: Path
) -> None:
    endpoint = cloud.endpoint("ep1")
    endpoint.rules = endpoint.rules.changed({"workers_max": 2})
    async with scaled(cloud, plan(tmp_path, cold_start=timedelta(hours=1))) as scaler:
        for _ in range(5):
            await run(http, do="work", word="x")
        await until(lambda: len(scaler.workers()) == 2)
        workers = (await http.get("/v2/ep1/health")).json()["workers"]
        assert (workers["initializing"], workers["idle"], workers["running"]) == (2, 0, 0)
    assert scaler.workers() == [], "stopping does not wait for the cold start"


@pytest.mark.parametrize(
    ("waiting", "hosted", "coming", "idle", "answer"),
    [(0, 0, 0, 0, False), (1, 0, 0, 0, True), (1, 1, 1, 0, False), (1, 1, 0, 1, False), (2, 1, 0, 1, True),
     (9, 3, 0, 0, False), (1, 2, 0, 0, True)],
)  # fmt: skip
def test_one_more_only_when_nobody_else_will_take_it(
    waiting: int, hosted: int, coming: int, idle: int, answer: bool
) -> None:
    load = Load(waiting=waiting, hosted=hosted, coming=coming, idle=idle, workers_max=3)
    assert wants_one_more(load) is answer
