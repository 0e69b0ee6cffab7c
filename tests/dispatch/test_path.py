"""The whole path on real sockets, and what may go wrong between us and the provider."""

from __future__ import annotations

import json
from datetime import timedelta
from typing import Any

import pytest

from imgvid import log
from imgvid.sandbox.telegram import Person
from imgvid.store.backends import BackendStore
from imgvid.telegram.errors import MessageGone
from imgvid.telegram.message import Look
from tests.dispatch.world import World, first_line, ms, until


async def test_from_order_to_video(world: World, eva: Person, lines: list[dict[str, Any]]) -> None:
    async with world.dispatchers(), world.worker().always():
        job = await world.order(eva)
        await world.in_state(job, "COMPLETED")
    (message,) = await world.bot_messages(eva)
    assert (message.kind, message.message_id) == ("video", job.message_id)
    assert await world.sql("SELECT in_flight FROM backends") == 0
    story = [line for line in lines if line.get("job") == job.short]
    assert [line["event"] for line in story if line["event"] != log.JOB_BEGAN] == [
        log.JOB_LEASED,
        log.JOB_SUBMITTED,
        log.JOB_COMPLETED,
    ]
    assert all(line.keys() >= {"event", "job", "attempt", "state", "next"} for line in story)
    assert not [line for line in lines if line["log_level"] in {"error", "critical"}]


async def test_a_run_answer_that_was_lost_ends_in_exactly_one_video(world: World, eva: Person) -> None:
    """unknown -> retired -> next attempt; the first worker delivers late and is told that its message is gone."""
    await world.fault(op="run", kind="drop_after")
    first, second = world.worker("w1"), world.worker("w2")
    async with world.dispatchers():
        job = await world.order(eva)
        ghost = await first.take()
        assert await first.look(ghost) is Look.GO  # it is alive, and nobody at home knows of it
        real = await second.take()
        assert real["input"]["attempt"] == 2
        assert real["input"]["message_id"] != ghost["input"]["message_id"]
        with pytest.raises(MessageGone):
            await first.upload(ghost)
        assert await second.work(real) == "delivered"
        await world.in_state(job, "COMPLETED")
        summary = await world.sim.summary(eva.chat_id)
        assert (summary["videos"], summary["videos_ever"]) == (1, 1)
    (message,) = await world.bot_messages(eva)
    assert message.message_id == await world.message_id(job) == real["input"]["message_id"]
    assert await world.sql("SELECT tries_ours FROM jobs") == 1


async def test_a_lost_run_that_had_already_delivered_is_found_in_the_chat(world: World, eva: Person) -> None:
    await world.fault(op="run", kind="drop_after")
    worker = world.worker()
    async with world.dispatchers():
        job = await world.order(eva)
        assert await worker.work(await worker.take()) == "delivered"
        await world.in_state(job, "COMPLETED")
    assert await world.sql("SELECT result ->> 'overtaken' FROM jobs") == "true"
    assert await world.sql("SELECT attempt FROM jobs") == 1
    assert (await world.sim.summary(eva.chat_id))["videos_ever"] == 1


async def test_a_ghosts_place_is_kept_until_its_end(world: World, eva: Person) -> None:
    await world.fault(op="run", kind="drop_after")
    async with world.dispatchers(cap=1):
        job = await world.order(eva, run_for=timedelta(seconds=2))
        await world.worker("w1").take()
        await until(lambda: world.sql("SELECT state = 'QUEUED' AND ready_at IS NOT NULL FROM jobs"), what="the retry")
        assert await world.sql("SELECT in_flight FROM backends") == 1
        async with world.worker("w2").always():
            await world.in_state(job, "COMPLETED")
    assert await world.sql("SELECT in_flight FROM backends") == 0
    assert await world.sql("SELECT leased_at - created_at > interval '2 seconds' FROM jobs")


async def test_a_worker_may_name_the_lost_request(world: World, eva: Person) -> None:
    """worker_begin brings the id of an attempt whose submit answer was lost: it is followed, not retired."""
    await world.fault(op="run", kind="drop_after")
    worker = world.worker()
    async with world.dispatchers(unknown_wait=timedelta(seconds=30)):
        job = await world.order(eva)
        taken = await worker.take()
        assert await world.sql("SELECT worker_begin($1, 1, 'w1', $2)", job.id, taken["id"])
        await worker.work(taken)
        assert await world.sql("SELECT worker_result($1, 1, $2)", job.id, json.dumps({"outcome": "delivered"}))
        await world.in_state(job, "COMPLETED")
    assert (await world.message_id(job), await world.sql("SELECT attempt FROM jobs")) == (job.message_id, 1)
    assert await world.sql("SELECT in_flight FROM backends") == 0


