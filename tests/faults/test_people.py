"""What people do: delete, block, change their minds at any moment, and send what is no picture."""

from __future__ import annotations

import io
import struct
import zlib

import pytest
from PIL import Image

from imgvid.sandbox.telegram import SimRefused
from tests.faults.case import Case, photo

pytestmark = [pytest.mark.slow, pytest.mark.timeout(100)]


async def test_the_person_deletes_the_message_while_it_is_made(case: Case) -> None:
    held = await case.fault("hold", method="file", here=False)
    await case.send()
    await case.sim.until_held(held, timeout_s=40)
    await case.person.delete((await case.jobs())[0]["message_id"])
    await case.sim.release(held)
    (row,) = await case.judge("CANCELLED")
    assert row["error_code"] == "message_deleted"
    (told,) = await case.texts()
    assert "was deleted" in told.text
    assert told.button("Again") is not None


async def test_the_person_deletes_the_message_while_it_waits(case: Case) -> None:
    """The second photo waits behind the first; its message is gone when it is looked at."""
    held = await case.fault("hold", method="file", here=False)
    await case.send()
    await case.send()
    await case.sim.until_held(held, timeout_s=40)
    await case.in_state("QUEUED", nth=1)
    second = await case.until(lambda: _message_of(case, 1), what="the second placeholder")
    await case.person.delete(second)
    await case.sim.release(held)
    await case.judge("COMPLETED", "CANCELLED")


async def _message_of(case: Case, nth: int) -> int | None:
    rows = await case.jobs()
    return rows[nth]["message_id"] if len(rows) > nth else None


async def test_the_person_blocks_the_bot(case: Case) -> None:
    """What runs fails as undeliverable, what waits is cancelled; nobody is left waiting after an unblock."""
    held = await case.fault("hold", method="file", here=False)
    await case.send()
    await case.send()
    await case.sim.until_held(held, timeout_s=40)
    await case.in_state("QUEUED", nth=1)
    await case.person.block()
    await case.sim.release(held)
    rows = await case.ended(jobs=2)
    assert {row["state"] for row in rows} <= {"FAILED", "CANCELLED"}
    assert {row["error_code"] for row in rows} <= {"chat_unreachable", None}
    assert (await case.sim.summary(case.person.chat_id))["videos_ever"] == 0
    await case.person.unblock()
    await case.send()
    rows = await case.ended(jobs=3)
    assert rows[-1]["state"] == "COMPLETED"
    for row in rows:
        await case.nothing_left(row)


async def test_cancel_while_it_waits_behind_another(case: Case) -> None:
    held = await case.fault("hold", method="file", here=False)
    await case.send()
    await case.send()
    await case.sim.until_held(held, timeout_s=40)
    message = await case.until(lambda: _message_of(case, 1), what="the second placeholder")
    await case.person.press(message, "Cancel")
    await case.in_state("CANCELLED", nth=1)
    await case.sim.release(held)
    await case.judge("COMPLETED", "CANCELLED")


async def test_cancel_while_it_is_handed_over(case: Case) -> None:
    """LEASED: /run takes its time, and the person does not. No GPU is there: a warm one could be faster than the wish."""
    await case.starve(0)
    await case.runpod_fault("run", "delay", seconds=2.5, when="before")
    await case.send()
    await case.in_state("LEASED")
    await case.cancel()
    await case.judge("CANCELLED")


async def test_cancel_while_no_gpu_has_taken_it(case: Case) -> None:
    await case.starve(0)
    await case.send()
    await case.in_state("SUBMITTED")
    await case.cancel()
    await case.judge("CANCELLED")
    assert [one["status"] for one in await case.remote()] == ["CANCELLED"]


async def test_cancel_while_it_is_made(case: Case) -> None:
    await case.send()
    row = await case.in_state("RUNNING", "SUBMITTED")
    await case.file_of(row, "preview.mp4")
    await case.cancel()
    await case.judge("CANCELLED")


