"""The same job once more: through the real dispatcher, into an operator's chat, and the frames are compared."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta
from typing import Any

import pytest

from imgvid.jobs.state import State
from imgvid.ops.jobs import replay
from imgvid.ops.jobs.replay import Into, NotMade, Patience, anew, refusal, warnings
from imgvid.sandbox.telegram import Person
from imgvid.store.records import Record, RecordStore
from tests.dispatch.world import Placed, Worker, World
from tests.ops.jobs.records import START, output, record

QUICKLY = Patience(most=timedelta(seconds=20), look=timedelta(milliseconds=20))
INTO = Into(chat_id=99, user_id=99)


def test_it_is_the_same_job_for_somebody_else() -> None:
    made = anew(record(), Into(chat_id=-5, user_id=99, number=3))
    assert (made.origin, made.user_id, made.chat_id) == ("r:ab12cd3:3", 99, -5)
    assert (made.prompt, made.seed, dict(made.params), made.locale) == ("two ships at dusk", 7, {"size": "720p"}, "sk")
    assert [item.as_json() for item in made.inputs] == list(record().inputs)
    assert (made.run_for, made.expires_in) == (timedelta(minutes=30), timedelta(days=1))


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({}, None),
        ({"state": State.RUNNING}, "only a completed job"),
        ({"result": {"overtaken": True}}, "no digest of its frames"),
        ({"origin": "r:zz99zz9:1"}, "is a replay itself, of zz99zz9"),
    ],
)
def test_what_cannot_be_replayed(changes: dict[str, Any], said: str | None) -> None:
    found = refusal(record(**changes))
    assert (found is None) if said is None else (found is not None and said in found)


def test_an_operator_is_told_who_will_see_it() -> None:
    month = timedelta(days=30)
    assert len(warnings(record(), INTO, keep_prompts=month)) == 1
    assert "its person will see it" in warnings(record(), Into(chat_id=5, user_id=99), keep_prompts=month)[1]
    assert len(warnings(record(), Into(chat_id=5, user_id=5), keep_prompts=month)) == 1
    old = record(prompt=None, now=START + timedelta(days=40))
    assert "prompts are wiped" in warnings(old, INTO, keep_prompts=month)[1]


@asynccontextmanager
async def making(worker: Worker, **recipe: Any) -> AsyncIterator[list[dict[str, Any]]]:
    """A worker that delivers and tells this recipe; the inputs that it got."""
    got: list[dict[str, Any]] = []

    async def loop() -> None:
        while True:
            job = await worker.take()
            got.append(job["input"])
            await worker.look(job)
            await worker.upload(job)
            await worker.done(job, output=worker.output(job, **output(**recipe)))

    task = asyncio.create_task(loop())
    try:
        yield got
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)


async def completed(world: World, person: Person) -> tuple[Placed, Record]:
    async with making(world.worker()):
        job = await world.order(person, params={"size": "720p"}, locale="sk")
        await world.in_state(job, "COMPLETED")
    found = await RecordStore(world.database).one(job.short)
    assert found is not None
    return job, found


async def test_the_same_order_reaches_a_worker_and_the_frames_are_equal(world: World, eva: Person) -> None:
    operator = await world.sim.person("Operator")
    await operator.send_text("/start")
    into, said = Into(chat_id=operator.chat_id, user_id=operator.user_id), []
    async with world.dispatchers():
        _, original = await completed(world, eva)
        # the placeholder is announce's to send: it is owed 5 s after the insert
        short = await replay.begin(original, into, world.intake, said.append)
        await world.sql("UPDATE job_chat SET due_at = now() WHERE message_id IS NULL")
        async with making(world.worker("w2"), gpu="B") as got:
            made = await replay.until_over(short, RecordStore(world.database), said.append, QUICKLY)
    (order,) = got
    assert (order["chat_id"], order["seed"], order["locale"]) == (operator.chat_id, original.seed, "sk")
    assert order["params"] == {"size": "720p", "prompt": "waves"}
    assert order["inputs"] == list(original.inputs)
    equal, lines = replay.judge(original, made)
    assert equal
    assert "    the GPU (gpu): A -> B" in lines
    assert [message.kind for message in await world.bot_messages(operator)] == ["video"]
    assert [message.kind for message in await world.bot_messages(eva)] == ["video"]
    assert any(line.startswith(f"{short}: ") for line in said)


async def test_run_twice_it_is_one_job(world: World, eva: Person) -> None:
    said: list[str] = []
    async with world.dispatchers():
        _, original = await completed(world, eva)
        first = await replay.begin(original, INTO, world.intake, said.append)
        assert await replay.begin(original, INTO, world.intake, said.append) == first
        other = await replay.begin(original, Into(chat_id=99, user_id=99, number=2), world.intake, said.append)
    assert other != first
    assert "is there already" in said[1]


async def test_one_that_does_not_end_or_ends_badly_is_said(world: World, eva: Person) -> None:
    said: list[str] = []
    async with world.dispatchers():
        _, original = await completed(world, eva)
    records = RecordStore(world.database)
    short = await replay.begin(original, INTO, world.intake, said.append)
    with pytest.raises(NotMade, match="no dispatcher leased it: is one running for runpod"):
        await replay.until_over(short, records, said.append, Patience(most=timedelta(0)))
    waiting = await records.one(short)
    assert waiting is not None
    async with world.dispatchers():
        await world.intake.wish_cancel(waiting.id, 99)
        await world.sql("UPDATE job_chat SET due_at = now() WHERE job_id = $1", waiting.id)
        made = await replay.until_over(short, records, said.append, QUICKLY)
    with pytest.raises(NotMade, match=f"{short} ended CANCELLED"):
        replay.judge(original, made)
    await world.sql("DELETE FROM jobs WHERE id = $1", waiting.id)
    with pytest.raises(NotMade, match="its rows were wiped"):
        await replay.until_over(short, records, said.append, QUICKLY)


async def test_an_operator_who_is_being_forgotten_makes_none(world: World, eva: Person) -> None:
    async with world.dispatchers():
        _, original = await completed(world, eva)
    await world.sql("INSERT INTO people (user_id, forget_at) VALUES (99, now())")
    with pytest.raises(NotMade, match="forgetting"):
        await replay.begin(original, INTO, world.intake, lambda _: None)
