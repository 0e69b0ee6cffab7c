"""The whole house for real: bot, dispatcher, PostgreSQL, the SDK's worker loop, and a person at the page or without one."""

from __future__ import annotations

import asyncio
import json
import re
import shutil
import sys
import tempfile
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from pathlib import Path

import av
import pytest
from PIL import Image
from playwright.async_api import Locator, expect
from playwright.async_api import Page as Tab

from imgvid.sandbox.demo.picture import made_picture
from tests.sandbox.demo.browser import DESK, open_browser, open_page, plays

pytestmark = [
    pytest.mark.slow,
    pytest.mark.timeout(180),
]  # about 20 s each on two idle cores; a busy machine takes its time
COMMAND = [sys.executable, "-m", "imgvid", "sandbox", "demo"]
WITHIN_MS = 60_000


@pytest.fixture
def place() -> Iterator[Path]:
    """A temporary folder with a short name (PostgreSQL's socket lies below it); the demo must leave it as it was."""
    folder = Path(tempfile.mkdtemp(prefix="e2e-", dir="/tmp"))
    folder.chmod(0o755)
    yield folder
    shutil.rmtree(folder, ignore_errors=True)


def traces(pid: int, place: Path) -> list[str]:
    """What a demo that ran as `pid` with its files in `place` has left: folders, and processes that know of them."""
    left = [str(path) for root in (Path("/dev/shm"), Path("/tmp"), place) for path in root.glob(f"imgvid-demo-{pid}-*")]
    for process in Path("/proc").glob("[0-9]*"):
        try:
            known = (process / "cmdline").read_bytes() + (process / "environ").read_bytes()
        except OSError:
            continue
        if f"imgvid-demo-{pid}-".encode() in known:
            left.append(f"{process.name} {known[:120]!r}")
    return left


async def start(place: Path, *arguments: str) -> asyncio.subprocess.Process:
    return await asyncio.create_subprocess_exec(
        *COMMAND,
        *arguments,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
        env={"PATH": "/usr/bin:/bin", "TMPDIR": str(place)},
        cwd=place,
    )


async def run_once(place: Path, *arguments: str) -> tuple[int, str, str]:
    process = await start(place, "--once", "--limit", "120", *arguments)
    said, complained = await process.communicate()
    assert traces(process.pid, place) == []
    assert process.returncode is not None
    return process.returncode, said.decode(), complained.decode()


async def test_once(place: Path) -> None:
    """One made photo; an album of two with a caption; a file that is no picture."""
    first, last, text = place / "first.jpg", place / "last.jpg", place / "notes.jpg"
    first.write_bytes(made_picture(1))
    last.write_bytes(made_picture(2))
    text.write_text("not a picture at all")
    one, album, refused = await asyncio.gather(
        run_once(place),
        run_once(place, str(first), str(last), "--out", str(place / "album.mp4"), "--caption", "Night falls"),
        run_once(place, str(text)),
    )
    for code, said, complained in (one, album):
        assert code == 0, complained
        facts = json.loads(said)
        assert said.count("\n") == 1
        assert facts["state"] == "COMPLETED"
        assert facts["audio"]
        assert facts["faststart"]
        assert facts["duration"] == pytest.approx(5.0, abs=0.1)
        assert facts["fps"] == 24
        assert sum(facts["seconds"].values()) == pytest.approx(facts["total_s"], abs=0.02)
        video = place / facts["file"]
        assert video.stat().st_size == facts["bytes"]
        with av.open(str(video)) as container:
            stream = container.streams.video[0]
            assert (stream.codec_context.width, stream.codec_context.height) == (facts["width"], facts["height"])
    assert (place / "album.mp4").exists()
    # the album's last frame is the second picture: the night is darker than the evening
    assert brightness(place / "album.mp4", last=True) < 0.75 * brightness(place / "album.mp4", last=False)
    code, said, complained = refused
    assert (code, said) == (1, "")
    assert re.search(r"demo: .*(bot made no job|ended FAILED|could not be sent)", complained)


MODES = [  # what is asked for, and what of the file must be so
    (["--mode", "image", "--set", "quality=premium", "--set", "size=16:9"], {"kind": "photo", "width": 1344, "height": 768}),
    (["--mode", "image-edit", "--set", "as_file=yes", "photo.jpg", "marked.png"], {"kind": "document", "width": 1280}),
    (["--mode", "video", "--set", "seconds=4", "--set", "aspect=9:16", "--set", "sound=on"], {"duration": 4.0, "width": 720}),
    (["--mode", "photo-video", "--set", "seconds=8", "photo.jpg"], {"kind": "video", "duration": 8.0}),
    (["--mode", "sdxl-t2i", "--set", "aspect=2:3", "--set", "negative=people"], {"width": 832, "height": 1216}),
    (["--mode", "liveportrait", "--set", "expression=smile"], {"kind": "video", "duration": 10.0}),
    (["--mode", "ltx2-t2v", "--set", "quality=pro", "--set", "camera=jib-up", "--set", "negative=fog"], {"duration": 10.0}),
    (["--mode", "ltx2-i2v", "--set", "seconds=15", "photo.jpg"], {"duration": 15.0, "audio": True}),
]  # fmt: skip


