"""Reading files: bytes arrive whole or not at all, and only what may help is repeated."""

from __future__ import annotations

import asyncio
from datetime import timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest
from aiohttp import web

from imgvid.telegram import errors
from imgvid.telegram.call import Wire
from imgvid.telegram.client import Telegram
from imgvid.telegram.download import Downloads

BYTES = bytes(range(256)) * 2000


@pytest.fixture
def located(answers: Any) -> Any:
    return answers.ok({"file_id": "F", "file_size": len(BYTES), "file_path": "photos/file_1.jpg"})


async def test_the_bytes_arrive(telegram: Telegram, bot_api: Any, answers: Any, located: Any, tmp_path: Path) -> None:
    bot_api.answer(located, answers.raw(200, BYTES))
    assert await telegram.download(file_id="F", into=tmp_path / "in.jpg") == len(BYTES)
    assert (tmp_path / "in.jpg").read_bytes() == BYTES
    assert bot_api.seen[0].params == {"file_id": "F"}


async def test_a_lost_path_and_a_cut_body_are_tried_again(
    telegram: Telegram, bot_api: Any, answers: Any, located: Any, tmp_path: Path
) -> None:
    async def half(request: web.Request, _seen: Any) -> web.StreamResponse:
        response = web.StreamResponse(headers={"Content-Length": str(len(BYTES))})
        await response.prepare(request)
        await response.write(BYTES[: len(BYTES) // 2])
        assert request.transport is not None
        request.transport.abort()
        return response

    bot_api.answer(located, answers.raw(404, b""), located, half, located, answers.raw(200, BYTES))
    assert await telegram.download(file_id="F", into=tmp_path / "in.jpg") == len(BYTES)
    assert (tmp_path / "in.jpg").read_bytes() == BYTES


async def test_bytes_for_memory_alone_begin_anew_with_each_try(
    telegram: Telegram, bot_api: Any, answers: Any, located: Any
) -> None:
    async def half(request: web.Request, _seen: Any) -> web.StreamResponse:
        response = web.StreamResponse(headers={"Content-Length": str(len(BYTES))})
        await response.prepare(request)
        await response.write(BYTES[: len(BYTES) // 2])
        assert request.transport is not None
        request.transport.abort()
        return response

    bot_api.answer(located, half, located, answers.raw(200, BYTES))
    assert await telegram.read(file_id="F") == BYTES
    bot_api.answer(located, answers.raw(200, BYTES))
    with pytest.raises(errors.FileTooBig):
        await telegram.read(file_id="F", max_bytes=len(BYTES) - 1)


async def test_a_temporary_failure_is_tried_again_and_a_permanent_one_is_not(
    telegram: Telegram, bot_api: Any, answers: Any, located: Any, tmp_path: Path
) -> None:
    for_now = answers.no(400, "Bad Request: wrong file_id or the file is temporarily unavailable")
    bot_api.answer(for_now, located, answers.raw(200, BYTES))
    assert await telegram.download(file_id="F", into=tmp_path / "in.jpg") == len(BYTES)
    bot_api.seen.clear()
    bot_api.answer(for_now)
    with pytest.raises(errors.FileUnavailable):
        await telegram.get_file_path(file_id="F")
    assert len(bot_api.seen) == 4
    bot_api.seen.clear()
    bot_api.answer(answers.no(400, "Bad Request: invalid file_id"))
    with pytest.raises(errors.FileUnavailable):
        await telegram.get_file_path(file_id="F")
    assert len(bot_api.seen) == 1


async def test_a_flood_is_waited_out_to_the_second(
    telegram: Telegram, bot_api: Any, answers: Any, located: Any, time: Any
) -> None:
    bot_api.answer(answers.no(429, "Too Many Requests: retry after 17", retry_after=17), located)
    assert await telegram.get_file_path(file_id="F") == "photos/file_1.jpg"
    assert time.slept_s == [17.0]


async def test_a_long_flood_is_the_callers_to_plan(telegram: Telegram, bot_api: Any, answers: Any, time: Any) -> None:
    bot_api.answer(answers.no(429, "Too Many Requests: retry after 900", retry_after=900))
    with pytest.raises(errors.Flood):
        await telegram.get_file_path(file_id="F")
    assert time.slept_s == []


@pytest.mark.parametrize("told", [True, False])
async def test_a_file_above_the_limit_is_refused_and_leaves_nothing(
    telegram: Telegram, bot_api: Any, answers: Any, tmp_path: Path, told: bool
) -> None:
    found = {"file_id": "F", "file_path": "documents/file_1.png"} | ({"file_size": len(BYTES)} if told else {})
    bot_api.answer(answers.ok(found), answers.raw(200, BYTES))
    with pytest.raises(errors.FileTooBig):
        await telegram.download(file_id="F", into=tmp_path / "in.png", max_bytes=len(BYTES) - 1)
    assert len(bot_api.seen) == (1 if told else 2)
    assert list(tmp_path.iterdir()) == []


async def test_telegrams_own_limit(telegram: Telegram, bot_api: Any, answers: Any, tmp_path: Path) -> None:
    bot_api.answer(answers.no(400, "Bad Request: file is too big"))
    with pytest.raises(errors.FileTooBig):
        await telegram.download(file_id="F", into=tmp_path / "in.png")
    assert len(bot_api.seen) == 1


async def test_a_failed_download_leaves_nothing(
    telegram: Telegram, bot_api: Any, answers: Any, located: Any, tmp_path: Path
) -> None:
    bot_api.answer(
        located, answers.hang_up(), located, answers.hang_up(), located, answers.hang_up(), located, answers.hang_up()
    )
    with pytest.raises(errors.OutcomeUnknown):
        await telegram.download(file_id="F", into=tmp_path / "in.png")
    assert list(tmp_path.iterdir()) == []


async def test_a_file_that_drips_is_given_up(
    bot_api: Any, located: Any, http: httpx.AsyncClient, time: Any, tmp_path: Path
) -> None:
    done = asyncio.Event()

    async def drip(request: web.Request, _seen: Any) -> web.StreamResponse:
        response = web.StreamResponse()
        await response.prepare(request)
        await response.write(b"x")
        await done.wait()
        return response

    bot_api.answer(*[located, drip] * 4)
    wire = Wire(token="42:secret", api_url=bot_api.url, http=http)
    downloads = Downloads(
        wire=wire, http=http, timeout=timedelta(seconds=30), sleep=time.skip, total=timedelta(milliseconds=30)
    )
    with pytest.raises(errors.OutcomeUnknown, match="not done within"):
        await downloads.fetch("F", into=tmp_path / "in.png", max_bytes=1 << 20)
    done.set()
    assert list(tmp_path.iterdir()) == []
