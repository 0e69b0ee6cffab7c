"""One stand-in a test whose models need no time of their own, and a caller of it."""

from __future__ import annotations

from collections.abc import AsyncIterator

import httpx
import pytest

from imgvid.sandbox.fal import Fal, Rules, serve
from tests.sandbox.fal.caller import KEY, Caller


@pytest.fixture
async def fal() -> AsyncIterator[Fal]:
    async with serve(key=KEY, rules=Rules(picture_s=0, video_s=0)) as running:
        yield running


@pytest.fixture
async def http(fal: Fal) -> AsyncIterator[httpx.AsyncClient]:
    headers = {"Authorization": f"Key {KEY}"}
    async with httpx.AsyncClient(base_url=fal.url, headers=headers, trust_env=False, timeout=30) as client:
        yield client


@pytest.fixture
def caller(http: httpx.AsyncClient) -> Caller:
    return Caller(http)
