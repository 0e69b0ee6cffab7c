"""The stand-in's state: folders, model files, the queue, what is remembered of finished prompts, memory."""

from __future__ import annotations

import asyncio
import itertools
import shutil
import time
from collections import deque
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from imgvid.sandbox.comfyui.faults import Faults
from imgvid.sandbox.comfyui.sockets import Sockets

Json = Any
GIB = 1024**3


@dataclass(frozen=True, slots=True, kw_only=True)
class Folders:
    """Where a server keeps its files. `temp` is the folder itself, as ComfyUI makes it below --temp-directory."""

    output: Path
    input: Path
    temp: Path

    @classmethod
    def below(cls, root: Path) -> Folders:
        """The layout of the worker image: out, in and tmp in one folder."""
        return cls(output=root / "out", input=root / "in", temp=root / "tmp" / "temp")

    def make(self) -> None:
        for path in (self.output, self.input, self.temp):
            path.mkdir(parents=True, exist_ok=True)

    def of(self, kind: str) -> Path | None:
        return {"output": self.output, "input": self.input, "temp": self.temp}.get(kind)


@dataclass(slots=True, kw_only=True)
class Memory:
    """Bytes. A prompt takes `job_vram` while it runs; models stay at rest; a leak stays for good."""

    gpu: str = "cpu"
    device_type: str = "cpu"
    vram_total: int = 24 * GIB
    ram_total: int = 64 * GIB
    resident_vram: int = 0
    resident_ram: int = 2 * GIB
    job_vram: int = 0
    leak_vram: int = 0  # per finished prompt
    leak_ram: int = 0
    leaked_vram: int = 0
    leaked_ram: int = 0
    running: bool = False

    @property
    def vram_free(self) -> int:
        used = self.resident_vram + self.leaked_vram + (self.job_vram if self.running else 0)
        return max(0, self.vram_total - used)

    @property
    def ram_free(self) -> int:
        return max(0, self.ram_total - self.resident_ram - self.leaked_ram)

    def job_done(self) -> None:
        self.leaked_vram += self.leak_vram
        self.leaked_ram += self.leak_ram


@dataclass(slots=True, kw_only=True)
class Prompt:
    """One queued graph. `outputs_to_run` are the output nodes that passed validation."""

    number: float
    id: str
    graph: dict[str, Json]
    extra_data: dict[str, Json]
    outputs_to_run: list[str]
    interrupted: bool = False

    @property
    def client_id(self) -> str | None:
        client = self.extra_data.get("client_id")
        return client if isinstance(client, str) else None

    def item(self) -> list[Json]:
        """As `/queue` and `/history` show it."""
        return [self.number, self.id, self.graph, self.extra_data, self.outputs_to_run]


@dataclass(slots=True, kw_only=True)
class World:
    """One server."""

    folders: Folders
    models: dict[str, list[str]] = field(default_factory=dict)
    memory: Memory = field(default_factory=Memory)
    argv: tuple[str, ...] = ()
    without: set[str] = field(default_factory=set)  # node classes that are not installed
    faces: int | None = None  # how many faces every photo shows; None: faces.py looks
    step_s: float = 0.0  # what a step of KSampler takes
    key: str | None = None
    has_jobs_api: bool = True
    faults: Faults = field(default_factory=Faults)
    sockets: Sockets = field(default_factory=Sockets)
    pending: deque[Prompt] = field(default_factory=deque)
    running: Prompt | None = None
    history: dict[str, Json] = field(default_factory=dict)
    calls: list[dict[str, Json]] = field(default_factory=list)
    news: asyncio.Event = field(default_factory=asyncio.Event)
    url: str = ""
    _numbers: Any = field(default_factory=itertools.count)

    def add(self, prompt: Prompt) -> None:
        self.pending.append(prompt)
        self.news.set()

    def next_number(self) -> int:
        number: int = next(self._numbers)
        return number

    @property
    def remaining(self) -> int:
        return len(self.pending) + (self.running is not None)

    def status(self) -> dict[str, Json]:
        return {"exec_info": {"queue_remaining": self.remaining}}

    def forget_all(self) -> None:
        """As after a start: nothing waits, nothing runs, nothing is remembered, and the temporary folder is empty."""
        self.pending.clear()
        self.history.clear()
        self.running = None
        shutil.rmtree(self.folders.temp, ignore_errors=True)
        self.folders.make()

    async def tell_status(self) -> None:
        await self.sockets.broadcast("status", {"status": self.status()})

    async def dequeue(self, prompt_id: str) -> bool:
        """Remove a waiting prompt; nothing of it stays anywhere. The real one says the status twice for the last one."""
        for prompt in self.pending:
            if prompt.id == prompt_id:
                self.pending.remove(prompt)
                for _ in range(1 if self.pending else 2):
                    await self.tell_status()
                return True
        return False

    def interrupt(self, prompt_id: str | None) -> bool:
        """Mark the running prompt, if it is this one (None: whatever runs)."""
        if self.running is None or prompt_id not in {None, self.running.id}:
            return False
        self.running.interrupted = True
        return True


def now_ms() -> int:
    return int(time.time() * 1000)