async def test_a_ghost_that_names_itself_is_ended_and_gives_its_place_back(world: World, eva: Person) -> None:
    await world.fault(op="run", kind="drop_after")
    async with world.dispatchers(cap=1):
        job = await world.order(eva)
        ghost = await world.worker("w1").take()
        await until(lambda: world.sql("SELECT state = 'QUEUED' FROM jobs WHERE attempt = 1"), what="the retry")
        assert not await world.sql("SELECT worker_begin($1, 1, 'w1', $2)", job.id, ghost["id"])
        async with world.worker("w2").always():
            await world.in_state(job, "COMPLETED")  # long before the ghost's own end
    assert [one["status"] for one in await world.remote_jobs()] == ["CANCELLED", "COMPLETED"]
    assert await world.sql("SELECT in_flight FROM backends") == 0


async def test_a_worker_that_is_faster_than_the_accept_is_not_cancelled(world: World, eva: Person) -> None:
    fault = await world.fault(op="run", kind="delay", seconds=0.5, when="after")
    worker = world.worker()
    async with world.dispatchers():
        job = await world.order(eva)
        taken = await worker.take()
        assert await world.sql("SELECT worker_begin($1, 1, 'w1', $2)", job.id, taken["id"])
        await until(lambda: world.sql("SELECT request_id LIKE 'ep1/%' FROM jobs"), what="the accept")
        await worker.work(taken)
        await world.in_state(job, "COMPLETED")
    assert fault["kind"] == "delay"
    assert not [call for call in world.cloud.calls if call.op == "cancel"]
    assert await world.sql("SELECT count(*) FROM provider_requests") == 1


async def test_unauthorized_pauses_once_loudly_and_goes_on_by_itself(
    world: World, eva: Person, lines: list[dict[str, Any]]
) -> None:
    fault = await world.fault(op="run", kind="unauthorized", times=0)
    async with world.dispatchers(count=2), world.worker().always():
        job = await world.order(eva)
        other = await world.order(eva)
        await world.says(eva, "waiting-paused")
        await until(lambda: world.sql("SELECT sum(attempt) >= 3 FROM jobs"), what="a second probe of the backend")
        await world.runpod.delete(f"/sim/faults/{fault['id']}")
        await world.in_state(job, "COMPLETED")
        await world.in_state(other, "COMPLETED")
    loud = [line for line in lines if line["log_level"] == "error"]
    assert [(line["event"], line["reason"]) for line in loud] == [(log.BACKEND_PAUSED, "unauthorized")]
    assert [line["was"] for line in lines if line["event"] == log.BACKEND_RESUMED] == ["unauthorized"]
    assert await world.sql("SELECT sum(tries_own + tries_ours) FROM jobs") == 0
    texts = [step.text for message in await world.bot_messages(eva) for step in message.history]
    assert sum(text.startswith(first_line("waiting-paused")) for text in texts) <= 2  # once per person's message


async def test_busy_waits_as_long_as_it_is_told_and_uses_no_try(world: World, eva: Person) -> None:
    await world.fault(op="run", kind="busy", retry_after_s=1)
    async with world.dispatchers(), world.worker().always():
        job = await world.order(eva)
        await world.in_state(job, "COMPLETED")
    runs = [call for call in world.cloud.calls if call.op == "run"]
    assert [call.status for call in runs] == [429, 200]
    assert runs[1].at - runs[0].at >= 1
    assert await world.sql("SELECT (attempt, tries_own, tries_ours) = (2, 0, 0) FROM jobs")


async def test_a_proxys_page_instead_of_an_answer_is_unknown(world: World, eva: Person) -> None:
    await world.fault(op="run", kind="html", status=502)
    async with world.dispatchers(), world.worker().always():
        job = await world.order(eva)
        await world.in_state(job, "COMPLETED")
    assert await world.sql("SELECT (attempt, tries_ours) = (2, 1) FROM jobs")
    assert await world.message_id(job) != job.message_id  # retired: it might have been accepted


