"""Answers that get lost, floods, a proxy's page, an upload too slow: never two videos, never silence."""

from __future__ import annotations

import pytest

from tests.faults.case import Case

pytestmark = [pytest.mark.slow, pytest.mark.timeout(100)]


async def test_a_placeholder_whose_answer_was_lost(case: Case) -> None:
    """The bot cannot know; announce sends one after 5 s. At worst one stale line of text stays."""
    dropped = await case.fault("drop", method="sendMessage")
    await case.send()
    await case.judge("COMPLETED", stale=1)
    assert await case.hits(dropped) == 1


async def test_an_upload_whose_answer_was_lost(case: Case) -> None:
    """The worker asks the message, sees the video, and does not send a second one."""
    await case.fault("drop", method="editMessageMedia")
    await case.send()
    (row,) = await case.judge("COMPLETED")
    assert row["attempt"] == 1
    assert (
        len([one for one in await case.sim.calls("editMessageMedia", chat_id=case.person.chat_id) if one["applied"]])
        == 1
    )


async def test_a_run_whose_answer_was_lost(case: Case) -> None:
    await case.runpod_fault("run", "drop_after")
    await case.send()
    (row,) = await case.judge("COMPLETED")
    assert (await case.runpod.get("/sim/faults")).json()["faults"] == []
    assert {one["input"]["job_id"] for one in await case.remote()} == {str(row["id"])}


async def test_a_flood_limit_at_every_write(case: Case) -> None:
    """429 with retry_after, for the placeholder, for a progress text and for the video itself."""
    for method in ("sendMessage", "editMessageText", "editMessageMedia"):
        await case.fault("429", method=method, retry_after=2)
    await case.send()
    (row,) = await case.judge("COMPLETED", stale=0)
    assert row["tries_own"] + row["tries_ours"] == 0
    refused = [one["method"] for one in await case.sim.calls(chat_id=case.person.chat_id) if one["status"] == 429]
    assert set(refused) == {"sendMessage", "editMessageText", "editMessageMedia"}


async def test_a_proxys_page_from_everybody(case: Case) -> None:
    """HTML 502 instead of an answer of Telegram's (for each method) and of RunPod's."""
    pages = [
        await case.fault("502", method=method) for method in ("sendMessage", "editMessageText", "editMessageMedia")
    ]
    await case.runpod_fault("run", "html", status=502)
    await case.runpod_fault("status", "html", status=502)
    await case.send()
    await case.judge("COMPLETED", stale=1)
    assert [await case.hits(page) for page in pages] == [1, 1, 1]
    assert (await case.runpod.get("/sim/faults")).json()["faults"] == []


async def test_an_upload_so_slow_that_its_job_was_given_up_meanwhile(case: Case) -> None:
    """RunPod forgets the job while its video is on the way: the message is retired, the old upload finds nothing to edit."""
    held = await case.fault("hold", method="editMessageMedia", times=1)
    await case.send()
    await case.sim.until_held(held, timeout_s=40)
    (first,) = await case.remote()
    await case.runpod.post(f"/sim/jobs/{first['id']}/forget")
    await case.until(lambda: _second(case), within_s=20, what="the next attempt")
    await case.sim.release(held)
    (row,) = await case.judge("COMPLETED")
    assert row["attempt"] == 2
    assert row["message_id"] != first["input"]["message_id"]


async def _second(case: Case) -> bool:
    return len(await case.remote()) == 2


async def test_the_same_update_delivered_twice(case: Case) -> None:
    twice = await case.fault("duplicate_update")
    await case.send()
    await case.until(lambda: case.hits(twice), what="the second delivery")
    await _after_everything_else(case)
    await case.judge("COMPLETED")


async def test_an_answer_of_get_updates_that_was_lost(case: Case) -> None:
    lost = await case.sim.fault("lost_updates_answer")
    await case.send()
    await case.until(lambda: case.hits(lost), what="the lost answer")
    await _after_everything_else(case)
    await case.judge("COMPLETED")


async def _after_everything_else(case: Case) -> None:
    """A chat's updates are handled in order: once this is answered, so is all before it."""
    await case.person.send_text("/ping")
    await case.person.bot_message(lambda one: one.text == "I am here.")
