"""`GET /system_stats` as types: which server this is, on which GPU, with how much memory, started how."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from imgvid.comfy.jsontypes import Json, as_dict, as_int, as_list, as_text


@dataclass(frozen=True, slots=True, kw_only=True)
class Memory:
    """Bytes of RAM and of the first GPU's memory. On a server without a GPU both are the RAM."""

    ram_total: int
    ram_free: int
    vram_total: int
    vram_free: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Stats:
    """One look at a server."""

    version: str
    gpu: str
    device_type: str  # cuda, cpu, ...
    memory: Memory
    argv: Sequence[str]

    def option(self, name: str) -> str | None:
        """The value of a start argument, None where it was not given."""
        for at, word in enumerate(self.argv):
            if word == name and at + 1 < len(self.argv):
                return self.argv[at + 1]
            if word.startswith(f"{name}="):
                return word.partition("=")[2]
        return None

    def folder(self, kind: str) -> Path | None:
        """Where the server keeps `input`, `output` or `temp`, if its start arguments say."""
        given = self.option(f"--{kind}-directory")
        if given is not None:
            return Path(given) / "temp" if kind == "temp" else Path(given)
        base = self.option("--base-directory")
        return Path(base) / kind if base is not None else None


def parse_stats(answer: Json) -> Stats:
    """The answer of `/system_stats`; what it leaves out is empty or 0."""
    system = as_dict(as_dict(answer).get("system"))
    devices = as_list(as_dict(answer).get("devices"))
    device = as_dict(devices[0]) if devices else {}
    return Stats(
        version=as_text(system.get("comfyui_version")),
        gpu=_gpu(as_text(device.get("name"))),
        device_type=as_text(device.get("type")),
        memory=Memory(
            ram_total=as_int(system.get("ram_total")),
            ram_free=as_int(system.get("ram_free")),
            vram_total=as_int(device.get("vram_total")),
            vram_free=as_int(device.get("vram_free")),
        ),
        argv=tuple(word for word in as_list(system.get("argv")) if isinstance(word, str)),
    )


def _gpu(name: str) -> str:
    """`cuda:0 NVIDIA L40S : cudaMallocAsync` is an NVIDIA L40S."""
    words = name.partition(" : ")[0].strip()
    first, _, rest = words.partition(" ")
    return rest if first.startswith("cuda:") and rest else words
