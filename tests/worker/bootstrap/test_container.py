"""The whole life of a container with real processes and real signals: what starts, what may be known, what dies with what."""

from __future__ import annotations

import asyncio
import contextlib
import hashlib
import json
import os
import signal
import socket
import subprocess
import sys
from collections.abc import AsyncIterator, Callable
from pathlib import Path

import pytest

from imgvid.worker.bootstrap.run import DIED, REFUSED, STOPPED
from tests.support.hub_cache import MAIN, Cache, bundle, entry
from tests.worker.bootstrap import container

SECRETS = {
    "TELEGRAM_BOT_TOKEN": "123456:secret-of-telegram",
    "WORKER_DATABASE_URL": "postgresql://w:secret-of-postgres@127.0.0.1/x",
    "RUNPOD_AI_API_KEY": "secret-of-runpod",
    "HF_TOKEN": "hf_secretofthehub",
    "ANYTHING_ELSE": "secret-of-tomorrow",
}


class Container:
    """One run of it. `said` is where its children write what they saw."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.said = root / "said"
        self.jobs = root / "shm"
        self.comfy = root / "ComfyUI"
        self.workflows = root / "workflows"
        self.process: asyncio.subprocess.Process | None = None
        self.log = root / "log"
        for path in (self.said, self.comfy / "models/vae", self.workflows):
            path.mkdir(parents=True)
        (self.comfy / "main.py").write_text(container.COMFY)
        self.workflow("v")

    def workflow(self, vae: str) -> None:
        graph = {
            "17": {"class_type": "VAELoader", "inputs": {"vae_name": vae}},
            "18": {"class_type": "Keep", "inputs": {"vae": ["17", 0]}},
        }
        (self.workflows / "w.api.json").write_text(json.dumps(graph))

    async def start(self, **environ: str) -> None:
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            port = free.getsockname()[1]
        given = {
            "PATH": os.environ["PATH"],
            "PYTHONPATH": str(Path(__file__).parents[3]),
            "SAID": str(self.said),
            "BUNDLE_CACHE": str(self.root / "hub"),
            "JOB_ROOT": str(self.jobs),
            "COMFY_ROOT": str(self.comfy),
            "COMFY_PORT": str(port),
            "COMFY_ARGS": "--cpu",
            "WORKFLOWS_DIR": str(self.workflows),
            **SECRETS,
            **environ,
        }
        with self.log.open("wb") as out:
            self.process = await asyncio.create_subprocess_exec(
                sys.executable, "-W", "error", "-m", "tests.worker.bootstrap.container", env=given, stderr=out
            )

    async def wait_for(self, name: str) -> str:
        """What a child wrote under this name, once it has."""
        assert self.process is not None
        while not (self.said / name).exists():
            assert self.process.returncode is None, self.log.read_text()
            await asyncio.sleep(0.02)
        return (self.said / name).read_text()

    async def ended(self) -> int:
        assert self.process is not None
        return await self.process.wait()

    def events(self) -> dict[str, dict[str, object]]:
        lines = [json.loads(line) for line in self.log.read_text().splitlines() if line.startswith("{")]
        return {line["event"]: line for line in lines}


@pytest.fixture
async def box(tmp_path: Path) -> AsyncIterator[Container]:
    hub = Cache(tmp_path / "hub")
    hub.main(MAIN)
    hub.whole(MAIN, bundle([entry("vae/v")], revision=7))
    made = Container(tmp_path)
    yield made
    if made.process is not None and made.process.returncode is None:
        with contextlib.suppress(ProcessLookupError):
            made.process.kill()
        await made.process.wait()


def alive(pid: str) -> bool:
    state = subprocess.run(["ps", "-o", "stat=", "-p", pid], capture_output=True, text=True, check=False).stdout
    return bool(state.strip()) and not state.startswith("Z")


async def until(condition: Callable[[], bool]) -> None:
    while not condition():
        await asyncio.sleep(0.02)


def left_behind(box: Container) -> list[str]:
    names = [path.name for folder in box.root.glob("shm*") for path in folder.rglob("*")]
    return [name for name in names if name != ".lock"]


async def test_the_worker_starts_when_comfyui_fits_and_knows_the_bundle(box: Container) -> None:
    (box.root / "nodes.lock").write_text("lock")
    await box.start(ENDS="0", WORKER_IMAGE="a:1", NODES_LOCK=str(box.root / "nodes.lock"))
    told = json.loads(await box.wait_for("worker.json"))
    assert await box.ended() == STOPPED, box.log.read_text()
    assert json.loads(told["WORKER_FACTS"]) == {
        "bundle": f"org/bundle@{MAIN[:12]} r7", "bundle_revision": 7, "image": "a:1", "gpu": "cpu",
        "node_lock": hashlib.sha256(b"lock").hexdigest()[:12],
    }  # fmt: skip
    assert told["TELEGRAM_BOT_TOKEN"] == SECRETS["TELEGRAM_BOT_TOKEN"]
    assert "HF_TOKEN" not in told
    assert told["HF_HUB_OFFLINE"] == "1"
    assert not alive((box.said / "comfy.pid").read_text())
    assert left_behind(box) == []


async def test_comfyui_knows_no_secret_and_writes_only_where_it_may(box: Container) -> None:
    await box.start(ENDS="0")
    told = json.loads(await box.wait_for("comfy.json"))
    await box.ended()
    assert not set(told["env"].values()) & set(SECRETS.values())
    assert not told["env"].keys() & (SECRETS.keys() | {"SAID", "BUNDLE_CACHE"})
    argv = told["argv"]
    for flag in ("--output-directory", "--input-directory", "--temp-directory", "--user-directory"):
        assert argv[argv.index(flag) + 1].startswith(str(box.root / "shm-comfy"))
    assert argv[argv.index("--listen") + 1] == "127.0.0.1"
    for flag in ("--disable-metadata", "--disable-api-nodes", "--cache-none"):
        assert flag in argv


async def test_a_workflow_may_ask_for_a_newer_bundle(box: Container) -> None:
    """The demand travels with the workflow, beside its roles; the cache holds revision 7."""
    (box.workflows / "w.toml").write_text('bundle_revision = 8\n[roles.x]\nnode = "17"\ninput = "vae_name"\n')
    await box.start(BUNDLE_WAIT_S="0")
    assert await box.ended() == REFUSED
    assert "this worker needs 8 or newer" in str(box.events()["boot.refused"]["problems"])
    (box.workflows / "w.toml").write_text('bundle_revision = 7\n[roles.x]\nnode = "17"\ninput = "vae_name"\n')
    await box.start(BUNDLE_WAIT_S="0", ENDS="0")
    assert await box.ended() == STOPPED, box.log.read_text()


async def test_comfyui_may_have_a_python_of_its_own(box: Container) -> None:
    other = box.root / "venv/bin/python"
    other.parent.mkdir(parents=True)
    other.symlink_to(sys.executable)
    await box.start(ENDS="0", COMFY_PYTHON=str(other))
    assert json.loads(await box.wait_for("comfy.json"))["python"] == str(other)
    assert await box.ended() == STOPPED


async def test_kill_9_of_comfyui_ends_the_container_after_the_worker_could_report(box: Container) -> None:
    await box.start()
    worker = await box.wait_for("worker.pid")
    os.kill(int(await box.wait_for("comfy.pid")), signal.SIGKILL)
    assert await box.ended() == DIED
    assert json.loads((box.said / "worker.told").read_text()) == {"comfy_alive": False}
    assert not alive(worker)
    assert box.events()["child.died"]["child"] == "comfyui"
    assert left_behind(box) == []


async def test_kill_9_of_the_worker_ends_the_container_and_empties_the_job_folder(box: Container) -> None:
    await box.start()
    comfy = await box.wait_for("comfy.pid")
    os.kill(int(await box.wait_for("worker.pid")), signal.SIGKILL)
    assert await box.ended() == DIED
    assert not alive(comfy)
    assert box.events()["child.died"]["how"] == "signal SIGKILL"
    assert left_behind(box) == []


async def test_kill_9_of_the_bootstrap_takes_its_children_along(box: Container) -> None:
    await box.start()
    worker, comfy = await box.wait_for("worker.pid"), await box.wait_for("comfy.pid")
    assert box.process is not None
    box.process.kill()
    await box.ended()
    await until(lambda: not alive(worker) and not alive(comfy))


async def test_sigterm_lets_the_worker_finish_while_comfyui_still_serves(box: Container) -> None:
    await box.start()
    await box.wait_for("worker.json")
    assert box.process is not None
    box.process.terminate()
    assert await box.ended() == STOPPED
    assert json.loads((box.said / "worker.told").read_text()) == {"comfy_alive": True}
    assert left_behind(box) == []


async def test_a_workflow_that_does_not_fit_stops_the_container(box: Container) -> None:
    box.workflow("another_vae")
    await box.start()
    assert await box.ended() == REFUSED
    refused = box.events()["boot.refused"]
    assert "vae_name is 'another_vae', which is not among: v." in "".join(refused["problems"])  # type: ignore[arg-type]
    assert not (box.said / "worker.pid").exists()


async def test_a_gpu_that_does_not_compute_stops_the_container(box: Container) -> None:
    failing = json.dumps(["-c", 'print(\'{"error": "the GPU computes wrongly"}\'); raise SystemExit(1)'])
    await box.start(COMFY_ARGS="--disable-mmap", KERNEL=failing)
    assert await box.ended() == REFUSED
    assert "the GPU computes wrongly" in str(box.events()["boot.refused"]["problems"])
    assert not (box.said / "worker.pid").exists()


async def test_comfyui_that_dies_at_start_is_told(box: Container) -> None:
    (box.comfy / "main.py").write_text("raise SystemExit(3)")
    await box.start()
    assert await box.ended() == DIED
    assert box.events()["child.died"]["how"] == "exit code 3"


async def test_sigterm_while_the_cache_still_fills_ends_at_once(box: Container) -> None:
    await box.start(BUNDLE_CACHE=str(box.root / "empty"))
    await until(lambda: "bundle.waited" in box.log.read_text())
    assert box.process is not None
    box.process.terminate()
    assert await box.ended() == STOPPED


async def test_what_a_dead_worker_left_is_gone_before_comfyui_starts(box: Container) -> None:
    job = box.jobs / "00000000-0000-4000-8000-000000000009"
    job.mkdir(parents=True)
    (job / "input.png").write_text("a photo")
    old = box.root / "shm-comfy" / "out"
    old.mkdir(parents=True)
    (old / "old.mp4").write_text("a film")
    await box.start()
    await box.wait_for("worker.json")
    names = left_behind(box)
    assert "old.mp4" not in names
    assert job.name not in names


async def test_the_preview_engine_needs_no_bundle_and_no_comfyui(box: Container) -> None:
    await box.start(WORKER_ENGINE="preview", BUNDLE_CACHE=str(box.root / "empty"), ENDS="0")
    assert await box.ended() == STOPPED
    assert not (box.said / "comfy.pid").exists()
