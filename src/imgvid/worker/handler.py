"""`imgvid worker`: the RunPod SDK's worker loop around one Runner.

The handler is async so that a stop from the platform reaches the work as a CancelledError (a sync one would finish and
post a late result, facts/runpod.md 3a). It never raises: an exception would send a traceback with paths and the host's
name to the platform.
"""

from __future__ import annotations

import ctypes
import os
import signal
import sys
from collections.abc import Callable, Mapping, MutableMapping
from uuid import UUID

import httpx

from imgvid import log
from imgvid.config import WorkerSettings
from imgvid.media.video import BadVideo
from imgvid.telegram.client import Telegram
from imgvid.worker.engines.base import Engine, Scalar, Wears
from imgvid.worker.engines.workflows import WorkflowRefused
from imgvid.worker.proof import lean_malloc, prove_codecs
from imgvid.worker.report import Reporter
from imgvid.worker.run import Runner
from imgvid.worker.workspace import RootBusy, Workspace, choose_root

_PROOF = UUID(int=0)  # the folder of the proof; no job has this id
_PR_SET_PDEATHSIG = 1  # linux/prctl.h
_SDK_DEFAULTS = {
    # The SDK's default DEBUG prints every handler's output; ours has file ids in it.
    "RUNPOD_LOG_LEVEL": "WARN",
    # The built-in checks import torch in this process and hold video memory beside ComfyUI; the image has its own.
    "RUNPOD_SKIP_AUTO_SYSTEM_CHECKS": "true",
    "RUNPOD_SKIP_GPU_CHECK": "true",
}


def serve(settings: WorkerSettings) -> int:
    """Take jobs until the platform or a signal ends it. Returns the exit code; says in the log why it cannot start."""
    if "RUNPOD_WEBHOOK_GET_JOB" not in os.environ:
        return _refuse("RUNPOD_WEBHOOK_GET_JOB is not set: the platform sets it; at home `scripts/demo` does")
    lean_malloc()
    try:
        engine = make_engine(settings.worker_engine, os.environ)
    except WorkflowRefused as error:
        return _refuse(f"the engine {settings.worker_engine!r}: {error}")
    if engine is None:
        return _refuse(f"the engine {settings.worker_engine!r} is not part of this installation")
    try:
        workspace = Workspace(choose_root(settings.job_root))
        with workspace.job(_PROOF) as folder:
            prove_codecs(folder)
    except (RootBusy, OSError) as error:
        return _refuse(f"JOB_ROOT: {error}")
    except BadVideo as error:
        return _refuse(f"video codecs: {error}")
    worker_id = os.environ.setdefault("RUNPOD_POD_ID", f"local-{os.getpid()}")
    quiet_sdk(os.environ)
    die_with_parent()
    config: dict[str, object] = {}

    def recycle() -> None:
        # The SDK reads it after every job: this result says stopPod, and the loop ends (exit 0) once it is posted.
        config["refresh_worker"] = True

    handler = Handler(settings, engine=engine, workspace=workspace, worker_id=worker_id, on_worn=recycle)
    config["handler"] = handler.__call__  # the SDK tells async from sync by inspecting it

    import runpod  # 63 MB and more than a second: after everything that may refuse to start

    log.get().info(log.WORKER_READY, worker=worker_id, engine=engine.name, tmpfs=workspace.root.is_tmpfs)
    try:
        runpod.serverless.start(config)
    finally:
        workspace.close()
    return 0


def make_engine(name: str, environ: Mapping[str, str]) -> Engine | None:
    """The engine of this name; None where it is not installed. Raises WorkflowRefused with what comfy lacks."""
    if name == "preview":
        from imgvid.worker.engines.preview import Preview

        return Preview()
    if name == "comfy":
        from imgvid.worker.engines.comfy import from_environ

        return from_environ(environ)
    return None


class Handler:
    """The SDK's handler: job in, `output` (and a string `error` for a failed job) out. Raises only CancelledError.

    The HTTP client is made at the first job, inside the SDK's event loop, and lives as long as the process.
    """

    def __init__(
        self,
        settings: WorkerSettings,
        *,
        engine: Engine,
        workspace: Workspace,
        worker_id: str,
        facts: Mapping[str, Scalar] | None = None,
        on_worn: Callable[[], None] = lambda: None,
    ) -> None:
        """`facts` go into every recipe: worker image, bundle revision, GPU. `on_worn` is called when the engine says,
        after a job, that this worker must be replaced."""
        self._settings, self._engine, self._workspace = settings, engine, workspace
        self._worker_id, self._facts, self._on_worn = worker_id, facts, on_worn
        self._reporter = Reporter(dsn=settings.worker_database_url)
        self._http: httpx.AsyncClient | None = None
        self._runner: Runner | None = None

    async def __call__(self, job: Mapping[str, object]) -> dict[str, object]:
        request_id = job.get("id")
        try:
            report = await self._ready().run(job.get("input"), request_id=str(request_id) if request_id else None)
        finally:
            if isinstance(self._engine, Wears) and self._engine.worn is not None:
                self._on_worn()
        return report.as_result()

    async def close(self) -> None:
        """Close what jobs opened. The SDK never calls it: there the process ends."""
        await self._reporter.close()
        if self._http is not None:
            await self._http.aclose()

    def _ready(self) -> Runner:
        if self._runner is None:
            self._http = httpx.AsyncClient()
            self._runner = Runner(
                telegram=Telegram(
                    token=self._settings.telegram_bot_token,
                    api_url=self._settings.telegram_api_url,
                    http=self._http,
                ),
                engine=self._engine,
                workspace=self._workspace,
                reporter=self._reporter,
                worker_id=self._worker_id,
                facts=self._facts,
            )
        return self._runner


def quiet_sdk(environ: MutableMapping[str, str]) -> None:
    """The SDK's environment where the operator did not decide; has to happen before it is imported."""
    for name, value in _SDK_DEFAULTS.items():
        environ.setdefault(name, value)


def die_with_parent() -> None:
    """Let every child that is forked from now on die with this process.

    The SDK's ping process would otherwise outlive a `kill -9` and go on telling the platform that the worker lives
    (facts/runpod.md 4). Linux only, which is where workers run.
    """
    if not sys.platform.startswith("linux"):
        return
    parent = os.getpid()
    prctl = ctypes.CDLL(None, use_errno=True).prctl

    def in_child() -> None:
        prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
        if os.getppid() != parent:  # it died between the fork and here
            os._exit(1)

    os.register_at_fork(after_in_child=in_child)


def _refuse(reason: str) -> int:
    log.get().error(log.PROCESS_FAILED, error=reason, next="exit")
    return 1
