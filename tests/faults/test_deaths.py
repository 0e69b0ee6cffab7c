"""Processes that die at the worst moment, a platform that runs a job twice, a database that goes away."""

from __future__ import annotations

import asyncio
import os
import signal

import pytest

from imgvid.sandbox.telegram import Person
from tests.faults.case import Case
from tests.faults.conftest import people
from tests.faults.town import Town

pytestmark = [pytest.mark.slow, pytest.mark.timeout(110)]


@pytest.fixture(scope="module", autouse=True)
def orphan(town: Town) -> tuple[int, list[int]]:
    """Somebody whose dispatcher was killed when RunPod had the job and nobody at home knew its id.

    It is resolved at the latest after the hold of an unheard submit (Pace.submit_hold, 45 s), so it happens first and is
    judged last.
    """

    async def happen() -> tuple[int, list[int]]:
        async with people(
            town
        ) as case:  # GPUs come back when it ends: a warm one could tell before the dispatcher dies
            await case.starve()
            await case.runpod_fault("run", "delay", seconds=5, when="after")
            await case.send()
            await case.until(case.remote, what="RunPod to have the job")
            (row,) = await case.jobs()
            assert (row["state"], row["request_id"]) == ("LEASED", None)
            await case.crash("dispatcher")
            return case.person.chat_id, case.sent

    return asyncio.run(happen())


async def test_the_worker_is_killed_while_it_downloads(case: Case) -> None:
    held = await case.fault("hold", method="file", here=False)
    await case.send()
    await case.sim.until_held(held, timeout_s=40)
    await case.kill_worker(await case.running_worker())
    await case.sim.release(held)
    await case.judge("COMPLETED")


async def test_the_worker_is_killed_while_it_generates(case: Case) -> None:
    await case.send()
    row = await case.in_state("RUNNING", "SUBMITTED")
    await case.file_of(row, "preview.mp4")
    await case.kill_worker(await case.running_worker())
    await case.judge("COMPLETED")


async def test_the_worker_is_killed_after_its_upload_was_read(case: Case) -> None:
    """Telegram has the whole video and shows it a moment later: the next run finds it and stops."""
    held = await case.fault("hold", method="editMessageMedia")
    await case.send()
    await case.sim.until_held(held, timeout_s=40)
    await case.kill_worker(await case.running_worker())
    await case.sim.release(held)
    await case.judge("COMPLETED")
    applied = [one for one in await case.sim.calls("editMessageMedia", chat_id=case.person.chat_id) if one["applied"]]
    assert len(applied) == 1


async def test_the_worker_is_killed_in_the_middle_of_its_upload(case: Case) -> None:
    """Half a video never arrives; the next run sends a whole one."""
    slow = await case.fault("slow_upload", method="editMessageMedia", bytes_per_s=4000)
    await case.send()
    await case.until(lambda: case.hits(slow), what="the upload to begin")
    await case.kill_worker(await case.running_worker())
    await case.judge("COMPLETED")


async def test_runpod_runs_the_job_on_a_second_worker_while_the_first_lives(case: Case) -> None:
    """Both come to the upload; the message becomes one video."""
    held = await case.fault("hold", method="editMessageMedia", times=1)
    await case.send()
    await case.sim.until_held(held, timeout_s=40)
    (job,) = await case.remote()
    (await case.runpod.post(f"/sim/jobs/{job['id']}/redeliver")).raise_for_status()
    await case.until(lambda: _two_runs(case), what="the second worker to take it")
    await case.sim.until_called("editMessageMedia", chat_id=case.person.chat_id, timeout_s=40)
    await case.sim.release(held)
    await case.judge("COMPLETED")
    (job,) = await case.remote()
    assert len({run["worker"] for run in job["runs"]}) == 2


async def _two_runs(case: Case) -> bool:
    return len((await case.remote())[0]["runs"]) == 2


async def test_the_bot_is_killed_with_an_update_in_hand(case: Case) -> None:
    """The photo comes again to the next bot, and is known by its origin."""
    held = await case.fault("hold", method="sendMessage")
    await case.send()
    await case.sim.until_held(held)
    await case.crash("bot")
    await case.sim.release(held)
    await case.judge("COMPLETED", stale=1)


async def test_postgres_restarts_under_load(case: Case) -> None:
    """Three people wait, run and press while the database goes away twice; everybody gets a video."""
    people = [case] + [
        Case(town=case.town, sim=case.sim, runpod=case.runpod, person=await case.sim.person(name, language=language))
        for name, language in (("Olga", "ru"), ("Marek", "sk"))
    ]
    for one in people:
        await one.send()
    await case.until(lambda: _some_run(case), what="a job to run")
    await case.crash("postgres")
    await asyncio.gather(*(one.send() for one in people))
    await case.until(lambda: _all_taken(people), what="every photo to be a job")
    await case.crash("postgres")
    for one in people:
        await one.ended(jobs=2, within_s=90)
        await one.judge("COMPLETED", "COMPLETED", stale=1)


async def _some_run(case: Case) -> bool:
    return bool(await case.sql("SELECT 1 FROM jobs WHERE state = 'RUNNING' LIMIT 1"))


async def _all_taken(people: list[Case]) -> bool:
    return all([len(await one.jobs()) == 2 for one in people])


async def test_the_listeners_socket_is_silently_dead(case: Case) -> None:
    """Its server process stands still: TCP says that all is well. The poll finds the job, the probe replaces the socket."""
    listening = "SELECT pid FROM pg_stat_activity WHERE application_name = 'imgvid-listen'"
    (dead,) = await case.until(lambda: case.sql(listening), what="the listener")
    os.kill(dead["pid"], signal.SIGSTOP)
    try:
        await case.send()
        await case.judge("COMPLETED")
        await case.until(
            lambda: case.sql(f"{listening} AND pid <> $1", dead["pid"]), within_s=30, what="a new listener"
        )
    finally:
        os.kill(dead["pid"], signal.SIGCONT)


async def test_the_dispatcher_was_killed_between_submit_and_store(orphan: tuple[int, list[int]], case: Case) -> None:
    """The message tells: the video is there, though nobody ever learned the request's id."""
    chat_id, sent = orphan
    his = Case(
        town=case.town,
        sim=case.sim,
        runpod=case.runpod,
        person=Person(case.sim, chat_id=chat_id, user_id=chat_id),
        sent=sent,
    )
    await his.person.video(timeout_s=40)
    await his.ended(within_s=80)
    await his.judge("COMPLETED")
