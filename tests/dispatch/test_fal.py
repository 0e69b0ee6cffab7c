"""A dispatcher and Fal: from the person's order to the picture or video in the chat, and what goes wrong between."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import pytest

from imgvid.dispatch.pace import Pace
from imgvid.jobs.retry import OWN_TRIES
from imgvid.sandbox.fal import Fal, Life, serve
from imgvid.sandbox.fal.rules import Rules
from imgvid.sandbox.telegram import Person
from tests.dispatch.house import House, shown
from tests.dispatch.world import QUICK, Running, World, ms, until
from tests.media.scenes import blob, painted, recompressed, scene

KEY = "key-id:key-secret-of-the-stand-in"
PHOTO = scene(960, 640, seed=4)


@dataclass
class FalHouse(House):
    """A house whose pictures and videos Fal makes."""

    fal: Fal = None  # type: ignore[assignment]

    async def start(self, pace: Pace = QUICK, *, by: str = "d", **environ: str) -> Running:
        fal = {"FAL_API_KEY": KEY, "FAL_QUEUE_BASE_URL": self.fal.url, "FAL_STORAGE_URL": self.fal.url}
        return await super().start(pace, by=by, **fal, VIDEO_POLL_INTERVAL="0.1", **environ)

    @property
    def submits(self) -> int:
        return len([call for call in self.fal.calls if call.op == "submit"])

    def trouble(self, **fault: Any) -> None:
        self.fal.faults.add(fault)

    async def code(self, job: Any) -> str | None:
        found: str | None = await self.world.sql("SELECT error_code FROM jobs WHERE id = $1", job.id)
        return found


@pytest.fixture
async def house(world: World) -> AsyncIterator[FalHouse]:
    async with serve(key=KEY, rules=Rules(picture_s=0, video_s=0)) as fal:
        yield FalHouse(world=world, fal=fal)


# -- every mode to its message


@pytest.mark.parametrize("quality", ["standard", "premium"])
async def test_words_become_a_picture_in_the_same_message(house: FalHouse, eva: Person, quality: str) -> None:
    async with house.dispatcher():
        job = await house.order(eva, "image", quality=quality)
        message = await shown(eva, "photo")
        await house.world.in_state(job, "COMPLETED")
    assert message.message_id == job.message_id
    assert len(await house.world.bot_messages(eva)) == 1
    assert house.submits == 1


@pytest.mark.parametrize("masked", [True, False])
async def test_a_photo_is_changed(house: FalHouse, eva: Person, masked: bool) -> None:
    photos = [recompressed(PHOTO)] + [recompressed(painted(PHOTO, blob(PHOTO.size)))] * masked
    async with house.dispatcher():
        job = await house.order(eva, "image-edit", *photos, mask=masked)
        assert (await shown(eva, "photo")).message_id == job.message_id
        await house.world.in_state(job, "COMPLETED")
    (order,) = house.fal.orders.values()
    assert ("fill" in order.endpoint) == masked


@pytest.mark.parametrize("mode", ["video", "photo-video"])
async def test_a_video_with_a_line_to_read_meanwhile(house: FalHouse, eva: Person, mode: str) -> None:
    photos = [recompressed(PHOTO)] if mode == "photo-video" else []
    async with house.dispatcher():
        job = await house.order(eva, mode, *photos)
        assert (await shown(eva, "video")).message_id == job.message_id
        await house.world.in_state(job, "COMPLETED")


async def test_a_result_as_a_file_and_one_under_a_veil(house: FalHouse, eva: Person) -> None:
    async with house.dispatcher():
        await house.order(eva, "image", as_file=True)
        assert (await shown(eva, "document")).media.mime_type == "image/png"
        veiled = await house.order(eva, "image-edit", recompressed(PHOTO), mask=False, spoiler=True)
        await house.world.in_state(veiled, "COMPLETED")
        assert (await shown(eva, "photo")).media.spoiler


# -- what Fal does not make


@pytest.mark.parametrize(("fault", "code", "text"), [
    ({"kind": "nsfw"}, "content_policy", "error-content-policy"),
    ({"kind": "error", "type": "content_policy_violation"}, "content_policy", "error-content-policy"),
    ({"kind": "error", "type": "invalid_request"}, "input_refused", "error-input-refused"),
    ({"kind": "error", "type": "no_media_generated", "times": 0}, "no_media", "error-no-media"),
])  # fmt: skip
async def test_a_refusal_is_told_once_and_politely(
    house: FalHouse, eva: Person, fault: dict[str, Any], code: str, text: str
) -> None:
    house.trouble(op="run", **fault)
    async with house.dispatcher():
        job = await house.order(eva, "image")
        await house.world.says(eva, text)
        await house.world.in_state(job, "FAILED")
    assert await house.code(job) == code
    assert house.submits == (1 if code != "no_media" else OWN_TRIES)


async def test_trouble_at_fal_is_tried_again_and_counted(house: FalHouse, eva: Person) -> None:
    house.trouble(op="run", kind="error", type="runner_disconnected", times=2)
    async with house.dispatcher():
        job = await house.order(eva, "image")
        await house.world.in_state(job, "COMPLETED")
    assert await house.world.sql("SELECT attempt FROM jobs WHERE id = $1", job.id) == 3
    assert [order.runs for order in house.fal.orders.values()] == [1, 1, 1]


async def test_a_submit_whose_answer_was_lost_is_never_sent_again(
    house: FalHouse, eva: Person, lines: list[dict[str, Any]]
) -> None:
    house.trouble(op="submit", kind="drop_after")
    async with house.dispatcher():
        job = await house.order(eva, "image")
        await house.world.says(eva, "error-unanswered")
        await house.world.in_state(job, "FAILED")
    assert (await house.code(job), house.submits, len(house.fal.orders)) == ("unanswered", 1, 1)
    closing = [line for line in lines if line["event"] == "job.closing"]
    assert [line["code"] for line in closing] == ["unanswered"]


async def test_nobody_began_in_time(house: FalHouse, eva: Person) -> None:
    house.fal.rules = house.fal.rules.changed({"concurrency": 0})
    async with house.dispatcher():
        job = await house.order(eva, "image")
        await house.world.in_state(job, "SUBMITTED")
        house.fal.clock.advance(121)

        async def again() -> bool:
            return house.submits == 2

        await until(again, what="a second submit")
        house.fal.rules = house.fal.rules.changed({"concurrency": 2})
        await house.world.in_state(job, "COMPLETED")


async def test_who_waits_too_long_is_told_and_fal_is_told_too(house: FalHouse, eva: Person) -> None:
    house.trouble(op="run", kind="hang")
    async with house.dispatcher(VIDEO_MAX_WAIT_SEC="5"):
        job = await house.order(eva, "video")
        await house.world.says(eva, "error-wait-exceeded")
        await house.world.in_state(job, "FAILED")
        (order,) = house.fal.orders.values()

        async def told() -> bool:
            return order.cancelled is not None

        await until(told, what="Fal to be told")
    assert await house.code(job) == "wait_exceeded"


async def test_a_result_that_is_gone_is_made_again(house: FalHouse, eva: Person) -> None:
    house.trouble(op="media", kind="not_found")
    async with house.dispatcher():
        job = await house.order(eva, "image")
        await house.world.in_state(job, "COMPLETED")
    assert house.submits == 2


async def test_a_broken_download_is_fetched_again_and_not_made_again(house: FalHouse, eva: Person) -> None:
    house.trouble(op="media", kind="truncate", times=2)
    async with house.dispatcher():
        job = await house.order(eva, "image")
        await house.world.in_state(job, "COMPLETED")
    assert (house.submits, await house.world.sql("SELECT attempt FROM jobs WHERE id = $1", job.id)) == (1, 1)


async def test_a_model_that_was_switched_off_has_a_successor(house: FalHouse, eva: Person) -> None:
    house.fal.lives["fal-ai/nano-banana"] = Life.GONE
    async with house.dispatcher():
        job = await house.order(eva, "image", quality="premium")
        await house.world.in_state(job, "COMPLETED")
    assert [order.endpoint for order in house.fal.orders.values()] == ["fal-ai/nano-banana", "google/nano-banana-2.1"]


async def test_an_empty_balance_closes_the_door_and_loses_nothing(
    house: FalHouse, eva: Person, lines: list[dict[str, Any]]
) -> None:
    house.fal.rules = house.fal.rules.changed({"locked": True})
    async with house.dispatcher():
        job = await house.order(eva, "image")

        async def paused() -> bool:
            reason = "SELECT pause_reason FROM backends WHERE backend = 'fal' AND lane = 'image'"
            return bool(await house.world.sql(reason) == "out_of_funds")

        await until(paused, what="the pause")
        await house.world.in_state(job, "QUEUED")
        house.fal.rules = house.fal.rules.changed({"locked": False})
        await house.world.in_state(job, "COMPLETED")
        assert await house.world.sql("SELECT tries_ours + tries_own FROM jobs WHERE id = $1", job.id) == 0
    assert "backend.paused" in [line["event"] for line in lines]


# -- the person's wish, and dispatchers that die


@pytest.mark.parametrize("state", ["SUBMITTED", "RUNNING"])
async def test_a_wish_ends_it_at_fal(house: FalHouse, eva: Person, state: str) -> None:
    house.fal.rules = house.fal.rules.changed({"concurrency": 0 if state == "SUBMITTED" else 1, "picture_s": 3600})
    async with house.dispatcher():
        job = await house.order(eva, "image")
        await house.world.in_state(job, state)
        await house.world.sql("SELECT wish_cancel($1, $2)", job.id, eva.user_id)
        await house.world.in_state(job, "CANCELLED")
    (order,) = house.fal.orders.values()
    assert order.cancelled


async def test_a_wish_while_the_file_is_fetched_keeps_it_out_of_the_chat(house: FalHouse, eva: Person) -> None:
    house.trouble(op="media", kind="delay", seconds=1, when="before")
    async with house.dispatcher():
        job = await house.order(eva, "image")
        await house.world.in_state(job, "DELIVERING")
        await house.world.sql("SELECT wish_cancel($1, $2)", job.id, eva.user_id)
        await house.world.in_state(job, "CANCELLED")
    assert {message.kind for message in await house.world.bot_messages(eva)} == {"text"}


async def test_a_dispatcher_that_died_while_it_fetched_is_followed_by_one_that_brings_it(
    house: FalHouse, eva: Person
) -> None:
    house.trouble(op="media", kind="hang")
    quick = Pace(**{name: getattr(QUICK, name) for name in Pace.__slots__} | {"delivery_claim": ms(600)})
    first = await house.start(quick, by="first")
    job = await house.order(eva, "image")

    async def fetching() -> bool:
        return any(call.op == "media" for call in house.fal.calls)

    await until(fetching, what="the first fetch")
    await first.kill()
    async with house.dispatcher(quick, by="second"):
        await house.world.in_state(job, "COMPLETED")
    assert house.submits == 1, "it was fetched again, not made again"
    assert [message.kind for message in await house.world.bot_messages(eva)] == ["photo"]


async def test_two_dispatchers_bring_ten_results_once_each(house: FalHouse, eva: Person) -> None:
    async with house.dispatcher(by="one"), house.dispatcher(by="two"):
        jobs = [await house.order(eva, "image") for _ in range(10)]
        for job in jobs:
            await house.world.in_state(job, "COMPLETED", within_s=timedelta(seconds=30).total_seconds())
    assert [message.kind for message in await house.world.bot_messages(eva)] == ["photo"] * 10
    assert house.submits == 10