@pytest.mark.parametrize("asked", [MODES[:4], MODES[4:]], ids=["hosted", "own"])
async def test_once_in_every_mode(place: Path, asked: list[tuple[list[str], dict[str, object]]]) -> None:
    (place / "photo.jpg").write_bytes(made_picture(1))
    with Image.new("L", (1280, 960)) as mark:
        mark.paste(255, (300, 500, 700, 800))
        mark.save(place / "marked.png")
    for (_, wanted), (code, said, complained) in zip(
        asked, await asyncio.gather(*(run_once(place, *words) for words, _ in asked)), strict=True
    ):
        assert code == 0, complained
        facts = json.loads(said)
        for name, value in wanted.items():
            assert facts[name] == (pytest.approx(value, abs=0.1) if isinstance(value, float) else value), facts
        assert (place / facts["file"]).stat().st_size == facts["bytes"]


async def test_once_says_what_is_not_offered(place: Path) -> None:
    code, said, complained = await run_once(place, "--mode", "sdxl-t2i", "--set", "aspect=99:1")
    assert (code, said) == (1, "")
    assert "does not offer aspect=99:1; the card shows" in complained


def brightness(video: Path, *, last: bool) -> float:
    """Mean of all pixels of the first or last frame, 0 to 255."""
    with av.open(str(video)) as container:
        frames = list(container.decode(video=0))
    return float(frames[-1 if last else 0].to_ndarray(format="gray").mean())


@asynccontextmanager
async def running(place: Path) -> AsyncIterator[str]:
    """The demo with its page; ended by Ctrl-C, it must leave nothing."""
    process = await start(place, "--port", "0")
    assert process.stdout is not None
    assert process.stderr is not None
    complaints = asyncio.create_task(process.stderr.read())
    try:
        async with asyncio.timeout(60):
            while not (found := re.search(r"http://\S+", (await process.stdout.readline()).decode())):
                assert process.returncode is None, (await complaints).decode()
        yield found.group()
    finally:
        process.send_signal(2)
        code = await process.wait()
        said = (await complaints).decode()
    assert code == 130, said
    assert traces(process.pid, place) == []


async def test_a_photo_becomes_a_video_in_the_same_message(place: Path) -> None:
    async with running(place) as url, open_browser() as browser, open_page(browser, url, **DESK) as tab:
        tab.set_default_timeout(WITHIN_MS)
        expect.set_options(timeout=WITHIN_MS)
        await expect(tab.locator("#description")).to_contain_text("photos")
        await it_plays(tab)
        await cancel(tab)
        await the_bot_is_killed(tab)
        await words_become_a_picture(tab)


async def it_plays(tab: Tab) -> None:
    """A photo gets a card; Make turns that message into the placeholder, and later into the video."""
    await tab.click("#sample")
    await tab.fill("#send-caption", "The sun goes down")
    await tab.click("#send-now")
    asked = await tab.evaluate("performance.now()")
    placeholder = tab.locator(".message.bot").first
    await expect(placeholder.locator(".text")).to_contain_text("What shall I make of it?")
    await press(placeholder, "Photo in motion")
    await press(placeholder, "Make")
    await expect(placeholder.locator(".text")).to_contain_text("Got it.")
    assert await tab.evaluate("performance.now()") - asked < 1000 * 3  # three answers
    message = await placeholder.get_attribute("data-id")
    await expect(placeholder.locator(".text")).to_contain_text("Making your video")
    film = tab.locator(f".message.bot[data-id='{message}'] video")
    await expect(film).to_be_visible()
    await plays(film)
    await expect(tab.locator(".message.bot")).to_have_count(1)
    await expect(tab.locator(".job .state").first).to_have_text("COMPLETED")
    await expect(tab.locator(".job dl")).to_contain_text("generating")


async def cancel(tab: Tab) -> None:
    """While no GPU is to be had: on a busy machine a press may come when the video is already on its way, and then it wins."""
    await tab.click("#tab-faults")
    await tab.locator("[data-lever=starve] button").click()
    await expect(tab.locator("#toasts")).to_contain_text("No GPU will start")
    await tab.click("#tab-timeline")
    await tab.get_by_role("button", name="Again").click()
    second = tab.locator(".message.bot").last
    await press(second, "Cancel")
    await expect(tab.locator("#alert-text, #toasts").filter(has_text="Cancelling.")).not_to_have_count(0)
    await tab.keyboard.press("Escape")  # a queued job is answered by a toast, one at work by an alert
    await expect(second.locator(".text")).to_contain_text("Cancelled.")
    await expect(tab.locator(".job .state").first).to_have_text("CANCELLED")
    await expect(tab.locator("video")).to_have_count(1)
    await tab.click("#tab-faults")
    await tab.locator("[data-lever=starve] button").click()


async def the_bot_is_killed(tab: Tab) -> None:
    await tab.locator("[data-lever=kill-bot] button").click()
    await expect(tab.locator("#toasts")).to_contain_text("was killed")
    await tab.fill("#composer-text", "/ping")
    await tab.keyboard.press("Enter")
    await expect(tab.locator(".message.bot .text").last).to_contain_text("I am here.")
    await expect(tab.locator(".processes")).to_contain_text("restarted 1 ×")


async def words_become_a_picture(tab: Tab) -> None:
    """At Fal, whose result the dispatcher fetches."""
    await tab.fill("#composer-text", "/image a fox in the snow")
    await tab.keyboard.press("Enter")
    card = tab.locator(".message.bot").last
    await press(card, "Image")
    await press(card, "Make")
    await expect(card.locator(".media img")).to_be_visible()
    await expect(card.locator(".text")).to_contain_text("a fox in the snow")
    await press(card, "As a file")
    await expect(tab.locator(".message.bot[data-kind=document]")).to_be_visible()


async def press(message: Locator, name: str) -> None:
    await message.get_by_role("button", name=name, exact=True).click()
