"""The chat page in a real browser, against a scripted bot: what a person does in a messenger."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from playwright.async_api import Page as Tab
from playwright.async_api import expect

from imgvid.sandbox.demo.logbook import Logbook
from imgvid.sandbox.demo.outside import BOT_TOKEN, Outside, open_outside
from imgvid.sandbox.demo.picture import made_picture
from imgvid.sandbox.demo.web import Page
from imgvid.sandbox.telegram import Sim
from tests.sandbox.demo.browser import DESK, PHONE, open_browser, open_page, plays
from tests.sandbox.demo.minibot import MiniBot

PHOTO = {"name": "lake.jpg", "mimeType": "image/jpeg", "buffer": made_picture(1)}
DROP = """async (name) => {
  const blob = await (await fetch('/demo/picture/1')).blob();
  const carried = new DataTransfer();
  carried.items.add(new File([blob], 'dropped.jpg', {type: 'image/jpeg'}));
  const event = name === 'paste' ? new ClipboardEvent('paste', {clipboardData: carried, bubbles: true})
    : new DragEvent(name, {dataTransfer: carried, bubbles: true, cancelable: true});
  document.querySelector('#scroller').dispatchEvent(event);
}"""


@pytest.fixture
async def outside(tmp_path: Path) -> AsyncIterator[Outside]:
    routes = lambda made: Page(outside=made, standing=[], logbook=Logbook()).add_routes()  # noqa: E731
    async with open_outside(port=0, comfyui_files=tmp_path, add_routes=routes) as served:
        yield served


async def send_photo(tab: Tab, *files: dict[str, object], caption: str = "", as_file: bool = False) -> None:
    await tab.set_input_files("#files", files=list(files))  # type: ignore[arg-type]
    if as_file:
        await tab.check("#send-as-file")
    await tab.fill("#send-caption", caption)
    await tab.click("#send-now")


async def test_at_a_desk(outside: Outside) -> None:
    async with (
        MiniBot(outside.url, BOT_TOKEN, stepwise=True) as bot,
        open_browser() as browser,
        open_page(browser, outside.url, **DESK) as tab,
    ):
        await first_contact(tab)
        await a_photo_becomes_a_video(tab, bot)
        await cancel(tab)
        await an_album_and_a_file(tab, outside)
        await dropped_and_pasted(tab)
        await replies_deletes_and_blocks(tab)


async def first_contact(tab: Tab) -> None:
    await expect(tab.locator("#description")).to_contain_text("Send a photo, get a short video.")
    await expect(tab.locator("#people-list .person")).to_have_count(3)
    await tab.locator("#start").press("Enter")
    await expect(tab.locator(".message.user .command")).to_have_text("/start")
    await expect(tab.locator(".message.bot .text")).to_contain_text("Send me a photo")
    await expect(tab.locator(".message.user .ticks")).to_have_attribute("aria-label", "read")
    await tab.fill("#composer-text", "/m")
    await expect(tab.locator("#commands [aria-selected=true]")).to_contain_text("Your videos")
    await tab.press("#composer-text", "Escape")
    await tab.fill("#composer-text", "")


async def a_photo_becomes_a_video(tab: Tab, bot: MiniBot) -> None:
    await send_photo(tab, PHOTO, caption="Waves")
    await expect(tab.locator(".message.user[data-kind=photo] .text")).to_contain_text("Waves")
    placeholder = tab.locator(".message.bot:has(.quote img)")
    await expect(placeholder.locator(".text")).to_contain_text("in the queue")
    message = await placeholder.get_attribute("data-id")
    bot.release()
    await expect(placeholder.locator(".text")).to_contain_text("40 %")
    await expect(placeholder.locator(".edited")).to_be_visible()
    bot.release()
    film = tab.locator(f".message.bot[data-id='{message}'] video")
    await expect(film).to_be_visible()
    await plays(film)
    await tab.get_by_role("button", name="Again").click()
    await expect(tab.locator("#alert-text")).to_have_text("Not in this script.")
    await tab.keyboard.press("Enter")
    await expect(tab.locator("#alert")).to_be_hidden()


async def cancel(tab: Tab) -> None:
    await send_photo(tab, PHOTO)
    await tab.get_by_role("button", name="Cancel", exact=True).last.click()
    await expect(tab.locator("#toasts")).to_contain_text("Cancelling.")
    await expect(tab.locator(".message.bot .text").last).to_contain_text("Cancelled.")
    await expect(tab.locator(".key.busy")).to_have_count(0)


async def an_album_and_a_file(tab: Tab, outside: Outside) -> None:
    await tab.click("#attach")
    await tab.keyboard.press("ArrowUp")  # from the first entry round to the last: the sample album
    await tab.keyboard.press("Enter")
    await expect(tab.locator("#send-title")).to_have_text("Send 2 photos")
    await tab.click("#send-now")
    await expect(tab.locator(".message.user .media.n2 img")).to_have_count(2)
    await send_photo(tab, PHOTO, as_file=True)
    await expect(tab.locator(".message.user[data-kind=document] .document")).to_contain_text("lake.jpg")
    async with Sim(outside.url) as sim:
        first = min(chat["chat_id"] for chat in (await sim.get("/sim/chats"))["chats"])  # type: ignore[union-attr]
        sent = (await sim.get(f"/sim/chats/{first}/messages"))["messages"]
    kinds = [message["kind"] for message in sent if message["by"] == "user"]  # type: ignore[union-attr, index]
    assert kinds == ["text", "photo", "photo", "photo", "photo", "document"]
    groups = {message["media_group_id"] for message in sent if message["media_group_id"]}  # type: ignore[union-attr, index]
    assert len(groups) == 1


async def dropped_and_pasted(tab: Tab) -> None:
    await tab.evaluate(DROP, "dragenter")
    await expect(tab.locator("#drop")).to_be_visible()
    for way in ("drop", "paste"):
        await tab.evaluate(DROP, way)
        await expect(tab.locator("#send-title")).to_have_text("Send a photo")
        await expect(tab.locator("#drop")).to_be_hidden()
        await tab.keyboard.press("Escape")
        await expect(tab.locator("#send-dialog")).to_be_hidden()


async def replies_deletes_and_blocks(tab: Tab) -> None:
    shown = await tab.locator(".message").count()
    await tab.locator(".message.bot").last.click(button="right")
    await tab.get_by_role("menuitem", name="Reply").click()
    await tab.fill("#composer-text", "thanks")
    await tab.keyboard.press("Enter")
    await expect(tab.locator(".message.user .quote")).to_be_visible()
    await expect(tab.locator(".message")).to_have_count(shown + 2)  # ours, and the bot's answer to it
    await tab.locator(".message.user").last.click(button="right")
    await tab.get_by_role("menuitem", name="Delete").click()
    await expect(tab.locator(".message")).to_have_count(shown + 1)
    await tab.click("#chat-menu")
    await tab.get_by_role("menuitem", name="Block the bot").click()
    await expect(tab.locator("#bot-status")).to_have_text("blocked by you")
    await tab.click("#unblock")
    await expect(tab.locator("#composer-form")).to_be_visible()


async def test_on_a_phone(outside: Outside) -> None:
    async with (
        MiniBot(outside.url, BOT_TOKEN) as _bot,
        open_browser() as browser,
        open_page(browser, outside.url, color_scheme="dark", **PHONE) as tab,
    ):
        await expect(tab.locator("#people")).to_be_hidden()
        await expect(tab.locator("#panel")).to_be_hidden()
        await tab.click("#back")
        await expect(tab.locator("#chat")).to_be_hidden()
        await tab.locator(".person", has_text="Marek").click()
        await expect(tab.locator("#language")).to_have_value("sk")
        await tab.click("#slash")
        await expect(tab.locator("#commands li")).to_contain_text(["Čo robím"])
        await tab.select_option("#language", "ru")
        await expect(tab.locator("#toasts")).to_contain_text("Русский")
        await tab.click("#open-panel")
        await expect(tab.locator("#panel")).to_be_visible()
        await tab.click("#close-panel")
        await expect(tab.locator("#panel")).to_be_hidden()
        assert await tab.evaluate("getComputedStyle(document.body).backgroundColor") == "rgb(13, 20, 27)"
        assert await tab.evaluate("document.documentElement.scrollWidth <= innerWidth")
        await tab.click("#sample")
        await tab.click("#send-now")
        await plays(tab.locator("video"))
        # another person writes meanwhile: the list says so
        await tab.click("#back")
        await tab.click("#new-person")
        await tab.fill("#person-name", "Zoe")
        await tab.locator("#person-dialog .primary").click()
        await expect(tab.locator("#bot-status")).to_contain_text("Zoe")
