"""A ComfyUI server in memory, a provider for it, and a mode of the tests' own that takes its time."""

from __future__ import annotations

import asyncio
import tempfile
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from typing import Any
from uuid import uuid4

import httpx

from imgvid.catalog import Mode, modes
from imgvid.catalog.read import parse
from imgvid.comfy.bind import parse_binding
from imgvid.comfy.graph import parse_graph
from imgvid.comfy.workflow import Workflow, workflows_of
from imgvid.providers.base import JobSpec, Picture, RemoteStatus, RequestId, Work
from imgvid.providers.comfyui import ComfyuiProvider
from imgvid.sandbox.comfyui import World, serve
from tests.sandbox.comfyui.photos import png, portrait

KEY = "a-bearer-key-0123456789"
SLOW_STEPS = 3000

_PROBE = {
    "1": {"class_type": "LoadImage", "inputs": {"image": "x.png"}, "_meta": {"title": "Photo"}},
    "2": {"class_type": "ProbeSampler", "inputs": {"image": ["1", 0], "steps": 1, "step_ms": 1}, "_meta": {"title": "Work"}},
    "3": {"class_type": "PreviewImage", "inputs": {"images": ["2", 0]}, "_meta": {"title": "Result"}},
}  # fmt: skip
_BINDING = {
    "output": "Result",
    "roles": {
        "image": {"node": "Photo", "input": "image", "required": True},
        "steps": {"node": "Work", "input": "steps"},
        "step_ms": {"node": "Work", "input": "step_ms"},
    },
}
PROBE = parse(
    {
        "id": "probe",
        "makes": "image",
        "lane": "image",
        "backend": "comfyui",
        "workflow": "probe",
        "inputs": [{"role": "image", "required": True}],
        "params": {"steps": {"values": [1, SLOW_STEPS]}},
        "run_for_s": 60,
        "expires_in_s": 600,
        "expected_s": 1,
        "roles": {"image": "$image", "steps": "$steps", "step_ms": 10},
    },
    "probe.toml",
)
CATALOGUE: Mapping[str, Mode] = {
    **{mode.id: mode for mode in modes().values() if mode.backend == "comfyui"},
    "probe": PROBE,
}


def workflows() -> dict[str, Workflow]:
    """The shipped ones, and the tests' own."""
    own = Workflow(name="probe", origin="shipped", graph=parse_graph(_PROBE), binding=parse_binding(_BINDING))
    return {**workflows_of(mode for mode in CATALOGUE.values() if mode.id != "probe"), "probe": own}


@dataclass
class Album:
    """Files by id; an exception is raised instead."""

    there: dict[str, bytes | Exception] = field(default_factory=lambda: {"face": png(portrait())})

    async def read(self, picture: Picture) -> bytes:
        found = self.there[picture.file_id]
        if isinstance(found, Exception):
            raise found
        return found


@asynccontextmanager
async def memory_world(**options: Any) -> AsyncIterator[World]:
    """A stand-in whose files are in memory, as its start arguments say."""
    with tempfile.TemporaryDirectory(dir="/dev/shm") as folder:
        async with serve(Path(folder), **options) as world:
            yield world


def provider_at(url: str, http: httpx.AsyncClient, album: Album | None = None, **changes: Any) -> ComfyuiProvider:
    settings: dict[str, Any] = {
        "url": url,
        "http": http,
        "key": None,
        "read": (album or Album()).read,
        "catalogue": CATALOGUE,
        "workflows": workflows(),
        "retry_wait": timedelta(0),
        **changes,
    }
    return ComfyuiProvider(**settings)


def spec(mode: str, *, job: str | None = None, attempt: int = 1, photo: str | None = None, **params: Any) -> JobSpec:
    pictures = () if photo is None else (Picture(role="image", file_id=photo, kind="photo"),)
    return JobSpec(
        job_id=job or str(uuid4()),
        attempt=attempt,
        payload={},
        execution_timeout=timedelta(seconds=200),
        ttl=timedelta(seconds=200),
        work=Work(mode=mode, params=params, prompt="a quiet secret garden", seed=7, pictures=pictures),
    )


def slow(**changes: Any) -> JobSpec:
    """A job that runs until it is stopped."""
    return spec("probe", photo="face", steps=SLOW_STEPS, **changes)


def quick(**changes: Any) -> JobSpec:
    return spec("probe", photo="face", steps=1, **changes)


async def until(
    provider: ComfyuiProvider,
    request: RequestId,
    met: Callable[[RemoteStatus], bool] = lambda status: status.state.final,
) -> RemoteStatus:
    """Look until this is so."""
    async with asyncio.timeout(60):
        while not met(status := await provider.status(request)):
            await asyncio.sleep(0.01)
        return status


async def runs(world: World) -> None:
    """Until some prompt runs."""
    async with asyncio.timeout(60):
        while world.running is None:
            await asyncio.sleep(0.005)


def left(world: World) -> dict[str, int]:
    """Bytes of every file below the server's folders."""
    root = world.folders.output.parent
    return {str(path.relative_to(root)): path.stat().st_size for path in root.rglob("*") if path.is_file()}
