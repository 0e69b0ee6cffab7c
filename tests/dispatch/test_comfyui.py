"""A dispatcher and a ComfyUI server: from the person's order to the picture in the chat, and what goes wrong between."""

from __future__ import annotations

import asyncio
import random
import subprocess
import sys
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest

from imgvid import config
from imgvid.catalog import Makes, modes
from imgvid.dispatch.health import Health
from imgvid.dispatch.loop import Dispatcher, Parts
from imgvid.dispatch.pace import Pace
from imgvid.dispatch.parcel import Packed, Parcel
from imgvid.dispatch.served import served
from imgvid.jobs.model import Input
from imgvid.sandbox.comfyui import World as Server
from imgvid.sandbox.comfyui import serve
from imgvid.sandbox.telegram import Person
from imgvid.store.backends import BackendStore
from imgvid.store.pool import Database, open_pool
from imgvid.telegram.budget import Budget
from imgvid.telegram.client import Telegram
from imgvid.telegram.outgoing import Kind, Outgoing
from tests.dispatch.world import FREELY, QUICK, TOKEN, Placed, Running, World, until
from tests.providers.comfy import left, memory_world
from tests.sandbox.comfyui.photos import landscape, png, portrait


async def as_it_is(parcel: Parcel) -> Packed:
    """A pack that changes nothing: media/parcel.py has tests of its own."""
    is_image = parcel.makes is Makes.IMAGE
    kind, name = (Kind.PHOTO, "image.png") if is_image else (Kind.VIDEO, "video.mp4")
    facts: dict[str, Any] = {} if is_image else {"duration_s": 10.0}
    return Packed(media=Outgoing(source=bytes(parcel.data), kind=kind, filename=name), facts=facts, recipe={})


@dataclass
class House:
    """The dispatchers' world with a ComfyUI server in it."""

    world: World
    server: Server

    async def order(self, person: Person, mode: str, photo: bytes | None = None, **params: Any) -> Placed:
        made = modes()[mode]
        inputs: tuple[Input, ...] = ()
        if photo is not None:
            sent = await person.send_document(photo)
            assert sent.media is not None
            inputs = (
                Input(
                    role="image",
                    file_id=sent.media.file_id,
                    file_unique_id="u",
                    kind="document",
                    message_id=sent.message_id,
                ),
            )
        return await self.world.order(
            person,
            mode=mode,
            lane=made.lane,
            backend="comfyui",
            inputs=inputs,
            params=params,
            run_for=timedelta(seconds=60),
        )

    @asynccontextmanager
    async def dispatcher(self, pace: Pace = QUICK, **environ: str) -> AsyncIterator[Running]:
        world = self.world
        database = Database(await open_pool(world.dsn, size=6, name="d"))
        http = httpx.AsyncClient(trust_env=False)
        telegram = Telegram(token=TOKEN, api_url=world.sim.url, http=http, call_timeout=pace.chat_call)
        given: Mapping[str, str] = {
            "DATABASE_URL": world.dsn,
            "TELEGRAM_BOT_TOKEN": TOKEN,
            "COMFYUI_API_URL": self.server.url,
            "COMFYUI_POLL_INTERVAL": "0.1",
            **environ,
        }
        settings = config.read(config.DispatcherSettings, given)
        serving = served(settings, http=http, read=lambda picture: telegram.read(file_id=picture.file_id))
        for one in serving:
            for lane, cap in one.lanes.items():
                await BackendStore(world.database).ensure(one.backend, lane, cap)
        parts = Parts(
            database=database,
            dsn=world.dsn,
            telegram=telegram,
            served=serving,
            pack=as_it_is,
            by="d",
            pace=pace,
            rng=random.Random(7),
            health=Health(),
        )
        stop = asyncio.Event()
        task = asyncio.create_task(Dispatcher(parts, budget=Budget(limits=FREELY)).run(stop))
        running = Running(stop=stop, task=task, database=database, http=http, health=parts.health)
        try:
            yield running
        finally:
            await running.end()

    async def is_clean(self) -> None:
        """Until nothing of anybody's is on the server: no entry, no bytes."""

        async def clean() -> bool:
            return not self.server.history and not self.server.remaining and not any(left(self.server).values())

        await until(clean, what="the server to hold nothing")


@pytest.fixture
async def house(world: World) -> AsyncIterator[House]:
    async with memory_world() as server:
        yield House(world=world, server=server)


async def shown(person: Person, kind: str) -> Any:
    def found(messages: list[Any]) -> Any:
        return next((m for m in messages if m.by == "bot" and not m.deleted and m.kind == kind), None)

    return await person.wait_for(found, timeout_s=20)


async def test_words_become_a_picture_in_the_same_message(house: House, eva: Person) -> None:
    async with house.dispatcher():
        job = await house.order(eva, "sdxl-t2i", aspect="1:1")
        message = await shown(eva, "photo")
        assert message.message_id == job.message_id
        await house.world.in_state(job, "COMPLETED")
        await house.is_clean()


async def test_of_several_faces_the_largest_moves_and_the_caption_says_so(house: House, eva: Person) -> None:
    two = png(portrait(480, 160, faces=((0.2, 0.4), (0.7, 0.7))))
    async with house.dispatcher():
        job = await house.order(eva, "liveportrait", two, seconds=10, expression="calm")
        await house.world.in_state(job, "COMPLETED", within_s=40)
        await house.world.shows(eva, "the largest one moves")
        await house.is_clean()


