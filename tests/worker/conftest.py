"""A person, a bot and a worker: the stand-in for Telegram on a real socket, a Runner on a real folder."""

from __future__ import annotations

import asyncio
import io
from collections.abc import AsyncIterator, Callable
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import uuid4

import httpx
import numpy as np
import pytest
from PIL import Image

from imgvid.sandbox.telegram import serve
from imgvid.sandbox.telegram.person import Person
from imgvid.sandbox.telegram.shown import Shown
from imgvid.sandbox.telegram.sim import Sim
from imgvid.telegram.client import Telegram
from imgvid.telegram.keyboard import while_open
from imgvid.telegram.patience import Patience
from imgvid.worker.attempt import Manners
from imgvid.worker.engines.base import Engine, Made, Order, Tell
from imgvid.worker.report import Reporter
from imgvid.worker.run import Runner
from imgvid.worker.workspace import Root, Workspace

TOKEN = "4242:worker-tests"


async def _blink(_seconds: float) -> None:
    await asyncio.sleep(0.01)


QUICK = Patience(span=timedelta(minutes=10), sleep=_blink)
"""As patient as in life, and every wait is a blink."""


def jpeg(width: int = 800, height: int = 600, *, quality: int = 85) -> bytes:
    """A photo with structure."""
    y, x = np.mgrid[0:height, 0:width]
    pixels = np.dstack([x * 255 // width, y * 255 // height, ((x // 50 + y // 50) % 2) * 150]).astype(np.uint8)
    buffer = io.BytesIO()
    Image.fromarray(pixels).save(buffer, format="JPEG", quality=quality)
    return buffer.getvalue()


@dataclass(slots=True)
class Clip:
    """An engine that makes a small real video in steps, and stands still where a test wants it to."""

    film: Path
    name: str = "clip"
    picture_px: int | None = None
    percents: tuple[int, ...] = (10, 60)
    gate: asyncio.Event | None = None  # awaited after the last percent
    before: Callable[[Order], None] = lambda _: None
    reached: asyncio.Event = field(default_factory=asyncio.Event)
    orders: list[Order] = field(default_factory=list)
    cancelled: int = 0
    tell: Tell | None = None  # of the last order, for a test to speak with

    async def make(self, order: Order, tell: Tell) -> Made:
        self.orders.append(order)
        self.tell = tell
        self.before(order)
        await tell("load")
        for percent in self.percents:
            await tell("sample", percent)
            await asyncio.sleep(0)
        self.reached.set()
        if self.gate is not None:
            try:
                await self.gate.wait()
            except asyncio.CancelledError:
                self.cancelled += 1
                raise
        target = order.folder / "clip.mp4"
        target.write_bytes(self.film.read_bytes())
        await tell("encode", 100)
        return Made(path=target, recipe={"graph_sha256": "abc"})


@pytest.fixture(scope="session")
def film(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Half a second of H.264 without sound."""
    import av

    path = tmp_path_factory.mktemp("film") / "clip.mp4"
    with av.open(str(path), "w") as out:
        stream = out.add_stream("libx264", rate=24, options={"preset": "ultrafast"})
        stream.width, stream.height, stream.pix_fmt = 320, 240, "yuv420p"
        for number in range(12):
            pixels = np.full((240, 320, 3), 20 * number, dtype=np.uint8)
            out.mux(stream.encode(av.VideoFrame.from_ndarray(pixels, format="rgb24")))
        out.mux(stream.encode(None))
    return path


@dataclass(slots=True)
class Stage:
    """Everything a test of a run needs."""

    sim: Sim
    eva: Person
    telegram: Telegram
    folder: Path
    film: Path
    _workspaces: list[Workspace] = field(default_factory=list)

    async def job(self, *inputs: Shown, **changes: Any) -> dict[str, Any]:
        """Send the placeholder and write the input that a dispatcher would send."""
        short = changes.get("short", "ab12cd3")
        message_id = await self.telegram.send_text(
            chat_id=self.eva.chat_id, text="In the queue", keyboard=while_open("en", "ab12cd3")
        )
        described = [
            {
                "role": role,
                "file_id": shown.media.file_id if shown.media else "",
                "kind": shown.kind,
                "has_spoiler": shown.media.spoiler if shown.media else False,
            }
            for role, shown in zip(("image", "last"), inputs, strict=False)
        ]
        payload = {
            "v": 1,
            "job_id": str(uuid4()),
            "short": short,
            "attempt": 1,
            "mode": "wan22-i2v",
            "params": {"prompt": "waves at dusk"},
            "seed": 77,
            "chat_id": self.eva.chat_id,
            "message_id": message_id,
            "inputs": described,
            "locale": "en",
            "deadline": (datetime.now(UTC) + timedelta(minutes=10)).isoformat(),
        }
        return payload | changes

    def clip(self, **changes: Any) -> Clip:
        return Clip(film=self.film, **changes)

    def runner(self, engine: Engine, *, every: timedelta = timedelta(0), **changes: Any) -> Runner:
        """A worker of its own, with its own root."""
        workspace = Workspace(Root(path=self.folder / f"root{len(self._workspaces)}", is_tmpfs=False))
        self._workspaces.append(workspace)
        manners = changes.pop("manners", Manners(write=QUICK, deliver=QUICK, edit_every=every))
        return Runner(
            **{
                "telegram": self.telegram,
                "engine": engine,
                "workspace": workspace,
                "reporter": Reporter(dsn=None),
                "worker_id": f"worker-{len(self._workspaces)}",
                "manners": manners,
            }
            | changes
        )

    def leftovers(self) -> list[Path]:
        """Files of any job below any root."""
        return [path for path in self.folder.rglob("*") if path.is_file() and path.name != ".lock"]

    async def methods(self) -> list[str]:
        """What the bot called after the placeholder, in order."""
        called = [str(call["method"]) for call in await self.sim.calls()]
        return called[called.index("sendMessage") + 1 :]

    async def message(self, payload: dict[str, Any]) -> Shown:
        return await self.eva.message(payload["message_id"])

    def close(self) -> None:
        for workspace in self._workspaces:
            workspace.close()


@pytest.fixture
async def stage(tmp_path: Path, film: Path) -> AsyncIterator[Stage]:
    async with serve(token=TOKEN) as served, Sim(served.url) as sim, httpx.AsyncClient(trust_env=False) as http:
        eva = await sim.person("Eva")
        await eva.send_text("/start")
        telegram = Telegram(token=TOKEN, api_url=served.url, http=http)
        made = Stage(sim=sim, eva=eva, telegram=telegram, folder=tmp_path / "roots", film=film)
        made.folder.mkdir()
        yield made
        made.close()
        with suppress(Exception):
            await sim.clear_faults()
