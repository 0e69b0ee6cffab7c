"""What a GPU worker of the demo is made of: paths that are checked, a bundle that bootstrap takes, processes that are found."""

from __future__ import annotations

import asyncio
import os
import subprocess
import sys
from datetime import timedelta
from pathlib import Path

import pytest

from imgvid.sandbox.demo.gpu import PREVIEW, Engine, EngineRefused, container, free_ports, processes_of
from imgvid.worker.bootstrap import seek
from imgvid.worker.bootstrap.settings import read


def test_a_preview_worker_needs_nothing(tmp_path: Path) -> None:
    made = container(PREVIEW.checked(), tmp_path)
    assert (made.process, made.env, made.main, list(made.ports)) == ("worker", {"WORKER_ENGINE": "preview"}, None, [])
    assert list(tmp_path.iterdir()) == []


async def test_bootstrap_takes_what_is_laid_out(tmp_path: Path) -> None:
    made = container(Engine(name="comfy").checked(), tmp_path)
    settings = read({**made.env, "BUNDLE_WAIT_S": "0"})
    found = await seek.seek(settings, clock=lambda: 0.0)
    assert found.label == "imgvid/demo@000000000000 r1"
    assert (settings.comfy_root / "main.py") == made.main
    assert settings.comfy_start == timedelta(minutes=5)
    assert (settings.workflows / "i2v_WAN22_6step_3Samplers_GGUF_FirstLast.api.json").is_file()
    assert len(set(made.ports)) == len(made.ports) > 1


def test_a_persons_own_comfyui_is_run_from_a_folder_of_ours(tmp_path: Path) -> None:
    theirs, ours = tmp_path / "ComfyUI", tmp_path / "demo"
    ours.mkdir()
    theirs.mkdir()
    with pytest.raises(EngineRefused, match=r"there is no main\.py"):
        Engine(name="comfy", root=theirs).checked()
    (theirs / "main.py").write_text("import os, sys\nprint(os.getcwd(), sys.argv, sys.path[0], __name__)\n")
    with pytest.raises(EngineRefused, match="--comfy-python"):
        Engine(name="comfy", root=theirs, python=tmp_path / "nothing").checked()
    venv = theirs / "venv/bin"
    venv.mkdir(parents=True)
    (venv / "python").symlink_to(sys.executable)
    engine = Engine(name="comfy", root=theirs, args=("--fast",)).checked()
    made = container(engine, ours)
    assert made.env["COMFY_PYTHON"] == str(venv / "python")
    assert made.env["COMFY_ARGS"] == "--cpu --fast"
    assert made.main is not None
    command = [sys.executable, str(made.main), "--port", "1"]
    said = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    assert said == f"{theirs} ['{theirs}/main.py', '--port', '1'] {theirs} __main__\n"
    assert sorted(path.name for path in theirs.iterdir()) == ["main.py", "venv"]


async def test_a_process_is_found_by_its_file(tmp_path: Path) -> None:
    main = tmp_path / "main.py"
    main.write_text("import time\nprint(flush=True)\ntime.sleep(60)\n")
    process = await asyncio.create_subprocess_exec(sys.executable, str(main), stdout=asyncio.subprocess.PIPE)
    try:
        assert process.stdout is not None
        await process.stdout.readline()
        assert {pid: above[0] for pid, above in processes_of(main).items()} == {process.pid: os.getpid()}
    finally:
        process.kill()
        await process.wait()
    assert processes_of(main) == {}


def test_ports_differ() -> None:
    assert len(set(free_ports(20))) == 20
