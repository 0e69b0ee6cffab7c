"""Everything that the demo runs, started in order and taken down in reverse.

this process      the stand-ins for Telegram, RunPod, Fal and a ComfyUI server, the page, the scalers
its children      postgres, bot, dispatcher; and workers (gpu.py), which the scaler starts on a backlog and stops when idle
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import sys
import time
from collections.abc import AsyncIterator, Callable, Collection, Coroutine, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path, PurePosixPath
from typing import Any

import asyncpg

from imgvid.comfy.disk import is_memory
from imgvid.sandbox.demo.board import NotNow
from imgvid.sandbox.demo.child import Child, Program
from imgvid.sandbox.demo.gpu import PREVIEW, Container, Engine, container, kill_comfyui
from imgvid.sandbox.demo.keeper import Keeper
from imgvid.sandbox.demo.levers import LEVERS, Kind, Lever
from imgvid.sandbox.demo.logbook import Logbook
from imgvid.sandbox.demo.outside import (
    BOT_TOKEN,
    ENDPOINT,
    FAL_KEY,
    LTX_ENDPOINT,
    RUNPOD_KEY,
    WORKERS_MAX,
    Outside,
    open_outside,
)
from imgvid.sandbox.demo.postgres import DATABASE, WORKER_ROLE, make_cluster
from imgvid.sandbox.demo.tail import follow_folder
from imgvid.sandbox.runpod.scaler import Scaler, WorkerPlan
from imgvid.store.migrate import migrate

IDLE_TIMEOUT = timedelta(seconds=20)  # long enough for a second photo, short enough to see the GPU go
_POSTGRES_WITHIN_S = 20.0
_BOT_WITHIN_S = 15.0  # aiogram's import alone takes 2.5 s on two cores
# what is slow on purpose in a real house would make a demo wait
_HASTE = {"POLL_S": "1", "STATUS_POLL_S": "1", "UNKNOWN_WAIT_S": "15", "LEASE_S": "5", "RUN_DEADLINE_S": "180"}
# Each worker takes the first machine (a job root, a port) that no living worker holds, as a container takes a host: what a killed one
# left there is purged by the next worker's start. The lock lives as long as the worker and all that it started.
_OWN_ROOT = (
    'for machine in 1 2 3 4 5 6 7 8; do exec 9>"$JOB_BASE/$machine.lock"; if flock -n 9; then '
    'eval "export COMFY_PORT=\\$COMFY_PORT_$machine"; JOB_ROOT="$JOB_BASE/$machine" exec "$0" "$@"; fi; done; exit 1'
)


RUNPOD_ALONE = frozenset({"runpod"})
EVERYTHING = frozenset({"runpod", "runpod-ltx", "fal", "comfyui"})


class HouseRefused(Exception):
    """The house could not be started; the sentence says why."""


@dataclass(slots=True, kw_only=True)
class House:
    """The running demo."""

    outside: Outside
    logbook: Logbook
    dsn: str
    jobs: Path  # below it, one job root a machine
    children: Mapping[str, Child]
    gpu: Container

    def pull(self, lever: Lever) -> str:
        """Do what a lever says; answers a sentence. Raises NotNow."""
        if lever.kind is not Kind.PROCESS:
            return self.outside.board.pull(lever)
        name = str(lever.rule["process"])
        if name == "comfyui":
            if not kill_comfyui(self.gpu, beside=self.outside.busiest_host()):
                raise NotNow("No ComfyUI runs: send a photo first, and give the worker a moment.")
            self.logbook.write("demo", "a ComfyUI was killed (SIGKILL) by hand")
            return "ComfyUI is dead. Its container ends, and the job is given to another one."
        if name == "worker":
            kill = self.outside.busiest_worker()
            if kill is None:
                raise NotNow("No worker runs: the GPU is scaled to zero. Send a photo first.")
            kill()
            self.logbook.write("demo", "a worker was killed (SIGKILL) by hand")
            return "The worker is dead. RunPod will notice in a few seconds."
        if not self.children[name].crash():
            raise NotNow(f"The {name} is down already and is being started.")
        return f"The {name} was killed and is being started again."

    def view(self) -> dict[str, Any]:
        """For the page: processes in words, levers with their state."""
        starting, idle, busy = self.outside.workers()
        words = (
            [f"{starting} starting"] * bool(starting) + [f"{busy} busy"] * bool(busy) + [f"{idle} idle"] * bool(idle)
        )
        state = "busy" if busy else "up" if idle or starting else "idle"
        workers = {"name": "GPU workers", "state": state, "words": ", ".join(words) or "scaled to zero"}
        return {
            "processes": [*(_process_view(child) for child in self.children.values()), workers],
            "levers": [
                lever.view() | {"armed": self.outside.board.armed(lever)}
                for lever in LEVERS
                if lever.rule.get("process") != "comfyui" or self.gpu.main is not None
            ],
        }


def _process_view(child: Child) -> dict[str, Any]:
    times = f", restarted {child.restarts} ×" if child.restarts else ""
    words = f"up{times}" if child.pid else f"starting{times}"
    return {"name": child.program.name, "state": "up" if child.pid else "down", "words": words}


def _environment(outside: Outside, dsn: str, settings: Mapping[str, str], backends: Collection[str]) -> dict[str, str]:
    """What every process of ours gets, and nothing of the person's own environment."""
    configured = {
        "runpod": {"RUNPOD_ENDPOINT_ID": ENDPOINT, "RUNPOD_MAX_IN_FLIGHT": str(WORKERS_MAX + 1)},
        "runpod-ltx": {"RUNPOD_LTX_ENDPOINT_ID": LTX_ENDPOINT, "RUNPOD_LTX_MAX_IN_FLIGHT": str(WORKERS_MAX + 1)},
        "fal": {
            "FAL_API_KEY": FAL_KEY,
            "FAL_QUEUE_BASE_URL": outside.fal_url,
            "FAL_STORAGE_URL": outside.fal_url,
            "VIDEO_POLL_INTERVAL": "1",
        },
        "comfyui": {
            "COMFYUI_API_URL": outside.comfyui.url,
            "COMFYUI_POLL_INTERVAL": "0.5",
            # a laptop may have no folder in memory; what lies there for a moment goes with the demo
            "COMFYUI_ALLOW_DISK": str(int(not is_memory(PurePosixPath(outside.comfyui.folders.output)))),
        },
    }
    return {
        "PATH": os.environ.get("PATH", os.defpath),
        "LANG": "C.UTF-8",
        "DATABASE_URL": dsn,
        "TELEGRAM_BOT_TOKEN": BOT_TOKEN,
        "TELEGRAM_API_URL": outside.url,
        **({"RUNPOD_API_KEY": RUNPOD_KEY} if "runpod" in backends or "runpod-ltx" in backends else {}),
        "RUNPOD_API_URL": f"{outside.cloud.url}/v2",
        "RUNPOD_REST_URL": outside.rest_url,
        "RUNPOD_WORKERS_MAX": str(WORKERS_MAX),
        **{name: value for backend in backends for name, value in configured[backend].items()},
        "SHOW_PRICES": "1",
        **_HASTE,
        **settings,
    }


