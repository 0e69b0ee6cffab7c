"""Several dispatchers at once, and what happens when one of them or the database dies."""

from __future__ import annotations

import asyncio
from collections import Counter
from datetime import timedelta
from typing import Any

import pytest

from imgvid import log
from imgvid.sandbox.telegram import Person
from imgvid.telegram.errors import MessageGone
from imgvid.telegram.message import Look
from tests.dispatch.blackhole import way_to
from tests.dispatch.world import QUICK, World, first_line, ms, until


async def crowd(world: World, size: int) -> list[Person]:
    people = [await world.sim.person(f"P{number}") for number in range(size)]
    for person in people:
        await person.send_text("/start")
    return people


async def all_completed(world: World, count: int, within_s: float = 30) -> None:
    await until(
        lambda: world.sql("SELECT count(*) FILTER (WHERE state = 'COMPLETED') >= $1 FROM jobs", count),
        within_s=within_s,
        what=f"{count} completed jobs",
    )


async def most_at_once(world: World) -> int:
    """The largest number of requests that the provider held at one time."""
    moments: list[tuple[str, int]] = []
    for job in await world.remote_jobs():
        moments.append((job["created"], 1))
        moments.append((job["history"][-1]["at"], -1))
    held = most = 0
    for _, change in sorted(moments):
        held += change
        most = max(most, held)
    return most


@pytest.mark.parametrize("count", [2, 4])
async def test_copies_keep_the_cap_and_say_nothing_twice(world: World, count: int) -> None:
    people = await crowd(world, 12)
    async with (
        world.dispatchers(count=count, cap=3, ready_after=ms(1), position_every=timedelta(seconds=30)),
        world.worker("w1").always(),
        world.worker("w2").always(),
    ):
        async with asyncio.TaskGroup() as group:
            for person in people:
                group.create_task(world.order(person))
        await all_completed(world, 12)
        await until(
            lambda: world.sql("SELECT count(*) = 12 FROM job_chat WHERE ping_claimed_at IS NOT NULL"),
            what="the replies",
        )
        await until(lambda: world.sql("SELECT bool_and(due_at IS NULL) FROM job_chat"), what="nothing to be owed")
    assert await world.sql("SELECT in_flight FROM backends") == 0
    assert await world.sql("SELECT max(attempt) FROM jobs") == 1
    assert len(await world.remote_jobs()) == 12
    assert await most_at_once(world) <= 3
    for person in people:
        shown = await world.bot_messages(person)
        assert sorted(message.kind for message in shown) == ["text", "video"]
        assert Counter(message.text for message in shown)[first_line("ready")] == 1


async def test_a_dispatcher_killed_between_submit_and_store(world: World, eva: Person) -> None:
    await world.fault(op="run", kind="delay", seconds=5, when="after")
    first, second = world.worker("w1"), world.worker("w2")
    doomed = await world.start("doomed", pace=QUICK, dsn=world.dsn)
    await world.sql("INSERT INTO backends (backend, lane, cap) VALUES ('runpod', 'video', 4)")
    job = await world.order(eva)
    ghost = await first.take()
    await doomed.kill()
    await world.sql("UPDATE jobs SET check_at = now()")  # what submit_hold would come to
    async with world.dispatchers():
        real = await second.take()
        assert real["input"]["attempt"] == 2
        assert await first.look(ghost) is Look.GONE
        with pytest.raises(MessageGone):
            await first.upload(ghost)
        await second.work(real)
        await world.in_state(job, "COMPLETED")
    await doomed.http.aclose()
    await doomed.database.close()
    assert (await world.sim.summary(eva.chat_id))["videos_ever"] == 1


async def test_a_dispatcher_killed_before_it_sent_anything(world: World, eva: Person) -> None:
    await world.sql("INSERT INTO backends (backend, lane, cap) VALUES ('runpod', 'video', 1)")
    job = await world.order(eva)
    assert await world.sql("SELECT id FROM lease('runpod', 'video', 1, 'dead', interval '0.2 seconds')") == job.id
    async with world.dispatchers(cap=1), world.worker().always():
        await world.in_state(job, "COMPLETED")
    assert await world.sql("SELECT attempt FROM jobs") == 2
    assert await world.sql("SELECT tries_ours FROM jobs") == 0