async def test_cancel_while_it_is_being_cancelled_and_after(case: Case) -> None:
    """CLOSING and CANCELLED: a second press and a command are answered, and change nothing."""
    await case.starve(0)
    await case.send()
    await case.in_state("SUBMITTED")
    shown = await case.person.bot_message(lambda one: one.button("Cancel") is not None)
    held = await case.fault("hold", method="editMessageText")
    await case.person.press(shown.message_id, "Cancel")
    row = await case.in_state("CLOSING")
    await case.sim.until_held(held)
    again = await case.person.press(shown.message_id, "Cancel")
    assert (await case.person.answer(again))["text"]
    await case.sim.release(held)
    await case.judge("CANCELLED")
    await case.person.send_text(f"/cancel {row['short']}")
    await case.person.bot_message(lambda one: "already ended" in one.text)
    assert (await case.jobs())[0]["state"] == "CANCELLED"


async def test_cancel_of_what_is_done(case: Case) -> None:
    await case.send()
    (row,) = await case.judge("COMPLETED")
    with pytest.raises(SimRefused):
        await case.person.press(row["message_id"], "Cancel")
    await case.person.send_text(f"/cancel {row['short']}")
    await case.person.bot_message(lambda one: "already ended" in one.text)


async def test_a_result_after_the_cancel(case: Case) -> None:
    """Telegram holds the whole upload when the person cancels. The person reads that it is cancelled; when the video lands in
    the message all the same, the chat decides: the job is COMPLETED, with its one video."""
    held = await case.fault("hold", method="editMessageMedia")
    await case.send()
    await case.sim.until_held(held, timeout_s=40)
    row = (await case.jobs())[0]
    await case.person.send_text(f"/cancel {row['short']}")
    await case.until(lambda: _wished(case), what="the wish")
    await case.person.bot_message(lambda one: one.message_id == row["message_id"] and "Cancelled." in one.text)
    await case.sim.release(held)
    await case.judge("COMPLETED", stale=1)  # the answer to /cancel names the job as well


async def _wished(case: Case) -> bool:
    return (await case.jobs())[0]["cancel_at"] is not None


async def test_a_jpeg_cut_in_half(case: Case) -> None:
    whole = photo()
    await case.send_file(whole[: len(whole) // 3], name="photo.jpg", mime_type="image/jpeg")
    (row,) = await case.judge("FAILED")
    assert (row["error_code"], row["attempt"]) == ("bad_image", 1)
    (told,) = await case.texts()
    assert "seems to be damaged" in told.text


async def test_a_text_that_says_it_is_a_picture(case: Case) -> None:
    await case.send_file(b"#!/bin/sh\nrm -rf /\n" * 50, name="photo.jpg", mime_type="image/jpeg")
    (row,) = await case.judge("FAILED")
    assert row["error_code"] in {"image_unsupported", "bad_image"}


def bomb(side: int) -> bytes:
    """A PNG of side x side white pixels in a few kilobytes: 1 bit each, compressed to nothing."""
    line = b"\x00" + b"\xff" * (side // 8)
    packer = zlib.compressobj(9)
    packed = b"".join(packer.compress(line) for _ in range(side)) + packer.flush()

    def chunk(kind: bytes, body: bytes) -> bytes:
        return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))

    head = struct.pack(">IIBBBBB", side, side, 1, 0, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + chunk(b"IDAT", packed) + chunk(b"IEND", b"")


async def test_a_decompression_bomb(case: Case) -> None:
    """900 megapixels in 110 kB: refused by its header; the worker's memory never notices."""
    await case.send_file(bomb(30_000), name="photo.png", mime_type="image/png")
    (row,) = await case.judge("FAILED")
    assert (row["error_code"], row["attempt"]) == ("image_too_large", 1)
    (told,) = await case.texts()
    assert "too large" in told.text


async def test_a_tiny_picture(case: Case) -> None:
    out = io.BytesIO()
    Image.new("RGB", (16, 16), (10, 20, 30)).save(out, "PNG")
    await case.send_file(out.getvalue(), name="dot.png", mime_type="image/png")
    (row,) = await case.judge("FAILED")
    assert row["error_code"] == "image_too_small"
