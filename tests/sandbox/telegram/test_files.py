"""Files in memory: what is made once, what is made only when somebody asks."""

from __future__ import annotations

import io

import pytest
from PIL import Image

from imgvid.sandbox.telegram import pictures
from imgvid.sandbox.telegram.clips import read_clip
from imgvid.sandbox.telegram.clock import SystemClock
from imgvid.sandbox.telegram.files import FileStore, Named
from imgvid.sandbox.telegram.model import File, Kind

from .material import jpeg, mp4, png


@pytest.fixture
def store() -> FileStore:
    return FileStore(bot_id=42, seed=0, clock=SystemClock())


async def test_equal_pictures_are_recompressed_once(store: FileStore, monkeypatch: pytest.MonkeyPatch) -> None:
    made = []
    real = pictures.recompress
    monkeypatch.setattr(pictures, "recompress", lambda data, box: made.append(box) or real(data, box))
    first = await store.as_photo(store.keep(jpeg(3000, 2000)), 1280)
    assert await store.as_photo(store.keep(jpeg(3000, 2000)), 1280) == first
    assert await store.as_photo(store.keep(jpeg(3000, 2000)), 2560) != first
    assert made == [1280, 2560]
    plain = store.keep(jpeg())
    assert await store.as_photo(plain, 1280) == plain  # a JPEG that fits goes through as it is


async def test_smaller_sizes_are_made_on_demand_and_then_known(store: FileStore) -> None:
    blob = store.keep(jpeg(900, 600))
    photo = store.add(File(unique="", kind=Kind.PHOTO, blob=blob, size=len(jpeg(900, 600)), width=900, height=600))
    assert [(size.letter, size.bytes is None) for size in store.sizes(photo)] == [
        ("s", True),
        ("m", True),
        ("x", True),
        ("y", False),
    ]
    data = await store.read(Named(file=photo, letter="x"))
    with Image.open(io.BytesIO(data)) as image:
        assert image.size == (800, 533)
    assert next(size.bytes for size in store.sizes(photo) if size.letter == "x") == len(data)


def test_another_bot_has_other_ids_for_the_same_file() -> None:
    file = File(unique="abc", kind=Kind.VIDEO, blob="", size=1)
    ours, theirs = (FileStore(bot_id=bot, seed=0, clock=SystemClock()) for bot in (42, 43))
    assert ours.file_id(file) != theirs.file_id(file)
    assert ours.unique_id(file) == theirs.unique_id(file)
    assert theirs.named(ours.file_id(file)) is None


def test_headers_and_clips_are_read_from_bytes_alone() -> None:
    header = pictures.read_header(png(300, 200))
    assert (header.format, header.width, header.height, header.plain) == ("PNG", 300, 200, False)
    assert pictures.read_header(jpeg()).plain
    assert not pictures.read_header(jpeg(exif_turn=6)).plain
    with pytest.raises(pictures.NotAPicture):
        pictures.read_header(b"")
    with pytest.raises(pictures.NotAPicture):
        pictures.shrink(jpeg()[:200], 100, 75)
    with pytest.raises(pictures.NotAPicture):
        pictures.recompress(png()[:60], 100)
    clip = read_clip(mp4())
    assert clip is not None
    assert (clip.width, clip.height, clip.duration, clip.audio) == (160, 96, 1, True)
    silent = read_clip(mp4(sound=False))
    assert silent is not None
    assert silent.audio is False
    assert read_clip(b"no clip") is None
    assert read_clip(jpeg()) is None or read_clip(jpeg()).audio is False  # type: ignore[union-attr]


@pytest.mark.parametrize(
    ("width", "height", "expected"),
    [
        (90, 50, [("s", 90, 50)]),
        (2560, 100, [("s", 100, 4), ("m", 320, 12), ("x", 800, 31), ("y", 1280, 50), ("w", 2560, 100)]),
        (1, 3000, [("s", 1, 100), ("m", 1, 320), ("x", 1, 800), ("y", 1, 1280), ("w", 1, 3000)]),
    ],
)
def test_sizes_fit_their_boxes(width: int, height: int, expected: list[tuple[str, int, int]]) -> None:
    assert pictures.sizes(width, height) == expected
