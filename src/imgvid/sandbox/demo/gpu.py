"""What a GPU worker of the demo is: the preview engine, or the image's own bootstrap around a ComfyUI on this machine's CPU.

With `comfy` each worker is a container as the platform would start it: `imgvid bootstrap` finds a bundle in a cache, starts
ComfyUI, checks the workflow, starts the worker, and ends when anything dies. The bundle holds one file that no graph loads,
the workflow is the model-free one of the mode's name, and ComfyUI is yours (a folder with main.py) or the stand-in.
"""

from __future__ import annotations

import contextlib
import hashlib
import os
import signal
import socket
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

from imgvid.bundle import manifest
from imgvid.bundle.manifest import BundleFile, Manifest
from imgvid.sandbox import comfyui

MACHINES = 8  # worker processes side by side, at most
WORKFLOWS = Path(comfyui.__file__).parent / "workflows"
_STEPS = ("--steps", "16", "--step-s", "0.25")  # of the stand-in: long enough to look at, and to cancel
_COMMIT = "0" * 40
_NOTE = b"A bundle needs a file. No graph of the demo loads this one.\n"
_STAND_IN = """\
# ComfyUI's command line, answered by imgvid's stand-in.
import asyncio

from imgvid.sandbox.comfyui.__main__ import main

asyncio.run(main())
"""
_REAL = """\
# The person's own ComfyUI, run from here: links and folders of the demo never go into theirs.
import os, runpy, sys

root = {root!r}
os.chdir(root)
sys.path[0] = root
sys.argv[0] = os.path.join(root, "main.py")
runpy.run_path(sys.argv[0], run_name="__main__")
"""


class EngineRefused(Exception):
    """The engine that was asked for cannot run here; the sentence says why."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Engine:
    """What was asked for. `root` None: ComfyUI is the stand-in; `python` None: the one beside `root`, else ours."""

    name: str = "preview"  # preview | comfy
    root: Path | None = None
    python: Path | None = None
    args: Sequence[str] = ()  # ComfyUI's own, after ours
    workflows: Path | None = None  # a folder of compiled graphs and bindings; None: the model-free one

    def checked(self) -> Engine:
        """The same with every path resolved. Raises EngineRefused."""
        if self.root is None:
            return self
        root = self.root.resolve()
        if not (root / "main.py").is_file():
            raise EngineRefused(f"{self.root} is no ComfyUI: there is no main.py in it")
        found = next((one for one in (self.python, *_beside(root)) if one is not None and one.exists()), None)
        if self.python is not None and found != self.python:
            raise EngineRefused(f"{self.python} is not there: --comfy-python is the Python that runs ComfyUI")
        return replace(self, root=root, python=found)


def _beside(root: Path) -> tuple[Path, ...]:
    return tuple(root / place / "bin/python" for place in ("venv", ".venv", "../venv"))


PREVIEW = Engine()


@dataclass(frozen=True, slots=True, kw_only=True)
class Container:
    """How a worker is started: which of our processes, with what environment. `main` is ComfyUI's file, for who looks for it."""

    process: str
    env: Mapping[str, str]
    main: Path | None = None
    ports: Sequence[int] = field(default_factory=tuple)


def container(engine: Engine, files: Path) -> Container:
    """Lay out below `files` what a worker of this engine needs."""
    if engine.name == "preview":
        return Container(process="worker", env={"WORKER_ENGINE": "preview"})
    root, cache = files / "ComfyUI", files / "hub"
    root.mkdir()
    text = _STAND_IN if engine.root is None else _REAL.format(root=str(engine.root))
    (root / "main.py").write_text(text)
    _bundle(cache)
    env = {
        "WORKER_ENGINE": "comfy",
        "WORKER_IMAGE": "imgvid-worker:demo",
        "BUNDLE_CACHE": str(cache),
        "COMFY_ROOT": str(root),
        "COMFY_PYTHON": str(engine.python or sys.executable),
        "COMFY_ARGS": " ".join(("--cpu", *(_STEPS if engine.root is None else ()), *engine.args)),
        "WORKFLOWS_DIR": str(engine.workflows or WORKFLOWS),
    }
    return Container(process="bootstrap", env=env, main=root / "main.py", ports=free_ports(MACHINES))


def _bundle(cache: Path) -> None:
    """A hub cache with one whole snapshot, as the platform lays it out."""
    repo = cache / "models--imgvid--demo"
    snapshot = repo / "snapshots" / _COMMIT
    (snapshot / "vae").mkdir(parents=True)
    (repo / "refs").mkdir()
    (repo / "refs" / "main").write_text(_COMMIT)
    (snapshot / "vae" / "none.txt").write_bytes(_NOTE)
    file = BundleFile(
        path="vae/none.txt",
        folder="vae",
        size=len(_NOTE),
        sha256=hashlib.sha256(_NOTE).hexdigest(),
        licence="mit",
        optional=False,
    )
    (snapshot / manifest.FILE_NAME).write_text(manifest.render(Manifest(name="demo", revision=1, files=(file,))))


def free_ports(count: int) -> list[int]:
    """Ports that nobody holds now; all are held at once while they are chosen, so they differ."""
    with contextlib.ExitStack() as held:
        sockets = [held.enter_context(socket.socket()) for _ in range(count)]
        for one in sockets:
            one.bind(("127.0.0.1", 0))
        return [one.getsockname()[1] for one in sockets]


def kill_comfyui(container: Container, *, beside: int | None) -> bool:
    """kill -9 of the ComfyUI in the container whose process is `beside`; False where none runs there."""
    servers = {} if container.main is None else processes_of(container.main)
    for pid, above in servers.items():
        if beside in above:
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
            return True
    return False


def processes_of(main: Path) -> dict[int, tuple[int, ...]]:
    """Every process that runs this file, with its ancestors, nearest first."""
    found = {}
    for folder in Path("/proc").glob("[0-9]*"):
        with contextlib.suppress(OSError):
            if os.fsencode(main) in (folder / "cmdline").read_bytes().split(b"\0"):
                found[int(folder.name)] = tuple(_ancestors(int(folder.name)))
    return found


def _ancestors(pid: int) -> list[int]:
    found: list[int] = []
    with contextlib.suppress(OSError):
        while pid > 1:
            # the name in brackets may hold anything; the parent is the second field after it
            pid = int(Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[1])
            found.append(pid)
    return found
