"""The image's files, as far as they can be held to the promises without building it."""

from __future__ import annotations

import json
import re
import tomllib
from pathlib import Path

import pytest

IMAGE = Path("worker_image")
WANTED = {
    "ComfyUI-Image-Saver": "1.16.0",
    "ComfyUI-Frame-Interpolation": "a969c01dbccd9e5510641be04eb51fe93f6bfc3d",
    "ComfyUI-VideoHelperSuite": "8343122234b61a0f8eb3d1f3f98382b0f7aff2b9",
    "ComfyUI-KJNodes": "1.1.9",
    "ComfyUI-GGUF": "1.1.9",
    "ComfyUI_essentials": "1.1.0",
    "rgthree-comfy": "1.0.2511270846",
    "cg-use-everywhere": "7.5.2",
    "ComfyUI-Impact-Pack": "8.28.0",
}


def test_the_lock_pins_every_pack_that_the_operators_file_names() -> None:
    lock = tomllib.loads((IMAGE / "nodes.lock").read_text())
    assert {pack["folder"]: pack["wanted"] for pack in lock["pack"]} == WANTED
    for entry in (lock["comfyui"], *lock["pack"]):
        assert re.fullmatch(r"[0-9a-f]{40}", entry["commit"])
        assert entry["why"]
        exact = entry["wanted"].startswith(entry["version"])
        assert exact or entry["changes"], f"{entry['repo']} is another version: say what may change in the picture"


@pytest.mark.parametrize("name", ["requirements.lock", "build.lock"])
def test_locks_are_names_versions_and_hashes_only(name: str) -> None:
    for line in (IMAGE / name).read_text().splitlines():
        assert re.fullmatch(r"[a-z0-9][\w.-]*==[\w.+!-]+( ;[^:]*)? \\|    --hash=sha256:[0-9a-f]{64}( \\)?", line), line


def test_one_opencv_and_one_torch() -> None:
    names = re.findall(r"^([a-z0-9-]+)==", (IMAGE / "requirements.lock").read_text(), re.MULTILINE)
    assert [name for name in names if name.startswith("opencv")] == ["opencv-contrib-python-headless"]
    assert len(names) == len(set(names))


def test_the_image_and_the_endpoints_agree_on_cuda() -> None:
    base = re.search(r"nvidia/cuda:(\d+\.\d+)", (IMAGE / "Dockerfile").read_text())
    runtime = re.search(r"nvidia-cuda-runtime-cu12==(\d+\.\d+)", (IMAGE / "requirements.lock").read_text())
    assert base is not None
    assert runtime is not None
    for path in IMAGE.glob("endpoint.*.json"):
        assert json.loads(path.read_text())["gpu"]["minCudaVersion"] == base[1] == runtime[1]


def test_the_dockerfile_takes_no_argument_no_secret_and_starts_our_pid_1() -> None:
    lines = (IMAGE / "Dockerfile").read_text().splitlines()
    assert not [line for line in lines if re.match(r"\s*(ARG|ADD)\b|.*--mount=type=secret|.*(TOKEN|API_KEY)=", line)]
    froms = [line for line in lines if line.startswith("FROM ")]
    assert froms
    assert all(re.match(r"FROM [\w./-]+:[\w.-]*\d[\w.-]* AS \w+$", line) for line in froms)
    assert lines[-1] == 'ENTRYPOINT ["python3", "-m", "imgvid.worker.bootstrap"]'
