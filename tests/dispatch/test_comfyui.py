"""A dispatcher and a ComfyUI server: from the person's order to the picture in the chat, and what goes wrong between."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import AsyncIterator
from dataclasses import dataclass, replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from imgvid.dispatch.pace import Pace
from imgvid.sandbox.comfyui import World as Server
from imgvid.sandbox.comfyui import serve
from imgvid.sandbox.telegram import Person
from tests.dispatch.house import House, shown
from tests.dispatch.world import QUICK, Running, World, until
from tests.providers.comfy import left, memory_world
from tests.sandbox.comfyui.photos import landscape, png, portrait


@dataclass
class Comfy(House):
    """A house with a ComfyUI server in it."""

    server: Server = None  # type: ignore[assignment]

    async def start(self, pace: Pace = QUICK, *, by: str = "d", **environ: str) -> Running:
        address = {"COMFYUI_API_URL": self.server.url, "COMFYUI_POLL_INTERVAL": "0.1"}
        return await super().start(pace, by=by, **address, **environ)

    async def is_clean(self) -> None:
        """Until nothing of anybody's is on the server: no entry, no bytes."""

        async def clean() -> bool:
            return not self.server.history and not self.server.remaining and not any(left(self.server).values())

        await until(clean, what="the server to hold nothing")


@pytest.fixture
async def house(world: World) -> AsyncIterator[Comfy]:
    async with memory_world() as server:
        yield Comfy(world=world, server=server)


async def test_words_become_a_picture_in_the_same_message(house: Comfy, eva: Person) -> None:
    async with house.dispatcher():
        job = await house.order(eva, "sdxl-t2i", aspect="1:1")
        message = await shown(eva, "photo")
        assert message.message_id == job.message_id
        await house.world.in_state(job, "COMPLETED")
        await house.is_clean()


async def test_of_several_faces_the_largest_moves_and_the_caption_says_so(house: Comfy, eva: Person) -> None:
    two = png(portrait(480, 160, faces=((0.2, 0.4), (0.7, 0.7))))
    async with house.dispatcher():
        job = await house.order(eva, "liveportrait", two, seconds=10, expression="calm")
        await house.world.in_state(job, "COMPLETED", within_s=40)
        await house.world.shows(eva, "the largest one moves")
        await house.is_clean()


async def test_a_photo_without_a_face_is_told_what_to_send(house: Comfy, eva: Person) -> None:
    async with house.dispatcher():
        job = await house.order(eva, "liveportrait", png(landscape()), seconds=10, expression="calm")
        await house.world.says(eva, "error-no-face")
        await house.world.in_state(job, "FAILED")
        assert await house.world.sql("SELECT error_code FROM jobs WHERE id = $1", job.id) == "no_face"
        await house.is_clean()


async def test_on_a_disk_nothing_is_sent_and_nothing_is_lost(
    house: Comfy, eva: Person, tmp_path: Path, lines: list[dict[str, Any]]
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


async def test_out_of_memory_is_told_and_leaves_nothing(house: Comfy, eva: Person, lines: list[dict[str, Any]]) -> None:
    house.server.faults.add(at="node:KSampler", kind="raise", error="oom", times=0)
    async with house.dispatcher():
        job = await house.order(eva, "sdxl-t2i", aspect="1:1")
        await house.world.says(eva, "error-out-of-memory")
        await house.world.in_state(job, "FAILED")
        await house.is_clean()
    closing = [line for line in lines if line["event"] == "job.closing"]
    assert [(line["code"], line["log_level"]) for line in closing] == [("out_of_memory", "error")]


async def test_a_missing_node_is_loud_and_not_tried_again(
    house: Comfy, eva: Person, lines: list[dict[str, Any]]
) -> None:
    house.server.without.add("LivePortraitProcess")
    async with house.dispatcher():
        job = await house.order(eva, "liveportrait", png(portrait()), seconds=10, expression="nod")
        await house.world.says(eva, "error-node-missing")
        await house.world.in_state(job, "FAILED")
    (closing,) = [line for line in lines if line["event"] == "job.closing"]
    assert (closing["code"], closing["log_level"]) == ("node_missing", "error")
    assert "LivePortraitProcess" in closing["said"]


async def test_a_server_that_was_started_again_in_the_middle_makes_it_once_more(house: Comfy, eva: Person) -> None:
    house.server.faults.add(at="node:KSampler", kind="restart")
    async with house.dispatcher():
        job = await house.order(eva, "sdxl-t2i", aspect="1:1")
        await shown(eva, "photo")
        await house.world.in_state(job, "COMPLETED")
        assert await house.world.sql("SELECT attempt FROM jobs WHERE id = $1", job.id) == 2
        await house.is_clean()


async def test_a_cancel_ends_the_run_and_nothing_stays(house: Comfy, eva: Person) -> None:
    house.server.faults.add(at="node:KSampler", kind="slow", steps=3000, step_s=0.01)
    async with house.dispatcher():
        job = await house.order(eva, "sdxl-t2i", aspect="1:1")
        await house.world.in_state(job, "RUNNING")
        await house.world.sql("SELECT wish_cancel($1, $2)", job.id, eva.user_id)
        await house.world.in_state(job, "CANCELLED")
        await house.is_clean()


async def test_two_lanes_share_one_server(house: Comfy, eva: Person) -> None:
    house.server.faults.add(at="node:LivePortraitProcess", kind="slow", steps=60, step_s=0.01)
    async with house.dispatcher(replace(QUICK, busy_wait=timedelta(milliseconds=50))):
        video = await house.order(eva, "liveportrait", png(portrait()), seconds=10, expression="calm")
        image = await house.order(eva, "sdxl-t2i", aspect="1:1")
        await house.world.in_state(video, "COMPLETED", within_s=40)
        await house.world.in_state(image, "COMPLETED", within_s=40)
        tries = "SELECT sum(tries_ours + tries_own) FROM jobs"
        assert await house.world.sql(tries) == 0, "who waits for the server uses up no try"
        await house.is_clean()


def test_a_dispatcher_that_serves_it_loads_no_codec_and_no_second_http_library() -> None:
    names = ("aiohttp", "PIL", "av", "numpy")
    code = f"import sys, imgvid.dispatch.served; print([name for name in {names} if name in sys.modules])"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
