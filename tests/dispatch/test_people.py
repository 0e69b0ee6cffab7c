"""What people do while their job is under way: cancel, delete, block, move the chat, wait in line."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from imgvid import log
from imgvid.sandbox.telegram import Person
from imgvid.telegram.errors import MessageGone
from imgvid.telegram.message import Look
from tests.dispatch.world import World, first_line, until


async def ended(world: World, job: Any, *states: str) -> None:
    await world.in_state(job, *states)
    await until(lambda: world.sql("SELECT bool_and(in_flight = 0) FROM backends"), what="the place to be free")


async def test_cancel_while_it_waits(world: World, eva: Person) -> None:
    async with world.dispatchers(cap=0):
        job = await world.order(eva)
        assert await world.intake.wish_cancel(job.id, eva.user_id) == "closing"
        message = await world.says(eva, "cancelled")
        await ended(world, job, "CANCELLED")
    assert (message.message_id, message.button("Again") is not None) == (job.message_id, True)


async def test_cancel_before_it_was_sent(world: World, eva: Person) -> None:
    """Leased by a dispatcher that died: the wish is fulfilled without asking anybody."""
    await world.sql("INSERT INTO backends (backend, lane, cap) VALUES ('runpod', 'video', 1)")
    job = await world.order(eva)
    assert await world.sql("SELECT id FROM lease('runpod', 'video', 1, 'dead', interval '1 second')") == job.id
    async with world.dispatchers(cap=1):
        assert await world.intake.wish_cancel(job.id, eva.user_id) == "wished"
        await ended(world, job, "CANCELLED")
        await world.says(eva, "cancelled")
    assert not await world.remote_jobs()


async def test_cancel_while_the_submit_is_on_its_way(world: World, eva: Person) -> None:
    await world.fault(op="run", kind="delay", seconds=0.5, when="after")
    async with world.dispatchers():
        job = await world.order(eva)
        await until(lambda: world.sql("SELECT submitting_at IS NOT NULL FROM jobs"), what="the submit")
        assert await world.intake.wish_cancel(job.id, eva.user_id) == "wished"
        await ended(world, job, "CANCELLED")
        await world.says(eva, "cancelled")
    assert [one["status"] for one in await world.remote_jobs()] == ["CANCELLED"]


async def test_cancel_after_a_submit_whose_answer_was_lost(world: World, eva: Person) -> None:
    await world.fault(op="run", kind="drop_after")
    worker = world.worker()
    async with world.dispatchers(unknown_wait=timedelta(seconds=3)):
        job = await world.order(eva, run_for=timedelta(seconds=1))
        taken = await worker.take()
        await worker.look(taken)
        assert await world.intake.wish_cancel(job.id, eva.user_id) == "wished"
        await ended(world, job, "CANCELLED")
        with pytest.raises(MessageGone):
            await worker.upload(taken)  # not proven over: its message was taken away
        message = await world.says(eva, "cancelled")
    assert message.message_id == await world.message_id(job) != job.message_id


async def test_cancel_in_the_providers_line_and_while_it_runs(world: World, eva: Person) -> None:
    worker = world.worker()
    async with world.dispatchers():
        waiting = await world.order(eva)
        await world.in_state(waiting, "SUBMITTED")
        await world.intake.wish_cancel(waiting.id, eva.user_id)
        await ended(world, waiting, "CANCELLED")
        running = await world.order(eva)
        taken = await worker.take()
        await worker.look(taken)
        await world.in_state(running, "RUNNING")
        await world.intake.wish_cancel(running.id, eva.user_id)
        await ended(world, running, "CANCELLED")
    assert [m.text.splitlines()[0] for m in await world.bot_messages(eva)] == [first_line("cancelled")] * 2
    assert {one["status"] for one in await world.remote_jobs()} == {"CANCELLED"}


async def test_a_result_that_beats_the_cancel_is_kept(world: World, eva: Person) -> None:
    worker = world.worker()
    async with world.dispatchers():
        job = await world.order(eva)
        taken = await worker.take()
        await worker.look(taken)
        await world.in_state(job, "RUNNING")
        await worker.upload(taken)
        await world.intake.wish_cancel(job.id, eva.user_id)
        await ended(world, job, "COMPLETED")
    assert [message.kind for message in await world.bot_messages(eva)] == ["video"]


async def test_a_late_line_of_a_cancelled_worker_does_not_have_the_last_word(world: World, eva: Person) -> None:
    worker = world.worker()
    async with world.dispatchers():
        job = await world.order(eva)
        taken = await worker.take()
        await world.in_state(job, "RUNNING")
        await world.intake.wish_cancel(job.id, eva.user_id)
        await world.in_state(job, "CANCELLED")
        assert await worker.look(taken) is Look.GO  # its edit was under way when it was stopped
        await until(lambda: world.sql("SELECT told = 'repeated' FROM job_chat"), what="the second saying")
    (message,) = await world.bot_messages(eva)
    assert message.text.startswith(first_line("cancelled"))


async def test_a_provider_that_does_not_end_it_is_not_waited_for(world: World, eva: Person) -> None:
    worker = world.worker()
    await world.fault(op="cancel", kind="html", status=503, times=0)
    async with world.dispatchers():
        job = await world.order(eva)
        taken = await worker.take()
        await worker.look(taken)
        await world.in_state(job, "RUNNING")
        await world.intake.wish_cancel(job.id, eva.user_id)
        await world.in_state(job, "CANCELLED")
        assert await worker.look(taken) is Look.GONE  # fenced: whatever it does, no video comes
        assert await world.sql("SELECT in_flight FROM backends") == 1  # and its place is kept
        await worker.done(taken, output=worker.output(taken, "stopped", reason="message_gone"))
        await ended(world, job, "CANCELLED")


async def test_deleting_the_message_is_a_cancel_while_it_waits(world: World, eva: Person) -> None:
    others = await world.sim.person("Olaf")
    await others.send_text("/start")
    async with world.dispatchers(cap=0):
        await world.order(others)
        job = await world.order(eva)
        assert job.message_id is not None
        await eva.delete(job.message_id)
        message = await world.says(eva, "cancelled-deleted")
        await ended(world, job, "CANCELLED")
    assert message.button("Again") is not None
    assert await world.sql("SELECT error_code FROM jobs WHERE id = $1", job.id) == "message_deleted"


async def test_deleting_the_message_is_a_cancel_in_the_providers_line(world: World, eva: Person) -> None:
    async with world.dispatchers(starved_after=timedelta(seconds=60)):
        job = await world.order(eva)
        assert job.message_id is not None
        await world.in_state(job, "SUBMITTED")
        await eva.delete(job.message_id)
        await ended(world, job, "CANCELLED")
        await world.says(eva, "cancelled-deleted")
    assert [one["status"] for one in await world.remote_jobs()] == ["CANCELLED"]


async def test_deleting_the_message_is_a_cancel_while_it_runs(world: World, eva: Person) -> None:
    worker = world.worker()
    async with world.dispatchers():
        job = await world.order(eva)
        taken = await worker.take()
        assert job.message_id is not None
        await eva.delete(job.message_id)
        assert await worker.work(taken) == "message_gone"
        await ended(world, job, "CANCELLED")
        await world.says(eva, "cancelled-deleted")
    assert len(await world.bot_messages(eva)) == 1


async def test_deleting_a_message_that_is_being_retired_is_a_cancel(world: World, eva: Person) -> None:
    await world.fault(op="run", kind="drop_after")
    async with world.dispatchers():
        job = await world.order(eva)
        assert job.message_id is not None
        await until(lambda: world.sql("SELECT submitting_at IS NOT NULL FROM jobs"), what="the submit")
        await eva.delete(job.message_id)
        await world.in_state(job, "CANCELLED")
        await world.says(eva, "cancelled-deleted")
    assert await world.sql("SELECT attempt FROM jobs") == 1


async def test_a_message_deleted_after_the_end_is_let_go(world: World, eva: Person) -> None:
    async with world.dispatchers(cap=0, again=timedelta(seconds=1)):
        job = await world.order(eva)
        assert job.message_id is not None
        await world.intake.wish_cancel(job.id, eva.user_id)
        await world.in_state(job, "CANCELLED")
        await eva.delete(job.message_id)
        await until(lambda: world.sql("SELECT due_at IS NULL FROM job_chat"), what="nothing to be owed")
    assert not await world.bot_messages(eva)


@pytest.mark.parametrize("running", [False, True])
async def test_a_blocked_bot_ends_the_job_untold(
    world: World, eva: Person, running: bool, lines: list[dict[str, Any]]
) -> None:
    worker = world.worker()
    async with world.dispatchers(cap=1 if running else 0):
        job = await world.order(eva)
        taken = await worker.take() if running else None
        await eva.block()
        if taken is not None:
            assert await worker.work(taken) == "chat_gone"
        await ended(world, job, "FAILED")
        await until(lambda: world.sql("SELECT gone_at IS NOT NULL FROM chats"), what="the chat to be known as gone")
    assert await world.sql("SELECT error_code FROM jobs") == "chat_unreachable"
    told = [line for line in lines if line["event"] == log.JOB_TOLD]
    assert [line["how"] for line in told] == ["undeliverable"]


async def test_a_group_that_moves_keeps_its_jobs(world: World, eva: Person) -> None:
    group = eva.within(await world.sim.group("Friends", [eva]))
    worker = world.worker()
    async with world.dispatchers():
        job = await world.order(group)
        taken = await worker.take()
        moved = (await world.sim.post(f"/sim/chats/{group.chat_id}/migrate"))["chat_id"]
        output = worker.output(taken, "stopped", reason="chat_moved", detail=str(moved))
        await worker.done(taken, output=output)
        again = await worker.take()
        assert again["input"]["chat_id"] == moved
        assert await worker.work(again) == "delivered"
        await ended(world, job, "COMPLETED")
    assert (await world.sim.summary(moved))["videos"] == 1


async def test_a_group_that_moves_while_its_job_waits(world: World, eva: Person) -> None:
    group = eva.within(await world.sim.group("Friends", [eva]))
    async with world.dispatchers(cap=0):
        job = await world.order(group)
        moved = (await world.sim.post(f"/sim/chats/{group.chat_id}/migrate"))["chat_id"]
        await until(lambda: world.sql("SELECT chat_id = $1 FROM jobs", moved), what="the job to move")
        await until(lambda: world.sql("SELECT announced FROM jobs"), what="its message there")
        await world.sql("UPDATE backends SET cap = 1")
        async with world.worker().always():
            await ended(world, job, "COMPLETED")
    assert (await world.sim.summary(moved))["videos"] == 1


async def test_the_line_is_told_sparingly_and_never_gets_longer(world: World, eva: Person) -> None:
    olaf = await world.sim.person("Olaf")
    await olaf.send_text("/start")
    async with world.dispatchers(cap=0):
        await world.order(olaf)
        job = await world.order(eva)
        second = await world.order(eva)
        await world.shows(eva, "Number 2 in the queue")
        await world.says(eva, "waiting-behind-own", count=1)
        await world.sql("UPDATE backends SET cap = 3")
        async with world.worker().always():
            await ended(world, second, "COMPLETED")
    assert await world.state(job) == "COMPLETED"
    for message in await world.bot_messages(eva):
        numbers = [step.text.split()[1] for step in message.history if step.text.startswith("Number ")]
        assert numbers == sorted(numbers, reverse=True)
        assert len(numbers) == len(set(numbers))


async def test_forgetting_is_told_when_it_is_done(world: World, eva: Person) -> None:
    worker = world.worker()
    async with world.dispatchers():
        job = await world.order(eva)
        taken = await worker.take()
        await worker.look(taken)
        await world.in_state(job, "RUNNING")
        assert await world.intake.wish_forget(eva.user_id) == 1
        await world.says(eva, "delete-done")
    assert await world.sql("SELECT count(*) FROM jobs") == 0
    assert await world.sql("SELECT count(*) FROM people") == 0


async def test_telegram_answers_429_then_everybody_is_told_later(
    world: World, eva: Person, lines: list[dict[str, Any]]
) -> None:
    async with world.dispatchers(cap=0):
        job = await world.order(eva)
        await world.sim.fault("429", method="editMessageText", retry_after=1)
        await world.intake.wish_cancel(job.id, eva.user_id)
        await world.says(eva, "cancelled")
        await world.in_state(job, "CANCELLED")
    assert [line["event"] for line in lines].count(log.CHAT_FLOODED) == 1


@pytest.mark.parametrize("kind", ["drop", "502", "reset"])
async def test_a_closing_text_whose_answer_was_lost_is_said_again(world: World, eva: Person, kind: str) -> None:
    async with world.dispatchers(cap=0):
        job = await world.order(eva)
        await world.sim.fault(kind, method="editMessageText")
        await world.intake.wish_cancel(job.id, eva.user_id)
        await world.in_state(job, "CANCELLED")
        await world.says(eva, "cancelled")
    assert len(await world.bot_messages(eva)) == 1


async def test_a_fresh_text_whose_answer_was_lost_leaves_at_worst_one_stale_line(world: World, eva: Person) -> None:
    await world.fault(op="run", kind="drop_after")
    async with world.dispatchers():
        job = await world.order(eva)
        await world.sim.fault("drop", method="sendMessage")
        async with world.worker("w2").always():
            await ended(world, job, "COMPLETED")
    shown = await world.bot_messages(eva)
    assert [message.kind for message in shown].count("video") == 1
    assert len(shown) <= 2


async def test_a_message_that_cannot_be_taken_away_allows_no_second_attempt(
    world: World, eva: Person, lines: list[dict[str, Any]]
) -> None:
    await world.fault(op="run", kind="drop_after")
    refusal = {"status": 400, "description": "Bad Request: message can't be deleted for everyone"}
    await world.sim.fault("error", method="deleteMessage", times=0, **refusal)
    async with world.dispatchers():
        job = await world.order(eva)
        await world.in_state(job, "FAILED")
        await world.says(eva, "error-delivery-failed")
    assert await world.sql("SELECT attempt FROM jobs") == 1
    assert [line["event"] for line in lines].count(log.MESSAGE_STUCK) == 1
    assert len(await world.bot_messages(eva)) == 1


async def test_a_text_that_telegram_refuses_is_given_up(
    world: World, eva: Person, lines: list[dict[str, Any]], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("imgvid.dispatch.announce._WAIT_TOP_S", 0.05)
    refusal = {"status": 400, "description": "Bad Request: can't parse entities"}
    await world.sim.fault("error", method="editMessageText", times=0, **refusal)
    async with world.dispatchers(cap=0):
        job = await world.order(eva)
        await world.intake.wish_cancel(job.id, eva.user_id)
        await world.in_state(job, "CANCELLED")
    assert [line["how"] for line in lines if line["event"] == log.JOB_TOLD] == ["refused"]
    assert [line["event"] for line in lines].count(log.TEXT_REFUSED) == 1


async def test_a_token_that_telegram_does_not_know_is_waited_for(
    world: World, eva: Person, lines: list[dict[str, Any]], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("imgvid.dispatch.announce._WAIT_TOP_S", 0.05)
    fault = await world.sim.fault("error", method="editMessageText", times=0, status=401, description="Unauthorized")
    async with world.dispatchers(cap=0):
        job = await world.order(eva)
        await world.intake.wish_cancel(job.id, eva.user_id)

        async def many_tries() -> bool:
            return [line["event"] for line in lines].count(log.TOKEN_REFUSED) > 10

        await until(many_tries, what="more tries than any refusal gets")
        assert await world.state(job) == "CLOSING"
        await world.sim.remove_fault(fault)
        await world.in_state(job, "CANCELLED")
        await world.says(eva, "cancelled")


async def test_a_video_that_lands_in_the_closing_text_completes_its_job(world: World, eva: Person) -> None:
    """Telegram held the whole upload when the run was stopped: the end waits a moment, and the chat decides."""
    worker = world.worker()
    async with world.dispatchers(settle=timedelta(seconds=2)):
        job = await world.order(eva)
        taken = await worker.take()
        await world.in_state(job, "RUNNING")
        await world.intake.wish_cancel(job.id, eva.user_id)
        await world.says(eva, "cancelled")
        assert await world.state(job) == "CLOSING"
        await worker.upload(taken)
        await world.in_state(job, "COMPLETED")
    assert [message.kind for message in await world.bot_messages(eva)] == ["video"]


async def test_a_closing_text_that_the_person_takes_away_is_not_sent_again(world: World, eva: Person) -> None:
    worker = world.worker()
    async with world.dispatchers(settle=timedelta(seconds=1)):
        job = await world.order(eva)
        await worker.take()
        await world.in_state(job, "RUNNING")
        await world.intake.wish_cancel(job.id, eva.user_id)
        message = await world.says(eva, "cancelled")
        assert await world.state(job) == "CLOSING"
        await eva.delete(message.message_id)
        await world.in_state(job, "CANCELLED")
    assert await world.bot_messages(eva) == []


async def test_a_video_after_the_end_is_noticed(world: World, eva: Person, lines: list[dict[str, Any]]) -> None:
    """The platform calls a cancelled run over while it uploads: the job stays cancelled, on-call sees it."""
    worker = world.worker()
    async with world.dispatchers(again=timedelta(seconds=1)):
        job = await world.order(eva)
        taken = await worker.take()
        await world.in_state(job, "RUNNING")
        await world.intake.wish_cancel(job.id, eva.user_id)
        await world.in_state(job, "CANCELLED")
        await worker.upload(taken)
        await until(lambda: world.sql("SELECT due_at IS NULL FROM job_chat"), what="the second saying")
    assert [line["event"] for line in lines].count(log.VIDEO_AFTER_END) == 1
    assert (await world.sim.summary(eva.chat_id))["videos"] == 1
