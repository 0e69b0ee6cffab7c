"""What every test gets: loopback only, no leftover tasks, no settings from the person's own environment."""

from __future__ import annotations

import asyncio
import ipaddress
import os
import socket
from collections.abc import AsyncIterator
from typing import Any

import pytest

for _name in list(os.environ):
    if _name.startswith(("TELEGRAM_", "RUNPOD_", "FAL_", "WORKER_", "DATABASE_", "COMFYUI_", "HF_")):
        del os.environ[_name]

_real_connect = socket.socket.connect


def _loopback_only(sock: socket.socket, address: Any) -> None:
    if sock.family in (socket.AF_INET, socket.AF_INET6):
        host = address[0]
        if host != "localhost" and not ipaddress.ip_address(host).is_loopback:
            raise RuntimeError(f"a test tried to reach {host}: tests talk to loopback only")
    _real_connect(sock, address)


socket.socket.connect = _loopback_only  # type: ignore[method-assign]


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Side by side (`scripts/test`), whatever needs a whole house runs in one process, one after the other, and first."""
    houses = [item for item in items if {"e2e", "faults"} & set(item.path.parts)]
    for item in houses:
        item.add_marker(pytest.mark.xdist_group("houses"))
    known = set(houses)
    items[:] = [*houses, *(item for item in items if item not in known)]


@pytest.fixture(autouse=True)
async def no_leftover_tasks() -> AsyncIterator[None]:
    """A test that leaves a task behind has lost track of its work."""
    before = asyncio.all_tasks()
    yield
    mine = asyncio.current_task()  # the fixture's own second half runs as a task of its own
    left = {task for task in asyncio.all_tasks() - before if task is not mine and not task.done()}
    # the loop's own: it closes what is left of a stream's generators (httpx nests four) as soon as it gets a turn
    closing = {task for task in left if "async_generator_athrow" in repr(task.get_coro())}
    if closing:
        closed, _ = await asyncio.wait(closing, timeout=5)
        left -= closed
    assert not left, f"tasks left behind: {left}"


@pytest.fixture(scope="session")
def postgres() -> Any:
    """The session's PostgreSQL server (tests/support/postgres.py)."""
    from tests.support.postgres import start

    server = start()
    yield server
    server.stop()


@pytest.fixture
async def dsn(postgres: Any) -> AsyncIterator[str]:
    """A fresh, migrated database."""
    fresh = await postgres.fresh()
    yield fresh
    await postgres.drop(fresh)


@pytest.fixture
async def database(dsn: str) -> AsyncIterator[Any]:
    """A store `Database` on a fresh, migrated database."""
    from imgvid.store.pool import Database, open_pool

    opened = Database(await open_pool(dsn, size=8))
    yield opened
    await opened.close()
