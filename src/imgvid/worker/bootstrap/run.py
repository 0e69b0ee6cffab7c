"""The order of things in a container, and the one way out of it.

    bundle whole ─▶ links ─▶ old files gone ─▶ ComfyUI ─▶ it answers, every workflow fits, the GPU computes ─▶ worker

The GPU is tried beside all that, so that it costs no time. Whatever dies afterwards ends the container: the other children
get a moment to report, then everything is killed, the job folders are emptied, and the platform starts a fresh container.
On SIGTERM the worker is told first and may finish its job while ComfyUI still serves it.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import signal
import sys
import time
from collections.abc import Callable, Coroutine, Mapping
from dataclasses import dataclass, replace
from datetime import timedelta
from pathlib import Path
from typing import Any

from imgvid import log
from imgvid.bundle.digest import sha256_of
from imgvid.bundle.verdict import Verdict
from imgvid.worker.bootstrap import identity, place, ready, seek, server
from imgvid.worker.bootstrap.fits import bundle_revision
from imgvid.worker.bootstrap.settings import BootstrapRefused, BootstrapSettings
from imgvid.worker.bootstrap.supervise import Child, Children
from imgvid.worker.workspace import RootBusy, Workspace, choose_root

STOPPED, DIED, REFUSED = 0, 1, 2
"""Exit codes: told to stop, or the worker ended by itself; a child died; the container cannot serve."""

_FAREWELL = timedelta(seconds=10)  # for the worker to post its result after ComfyUI died
_COMFY_PATIENCE = timedelta(seconds=5)  # ComfyUI has nothing to save
_WORKER_PATIENCE = timedelta(hours=1)  # the platform's own limits end it sooner; a second SIGTERM does at once


@dataclass(frozen=True, slots=True, kw_only=True)
class Programs:
    """What is started; tests put small programs in their place."""

    python: str = sys.executable
    kernel: tuple[str, ...] = ("-m", "imgvid.worker.bootstrap.kernel")
    worker: tuple[str, ...] = ("-m", "imgvid", "worker")


def lock_hash(path: Path) -> str:
    """The first 12 digits of the lock's sha256, for the recipe; empty outside of the image."""
    return sha256_of(path)[:12] if path.is_file() else ""


