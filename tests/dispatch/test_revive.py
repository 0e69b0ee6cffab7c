"""An endpoint that the platform set to 0 workers: noticed, told, set back once, on real sockets."""

from __future__ import annotations

import asyncio
import random
from collections.abc import AsyncIterator
from datetime import timedelta
from typing import Any

import httpx
import pytest

from imgvid import log
from imgvid.dispatch.crew import Clockwork
from imgvid.dispatch.health import Health
from imgvid.dispatch.revive import Reviver
from imgvid.providers.runpod_scaling import RunpodScaling
from imgvid.sandbox.telegram import Person
from imgvid.store.backends import BackendStore
from imgvid.store.listen import Wakeups
from tests.dispatch.world import KEY, QUICK, Placed, World, ms, until
from tests.support.runpod_rest import Account, serve_rest

GET, PATCH = "GET /v2/serverless/ep1", "PATCH /v2/serverless/ep1"


@pytest.fixture
async def account(world: World) -> AsyncIterator[Account]:
    """The account, set to 0 by seven idle days, and watched by every dispatcher of the test."""
    async with serve_rest(key=KEY, cloud=world.cloud) as account, httpx.AsyncClient(trust_env=False) as http:
        world.scalings["runpod"] = RunpodScaling(client=http, rest_url=account.url, api_key=KEY, endpoint_id="ep1")
        account.rest.set_workers("ep1", 0)
        yield account


def events(lines: list[dict[str, Any]], *names: str) -> list[str]:
    return [line["event"] for line in lines if line["event"] in names]


class Clock:
    """A reviver with a clock of its own, and a backend whose job waits at the provider."""

    def __init__(self, world: World, *, workers: int = 1) -> None:
        self.now_s = 0.0
        health = Health(clock=lambda: self.now_s)
        self._reviver = Reviver(
            backends=BackendStore(world.database),
            scalings=world.scalings,
            workers=workers,
            pace=QUICK,
            clockwork=Clockwork(wakeups=Wakeups(), health=health, poll=QUICK.poll, rng=random.Random(1)),
        )

    async def look(self) -> None:
        """A look, long after the one before."""
        self.now_s += 3600
        await self._reviver.look()


async def in_line(world: World, person: Person) -> Placed:
    """A job that the provider has accepted and that waits there."""
    async with world.dispatchers(revive_after=timedelta(hours=1)):
        job = await world.order(person)
        await world.in_state(job, "SUBMITTED")
    await world.sql("UPDATE jobs SET leased_at = now() - interval '1 minute'")
    return job


async def test_the_job_that_finds_no_worker_gets_one(
    world: World, account: Account, eva: Person, lines: list[dict[str, Any]]
) -> None:
    async with world.dispatchers(count=2), world.worker().always():
        job = await world.order(eva)
        await world.in_state(job, "COMPLETED")
        await until(lambda: world.sql("SELECT revived_at IS NULL FROM backends"), what="a job that has begun to count")
    assert account.rest.calls.count(PATCH) == 1
    assert account.rest.endpoints["ep1"]["workers"] == {"min": 0, "max": 1, "idleTimeout": 10}
    assert events(lines, log.BACKEND_REVIVED, log.BACKEND_HEALTHY) == [log.BACKEND_REVIVED, log.BACKEND_HEALTHY]
    said = next(line for line in lines if line["event"] == log.BACKEND_ZEROED)
    assert (said["log_level"], said["waiting"]) == ("error", 1)


