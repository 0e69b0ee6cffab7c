from __future__ import annotations

from pathlib import Path

import pytest

from imgvid.comfy.stats import parse_stats


@pytest.mark.parametrize(
    ("name", "gpu"),
    [
        ("cuda:0 NVIDIA L40S : cudaMallocAsync", "NVIDIA L40S"),
        ("cuda:0 NVIDIA GeForce RTX 4090 : native", "NVIDIA GeForce RTX 4090"),
        ("cpu", "cpu"),
        ("", ""),
    ],
)
def test_the_gpu_as_people_call_it(name: str, gpu: str) -> None:
    assert parse_stats({"devices": [{"name": name}]}).gpu == gpu


@pytest.mark.parametrize(
    ("argv", "temp"),
    [
        (["main.py", "--temp-directory", "/d/tmp"], Path("/d/tmp/temp")),
        (["main.py", "--temp-directory=/d/tmp"], Path("/d/tmp/temp")),
        (["main.py", "--base-directory", "/d"], Path("/d/temp")),
        (["main.py", "--temp-directory"], None),
        (["main.py"], None),
    ],
)
def test_where_a_server_keeps_its_files(argv: list[str], temp: Path | None) -> None:
    assert parse_stats({"system": {"argv": argv}}).folder("temp") == temp


def test_an_answer_of_another_shape_is_no_crash() -> None:
    for answer in (None, {}, {"devices": None}, {"system": [], "devices": [3]}):
        assert parse_stats(answer).memory.vram_total == 0
