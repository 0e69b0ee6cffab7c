from __future__ import annotations

from pathlib import Path

import pytest

from imgvid.comfy.stats import Memory
from imgvid.worker.engines.memory import Passage, expected_short, within_container

GIB = 1024**3


def passages(rests: list[float], *, need: float) -> list[Passage]:
    """Jobs whose free memory at rest afterwards was this many GiB; each began where the one before ended."""
    starts = [rests[0] + 10, *rests]
    return [
        Passage(before=int(start * GIB), lowest=int((start - need) * GIB), after=int(rest * GIB))
        for start, rest in zip(starts, rests, strict=False)
    ]


@pytest.mark.parametrize(
    ("rests", "need", "short"),
    [
        ([8, 7, 6], 5, False),  # sinks, and still fits: 6 - 5 = 1 GiB above the spare half
        ([7, 6, 5], 5, True),
        ([5, 5, 5], 5, False),  # full and steady
        ([7, 6], 5, False),  # two jobs could be a cache that fills
        ([7, 5, 5], 5, False),  # it sank once
        ([5, 4.97, 4.94], 5, False),  # noise
        ([6, 5, 6, 5, 4], 5, True),  # it is the last three that count
        ([9, 6, 5, 4], 0.2, False),  # sinks, but the job needs little
        ([9, 3, 2, 1], 0.2, True),  # what it loses each time is all that is left
    ],
)
def test_when_the_next_job_is_expected_to_lack_memory(rests: list[float], need: float, short: bool) -> None:
    assert (expected_short(passages(rests, need=need), total=24 * GIB) is not None) is short


READING = Memory(ram_total=256 * GIB, ram_free=200 * GIB, vram_total=24 * GIB, vram_free=GIB)


def test_the_containers_limit_counts_and_not_the_hosts(tmp_path: Path) -> None:
    (tmp_path / "memory.max").write_text(f"{64 * GIB}\n")
    (tmp_path / "memory.current").write_text(f"{50 * GIB}\n")
    (tmp_path / "memory.stat").write_text(f"anon 1\ninactive_file {20 * GIB}\n")
    within = within_container(READING, cgroup=tmp_path)
    assert (within.ram_total, within.ram_free, within.vram_free) == (64 * GIB, 34 * GIB, GIB)


def test_the_older_layout_is_read_too(tmp_path: Path) -> None:
    (tmp_path / "memory").mkdir()
    (tmp_path / "memory/memory.limit_in_bytes").write_text(str(64 * GIB))
    (tmp_path / "memory/memory.usage_in_bytes").write_text(str(70 * GIB))
    (tmp_path / "memory/memory.stat").write_text("total_inactive_file 0\n")
    assert within_container(READING, cgroup=tmp_path).ram_free == 0


@pytest.mark.parametrize("limit", ["max", str(1 << 62), ""])
def test_without_a_limit_the_hosts_reading_stands(tmp_path: Path, limit: str) -> None:
    (tmp_path / "memory.max").write_text(limit)
    (tmp_path / "memory.current").write_text("5")
    (tmp_path / "memory.stat").write_text("")
    assert within_container(READING, cgroup=tmp_path) == READING
    assert within_container(READING, cgroup=tmp_path / "none") == READING
