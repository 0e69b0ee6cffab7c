"""Videos planned in a process of their own: in memory, without a codec here, and never left behind."""

from __future__ import annotations

import asyncio
import contextlib
import io
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest
from PIL import Image

from imgvid.jobs.errors import Code
from imgvid.media import film
from imgvid.media.develop import Fell, Unfit
from imgvid.media.film import plan_video
from imgvid.media.limits import VideoLimits
from imgvid.media.memory import MemoryFile
from imgvid.media.parcel import Shown
from imgvid.media.plan import Action, plan
from imgvid.media.video import frames_digest, probe
from tests.media.material import write_to


@pytest.fixture
def source() -> Iterator[MemoryFile]:
    with MemoryFile() as memory:
        yield memory


def children() -> list[int]:
    """Processes of ours that plan videos."""
    found = []
    for stat in Path("/proc").glob("[0-9]*/stat"):
        with contextlib.suppress(OSError):
            fields = stat.read_text().rpartition(")")[2].split()
            if int(fields[1]) == os.getpid() and b"darkroom" in (stat.parent / "cmdline").read_bytes():
                found.append(int(stat.parent.name))
    return found


async def appeared() -> int:
    while not (found := children()):
        await asyncio.sleep(0.01)
    return found[0]


async def test_a_video_that_fits_is_sent_as_it_is(source: MemoryFile) -> None:
    faststart = {"movflags": "+faststart", "fflags": "+bitexact"}
    with MemoryFile() as raw:
        write_to(raw, audio="aac", container=faststart)
        first = await plan_video(raw)
        assert (first.content is raw) == (first.steps == ("keep",))
        again = first.content
        assert isinstance(again, MemoryFile)
        second = await plan_video(again)
        assert second.content is again
        assert second.steps == ("keep",)
        assert again.path.read_bytes()
        first.close()


async def test_a_silent_video_gets_its_track_and_keeps_its_frames(source: MemoryFile) -> None:
    write_to(source, frames=48)
    planned = await plan_video(source)
    try:
        assert planned.content is not source
        assert isinstance(planned.source, Path)
        facts = probe(planned.source)
        assert plan(facts).action is Action.KEEP
        assert (planned.shown, planned.width, planned.height, planned.steps[0]) == (Shown.VIDEO, 320, 180, "add_audio")
        assert planned.duration_s == pytest.approx(2.0, abs=0.05)
        assert planned.digest == frames_digest(source.path)
        assert planned.thumbnail is not None
        assert max(Image.open(io.BytesIO(planned.thumbnail)).size) == 320
        assert planned.size == facts.bytes
    finally:
        planned.close()


@pytest.mark.parametrize("audio", ["aac", None])
async def test_bytes_will_do_as_well(source: MemoryFile, audio: str | None) -> None:
    write_to(source, audio=audio, container={"movflags": "+faststart", "fflags": "+bitexact"})
    planned = await plan_video(bytearray(source.path.read_bytes()))
    assert (planned.steps[0] == "keep") == (audio is not None)
    assert isinstance(planned.source, Path)
    assert plan(probe(planned.source)).action is Action.KEEP
    before = len([*Path("/proc/self/fd").iterdir()])
    planned.close()
    assert len([*Path("/proc/self/fd").iterdir()]) == before - 1  # nothing else was left open


async def test_what_must_change_is_encoded_anew(source: MemoryFile) -> None:
    write_to(source, pix_fmt="yuv444p", audio="aac")
    planned = await plan_video(source)
    assert (planned.steps[0], "pix_fmt:yuv444p" in planned.steps) == ("reencode", True)
    planned.close()


@pytest.mark.parametrize("data", [b"", b"<html>no video</html>", b"\0\0\0\x18ftypisom" + b"\0" * 400])
async def test_what_is_no_video_is_no_media(source: MemoryFile, data: bytes) -> None:
    source.write(data)
    with pytest.raises(Unfit) as caught:
        await plan_video(source)
    assert caught.value.code is Code.NO_MEDIA
    assert "/proc" not in str(caught.value)


async def test_a_video_that_no_plan_can_fit(source: MemoryFile) -> None:
    write_to(source, frames=48, noise=True)
    with pytest.raises(Unfit) as caught:
        await plan_video(source, limits=VideoLimits(max_bytes=20_000, budget_bytes=10_000))
    assert caught.value.code is Code.RESULT_TOO_LARGE


async def test_the_time_limit_ends_the_process(source: MemoryFile) -> None:
    write_to(source, frames=240, noise=True, pix_fmt="yuv444p")
    with pytest.raises(Unfit) as caught:
        await plan_video(source, within=timedelta(seconds=0.02))
    assert caught.value.code is Code.INTERNAL
    assert children() == []


async def test_a_cancel_ends_the_process(source: MemoryFile) -> None:
    write_to(source, frames=240, noise=True, pix_fmt="yuv444p")
    task = asyncio.create_task(plan_video(source))
    pid = await appeared()
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert not Path(f"/proc/{pid}").exists()


async def test_a_process_that_dies_is_our_failure_and_may_be_tried_again(source: MemoryFile) -> None:
    write_to(source, frames=240, noise=True, pix_fmt="yuv444p")
    task = asyncio.create_task(plan_video(source))
    os.kill(await appeared(), signal.SIGKILL)
    with pytest.raises(Fell) as caught:
        await task
    assert (caught.value.code, caught.value.signal) == (Code.INTERNAL, signal.SIGKILL)


async def test_descriptors_are_given_back(source: MemoryFile) -> None:
    source.write(b"no video")
    with contextlib.suppress(Unfit):
        await plan_video(source)  # whatever asyncio opens once for all
    before = len([*Path("/proc/self/fd").iterdir()])
    for _ in range(3):
        with contextlib.suppress(Unfit):
            await plan_video(source)
    assert len([*Path("/proc/self/fd").iterdir()]) == before


async def test_the_child_gets_no_secrets(source: MemoryFile, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FAL_API_KEY", "a-secret-that-stays-here")
    write_to(source, frames=240, noise=True, pix_fmt="yuv444p")
    task = asyncio.create_task(plan_video(source))
    pid = await appeared()
    environment = Path(f"/proc/{pid}/environ").read_bytes()
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert b"a-secret-that-stays-here" not in environment


def test_no_codec_is_loaded_here() -> None:
    program = f"import sys, {film.__name__}; print([name for name in ('av', 'PIL', 'numpy') if name in sys.modules])"
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
