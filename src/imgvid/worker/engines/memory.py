"""Memory that grows from job to job: will the next one still fit? Decisions only; the numbers come from elsewhere.

At rest after a job the models stay loaded, so a full card is no news. News is rest that sinks after every job of the same
graph: something is kept that should have gone. When what the next job needs on top of that rest no longer fits, the worker
asks to be replaced while nobody waits, instead of failing somebody's job.
"""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from imgvid.comfy.stats import Memory

_JOBS = 3  # in a row that must each have lost some: two could be a cache that fills
_NOISE_SHARE = 0.005  # of the whole; less than that is fragmentation and other processes
_NOISE_BYTES = 64 * 1024**2
_SPARE_SHARE = 0.02  # what must stay free at the lowest point


@dataclass(frozen=True, slots=True, kw_only=True)
class Passage:
    """Free bytes of one kind of memory around one job: at its start, at the lowest point seen, and at rest after it."""

    before: int
    lowest: int
    after: int

    @property
    def need(self) -> int:
        """What the job took on top of what was resident when it began."""
        return max(0, self.before - min(self.lowest, self.after))


def expected_short(passages: Sequence[Passage], total: int) -> int | None:
    """Bytes that the next job is expected to lack; None when it is expected to fit or nothing grows.

    `passages` are the jobs of one graph on this server in order. The first loads the models and is no measure.
    """
    warm = passages[1:][-_JOBS:]
    rests = [passage.after for passage in passages[-_JOBS:]]
    losses = [earlier - later for earlier, later in itertools.pairwise(rests)]
    noise = max(_NOISE_BYTES, int(total * _NOISE_SHARE))
    if len(rests) < _JOBS or not warm or min(losses) < noise:
        return None
    # A job's need was measured from its own start, so the leak of that job is already in it.
    free = rests[-1] - max(passage.need for passage in warm)
    short = int(total * _SPARE_SHARE) - free
    return short if short > 0 else None


class Growth:
    """One server's jobs, remembered by graph."""

    def __init__(self, *, remember: int = 20) -> None:
        self._remember = remember
        self._passages: dict[tuple[str, str], list[Passage]] = {}

    def add(self, graph: str, before: Memory, lowest: Memory, after: Memory) -> str | None:
        """Note a finished job; why the next one is not expected to fit, None while it is."""
        reasons = []
        for name, total, passage in (
            ("ram", after.ram_total, Passage(before=before.ram_free, lowest=lowest.ram_free, after=after.ram_free)),
            (
                "vram",
                after.vram_total,
                Passage(before=before.vram_free, lowest=lowest.vram_free, after=after.vram_free),
            ),
        ):
            passages = self._passages.setdefault((graph, name), [])
            passages.append(passage)
            del passages[: -self._remember]
            short = expected_short(passages, total)
            if short is not None:
                reasons.append(f"{name} sinks with every job, the next one is expected to lack {short >> 20} MiB")
        return "; ".join(reasons) or None

    def has_succeeded(self, graph: str) -> bool:
        """Whether this graph has fitted before on this server."""
        return bool(self._passages.get((graph, "ram")))


def lower(one: Memory, other: Memory) -> Memory:
    """The lower of two readings, each kind of memory for itself."""
    return Memory(
        ram_total=one.ram_total,
        ram_free=min(one.ram_free, other.ram_free),
        vram_total=one.vram_total,
        vram_free=min(one.vram_free, other.vram_free),
    )


def within_container(memory: Memory, *, cgroup: Path = Path("/sys/fs/cgroup")) -> Memory:
    """The same reading with the RAM that the container may use: ComfyUI tells the host's, which is not ours to fill."""
    limit, used = _cgroup(cgroup)
    if limit is None or used is None or limit >= memory.ram_total:
        return memory
    return Memory(
        ram_total=limit,
        ram_free=min(memory.ram_free, max(0, limit - used)),
        vram_total=memory.vram_total,
        vram_free=memory.vram_free,
    )


def _cgroup(root: Path) -> tuple[int | None, int | None]:
    """Limit and use in bytes, without the page cache that can be dropped; version 2, else version 1."""
    for limit, used, stat, cache in (
        (root / "memory.max", root / "memory.current", root / "memory.stat", "inactive_file"),
        (
            root / "memory/memory.limit_in_bytes",
            root / "memory/memory.usage_in_bytes",
            root / "memory/memory.stat",
            "total_inactive_file",
        ),
    ):
        try:
            most, now = int(limit.read_text()), int(used.read_text())
            counts = dict(line.split() for line in stat.read_text().splitlines())
        except (OSError, ValueError):  # "max": no limit
            continue
        return most, max(0, now - int(counts.get(cache, "0")))
    return None, None