async def test_a_photo_without_a_face_is_told_what_to_send(house: House, eva: Person) -> None:
    async with house.dispatcher():
        job = await house.order(eva, "liveportrait", png(landscape()), seconds=10, expression="calm")
        await house.world.says(eva, "error-no-face")
        await house.world.in_state(job, "FAILED")
        assert await house.world.sql("SELECT error_code FROM jobs WHERE id = $1", job.id) == "no_face"
        await house.is_clean()


async def test_on_a_disk_nothing_is_sent_and_nothing_is_lost(
    house: House, eva: Person, tmp_path: Path, lines: list[dict[str, Any]]
) -> None:
    async with serve(tmp_path) as on_disk:
        house.server = on_disk
        memory = tuple(word.replace(str(tmp_path), "/dev/shm/comfyui") for word in on_disk.argv)
        async with house.dispatcher():
            job = await house.order(eva, "sdxl-t2i", aspect="1:1")
            reason = "SELECT pause_reason FROM backends WHERE backend = 'comfyui' AND lane = 'image'"

            async def paused() -> bool:
                return bool(await house.world.sql(reason) == "unsafe_disk")

            await until(paused, what="the pause")
            assert await house.world.state(job) == "QUEUED"
            assert on_disk.history == {}
            on_disk.argv = memory  # the operator starts it anew
            await house.world.in_state(job, "COMPLETED")
            assert await house.world.sql("SELECT tries_ours + tries_own FROM jobs WHERE id = $1", job.id) == 0
    said = [line for line in lines if line["event"] == "backend.paused"]
    assert [line["reason"] for line in said] == ["unsafe_disk"]
    assert "--temp-directory /dev/shm/comfyui" in said[0]["said"]


async def test_out_of_memory_is_told_and_leaves_nothing(house: House, eva: Person, lines: list[dict[str, Any]]) -> None:
    house.server.faults.add(at="node:KSampler", kind="raise", error="oom", times=0)
    async with house.dispatcher():
        job = await house.order(eva, "sdxl-t2i", aspect="1:1")
        await house.world.says(eva, "error-out-of-memory")
        await house.world.in_state(job, "FAILED")
        await house.is_clean()
    closing = [line for line in lines if line["event"] == "job.closing"]
    assert [(line["code"], line["log_level"]) for line in closing] == [("out_of_memory", "error")]


async def test_a_missing_node_is_loud_and_not_tried_again(
    house: House, eva: Person, lines: list[dict[str, Any]]
) -> None:
    house.server.without.add("LivePortraitProcess")
    async with house.dispatcher():
        job = await house.order(eva, "liveportrait", png(portrait()), seconds=10, expression="nod")
        await house.world.says(eva, "error-node-missing")
        await house.world.in_state(job, "FAILED")
    (closing,) = [line for line in lines if line["event"] == "job.closing"]
    assert (closing["code"], closing["log_level"]) == ("node_missing", "error")
    assert "LivePortraitProcess" in closing["said"]


def test_a_dispatcher_that_serves_it_loads_no_codec_and_no_second_http_library() -> None:
    code = (
        "import sys, imgvid.dispatch.served; print([m for m in ('aiohttp', 'PIL', 'av', 'numpy') if m in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


async def test_a_server_that_was_started_again_in_the_middle_makes_it_once_more(house: House, eva: Person) -> None:
    house.server.faults.add(at="node:KSampler", kind="restart")
    async with house.dispatcher():
        job = await house.order(eva, "sdxl-t2i", aspect="1:1")
        await shown(eva, "photo")
        await house.world.in_state(job, "COMPLETED")
        assert await house.world.sql("SELECT attempt FROM jobs WHERE id = $1", job.id) == 2
        await house.is_clean()


async def test_a_cancel_ends_the_run_and_nothing_stays(house: House, eva: Person) -> None:
    house.server.faults.add(at="node:KSampler", kind="slow", steps=3000, step_s=0.01)
    async with house.dispatcher():
        job = await house.order(eva, "sdxl-t2i", aspect="1:1")
        await house.world.in_state(job, "RUNNING")
        await house.world.sql("SELECT wish_cancel($1, $2)", job.id, eva.user_id)
        await house.world.in_state(job, "CANCELLED")
        await house.is_clean()


async def test_two_lanes_share_one_server(house: House, eva: Person) -> None:
    house.server.faults.add(at="node:LivePortraitProcess", kind="slow", steps=60, step_s=0.01)
    async with house.dispatcher(replace(QUICK, busy_wait=timedelta(milliseconds=50))):
        video = await house.order(eva, "liveportrait", png(portrait()), seconds=10, expression="calm")
        image = await house.order(eva, "sdxl-t2i", aspect="1:1")
        await house.world.in_state(video, "COMPLETED", within_s=40)
        await house.world.in_state(image, "COMPLETED", within_s=40)
        tries = "SELECT sum(tries_ours + tries_own) FROM jobs"
        assert await house.world.sql(tries) == 0, "who waits for the server uses up no try"
        await house.is_clean()