async def test_a_refused_request_fails_and_says_so(world: World, eva: Person) -> None:
    await world.fault(op="run", kind="answer", status=400, body={"error": "bad input"})
    async with world.dispatchers():
        job = await world.order(eva)
        await world.in_state(job, "FAILED")
        message = await world.says(eva, "error-provider-rejected")
    assert message.button("Again") is not None
    assert await world.sql("SELECT error_code FROM jobs") == "provider_rejected"
    assert message.message_id == job.message_id


async def test_a_provider_that_is_away_breaks_the_circuit_for_distinct_jobs(
    world: World, eva: Person, lines: list[dict[str, Any]]
) -> None:
    await world.fault(op="run", kind="html", status=503, times=3)
    people = [await world.sim.person(f"P{n}") for n in range(3)]
    async with world.dispatchers(), world.worker().always():
        for person in people:
            await person.send_text("/start")
        jobs = [await world.order(person) for person in people]
        for job in jobs:
            await world.in_state(job, "COMPLETED", within_s=15)
    assert [line["reason"] for line in lines if line["event"] == log.BACKEND_PAUSED] == ["unreachable"]


async def test_a_known_id_that_answers_404_is_unknown_then_retired(world: World, eva: Person) -> None:
    first, second = world.worker("w1"), world.worker("w2")
    async with world.dispatchers():
        job = await world.order(eva)
        lost = await first.take()
        await world.runpod.post(f"/sim/jobs/{lost['id']}/forget")
        again = await second.take()
        assert again["input"]["attempt"] == 2
        await second.work(again)
        await world.in_state(job, "COMPLETED")
        assert await first.look(lost) is Look.GONE
    assert (await world.sim.summary(eva.chat_id))["videos_ever"] == 1


async def test_a_404_that_passes_is_forgotten(world: World, eva: Person) -> None:
    await world.fault(op="status", kind="not_found", times=2)
    worker = world.worker()
    async with world.dispatchers():
        job = await world.order(eva)
        taken = await worker.take()
        await until(lambda: world.sql("SELECT missing_since IS NOT NULL FROM provider_requests"), what="the 404")
        await until(lambda: world.sql("SELECT missing_since IS NULL FROM provider_requests"), what="its end")
        await worker.work(taken)
        await world.in_state(job, "COMPLETED")
    assert await world.sql("SELECT attempt FROM jobs") == 1


async def test_a_platform_that_re_runs_the_job_shows_one_video(world: World, eva: Person) -> None:
    first, second = world.worker("w1"), world.worker("w2")
    async with world.dispatchers():
        job = await world.order(eva)
        one = await first.take()
        await first.look(one)
        await world.in_state(job, "RUNNING")
        await until(lambda: world.sql("SELECT worker = 'w1' FROM jobs"), what="the first worker's name")
        await world.runpod.post(f"/sim/jobs/{one['id']}/redeliver")
        two = await second.take()
        assert two["id"] == one["id"]
        await until(lambda: world.sql("SELECT reruns >= 1 FROM jobs"), what="the re-run to be counted")
        assert await first.work(one) == "delivered"
        assert await second.work(two) == "already_delivered"
        await world.in_state(job, "COMPLETED")
    assert (await world.sim.summary(eva.chat_id))["videos_ever"] == 1
    assert await world.message_id(job) == job.message_id


async def test_a_result_that_got_lost_is_read_from_the_message(world: World, eva: Person) -> None:
    worker = world.worker()
    async with world.dispatchers():
        job = await world.order(eva)
        taken = await worker.take()
        await worker.upload(taken)
        await worker.done(taken, output={"something": "else"})
        await world.in_state(job, "COMPLETED")
    assert await world.sql("SELECT result ->> 'overtaken' FROM jobs") == "true"


async def test_a_failed_run_is_tried_again_in_the_same_message_then_ends(world: World, eva: Person) -> None:
    worker = world.worker()
    async with world.dispatchers():
        job = await world.order(eva)
        for attempt in (1, 2):
            taken = await worker.take()
            assert (taken["input"]["attempt"], taken["input"]["message_id"]) == (attempt, job.message_id)
            await worker.look(taken)
            failed = worker.output(taken, "failed", code="engine_failed", detail="a node raised")
            await worker.done(taken, output=failed, error="engine_failed: a node raised")
            if attempt == 1:
                await world.says(eva, "waiting-retry")
        await world.in_state(job, "FAILED")
        await world.says(eva, "error-engine-failed")
    assert await world.sql("SELECT (error_code, tries_own) = ('engine_failed', 1) FROM jobs")
    assert await world.sql("SELECT in_flight FROM backends") == 0


