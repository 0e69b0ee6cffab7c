"""The preview engine makes a real video: its length, size, end, label and sameness are read from the file."""

from __future__ import annotations

import asyncio
import itertools
from dataclasses import replace
from pathlib import Path
from typing import Any

import av
import numpy as np
import pytest
from PIL import Image

from imgvid.media.label import can_write, draw_label
from imgvid.media.limits import VIDEO_LIMITS
from imgvid.media.plan import Action, plan
from imgvid.media.video import frames_digest, probe
from imgvid.texts import LOCALES, say
from imgvid.worker.engines.base import Order
from imgvid.worker.engines.dream import dreamt
from imgvid.worker.engines.preview import FRAMES, Preview, frames_of, shape_of


def photo(path: Path, size: tuple[int, int] = (900, 600), *, flip: bool = False) -> Path:
    """A smooth picture with an edge or two, as photos have."""
    y, x = np.mgrid[0 : size[1], 0 : size[0]]
    pixels = np.dstack([x * 255 // size[0], y * 255 // size[1], ((x // 90 + y // 90) % 2) * 120]).astype(np.uint8)
    Image.fromarray(pixels[::-1, ::-1] if flip else pixels).save(path)
    return path


def order(folder: Path, **changes: object) -> Order:
    folder.mkdir(exist_ok=True)
    made = Order(
        job_id="5d2b1c8e-0a34-4f6b-9c1d-2e3f4a5b6c7d",
        mode="wan22-i2v",
        params={},
        seed=5,
        images={"image": photo(folder / "input.png")},
        folder=folder,
        locale="en",
        deadline=None,
    )
    return replace(made, **changes)


class Told:
    """Collects what an engine tells."""

    def __init__(self) -> None:
        self.steps: list[tuple[str, int | None]] = []

    async def __call__(self, phase: str, percent: int | None = None) -> None:
        self.steps.append((phase, percent))


def decoded(path: Path) -> list[np.ndarray]:
    with av.open(str(path)) as container:
        return [frame.to_ndarray(format="rgb24").astype(int) for frame in container.decode(video=0)]


async def test_a_photo_becomes_five_seconds_of_video(tmp_path: Path) -> None:
    told = Told()
    made = await Preview().make(order(tmp_path / "a"), told)
    facts = probe(made.path)
    assert (facts.width, facts.height, facts.frames, facts.fps, facts.duration_s) == (832, 480, 120, 24.0, 5.0)
    assert (facts.codec, facts.pix_fmt, facts.container, facts.faststart) == ("h264", "yuv420p", "mp4", True)
    decision = plan(facts, VIDEO_LIMITS)
    assert (decision.action, decision.reasons) == (Action.ADD_AUDIO, ("audio:none",))
    assert told.steps[0] == ("load", 0)
    percents = [percent for phase, percent in told.steps if phase == "sample"]
    assert percents == sorted(percents)
    assert len(percents) >= 8
    assert told.steps[-1] == ("encode", 100)
    assert {path.name for path in (tmp_path / "a").iterdir()} == {"input.png", made.path.name}

    frames = decoded(made.path)
    steps = [np.abs(b - a).mean() for a, b in itertools.pairwise(frames)]
    assert np.abs(frames[-1] - frames[0]).mean() > 5, "the camera moves"
    assert max(steps) < 4, "and never jumps"

    # The same order gives the same frames, another seed others.
    again = await Preview().make(order(tmp_path / "b"), Told())
    assert frames_digest(again.path) == frames_digest(made.path)
    other = await Preview().make(order(tmp_path / "c", seed=6), Told())
    assert frames_digest(other.path) != frames_digest(made.path)


async def test_it_ends_exactly_on_the_last_frame(tmp_path: Path) -> None:
    wanted = order(tmp_path / "a")
    last = photo(wanted.folder / "last.png", (832, 480), flip=True)
    made = await Preview().make(replace(wanted, images={**wanted.images, "last": last}), Told())
    frames = decoded(made.path)
    assert len(frames) == FRAMES
    with Image.open(last) as picture:
        target = np.asarray(picture.convert("RGB")).astype(int)
    upper = slice(0, 400)  # above the label
    assert np.abs(frames[-1][upper] - target[upper]).mean() < 4
    assert np.abs(frames[80][upper] - target[upper]).mean() > 25
    steps = [np.abs(b - a).mean() for a, b in itertools.pairwise(frames)]
    assert max(steps) < 12, "it dissolves and does not cut"


@pytest.mark.parametrize(
    ("picture", "size"), [((600, 900), (480, 832)), ((500, 500), (624, 624)), ((2560, 128), (832, 480))]
)
async def test_shapes(tmp_path: Path, picture: tuple[int, int], size: tuple[int, int]) -> None:
    folder = tmp_path / "a"
    folder.mkdir()
    made = await Preview().make(order(folder, images={"image": photo(folder / "p.png", picture)}), Told())
    facts = probe(made.path)
    assert (facts.width, facts.height, facts.duration_s) == (*size, 5.0)


async def test_a_cancel_stops_between_pieces_and_lets_the_file_go(tmp_path: Path) -> None:
    started = asyncio.Event()

    async def tell(phase: str, percent: int | None = None) -> None:
        if phase == "sample" and percent:
            started.set()

    wanted = order(tmp_path / "a")
    task = asyncio.create_task(Preview().make(wanted, tell))
    await started.wait()
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    for path in Path("/proc/self/fd").iterdir():
        assert str(wanted.folder) not in str(path.resolve())


@pytest.mark.parametrize("locale", LOCALES)
def test_the_label_can_be_written_in_every_language(locale: str) -> None:
    text = say(locale, "preview-label")
    assert can_write(text)
    for width, height in ((832, 480), (480, 832), (624, 624)):
        label, (left, top) = draw_label(text, width=width, height=height)
        assert left > 0
        assert left + label.width < width
        assert top > 0
        assert top + label.height < height
        assert label.height < height / 8
    assert can_write("Žltý kôň — ПРЕДПРОСМОТР «ё»")
    assert not can_write("预览")


async def test_words_alone_become_a_film_as_long_and_as_wide_as_asked(tmp_path: Path) -> None:
    words = order(tmp_path / "job", images={}, params={"prompt": "a castle", "seconds": 10, "aspect": "9:16"})
    made = await Preview().make(words, Told())
    facts = probe(made.path)
    assert (facts.width, facts.height, facts.frames, facts.duration_s) == (480, 832, 240, pytest.approx(10.0))


@pytest.mark.parametrize(
    ("params", "frames", "shape"),
    [
        ({}, FRAMES, None),
        ({"seconds": 4, "aspect": "1:1"}, 96, (1, 1)),
        ({"seconds": "4", "aspect": "wide"}, FRAMES, None),
        ({"seconds": 9999, "aspect": "16:0"}, FRAMES, None),
    ],
)
def test_what_is_asked_for(params: dict[str, Any], frames: int, shape: tuple[int, int] | None) -> None:
    assert frames_of(params) == frames
    assert shape_of(params) == shape


def test_a_made_picture_is_the_seeds_own() -> None:
    first, again, other = (dreamt(seed, width=64, height=48) for seed in (1, 1, 2))
    assert first.tobytes() == again.tobytes() != other.tobytes()
    assert first.size == (64, 48)
