"""Whether a server's files stay in memory, by its start arguments."""

from __future__ import annotations

from pathlib import PurePosixPath
from typing import Any

import pytest

from imgvid.comfy.disk import folders_used, is_memory, on_disk
from imgvid.comfy.graph import parse_graph
from imgvid.comfy.stats import parse_stats
from tests.comfy.script import CORE, VHS, changed


@pytest.mark.parametrize(
    ("path", "memory"),
    [
        ("/dev/shm/comfyui/temp", True),
        ("/dev/shm", False),  # the root of it is everybody's
        ("/dev/shmoo/temp", False),
        ("/run/user/1000/comfy/temp", True),
        ("/run/comfy/temp", False),  # a disk in a container
        ("/tmp/comfy/temp", False),
        ("/mnt/tmpfs/comfy", True),
        ("/mnt/RAMDISK/temp", True),
        ("/srv/my-tmpfs-notes/temp", False),
        ("/dev/shm/../../srv/temp", False),
        ("dev/shm/comfy", False),
        ("/opt/ComfyUI/temp", False),
    ],
)
def test_which_paths_are_memory(path: str, memory: bool) -> None:
    assert is_memory(PurePosixPath(path)) is memory


def test_what_preview_nodes_make_stays_in_the_temporary_folder() -> None:
    preview = {"1": CORE["1"], "2": {"class_type": "PreviewImage", "inputs": {"images": ["1", 0]}}}
    unsaved = changed(VHS, "28", save_output=False)
    assert folders_used([parse_graph(preview), parse_graph(unsaved)]) == ("temp",)
    assert folders_used([parse_graph(preview), parse_graph(CORE)]) == ("temp", "output")
    assert folders_used([parse_graph(VHS)]) == ("temp", "output")


@pytest.mark.parametrize(
    ("argv", "said"),
    [
        (["main.py"], ["its temp folder is ComfyUI's own", "its output folder is ComfyUI's own"]),
        (["main.py", "--temp-directory", "/dev/shm/c"], ["its output folder is ComfyUI's own"]),
        (["main.py", "--temp-directory=/dev/shm/c", "--output-directory", "/data"], ["its output folder /data is not"]),
        (["main.py", "--base-directory", "/dev/shm/c"], []),
    ],
)
def test_each_folder_on_a_disk_is_named_with_what_to_do(argv: list[str], said: list[str]) -> None:
    stats = parse_stats({"system": {"argv": argv}})
    told = list(on_disk(stats, ("temp", "output")))
    assert len(told) == len(said)
    for sentence, words in zip(told, said, strict=True):
        assert words in sentence
        assert "-directory /dev/shm/comfyui" in sentence


def test_an_unknown_server_is_a_disk() -> None:
    answer: Any = None
    assert list(on_disk(parse_stats(answer), ("temp",)))