async def test_a_persons_own_fault_is_not_tried_again(world: World, eva: Person) -> None:
    worker = world.worker()
    async with world.dispatchers():
        job = await world.order(eva)
        taken = await worker.take()
        await worker.done(taken, output=worker.output(taken, "failed", code="bad_image"), error="bad_image: x")
        await world.in_state(job, "FAILED")
        await world.says(eva, "error-bad-image")
    assert await world.sql("SELECT attempt FROM jobs") == 1


async def test_an_attempt_out_of_time_is_retired_and_swept(world: World, eva: Person) -> None:
    first, second = world.worker("w1"), world.worker("w2")
    async with world.dispatchers():
        job = await world.order(eva, run_for=timedelta(seconds=1))
        slow = await first.take()
        await first.look(slow)
        again = await second.take()
        assert again["input"]["attempt"] == 2
        assert await first.look(slow) is Look.GONE
        await second.work(again)
        await world.in_state(job, "COMPLETED")
        await until(
            lambda: world.sql("SELECT bool_and(over_at IS NOT NULL) FROM provider_requests"),
            what="the old request's end",
        )
    assert await world.sql("SELECT in_flight FROM backends") == 0
    assert {job["status"] for job in await world.remote_jobs()} == {"CANCELLED", "COMPLETED"}


async def test_a_job_that_nobody_took_for_its_whole_time_ends(world: World, eva: Person) -> None:
    await BackendStore(world.database).ensure("runpod", "video", 0)
    async with world.dispatchers(cap=0):
        job = await world.order(eva, expires_in=timedelta(seconds=1))
        await world.in_state(job, "FAILED")
        await world.says(eva, "error-queue-timeout")
    assert await world.sql("SELECT error_code FROM jobs") == "queue_timeout"


async def test_a_starved_endpoint_is_said_to_the_person_and_to_on_call(
    world: World, eva: Person, lines: list[dict[str, Any]]
) -> None:
    await world.runpod.patch("/sim/endpoints/ep1", json={"workers_max": 0})
    async with world.dispatchers():
        job = await world.order(eva)
        await world.says(eva, "waiting-starved")
        await world.runpod.patch("/sim/endpoints/ep1", json={"workers_max": 3})
        async with world.worker().always():
            await world.in_state(job, "COMPLETED")
        await until(_said(lines, log.BACKEND_FED), what="the recovery")
    assert len([line for line in lines if line["event"] == log.BACKEND_STARVED]) == 1


async def test_a_cold_start_is_told_once(world: World, eva: Person) -> None:
    async with world.dispatchers(starved_after=timedelta(seconds=60)):
        job = await world.order(eva)
        await world.shows(eva, "Starting a GPU for you")
        async with world.worker().always():
            await world.in_state(job, "COMPLETED")
    (message,) = await world.bot_messages(eva)
    assert sum("Starting a GPU" in step.text for step in message.history) == 1


async def test_a_long_job_gets_one_short_reply(world: World, eva: Person) -> None:
    async with world.dispatchers(count=2, ready_after=ms(1)), world.worker().always():
        job = await world.order(eva)
        ready = await world.says(eva, "ready")
        assert ready.reply_to == job.message_id
        await until(lambda: world.sql("SELECT due_at IS NULL FROM job_chat"), what="nothing to be owed")
    assert len(await world.bot_messages(eva)) == 2


async def test_the_bot_died_before_its_placeholder(world: World, eva: Person) -> None:
    async with world.dispatchers(count=2), world.worker().always():
        job = await world.order(eva, placeholder=False)
        await world.sql("UPDATE job_chat SET due_at = now()")
        await world.in_state(job, "COMPLETED")
    assert [message.kind for message in await world.bot_messages(eva)] == ["video"]


def _said(lines: list[dict[str, Any]], event: str) -> Any:
    async def look() -> bool:
        return any(line["event"] == event for line in lines)

    return look
