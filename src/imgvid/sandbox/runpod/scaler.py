"""Starts worker processes when jobs wait and stops them when they are idle, as the platform does with containers.

    scaler = Scaler(cloud=cloud, endpoint="ep1", plan=WorkerPlan(argv=[sys.executable, "-m", "imgvid", "worker"], ...))
    async with asyncio.TaskGroup() as group:
        group.create_task(scaler.run(stop))

Each worker runs under `guard.py` as a session of its own, so that its whole group can be killed, Ctrl-C does not reach it
by itself, and nothing is left when this process is killed. `run` stops every worker before it returns or raises.
"""

from __future__ import annotations

import asyncio
import contextlib
import itertools
import os
import signal
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from enum import StrEnum
from pathlib import Path

from imgvid import log
from imgvid.sandbox.runpod import guard
from imgvid.sandbox.runpod.cloud import Cloud, Host

ROUND_S = 0.1
CRASH_PAUSE_MAX_S = 30.0


@dataclass(frozen=True, slots=True, kw_only=True)
class WorkerPlan:
    """What to start, and when to stop it. The environment is `env` and the SDK's variables, nothing of our own."""

    argv: Sequence[str]
    env: Mapping[str, str] = field(default_factory=dict)
    cwd: Path | None = None
    log_dir: Path
    cold_start: timedelta = timedelta(0)  # before the process starts: image pull and model download
    idle_timeout: timedelta = timedelta(seconds=5)  # RunPod's default is 5 to 10 s
    stop_grace: timedelta = timedelta(seconds=5)  # from SIGTERM to SIGKILL
    ping_interval_ms: int = 2000


class Stage(StrEnum):
    COLD = "cold"  # the process does not exist yet
    STARTING = "starting"  # it runs and has not asked for work
    SERVING = "serving"
    STOPPING = "stopping"


@dataclass(slots=True, kw_only=True, eq=False)
class Hosted:
    """One worker of ours."""

    id: str
    log: Path
    stage: Stage = Stage.COLD
    process: asyncio.subprocess.Process | None = None
    idle_since: float | None = None
    stopping: asyncio.Event = field(default_factory=asyncio.Event)


@dataclass(frozen=True, slots=True, kw_only=True)
class Load:
    """What the decision to start one more worker looks at."""

    waiting: int  # jobs in the queue
    hosted: int  # workers of ours in any stage but stopping
    coming: int  # of those: cold or starting
    idle: int  # of those: serving without a job
    workers_max: int


def wants_one_more(load: Load) -> bool:
    """A worker more when jobs wait that nobody idle or coming will take, within the limit."""
    return load.hosted < load.workers_max and load.waiting > load.idle + load.coming


