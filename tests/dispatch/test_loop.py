"""The process: from settings to an orderly end, and a bug that takes it down loudly."""

from __future__ import annotations

import asyncio
import os
import resource
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import asyncpg
import pytest

from imgvid.config import DispatcherSettings, read
from imgvid.dispatch.crew import Crew, patiently
from imgvid.dispatch.health import Health
from imgvid.dispatch.loop import run_dispatcher
from imgvid.sandbox.telegram import Person
from imgvid.store.pool import StoreUnavailable
from tests.dispatch.world import KEY, QUICK, TOKEN, World, until

MIB = 1024 * 1024


def environ(world: World, **changes: str) -> dict[str, str]:
    return {
        "DATABASE_URL": world.dsn,
        "TELEGRAM_BOT_TOKEN": "424242:not-a-secret-at-all",
        "TELEGRAM_API_URL": world.sim.url,
        "RUNPOD_API_KEY": KEY,
        "RUNPOD_API_URL": world.cloud.url + "/v2",
        "RUNPOD_ENDPOINT_ID": "ep1",
        "RUNPOD_REST_URL": "http://127.0.0.1:9/v2",
        "POLL_S": "0.1",
        "STATUS_POLL_S": "0.1",
        **changes,
    }


async def test_the_process_does_a_job_and_ends_on_sigterm(world: World, eva: Person) -> None:
    given = {
        **os.environ,
        **environ(world, TELEGRAM_BOT_TOKEN=TOKEN, RUNPOD_MAX_IN_FLIGHT="3"),
        "no_proxy": "127.0.0.1",
    }
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "imgvid", "dispatcher", env=given, stderr=asyncio.subprocess.PIPE
    )
    assert process.stderr is not None
    async with world.worker().always():
        await until(lambda: world.sql("SELECT cap = 3 FROM backends"), within_s=30, what="the process to be up")
        for _ in range(5):
            job = await world.order(eva)
            await world.in_state(job, "COMPLETED", within_s=20)
    resident = _resident_bytes(process.pid)
    process.send_signal(signal.SIGTERM)
    _, said = await process.communicate()
    assert process.returncode == 0, said.decode()
    assert b'"event": "dispatcher.stopped"' in said
    assert TOKEN.encode() not in said
    assert KEY.encode() not in said
    assert resident <= 80 * MIB, f"{resident / MIB:.0f} MiB"


def _resident_bytes(pid: int) -> int:
    return int(Path(f"/proc/{pid}/statm").read_text().split()[1]) * resource.getpagesize()


def test_help_is_quick_and_imports_nothing_heavy() -> None:
    code = (
        "import sys; sys.argv = ['imgvid', 'dispatcher', '--help']\n"
        "import imgvid.__main__ as process\n"
        "try: process.main()\n"
        "except SystemExit: pass\n"
    )
    said = subprocess.run(
        [sys.executable, "-c", code + "print(sorted({'httpx', 'asyncpg', 'fluent'} & set(sys.modules)))"],
        capture_output=True,
        text=True,
        check=True,
    )
    assert said.stdout.endswith("[]\n")


async def test_told_to_stop_while_the_database_is_away(world: World) -> None:
    settings = read(DispatcherSettings, environ(world, DATABASE_URL="postgresql://nobody@127.0.0.1:1/none"))
    stop = asyncio.Event()
    running = asyncio.create_task(run_dispatcher(settings, stop))
    await asyncio.sleep(0)
    stop.set()
    assert await running == 0


async def test_a_bug_in_a_loop_takes_the_process_down(world: World) -> None:
    await world.sql("ALTER TABLE provider_requests RENAME TO elsewhere")
    one = await world.start("d", pace=QUICK, dsn=world.dsn)
    with pytest.raises(ExceptionGroup) as caught:
        await one.task
    one.stop.set()
    await one.http.aclose()
    await one.database.close()
    assert caught.group_contains(asyncpg.UndefinedTableError)


async def test_a_piece_that_fails_does_not_stop_the_others(lines: list[dict[str, Any]]) -> None:
    done: list[int] = []
    health = Health()

    async def piece(number: int) -> None:
        if number == 1:
            raise ZeroDivisionError
        if number == 2:
            raise StoreUnavailable("away")
        done.append(number)

    async with Crew(size=2, health=health) as crew:
        for number in range(5):
            assert 1 <= await crew.room() <= 2
            crew.go(piece(number), job=f"job{number}")
    assert done == [0, 3, 4]
    assert [line["job"] for line in lines if line["event"] == "work.crashed"] == ["job1"]
    assert health.store_lost_at is not None


async def test_an_answer_in_hand_is_stored_when_the_database_is_back() -> None:
    tries = 0

    async def store() -> str:
        nonlocal tries
        tries += 1
        if tries < 3:
            raise StoreUnavailable("away")
        return "kept"

    assert await patiently(store, within=QUICK.submit_hold, health=Health()) == "kept"
    tries = -1000
    with pytest.raises(StoreUnavailable):
        await patiently(store, within=QUICK.busy_wait, health=Health())


async def test_health_names_what_stands_still(world: World) -> None:
    async with world.dispatchers() as (one,):
        loops = {"announce", "lease", "orphans", "positions", "promote", "reconcile", "starved", "sweep", "tidy"}

        async def all_went_round() -> bool:
            return set(one.health.rounds) == loops and one.health.listening

        await until(all_went_round, what="every loop's first round")
        assert one.health.stale(within=QUICK.submit_hold) == []
        assert set(one.health.stale(within=-QUICK.submit_hold)) == loops
