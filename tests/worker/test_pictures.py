"""What strangers send, all the way through a worker: each ends as a code, before the engine, with nothing left."""

from __future__ import annotations

import io
import struct
import zlib

import numpy as np
import pytest
from PIL import Image

from tests.worker.conftest import Stage, jpeg


def _chunk(kind: bytes, body: bytes) -> bytes:
    return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))


def bomb(width: int, height: int) -> bytes:
    """A PNG of some kilobytes that really unpacks to width x height pixels."""
    head = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    pack = zlib.compressobj(9)
    rows = b"".join(pack.compress(b"\0" * (1 + 3 * width)) for _ in range(height)) + pack.flush()
    return b"\x89PNG\r\n\x1a\n" + _chunk(b"IHDR", head) + _chunk(b"IDAT", rows) + _chunk(b"IEND", b"")


def noise(format_: str) -> bytes:
    buffer = io.BytesIO()
    pixels = np.random.default_rng(2).integers(0, 255, (300, 400, 3), dtype=np.uint8)
    Image.fromarray(pixels).save(buffer, format=format_)
    return buffer.getvalue()


def lying_header() -> bytes:
    """A PNG whose header says 4000 x 4000 and whose data holds 64 x 64."""
    body = bomb(64, 64)
    head = struct.pack(">IIBBBBB", 4000, 4000, 8, 2, 0, 0, 0)
    return body[:8] + _chunk(b"IHDR", head) + body[8 + 25 :]


@pytest.mark.parametrize(
    ("data", "code"),
    [
        (noise("JPEG")[:9000], "bad_image"),
        (noise("PNG")[: len(noise("PNG")) // 2], "bad_image"),
        (lying_header(), "bad_image"),
        (b"\xff\xd8\xff" + b"\0" * 3000, "bad_image"),
        (bomb(8000, 6000), "image_too_large"),
        (bomb(64, 64), "image_too_small"),
        (bomb(6000, 140), "image_too_small"),
        (b"this is a text, whatever its name says" * 20, "image_unsupported"),
        (b"%PDF-1.4\n" + b"x" * 2000, "image_unsupported"),
    ],
)
async def test_a_bad_file_is_a_code(stage: Stage, data: bytes, code: str) -> None:
    photo = await stage.eva.send_document(data, name="photo.jpg", mime_type="image/jpeg")
    payload = await stage.job(photo)
    engine = stage.clip()
    output = (await stage.runner(engine).run(payload)).as_result()
    assert (output["outcome"], output["code"]) == ("failed", code), output
    assert str(output["error"]).startswith(f"{code}: ")
    assert str(stage.folder) not in str(output)
    assert engine.orders == []
    assert output["residual_bytes"] == 0
    assert stage.leftovers() == []
    message = await stage.message(payload)
    assert message.kind == "text"  # the worker tells no failure: the dispatcher does
    assert await stage.sim.calls("editMessageMedia") == []


async def test_a_file_above_telegrams_limit(stage: Stage) -> None:
    photo = await stage.eva.send_document(jpeg(), pretend_bytes=25_000_000)
    output = (await stage.runner(stage.clip()).run(await stage.job(photo))).as_json()
    assert (output["outcome"], output["code"]) == ("failed", "image_too_heavy")
    assert stage.leftovers() == []


async def test_a_file_that_telegram_has_lost(stage: Stage) -> None:
    payload = await stage.job(await stage.eva.send_photo(jpeg()))
    payload["inputs"][0]["file_id"] = "AgACAgQAAxkDAAnothing"
    output = (await stage.runner(stage.clip()).run(payload)).as_json()
    assert (output["outcome"], output["code"]) == ("failed", "file_unavailable")


async def test_a_bad_last_frame_fails_like_a_bad_photo(stage: Stage) -> None:
    first = await stage.eva.send_photo(jpeg())
    last = await stage.eva.send_document(b"no picture at all", name="last.png")
    output = (await stage.runner(stage.clip()).run(await stage.job(first, last))).as_json()
    assert (output["outcome"], output["code"]) == ("failed", "image_unsupported")
    assert stage.leftovers() == []


@pytest.mark.parametrize("kind", ["HEIC", "transparent PNG", "WebP sideways"])
async def test_good_files_of_other_kinds_become_videos(stage: Stage, kind: str) -> None:
    buffer = io.BytesIO()
    with Image.open(io.BytesIO(jpeg())) as picture:
        if kind == "HEIC":
            import pillow_heif

            pillow_heif.register_heif_opener()
            picture.save(buffer, format="HEIF")
        elif kind == "transparent PNG":
            layered = picture.convert("RGBA")
            layered.putalpha(120)
            layered.save(buffer, format="PNG")
        else:
            exif = Image.Exif()
            exif[0x0112] = 6
            exif[0x010F] = "secret-maker"
            picture.save(buffer, format="WEBP", exif=exif)
    photo = await stage.eva.send_document(buffer.getvalue(), name="whatever.bin", mime_type="application/octet-stream")
    seen: list[tuple[int, int, str, bytes]] = []

    def look(order: object) -> None:
        path = order.images["image"]  # type: ignore[attr-defined]
        with Image.open(path) as image:
            seen.append((*image.size, image.mode, path.read_bytes()))

    output = (await stage.runner(stage.clip(before=look)).run(await stage.job(photo))).as_json()
    assert output["outcome"] == "delivered", output
    ((width, height, mode, data),) = seen
    assert (width, height, mode) == ((600, 800, "RGB") if kind == "WebP sideways" else (800, 600, "RGB"))
    assert b"secret" not in data