class Scaler:
    """One endpoint's workers. Start `run` once."""

    def __init__(self, *, cloud: Cloud, endpoint: str, plan: WorkerPlan) -> None:
        self._cloud = cloud
        self._endpoint = cloud.endpoint(endpoint)
        self._plan = plan
        self._hosted: dict[str, Hosted] = {}
        self._numbers = itertools.count(1)
        self._crashes = 0  # in a row, of workers that never asked for work
        self._not_before = 0.0

    def workers(self) -> list[Hosted]:
        """The workers that exist now; read only."""
        return list(self._hosted.values())

    async def run(self, stop: asyncio.Event) -> None:
        """Scale until `stop`, then end every worker (SIGTERM, grace, SIGKILL). Cancelling kills them at once."""
        self._plan.log_dir.mkdir(parents=True, exist_ok=True)
        try:
            async with asyncio.TaskGroup() as lives:
                while not stop.is_set():
                    self._look()
                    if self._may_start() and wants_one_more(self._load()):
                        lives.create_task(self._live(self._new_worker()))
                    with contextlib.suppress(TimeoutError):
                        async with asyncio.timeout(ROUND_S):
                            await stop.wait()
                for hosted in self._hosted.values():
                    hosted.stopping.set()
        finally:
            self._hosted.clear()
            self._count()

    def _now(self) -> float:
        return asyncio.get_running_loop().time()

    def _may_start(self) -> bool:
        return self._now() >= self._not_before

    def _new_worker(self) -> Hosted:
        name = f"{self._endpoint.name}-worker-{next(self._numbers)}"
        hosted = self._hosted[name] = Hosted(id=name, log=self._plan.log_dir / f"{name}.log")
        self._count()
        return hosted

    def _load(self) -> Load:
        stages = [hosted.stage for hosted in self._hosted.values()]
        serving = [hosted.id for hosted in self._hosted.values() if hosted.stage is Stage.SERVING]
        return Load(
            waiting=self._endpoint.waiting(),
            hosted=len(stages) - stages.count(Stage.STOPPING),
            coming=stages.count(Stage.COLD) + stages.count(Stage.STARTING),
            idle=sum(1 for name in serving if not self._endpoint.running_on(name)),
            workers_max=self._endpoint.rules.workers_max,
        )

    def _look(self) -> None:
        """Note who began to serve, who is idle, and who has been idle for too long."""
        for hosted in self._hosted.values():
            worker = self._endpoint.workers.get(hosted.id)
            if hosted.stage is Stage.STARTING and worker is not None:
                hosted.stage = Stage.SERVING
                self._crashes = self._endpoint.unhealthy = 0
            if hosted.stage is not Stage.SERVING or worker is None:
                continue
            if self._endpoint.running_on(hosted.id):
                hosted.idle_since = None
            elif hosted.idle_since is None:
                hosted.idle_since = self._now()
            elif worker.draining or self._now() - hosted.idle_since >= self._plan.idle_timeout.total_seconds():
                worker.draining = True
                hosted.stage = Stage.STOPPING
                hosted.stopping.set()
        self._count()

    def _count(self) -> None:
        stages = [hosted.stage for hosted in self._hosted.values()]
        self._endpoint.initializing = stages.count(Stage.COLD) + stages.count(Stage.STARTING)

    async def _live(self, hosted: Hosted) -> None:
        """One worker from cold start to its end."""
        try:
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(self._plan.cold_start.total_seconds()):
                    await hosted.stopping.wait()
            if not hosted.stopping.is_set():
                await self._serve(hosted)
        finally:
            self._hosted.pop(hosted.id, None)
            self._cloud.hosts.pop(hosted.id, None)

    async def _serve(self, hosted: Hosted) -> None:
        process = await self._start(hosted)
        hosted.process, hosted.stage = process, Stage.STARTING
        self._cloud.logs[hosted.id] = str(hosted.log)
        self._cloud.hosts[hosted.id] = Host(pid=process.pid, kill=lambda: kill_group(process))
        log.get().info(log.SANDBOX_WORKER_STARTED, worker=hosted.id, pid=process.pid, log=str(hosted.log))
        stopper = asyncio.create_task(self._stop_when_asked(hosted, process))
        try:
            self._note_end(hosted, await _exit_status(process))
        finally:
            stopper.cancel()
            kill_group(process)
            await asyncio.gather(process.wait(), stopper, return_exceptions=True)
            if process.stdin is not None:
                process.stdin.close()

    async def _start(self, hosted: Hosted) -> asyncio.subprocess.Process:
        home = self._plan.log_dir / "home"  # without a ~/.runpod/config.toml, which the SDK would read
        home.mkdir(exist_ok=True)
        env = {
            "PATH": os.environ.get("PATH", os.defpath),
            "LANG": "C.UTF-8",
            "HOME": str(home),
            "PYTHONUNBUFFERED": "1",
            **self._plan.env,
            **self._cloud.worker_env(self._endpoint.name, hosted.id, ping_interval_ms=self._plan.ping_interval_ms),
        }
        command = [sys.executable, "-I", "-S", str(guard.__file__), str(hosted.log), *self._plan.argv]
        return await asyncio.create_subprocess_exec(
            *command,
            stdin=asyncio.subprocess.PIPE,  # stays open as long as we live; its end is the guard's sign to kill all
            stdout=asyncio.subprocess.PIPE,
            cwd=self._plan.cwd,
            env=env,
            start_new_session=True,
        )

    async def _stop_when_asked(self, hosted: Hosted, process: asyncio.subprocess.Process) -> None:
        await hosted.stopping.wait()
        hosted.stage = Stage.STOPPING
        with contextlib.suppress(ProcessLookupError):
            process.send_signal(signal.SIGTERM)
        worker = self._endpoint.workers.get(hosted.id)
        if worker is not None:
            worker.draining = worker.leaving = True
            self._cloud.bell.ring()
        await asyncio.sleep(self._plan.stop_grace.total_seconds())
        kill_group(process)

    def _note_end(self, hosted: Hosted, status: int | None) -> None:
        """Log it; one that never asked for work makes the next start wait: 1, 2, 4 ... 30 s."""
        crashed = hosted.stage is Stage.STARTING
        if crashed:
            self._crashes += 1
            self._not_before = self._now() + min(2.0 ** (self._crashes - 1), CRASH_PAUSE_MAX_S)
        self._endpoint.unhealthy = self._crashes
        line = log.get().warning if crashed else log.get().info
        line(log.SANDBOX_WORKER_ENDED, worker=hosted.id, exit_status=status, crashed=crashed, log=str(hosted.log))


def kill_group(process: asyncio.subprocess.Process) -> None:
    """kill -9 the guard, the worker and whatever they started."""
    with contextlib.suppress(ProcessLookupError, PermissionError):  # the latter: only zombies are left (macOS)
        os.killpg(process.pid, signal.SIGKILL)


async def _exit_status(process: asyncio.subprocess.Process) -> int | None:
    """The worker's exit status as the guard told it; None when the guard itself was killed."""
    assert process.stdout is not None
    told = (await process.stdout.read()).strip()
    return int(told) if told else None