class Boot:
    """One life of a container. `run` once."""

    def __init__(
        self,
        settings: BootstrapSettings,
        environ: Mapping[str, str],
        *,
        check: ready.Check,
        programs: Programs = Programs(),
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._settings = settings
        self._environ = environ
        self._check = check
        self._programs = programs
        self._clock = clock
        self._root = choose_root(settings.job_root)
        self._folders = server.beside(self._root.path)
        self._children: Children
        self._worker: Child | None = None
        self._comfy: Child | None = None

    async def run(self) -> int:
        """Everything, until the end. Returns the exit code; never raises BootstrapRefused."""
        stop, self._children = asyncio.Event(), Children()
        loop = asyncio.get_running_loop()

        def told_to_stop() -> None:
            if stop.is_set():
                self._children.kill_all()
            stop.set()

        for number in (signal.SIGTERM, signal.SIGINT):
            loop.add_signal_handler(number, told_to_stop)
        serving, stopping = asyncio.create_task(self._serve()), asyncio.create_task(stop.wait())
        try:
            await asyncio.wait({serving, stopping}, return_when=asyncio.FIRST_COMPLETED)
            if serving.done():
                return await serving
            serving.cancel()
            with contextlib.suppress(asyncio.CancelledError, BootstrapRefused):
                await serving
            return await self._wind_down()
        except BootstrapRefused as refused:
            log.get().error(
                log.BOOT_REFUSED, problems=refused.problems, next="exit; the platform starts a new container"
            )
            return REFUSED
        finally:
            for task in (serving, stopping):
                task.cancel()
                with contextlib.suppress(asyncio.CancelledError, BootstrapRefused):
                    await task
            await self._children.close()
            self._leave_nothing()

    async def _serve(self) -> int:
        """Bring everything up and stay until something dies."""
        settings, began = self._settings, self._clock()
        log.get().info(log.BOOT_BEGAN, engine=settings.engine, image=settings.image)
        if settings.engine == "preview":
            who = identity.choose([])
            self._prepare(who)
            self._worker = self._start_worker({"image": settings.image}, who)
            return await self._watch()
        self._warn_of_tokens()
        kernel = self._start_kernel()
        asked = max(settings.min_revision, bundle_revision(settings.workflows))
        bundle = await seek.seek(replace(settings, min_revision=asked), clock=self._clock)
        self._place(bundle, began)
        who = identity.choose([item.held.path for item in bundle.files if item.held is not None])
        self._comfy = self._start_comfy(who, began)
        known = await self._until(ready.object_info(self._url, patience=settings.comfy_start, clock=self._clock))
        if known is None:
            return await self._watch()
        problems = self._check(known)
        if problems:
            raise BootstrapRefused(problems)
        gpu = await self._proof(kernel)
        facts: dict[str, str | int] = {
            "bundle": bundle.label,
            "bundle_revision": bundle.manifest.revision,
            "image": settings.image,
            "node_lock": lock_hash(settings.nodes_lock),
            "gpu": gpu,
        }
        log.get().info(log.COMFY_READY, seconds=round(self._clock() - began, 1), **facts)
        self._worker = self._start_worker(facts, who)
        return await self._watch()

    @property
    def _url(self) -> str:
        return f"http://127.0.0.1:{self._settings.comfy_port}"

    def _warn_of_tokens(self) -> None:
        found = sorted(server.HUB_TOKENS & self._environ.keys())
        if found:
            log.get().warning(
                log.BOOT_BEGAN,
                unwanted=found,
                next="kept from every child; remove it from the endpoint: `imgvid endpoint apply` does",
            )

    def _start_kernel(self) -> Child | None:
        if "--cpu" in self._settings.comfy_args:
            return None
        argv = [self._programs.python, *self._programs.kernel]
        env = server.environment(self._environ, folders=self._folders)
        return self._children.start("gpu check", argv, env=env | {"HOME": "/", "TMPDIR": "/tmp"}, capture=True)  # noqa: S108 - the folders are not made yet; it writes nothing

    def _place(self, bundle: seek.Bundle, began: float) -> None:
        placed = place.place(bundle.files, comfy_root=self._settings.comfy_root)
        unproven = [item.file.path for item in bundle.files if item.verdict is Verdict.UNPROVEN]
        if unproven:
            log.get().warning(log.BUNDLE_UNPROVEN, files=unproven, next="used; BUNDLE_HASH=1 reads every byte")
        log.get().info(
            log.BUNDLE_READY,
            bundle=bundle.label,
            commit=bundle.snapshot.commit,
            linked=placed.linked,
            removed=placed.removed,
            left_out=list(placed.left_out),
            seconds=round(self._clock() - began, 2),
        )

    def _start_comfy(self, who: identity.Identity, began: float) -> Child:
        """Purge, then start. Raises BootstrapRefused where the folders cannot be made or the program is not there."""
        settings = self._settings
        purged = self._prepare(who)
        try:
            argv = server.command(
                settings.comfy_python or self._programs.python,
                comfy_root=settings.comfy_root,
                port=settings.comfy_port,
                folders=self._folders,
                extra=settings.comfy_args,
            )
            env = server.environment(self._environ, folders=self._folders)
            child = self._children.start("comfyui", argv, env=env, identity=who)
        except OSError as error:
            raise BootstrapRefused([f"cannot start ComfyUI: {error}"]) from error
        seconds = round(self._clock() - began, 2)
        log.get().info(log.COMFY_STARTED, pid=child.pid, user=who.why, purged_bytes=purged, seconds=seconds)
        return child

    def _prepare(self, who: identity.Identity) -> int:
        """Empty what earlier jobs left, make the folders, give them to their user. Returns the bytes that were purged."""
        try:
            purged = self._clear()
            server.make_empty(self._folders)
            if who.uid is not None and who.gid is not None:
                server.own([self._folders.root, self._root.path], uid=who.uid, gid=who.gid)
        except (OSError, RootBusy) as error:
            raise BootstrapRefused([f"the job folders cannot be made: {error}"]) from error
        return purged

    def _start_worker(self, facts: Mapping[str, str | int], who: identity.Identity) -> Child:
        added = {
            "COMFY_URL": self._url,
            "COMFY_DIR": str(self._folders.root),
            "WORKFLOWS_DIR": str(self._settings.workflows),
            "JOB_ROOT": str(self._root.path),
            "WORKER_FACTS": json.dumps(dict(facts), sort_keys=True),
        }
        env = server.worker_environment(self._environ, added=added)
        if who.uid is not None and who.gid is not None:
            env |= {"HOME": str(self._folders.home)}
        return self._children.start("worker", [self._programs.python, *self._programs.worker], env=env, identity=who)

    async def _until(self, asking: Coroutine[object, object, ready.ObjectInfo]) -> ready.ObjectInfo | None:
        """The answer, or None where ComfyUI died before it gave one."""
        assert self._comfy is not None
        task = asyncio.create_task(asking)
        try:
            first: set[asyncio.Future[Any]] = {task, self._comfy.ended}
            await asyncio.wait(first, return_when=asyncio.FIRST_COMPLETED)
            return await task if task.done() else None
        finally:
            task.cancel()
            with contextlib.suppress(asyncio.CancelledError, BootstrapRefused):
                await task

    async def _proof(self, kernel: Child | None) -> str:
        """The GPU's name. Raises BootstrapRefused where it did not compute."""
        if kernel is None or kernel.output is None:
            return "cpu"
        code = await kernel.ended
        lines = kernel.output.read().decode(errors="replace").strip().splitlines()
        try:
            told = json.loads(lines[-1]) if lines else {}
        except json.JSONDecodeError:
            told = {}
        if code != 0:
            raise BootstrapRefused([f"the GPU check failed: {told.get('error', f'exit code {code}')}"])
        log.get().info(log.GPU_PROVEN, **told)
        return str(told.get("gpu", "unknown"))

    async def _watch(self) -> int:
        """Wait for the first death and end the rest in order. The worker's own clean end is no fault."""
        living = [child for child in (self._comfy, self._worker) if child is not None]
        await asyncio.wait({child.ended for child in living}, return_when=asyncio.FIRST_COMPLETED)
        if self._worker is not None and self._worker.ended.done():
            code = self._worker.ended.result()
            if code == 0:
                return STOPPED
            self._tell_death(self._worker, code, "the container ends")
            return DIED
        assert self._comfy is not None
        self._tell_death(self._comfy, self._comfy.ended.result(), "the worker may report, then the container ends")
        if self._worker is not None:
            await self._children.stop(self._worker, patience=_FAREWELL)
        return DIED

    def _tell_death(self, child: Child, code: int, then: str) -> None:
        how = f"signal {signal.Signals(-code).name}" if code < 0 else f"exit code {code}"
        log.get().error(log.CHILD_DIED, child=child.name, how=how, next=then)

    async def _wind_down(self) -> int:
        """SIGTERM came: the worker finishes, then ComfyUI ends."""
        if self._worker is not None:
            await self._children.stop(self._worker, patience=_WORKER_PATIENCE)
        if self._comfy is not None:
            await self._children.stop(self._comfy, patience=_COMFY_PATIENCE)
        log.get().info(log.BOOT_ENDED, why="told to stop")
        return STOPPED

    def _leave_nothing(self) -> None:
        """The last act, after every child is gone: no picture outlives the container's processes."""
        try:
            self._clear()
        except (OSError, RootBusy) as error:
            log.get().error(log.BOOT_ENDED, why=f"job folders could not be emptied: {error}", next="exit")

    def _clear(self) -> int:
        """Empty ComfyUI's folders and every job folder, whoever left them. Returns the bytes removed."""
        left = server.wipe(self._folders)
        if not self._root.path.is_dir():
            return left
        workspace = Workspace(self._root)
        workspace.close()
        return left + workspace.purged_bytes