def _imgvid(process: str) -> list[str]:
    return [sys.executable, "-m", "imgvid", process]


async def _until_answers(dsn: str, logbook: Logbook) -> None:
    """Wait until PostgreSQL takes connections. Raises HouseRefused with its last words."""
    until = time.monotonic() + _POSTGRES_WITHIN_S
    while time.monotonic() < until:
        try:
            connection = await asyncpg.connect(dsn, timeout=2)
        except (OSError, asyncpg.PostgresError):
            await asyncio.sleep(0.05)
            continue
        await connection.close()
        return
    last_words = " / ".join(logbook.tail("postgres", 3))
    raise HouseRefused(f"PostgreSQL did not answer within {_POSTGRES_WITHIN_S:g} s: {last_words}")


async def _until_polled(outside: Outside) -> None:
    """Wait for the bot's first call to Telegram; a bot that cannot is on show in the log, not in the way."""
    watcher = outside.world.feed.watch(after=0, chat_id=None, types=("call",))
    try:
        async with asyncio.timeout(_BOT_WITHIN_S):
            await watcher.queue.get()
    except TimeoutError:
        return
    finally:
        outside.world.feed.leave(watcher)


@asynccontextmanager
async def _running(*children: Child) -> AsyncIterator[None]:
    tasks = [asyncio.create_task(child.keep(), name=f"keep {child.program.name}") for child in children]
    try:
        yield
    finally:
        await asyncio.gather(*(child.stop() for child in children))
        await asyncio.gather(*tasks)


