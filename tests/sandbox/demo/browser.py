"""A Chromium for tests: Debian's or whichever is installed; a test without one is skipped with the reason."""

from __future__ import annotations

import asyncio
import shutil
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import pytest
from playwright.async_api import Browser, Locator, Page, async_playwright

NAMES = ("chromium", "chromium-browser", "google-chrome")
ARGUMENTS = [
    *("--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run"),
    *("--disable-background-networking", "--disable-component-update", "--disable-sync"),
]
PHONE = {"viewport": {"width": 390, "height": 844}, "has_touch": True, "is_mobile": True}
DESK = {"viewport": {"width": 1280, "height": 800}}


@asynccontextmanager
async def open_browser() -> AsyncIterator[Browser]:
    path = next((found for name in NAMES if (found := shutil.which(name))), None)
    if path is None:
        pytest.skip("no Chromium here: apt-get install chromium (scripts/setup --with-browser does it)")
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path=path, args=ARGUMENTS)
        try:
            yield browser
        finally:
            await browser.close()


@asynccontextmanager
async def open_page(browser: Browser, url: str, **context: Any) -> AsyncIterator[Page]:
    """A page that must stay on its own origin and must not fail: whatever it complains about fails the test."""
    wrong: list[str] = []
    opened = await browser.new_context(locale="en-GB", reduced_motion="reduce", **context)
    try:
        page = await opened.new_page()
        page.set_default_timeout(20_000)
        page.on("pageerror", lambda error: wrong.append(str(error)))
        page.on(
            "request",
            lambda request: wrong.append(request.url) if not request.url.startswith((url, "blob:", "data:")) else None,
        )
        await page.goto(url)
        yield page
        assert wrong == []
    finally:
        await opened.close()


async def plays(film: Locator, *, within_s: float = 20) -> None:
    """Wait until the video shows frames and moves on. Asked from here: the page's policy forbids to poll by eval inside."""
    async with asyncio.timeout(within_s):
        while not await film.evaluate("film => film.readyState >= 2 && film.currentTime > 0 && !film.paused"):
            await asyncio.sleep(0.05)
