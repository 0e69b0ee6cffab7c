"""What the worker and the compiler cost on one CPU: a preview clip, everything around an engine, the largest workflow."""

from __future__ import annotations

import asyncio
import gzip
import json
import shutil
import statistics
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from fractions import Fraction
from pathlib import Path
from typing import Any
from uuid import uuid4

import av
import httpx
import numpy as np
from PIL import Image

from imgvid.comfy.compile import compile_workflow
from imgvid.sandbox.telegram import Sim, serve
from imgvid.telegram.client import Telegram
from imgvid.worker.engines.base import Made, Order, Tell
from imgvid.worker.engines.preview import FPS, FRAMES, Preview
from imgvid.worker.report import Reporter
from imgvid.worker.run import Runner
from imgvid.worker.workspace import Root, Workspace
from tests.bench.memory import picture
from tests.bench.processes import TOKEN
from tests.bench.table import Figure
from tests.support.postgres import Server

WORKFLOWS = Path(__file__).parents[3] / "shared/data/workflows"
COMPILE_S, OVERHEAD_S = 0.3, 0.5
ROUNDS = 5
SIZE = (832, 480)
NOT_OURS = {
    "look_s",
    "download_s",
    "upload_s",
    "load_s",
    "sample_s",
    "decode_s",
    "encode_s",
}  # Telegram's, the engine's


@dataclass(slots=True)
class Ready:
    """An engine whose film is there already: what a run then takes is the worker's own."""

    film: Path
    name: str = "ready"
    picture_px: int | None = None

    async def make(self, order: Order, tell: Tell) -> Made:
        await tell("sample", 100)
        target = order.folder / "ready.mp4"
        await asyncio.to_thread(shutil.copyfile, self.film, target)
        return Made(path=target, recipe={})


async def silent(*_: object) -> None:
    """Nobody is told of the progress."""


async def preview(folder: Path) -> float:
    """Seconds of one clip from a picture of 1280 px; it stays as preview.mp4."""
    with Image.open(folder / "photo.jpg") as photo:
        photo.save(folder / "input.png")
    order = Order(
        job_id="bench",
        mode="wan22-i2v",
        params={},
        seed=7,
        images={"image": folder / "input.png"},
        folder=folder,
        locale="en",
        deadline=None,
    )
    began = time.perf_counter()
    await Preview().make(order, silent)
    return time.perf_counter() - began


def bare_encode(folder: Path) -> float:
    """Seconds of as many frames of the same size through the same encoder, all of them one still picture."""
    pixels = np.asarray(Image.open(folder / "photo.jpg").resize(SIZE))
    began = time.perf_counter()
    with av.open(str(folder / "bare.mp4"), "w") as out:
        stream = out.add_stream("libx264", rate=FPS, options={"preset": "veryfast", "crf": "20"})
        stream.width, stream.height, stream.pix_fmt = *SIZE, "yuv420p"
        stream.codec_context.thread_count = 1
        for number in range(FRAMES):
            frame = av.VideoFrame.from_ndarray(pixels, format="rgb24").reformat(format="yuv420p")
            frame.pts, frame.time_base = number, Fraction(1, FPS)
            out.mux(stream.encode(frame))
        out.mux(stream.encode(None))
    return time.perf_counter() - began


async def run_once(runner: Runner, telegram: Telegram, chat_id: int, file_id: str) -> dict[str, Any]:
    """One whole job; the worker's own report."""
    payload = {
        "v": 1,
        "job_id": str(uuid4()),
        "short": "ab12cd3",
        "attempt": 1,
        "mode": "wan22-i2v",
        "params": {"prompt": "waves"},
        "seed": 7,
        "chat_id": chat_id,
        "message_id": await telegram.send_text(chat_id=chat_id, text="In the queue"),
        "inputs": [{"role": "image", "file_id": file_id, "kind": "photo"}],
        "locale": "en",
        "deadline": (datetime.now(UTC) + timedelta(minutes=10)).isoformat(),
    }
    report = (await runner.run(payload)).as_json()
    assert report["outcome"] == "delivered", report
    return report


def overhead_s(report: dict[str, Any]) -> float:
    """What is neither the engine's nor Telegram's of a run."""
    return float(report["total_s"]) - sum(span for name, span in report["phases"].items() if name in NOT_OURS)


async def overheads(folder: Path) -> list[dict[str, Any]]:
    """Reports of a few jobs whose film is the preview's."""
    async with serve(token=TOKEN) as served, Sim(served.url) as sim, httpx.AsyncClient(trust_env=False) as http:
        person = await sim.person("Bench")
        sent = await person.send_photo((folder / "photo.jpg").read_bytes())
        assert sent.media is not None
        telegram = Telegram(token=TOKEN, api_url=served.url, http=http)
        workspace = Workspace(Root(path=folder / "root", is_tmpfs=False))
        runner = Runner(
            telegram=telegram,
            engine=Ready(film=folder / "preview.mp4"),
            workspace=workspace,
            reporter=Reporter(dsn=None),
            worker_id="bench",
        )
        try:
            return [await run_once(runner, telegram, person.chat_id, sent.media.file_id) for _ in range(ROUNDS)]
        finally:
            workspace.close()


def best(work: Callable[[], object]) -> float:
    """Seconds of the fastest of a few rounds."""
    spans = []
    for _ in range(ROUNDS):
        began = time.perf_counter()
        work()
        spans.append(time.perf_counter() - began)
    return min(spans)


def compile_figures(folder: Path) -> list[Figure]:
    """The largest file that we were given; nothing where there is none."""
    files = sorted(folder.glob("ui/*.json"), key=lambda path: path.stat().st_size)
    if not files:
        return []
    text, info = files[-1].read_text(), json.loads(gzip.decompress((folder / "object_info.json.gz").read_bytes()))
    took, read = best(lambda: compile_workflow(json.loads(text), info)), best(lambda: json.loads(text))
    return [
        Figure(
            name=f"compile {files[-1].name}",
            value=f"{took:.3f} s",
            yardstick=f"reading its {len(text) // 1024} KiB of JSON: {read:.3f} s",
            must=f"<= {COMPILE_S} s",
            holds=took <= COMPILE_S,
        )
    ]


async def measure(_server: Server) -> list[Figure]:
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        (folder / "photo.jpg").write_bytes(picture(3))
        clip, bare = await preview(folder), bare_encode(folder)
        reports = await overheads(folder)
    spent = statistics.median(overhead_s(report) for report in reports)
    plans = {str(report["recipe"]["plan"]) for report in reports}
    return [
        Figure(
            name="preview clip, 5 s at 832 x 480",
            value=f"{clip:.2f} s = {clip / bare:.1f} of the yardstick",
            yardstick=f"{FRAMES} still frames through the same encoder: {bare:.2f} s",
        ),
        Figure(
            name="worker overhead of a 5 s clip at 480p",
            value=f"{spent:.2f} s, plan: {', '.join(sorted(plans))}",
            yardstick="a run without its engine and without Telegram's time",
            must=f"<= {OVERHEAD_S} s",
            holds=spent <= OVERHEAD_S,
        ),
        *compile_figures(WORKFLOWS),
    ]