@asynccontextmanager
async def _background(body: Coroutine[Any, Any, None], name: str) -> AsyncIterator[None]:
    task = asyncio.create_task(body, name=name)
    try:
        yield
    finally:
        task.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await task


def _worker_plan(
    env: Mapping[str, str], gpu: Container, *, worker_dsn: str, files: Path, jobs: Path, idle_timeout: timedelta
) -> WorkerPlan:
    wanted = ("TELEGRAM_BOT_TOKEN", "TELEGRAM_API_URL")
    own = {"WORKER_DATABASE_URL": worker_dsn, "JOB_BASE": str(jobs)}
    ports = {f"COMFY_PORT_{machine}": str(port) for machine, port in enumerate(gpu.ports, start=1)}
    return WorkerPlan(
        argv=["/bin/sh", "-c", _OWN_ROOT, *_imgvid(gpu.process)],
        env={name: env[name] for name in wanted} | own | ports | dict(gpu.env),
        log_dir=files / "workers",
        idle_timeout=idle_timeout,
    )


@asynccontextmanager
async def open_house(
    *,
    port: int,
    logbook: Logbook,
    add_routes: Callable[[Outside, list[House]], None] | None = None,
    settings: Mapping[str, str] | None = None,
    idle_timeout: timedelta = IDLE_TIMEOUT,
    engine: Engine = PREVIEW,
    backends: Collection[str] = RUNPOD_ALONE,
) -> AsyncIterator[House]:
    """Start everything; leaving takes everything down and removes every file. Raises HouseRefused, EngineRefused, OSError.

    `add_routes` may add the page's routes; the list it gets holds the house once it stands. `settings` are environment
    variables of bot and dispatcher over the demo's own; `idle_timeout` is how long a GPU worker waits for its next job;
    `backends` are the ones that the dispatcher is told of.
    """
    keeper = Keeper()
    standing: list[House] = []
    try:
        async with AsyncExitStack() as stack:
            files, jobs, database = keeper.folder(), keeper.folder(memory=True), keeper.folder()
            routes = (lambda one: add_routes(one, standing)) if add_routes else None
            outside = await stack.enter_async_context(
                open_outside(port=port, comfyui_files=keeper.folder(memory=True), add_routes=routes)
            )
            cluster = await asyncio.to_thread(make_cluster, database)
            postgres = Child(cluster.program, logbook=logbook, keeper=keeper)
            await stack.enter_async_context(_running(postgres))
            await _until_answers(cluster.maintenance_dsn, logbook)
            await _execute(cluster.maintenance_dsn, f'CREATE DATABASE "{DATABASE}"')
            await migrate(cluster.dsn)
            await _execute(cluster.dsn, f"ALTER ROLE {WORKER_ROLE} LOGIN")
            env = _environment(outside, cluster.dsn, settings or {}, backends)
            children = [
                Child(
                    Program(name=name, command=_imgvid(name), env=env | {"HOME": str(files)}),
                    logbook=logbook,
                    keeper=keeper,
                )
                for name in ("bot", "dispatcher")
            ]
            await stack.enter_async_context(_background(follow_folder(files / "workers", logbook), "worker logs"))
            gpu = container(engine, files)
            for endpoint, kind in ((ENDPOINT, gpu), (LTX_ENDPOINT, container(PREVIEW, files))):
                plan = _worker_plan(
                    env, kind, worker_dsn=cluster.worker_dsn, files=files, jobs=jobs, idle_timeout=idle_timeout
                )
                # its end kills the workers: what they hold is in memory and their jobs end with the database
                scaler = Scaler(cloud=outside.cloud, endpoint=endpoint, plan=plan)
                await stack.enter_async_context(_background(scaler.run(asyncio.Event()), f"scaler of {endpoint}"))
            await stack.enter_async_context(_running(*children))
            named = {child.program.name: child for child in (*children, postgres)}
            await _until_polled(outside)
            standing.append(
                House(outside=outside, logbook=logbook, dsn=cluster.dsn, jobs=jobs, children=named, gpu=gpu)
            )
            yield standing[0]
    finally:
        keeper.close()


async def _execute(dsn: str, statement: str) -> None:
    connection = await asyncpg.connect(dsn, timeout=5)
    try:
        await connection.execute(statement)
    finally:
        await connection.close()