async def test_it_is_repaired_once_until_a_job_has_begun(
    world: World, account: Account, eva: Person, lines: list[dict[str, Any]]
) -> None:
    job = await in_line(world, eva)
    one, other = Clock(world), Clock(world)
    await asyncio.gather(one.look(), other.look())
    assert account.rest.calls.count(PATCH) == 1
    account.rest.set_workers("ep1", 0)  # somebody means it
    await one.look()
    await other.look()
    assert account.rest.calls.count(PATCH) == 1
    assert "by hand" in [line for line in lines if line["event"] == log.BACKEND_ZEROED][-1]["next"]
    assert await world.sql("SELECT begin_run($1, 1, 'w1')", job.id)
    await other.look()  # seen to have begun: from here on the next zero is the platform's again
    assert events(lines, log.BACKEND_HEALTHY) == [log.BACKEND_HEALTHY]
    await world.sql("UPDATE jobs SET state = 'SUBMITTED'")
    await one.look()
    assert account.rest.calls.count(PATCH) == 2


async def test_a_job_that_ended_meanwhile_counts_as_begun(world: World, account: Account, eva: Person) -> None:
    job = await in_line(world, eva)
    await Clock(world).look()
    await world.sql("SELECT begin_run($1, 1, 'w1')", job.id)
    await world.sql("SELECT complete(ARRAY[$1::uuid], ARRAY[1], ARRAY['{}'::jsonb])", job.id)
    await Clock(world).look()
    assert await world.sql("SELECT revived_at FROM backends") is None


async def test_a_healthy_endpoint_costs_one_look_in_a_while(world: World, account: Account, eva: Person) -> None:
    account.rest.set_workers("ep1", 1)
    await in_line(world, eva)
    clock = Clock(world)
    await clock.look()
    for _ in range(5):
        await clock._reviver.look()
    assert account.rest.calls == [GET]


async def test_nothing_in_line_costs_nothing(world: World, account: Account) -> None:
    await BackendStore(world.database).ensure("runpod", "video", 2)
    await Clock(world).look()
    assert account.rest.calls == []


async def test_it_is_only_told_where_the_operator_wants_it_so(
    world: World, account: Account, eva: Person, lines: list[dict[str, Any]]
) -> None:
    await in_line(world, eva)
    await Clock(world, workers=0).look()
    assert account.rest.calls == [GET]
    (said,) = [line for line in lines if line["event"] == log.BACKEND_ZEROED]
    assert "by hand" in said["next"]


async def test_a_key_that_may_not_look_is_said_once(
    world: World, account: Account, eva: Person, lines: list[dict[str, Any]]
) -> None:
    account.rest.rights[KEY] = frozenset()
    await in_line(world, eva)
    clock = Clock(world)
    await clock.look()
    await clock.look()
    assert account.rest.calls == [GET]
    assert events(lines, log.SCALING_HIDDEN) == [log.SCALING_HIDDEN]


async def test_a_key_that_may_only_look_says_what_to_do(
    world: World, account: Account, eva: Person, lines: list[dict[str, Any]]
) -> None:
    account.rest.rights[KEY] = frozenset({"GET"})
    await in_line(world, eva)
    clock = Clock(world)
    await clock.look()
    await clock.look()
    assert account.rest.calls == [GET, PATCH, GET]
    (failed,) = [line for line in lines if line["event"] == log.BACKEND_NOT_REVIVED]
    assert "HTTP 403" in failed["said"]
    assert "by hand" in failed["next"]


async def test_an_api_that_is_away_is_asked_again_later(
    world: World, account: Account, eva: Person, lines: list[dict[str, Any]]
) -> None:
    await in_line(world, eva)
    del account.rest.endpoints["ep1"]
    clock = Clock(world)
    await clock.look()
    assert events(lines, log.SCALING_UNREAD) == [log.SCALING_UNREAD]
    account.rest.add({"workers": {"min": 0, "max": 0}}, named="ep1")
    await clock.look()
    assert account.rest.calls == [GET, GET, PATCH]


def test_a_look_comes_soon_after_a_warm_worker_would_have_begun() -> None:
    from imgvid.dispatch.pace import Pace

    assert Pace().revive_after + Pace().starved_look <= timedelta(seconds=30) < Pace().starved_after
    assert ms(0) < QUICK.revive_after
