"""A served stand-in, a plain Bot API client, and a person with a private chat."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import Any

import httpx
import pytest

from imgvid.sandbox.telegram import Person, Sim, serve

TOKEN = "4242:not-a-secret"


class Refused(Exception):
    """The Bot API answered ok=false."""

    def __init__(self, status: int, body: dict[str, Any]) -> None:
        super().__init__(f"{status} {body}")
        self.status, self.body = status, body
        self.description: str = body["description"]


@dataclass
class Api:
    """A plain httpx client: what a bot or a worker does, without a framework."""

    http: httpx.AsyncClient
    confirmed: int = 0

    async def news(self) -> list[dict[str, Any]]:
        """The updates since the last call, which are confirmed by it."""
        updates = await self("getUpdates", offset=self.confirmed, timeout=0)
        self.confirmed = updates[-1]["update_id"] + 1 if updates else self.confirmed
        return list(updates)

    async def raw(self, method: str, files: dict[str, Any] | None = None, **params: Any) -> httpx.Response:
        fields = {
            name: value if isinstance(value, str) else json.dumps(value)
            for name, value in params.items()
            if value is not None
        }
        return await self.http.post(f"/bot{TOKEN}/{method}", data=fields, files=files)

    async def __call__(self, method: str, files: dict[str, Any] | None = None, **params: Any) -> Any:
        response = await self.raw(method, files, **params)
        body = response.json()
        if not body["ok"]:
            assert response.status_code == body["error_code"]
            raise Refused(response.status_code, body)
        return body["result"]

    async def updates(self, offset: int = 0, **params: Any) -> list[dict[str, Any]]:
        return await self("getUpdates", offset=offset, timeout=0, **params)

    async def video(self, chat_id: int, message_id: int, data: bytes, **media: Any) -> Any:
        """editMessageMedia with an uploaded MP4."""
        return await self(
            "editMessageMedia",
            {"clip": ("out.mp4", data, "video/mp4")},
            chat_id=chat_id,
            message_id=message_id,
            media={"type": "video", "media": "attach://clip", **media},
        )


@pytest.fixture
async def url() -> AsyncIterator[str]:
    async with serve(token=TOKEN, seed=7) as served:
        yield served.url


@pytest.fixture
async def sim(url: str) -> AsyncIterator[Sim]:
    async with Sim(url) as opened:
        yield opened


@pytest.fixture
async def api(url: str) -> AsyncIterator[Api]:
    async with httpx.AsyncClient(base_url=url, timeout=30, trust_env=False) as http:
        yield Api(http)


@pytest.fixture
async def eva(sim: Sim) -> Person:
    """A person who has written /start, so that the bot may answer."""
    person = await sim.person("Eva", language="sk", username="eva_k")
    await person.send_text("/start")
    return person
