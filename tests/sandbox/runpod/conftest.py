"""One stand-in a test, and an HTTP client that talks to it as anybody would."""

from __future__ import annotations

from collections.abc import AsyncIterator

import httpx
import pytest

from imgvid.sandbox.runpod import Cloud, serve

KEY = "rpa_test_key_0123456789"


@pytest.fixture
def key() -> str:
    return KEY


@pytest.fixture
async def cloud() -> AsyncIterator[Cloud]:
    async with serve(endpoints=["ep1"], api_key=KEY, worker_key="worker-key") as running:
        yield running


@pytest.fixture
async def http(cloud: Cloud) -> AsyncIterator[httpx.AsyncClient]:
    headers = {"Authorization": f"Bearer {KEY}"}
    async with httpx.AsyncClient(base_url=cloud.url, headers=headers, trust_env=False) as client:
        yield client


@pytest.fixture
async def worker(cloud: Cloud) -> AsyncIterator[httpx.AsyncClient]:
    """A worker's voice: the worker key, without `Bearer`."""
    headers = {"Authorization": "worker-key"}
    async with httpx.AsyncClient(base_url=cloud.url + "/v2/ep1", headers=headers, trust_env=False) as client:
        yield client