async def test_an_orderly_end_gives_back_what_was_not_sent(world: World, eva: Person) -> None:
    await world.sql("INSERT INTO backends (backend, lane, cap) VALUES ('runpod', 'video', 1)")
    job = await world.order(eva)
    assert await world.sql("SELECT id FROM lease('runpod', 'video', 1, 'd0', interval '1 hour')") == job.id
    async with world.dispatchers(cap=1) as (one,):
        await one.end()
        assert await world.state(job) == "QUEUED"
        assert await world.sql("SELECT ready_at IS NOT NULL FROM jobs")
        assert await world.sql("SELECT in_flight FROM backends") == 0


async def test_an_orderly_end_waits_for_the_submit_under_way(world: World, eva: Person) -> None:
    await world.fault(op="run", kind="delay", seconds=0.5, when="after")
    async with world.dispatchers() as (one,):
        job = await world.order(eva)
        await until(lambda: world.sql("SELECT submitting_at IS NOT NULL FROM jobs"), what="the submit")
        await one.end()
        assert await world.state(job) == "SUBMITTED"


async def test_an_orderly_end_has_a_deadline(world: World, eva: Person, lines: list[dict[str, Any]]) -> None:
    await world.fault(op="run", kind="delay", seconds=20, when="after")
    async with world.dispatchers(stop_within=ms(200)) as (one,):
        job = await world.order(eva)
        await until(lambda: world.sql("SELECT submitting_at IS NOT NULL FROM jobs"), what="the submit")
        await one.end()
        assert await world.state(job) == "LEASED"  # unknown: the next dispatcher's sweep retires it
    assert [line["loop"] for line in lines if line["event"] == log.LOOP_CUT_OFF] == ["Leaser"]


async def test_postgresql_restarts_under_load(
    world: World, postgres: Any, eva: Person, lines: list[dict[str, Any]]
) -> None:
    if postgres._stop is None:
        pytest.skip("the server belongs to somebody else")
    people = await crowd(world, 8)
    async with (
        world.dispatchers(count=2, cap=3) as running,
        world.worker("w1").always(),
        world.worker("w2").always(),
    ):
        for person in people:
            await world.order(person)
        await all_completed(world, 1)
        await asyncio.to_thread(postgres._stop._stop)
        await asyncio.to_thread(postgres._stop.ensure_postgres_running)
        await all_completed(world, 8)
        await until(_listening(running), what="the listeners to be back")
    for person in people:
        assert (await world.sim.summary(person.chat_id))["videos_ever"] == 1
    assert await world.sql("SELECT in_flight FROM backends") == 0
    assert Counter(line["event"] for line in lines)[log.DATABASE_LOST] in {1, 2}  # once a dispatcher
    assert not [line for line in lines if line["event"] == log.WORK_CRASHED]


async def test_connections_that_are_cut_under_load(world: World, eva: Person) -> None:
    people = await crowd(world, 6)
    async with world.dispatchers(count=2, cap=3), world.worker("w1").always():
        for person in people:
            await world.order(person)
        for _ in range(5):
            await world.sql(
                "SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity"
                " WHERE datname = current_database() AND pid <> pg_backend_pid() AND application_name LIKE 'd_'"
            )
        await all_completed(world, 6)
    for person in people:
        assert (await world.sim.summary(person.chat_id))["videos_ever"] == 1


async def test_a_silently_dead_listener_is_noticed_and_replaced(
    world: World, eva: Person, lines: list[dict[str, Any]]
) -> None:
    if "host=" not in world.dsn:
        pytest.skip("the server is not reached over a unix socket")
    quick = {"listen_probe": ms(200), "listen_patience": ms(300)}
    async with (
        way_to(world.dsn) as (way, dsn),
        world.dispatchers(**quick, listener_dsn=dsn) as running,
        world.worker().always(),
    ):
        await until(_listening(running), what="the listener")
        assert way.swallow() == 1
        job = await world.order(eva)  # nobody is woken: the poll finds it
        await world.in_state(job, "COMPLETED")
        await until(_event(lines, log.LISTENER_LOST), what="the loss to be noticed")
        await until(_listening(running), what="the new listener")
        other = await world.order(eva)
        await world.in_state(other, "COMPLETED")
    assert [line["next"] for line in lines if line["event"] == log.LISTENER_LOST] == ["polling until it is back"]


def _listening(running: list[Any]) -> Any:
    async def look() -> bool:
        return all(one.health.listening for one in running)

    return look


def _event(lines: list[dict[str, Any]], event: str) -> Any:
    async def look() -> bool:
        return any(line["event"] == event for line in lines)

    return look
