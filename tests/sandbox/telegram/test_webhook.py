"""Push delivery: in order, with the secret, again after a failure, and exclusive with polling."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from typing import Any

import pytest
from aiohttp import web

from imgvid.sandbox.telegram import Person

from .conftest import Api, Refused


@dataclass
class Receiver:
    url: str = ""
    codes: list[int] = field(default_factory=list)  # what to answer first
    body: dict[str, Any] | None = None
    got: asyncio.Queue[tuple[str | None, dict[str, Any]]] = field(default_factory=asyncio.Queue)

    async def take(self, request: web.Request) -> web.Response:
        await self.got.put((request.headers.get("X-Telegram-Bot-Api-Secret-Token"), await request.json()))
        code = self.codes.pop(0) if self.codes else 200
        headers = {"Retry-After": "0"} if code >= 400 else {}
        return web.json_response(self.body, status=code, headers=headers)


@pytest.fixture
async def receiver() -> AsyncIterator[Receiver]:
    receiver = Receiver()
    app = web.Application()
    app.router.add_post("/hook", receiver.take)
    runner = web.AppRunner(app, access_log=None, shutdown_timeout=1)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    receiver.url = f"http://127.0.0.1:{runner.addresses[0][1]}/hook"
    yield receiver
    await runner.cleanup()


async def test_updates_are_pushed_until_they_are_taken(api: Api, eva: Person, receiver: Receiver) -> None:
    receiver.codes = [500]
    await api("setWebhook", url=receiver.url, secret_token="s3cret", allowed_updates=["message"])
    await eva.send_text("second")
    got = [await receiver.got.get() for _ in range(3)]
    assert {secret for secret, _ in got} == {"s3cret"}
    assert [body["message"]["text"] for _, body in got] == ["/start", "/start", "second"]
    info = await api("getWebhookInfo")
    assert info["url"] == receiver.url
    assert info["last_error_message"] == "Wrong response from the webhook: 500 Internal Server Error"
    assert info["allowed_updates"] == ["message"]


async def test_polling_and_pushing_exclude_each_other(api: Api, receiver: Receiver) -> None:
    polling = asyncio.create_task(api.raw("getUpdates", timeout=20))
    await api("getMe")
    await asyncio.sleep(0)
    await api("setWebhook", url=receiver.url)
    response = await polling
    assert response.status_code == 409
    assert "webhook" in response.json()["description"].casefold()
    await api("deleteWebhook", drop_pending_updates=True)
    assert (await api("getWebhookInfo"))["url"] == ""
    with pytest.raises(Refused, match="invalid webhook URL specified"):
        await api("setWebhook", url="ftp://x")
    with pytest.raises(Refused, match="unallowed characters"):
        await api("setWebhook", url=receiver.url, secret_token="ž")


async def test_a_method_in_the_answer_is_carried_out(api: Api, eva: Person, receiver: Receiver) -> None:
    receiver.body = {"method": "sendMessage", "chat_id": eva.chat_id, "text": "from the answer"}
    await api("setWebhook", url=receiver.url)
    assert (await eva.bot_message()).text == "from the answer"
