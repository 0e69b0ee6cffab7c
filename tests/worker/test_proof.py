"""What a worker proves at its start."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from imgvid.media.video import BadVideo
from imgvid.worker import proof
from imgvid.worker.proof import prove_codecs

MEASURE = """
import asyncio, sys
from pathlib import Path
from imgvid.worker.proof import lean_malloc, prove_codecs
assert lean_malloc()
import imgvid.worker.handler, runpod
from imgvid.worker.engines.preview import Preview
folder = Path(sys.argv[1])
prove_codecs(folder)

def figure(name):
    lines = Path("/proc/self/status").read_text().splitlines()
    return next(int(line.split()[1]) / 1024 for line in lines if line.startswith(name))

after_import = figure("VmRSS")
from functools import partial
import threading
from imgvid.media.image import open_picture
from imgvid.worker.engines.base import Order
from imgvid.worker.parcel import pack
from imgvid.worker.thread import in_thread

async def tell(phase, percent=None):
    pass

def decode():
    open_picture(folder / "photo.jpg", want_px=Preview.picture_px).save_png(folder / "input.png")

async def jobs():
    for seed in range(1):
        await in_thread(decode)
        order = Order(job_id="x", mode="m", params={}, seed=seed, folder=folder, locale="sk", deadline=None,
                      images={"image": folder / "input.png", "last": folder / "input.png"})
        made = await Preview().make(order, tell)
        await in_thread(partial(pack, made.path, folder / "planned.mp4", stop=threading.Event()))

asyncio.run(jobs())
print(after_import, figure("VmHWM"))
"""


def test_the_codecs_of_this_machine_are_proven_and_nothing_is_left(tmp_path: Path) -> None:
    prove_codecs(tmp_path)
    assert list(tmp_path.iterdir()) == []


def test_a_missing_codec_is_noticed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def without(_: Path) -> None:
        raise BadVideo("encoding: UnknownCodecError")

    monkeypatch.setattr(proof, "_two_frames", without)
    with pytest.raises(BadVideo, match="UnknownCodecError"):
        prove_codecs(tmp_path)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.slow
@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="reads /proc")
def test_memory_stays_below_its_limits(tmp_path: Path) -> None:
    """A 12 MP photo as file and a last frame: at most 200 MiB and at most half more than after import (issue: memory)."""
    from tests.worker.conftest import jpeg

    (tmp_path / "photo.jpg").write_bytes(jpeg(4000, 3000))
    done = subprocess.run([sys.executable, "-c", MEASURE, str(tmp_path)], capture_output=True, text=True, check=True)
    after_import, peak = map(float, done.stdout.split())
    assert peak <= 200
    assert peak <= 1.5 * after_import
