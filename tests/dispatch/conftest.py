"""A world a test, and its log lines."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from typing import Any

import httpx
import pytest
import structlog

from imgvid.sandbox.runpod import serve as serve_runpod
from imgvid.sandbox.runpod.rules import Rules
from imgvid.sandbox.telegram import Person, Sim
from imgvid.sandbox.telegram import serve as serve_telegram
from imgvid.store.pool import Database
from imgvid.telegram.client import Telegram
from tests.dispatch.world import KEY, TOKEN, World


@pytest.fixture
async def world(dsn: str, database: Database) -> AsyncIterator[World]:
    async with (
        serve_telegram(token=TOKEN) as telegram,
        serve_runpod(endpoints=["ep1"], api_key=KEY, rules=Rules(poll_hold_s=2)) as cloud,
        Sim(telegram.url) as sim,
        httpx.AsyncClient(trust_env=False) as http,
        httpx.AsyncClient(base_url=cloud.url, headers={"Authorization": f"Bearer {KEY}"}, trust_env=False) as runpod,
    ):
        yield World(
            dsn=dsn,
            database=database,
            sim=sim,
            cloud=cloud,
            telegram=Telegram(token=TOKEN, api_url=telegram.url, http=http),
            runpod=runpod,
            http=http,
        )


@pytest.fixture
async def eva(world: World) -> Person:
    person = await world.sim.person("Eva")
    await person.send_text("/start")
    return person


@pytest.fixture
def lines() -> Iterator[list[dict[str, Any]]]:
    """Every log line of the test, as dicts."""
    with structlog.testing.capture_logs() as captured:
        yield captured
