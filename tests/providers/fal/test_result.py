"""Fetching from Fal: the answer, the file behind it, and everything that may break on the way."""

from __future__ import annotations

import asyncio
import json
import logging
import traceback
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from datetime import timedelta
from typing import Any

import httpx
import pytest

from imgvid import log
from imgvid.jobs.errors import Code
from imgvid.providers.base import (
    Busy,
    NotFound,
    OutOfFunds,
    ProviderError,
    Rejected,
    RequestId,
    Unauthorized,
    Unreachable,
)
from imgvid.providers.fal import result as results
from tests.providers.fal.falscript import (
    KEY,
    MEDIA,
    PNG,
    PROMPT,
    QUEUE,
    REQUEST,
    Fal,
    answer,
    flat,
    model_error,
    page,
    provider,
)
from tests.providers.fal.test_verdicts import MODEL_ERRORS

BASE = f"{QUEUE}/fal-ai/flux/requests/{REQUEST}"
LINE = RequestId(f"fal-ai/flux/schnell {REQUEST} {BASE} /status /cancel /response")
FILE = f"{MEDIA}/files/elephant/private-picture.png"
IMAGE = {"images": [{"url": FILE, "width": 8, "height": 8, "content_type": "image/png"}], "seed": 99, "prompt": PROMPT,
         "has_nsfw_concepts": [False], "timings": {}}  # fmt: skip
VIDEO = {"video": {"url": FILE, "content_type": "video/mp4", "file_name": "out.mp4", "file_size": len(PNG)}}


def finished(body: object = IMAGE, file: Any = None, **headers: str) -> Fal:
    fal = Fal().on("GET", f"{BASE}/response", answer(200, body, **headers))
    return fal.on("GET", FILE, httpx.Response(200, content=PNG) if file is None else file)


async def taken(fal: Fal) -> bytes:
    async with provider(fal).fetch(LINE) as result:
        return b"".join([piece async for piece in result.pieces])


async def test_a_picture_with_what_would_make_it_again() -> None:
    fal = finished(x_fal_billable_units="2")
    async with provider(fal).fetch(LINE) as result:
        assert result.size == len(PNG)
        assert result.media_type == "image/png"
        assert dict(result.recipe) == {
            "model": "fal-ai/flux/schnell", "request": REQUEST, "seed": 99, "billable_units": "2",
        }  # fmt: skip
        assert b"".join([piece async for piece in result.pieces]) == PNG
    asked, file = fal.calls
    assert asked.headers["authorization"] == f"Key {KEY}"
    assert "authorization" not in file.headers
    assert not any(name.startswith("x-fal") for name in file.headers)


async def test_a_video_and_its_size() -> None:
    async with provider(finished(VIDEO)).fetch(LINE) as result:
        assert result.size == len(PNG)
        assert dict(result.recipe) == {"model": "fal-ai/flux/schnell", "request": REQUEST}
    assert await taken(finished(VIDEO)) == PNG


async def test_a_blackened_picture_is_the_safety_filters_and_is_not_even_loaded() -> None:
    fal = finished({**IMAGE, "has_nsfw_concepts": [True]})
    with pytest.raises(Rejected) as caught:
        await taken(fal)
    assert caught.value.failure is Code.CONTENT_POLICY
    assert len(fal.calls) == 1


@pytest.mark.parametrize("body", [
    {"images": []}, {"images": None}, {"images": ["x"]}, {"images": [{}]}, {"images": [{"url": 7}]}, {"video": {}}, {"video": None},
    {"images": [{"url": "data:image/png;base64,AAAA"}]}, {"images": [{"url": "file:///etc/passwd"}]}, {"description": "words"},
])  # fmt: skip
async def test_an_answer_without_a_file(body: object) -> None:
    with pytest.raises(Rejected) as caught:
        await taken(finished(body))
    assert caught.value.failure is Code.NO_MEDIA


@pytest.mark.parametrize(("kind", "status", "code"), MODEL_ERRORS)
async def test_a_failure_that_is_shown_only_now(kind: str, status: int, code: Code) -> None:
    fal = Fal().on("GET", f"{BASE}/response", answer(status, model_error(kind, "image_url")))
    with pytest.raises(Rejected) as caught:
        await taken(fal)
    assert caught.value.failure is code
    assert "body.image_url" in caught.value.detail
    assert PROMPT not in str(caught.value)


@pytest.mark.parametrize(("said", "raised"), [
    (answer(404, {"status": "NOT_FOUND"}), NotFound), (answer(404, {"detail": "Not found"}), NotFound), (answer(410, {}), NotFound),
    (answer(400, {"detail": "Request is still in progress"}), Unreachable), (answer(202, {"status": "IN_PROGRESS"}), Unreachable),
    (page(502), Unreachable), (page(200), Unreachable), (answer(500, {"detail": "words"}), Unreachable),
    (httpx.ReadTimeout("x"), Unreachable), (answer(429, flat("concurrent_requests_limit")), Busy), (answer(401, {}), Unauthorized),
    (answer(403, {"detail": "User is locked. Reason: TOP_UP."}), OutOfFunds),
    (answer(500, flat("internal_error")), Rejected), (answer(422, {"detail": f"no {PROMPT}"}), Rejected),
])  # fmt: skip
async def test_what_the_answer_may_be_instead(said: Any, raised: type[ProviderError]) -> None:
    fal = Fal().on("GET", f"{BASE}/response", said)
    with pytest.raises(ProviderError) as caught:
        await taken(fal)
    assert type(caught.value) is raised
    assert PROMPT not in str(caught.value)
    assert len(fal.calls) == (3 if raised is Unreachable else 1)


@pytest.mark.parametrize(("said", "raised"), [
    (page(404), NotFound), (page(410), NotFound), (page(403), NotFound), (answer(429, {}, retry_after="3"), Busy),
    (page(500), Unreachable), (httpx.ConnectError("x"), Unreachable), (httpx.ReadTimeout("x"), Unreachable), (page(206), Unreachable),
    (httpx.Response(200, headers={"Content-Length": "0"}), Rejected), (httpx.Response(200, content=b""), Unreachable),
])  # fmt: skip
async def test_what_the_file_may_be_instead(said: Any, raised: type[ProviderError]) -> None:
    with pytest.raises(ProviderError) as caught:
        await taken(finished(file=said))
    assert type(caught.value) is raised
    text = "".join(traceback.format_exception(caught.value))
    assert FILE not in text
    assert "private-picture" not in text


async def test_a_file_that_moved_is_followed_without_the_key() -> None:
    fal = finished(file=httpx.Response(307, headers={"location": f"{MEDIA}/files/there.png"}))
    fal.on("GET", f"{MEDIA}/files/there.png", httpx.Response(200, content=PNG))
    assert await taken(fal) == PNG
    assert "authorization" not in fal.calls[-1].headers


async def test_an_error_of_the_reader_is_the_readers() -> None:
    with pytest.raises(httpx.ReadTimeout):
        async with provider(finished()).fetch(LINE):
            raise httpx.ReadTimeout("of another server")


async def test_it_may_be_fetched_again() -> None:
    fal = finished()
    assert [await taken(fal) for _ in range(2)] == [PNG, PNG]


async def test_no_log_line_tells_the_files_address(caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.DEBUG):
        await taken(finished())
    assert "private-picture" not in log.mask(caplog.text)
    assert KEY not in caplog.text


# -- over a real socket, where a body can end too early


@asynccontextmanager
async def serving(reply: Callable[[str], bytes | tuple[bytes, bool]]) -> AsyncIterator[str]:
    """A server that answers raw bytes by path and closes the connection; yields its address."""

    handling: set[asyncio.Task[None] | None] = set()

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        handling.add(asyncio.current_task())
        with suppress(ConnectionError):
            head = await reader.readuntil(b"\r\n\r\n")
            said = reply(head.split(b" ")[1].decode())
            writer.write(said if isinstance(said, bytes) else said[0])
            await writer.drain()
            if not isinstance(said, bytes) and said[1]:
                await reader.read()  # until the other side gives up
        writer.close()

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    async with server:
        host, port = server.sockets[0].getsockname()
        yield f"http://{host}:{port}"
    await asyncio.gather(*(task for task in handling if task is not None))


def http(body: bytes, *headers: str) -> bytes:
    return "\r\n".join(["HTTP/1.1 200 OK", "Connection: close", *headers, "", ""]).encode() + body


@asynccontextmanager
async def broken_file(file: bytes | tuple[bytes, bool], size: int | None = None) -> AsyncIterator[Any]:
    """A provider at a server whose file is these raw bytes."""
    address: list[str] = []

    def reply(path: str) -> bytes | tuple[bytes, bool]:
        if path.endswith("/response"):
            video = {"url": f"{address[0]}/file", "content_type": "video/mp4", "file_size": size}
            data = json.dumps({"video": video}).encode()
            return http(data, f"Content-Length: {len(data)}")
        return file

    async with serving(reply) as url, httpx.AsyncClient(trust_env=False) as client:
        address.append(url)
        line = RequestId(f"fal-ai/flux/schnell {REQUEST} {url}/r /status /cancel /response")
        yield provider(Fal(), client=client, queue_url=url).fetch(line)


@pytest.mark.parametrize(("file", "size"), [
    (http(b"12345", "Content-Length: 10"), None),
    (http(b"5\r\n12345\r\n", "Transfer-Encoding: chunked"), None),
    (http(b"12345"), 10),
])  # fmt: skip
async def test_a_file_that_breaks_off_is_tried_again(file: bytes, size: int | None) -> None:
    async with broken_file(file, size) as fetching:
        with pytest.raises(Unreachable) as caught:
            async with fetching as result:
                _ = [piece async for piece in result.pieces]
    assert "/file" not in str(caught.value)


@pytest.mark.parametrize(("file", "size", "told"), [
    (http(b"12345", "Content-Length: 5"), 77, 5),
    (http(b"5\r\n12345\r\n0\r\n\r\n", "Transfer-Encoding: chunked"), 77, 77),
    (http(b"12345"), 5, 5),
    (http(b"12345"), None, None),
])  # fmt: skip
async def test_a_whole_file_in_every_form(file: bytes, size: int | None, told: int | None) -> None:
    async with broken_file(file, size) as fetching, fetching as result:
        assert result.size == told
        assert b"".join([piece async for piece in result.pieces]) == b"12345"


async def test_leaving_early_closes_the_connection() -> None:
    """The server waits for the end of the connection; httpx closes its generators in tasks of their own."""
    before = asyncio.all_tasks()
    async with broken_file((http(b"1" * 200_000, "Content-Length: 400000"), True)) as fetching, fetching as result:
        async for piece in result.pieces:
            assert piece
            break
    while asyncio.all_tasks() - before:
        await asyncio.sleep(0)


async def test_a_file_that_trickles_is_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(results, "MEDIA_TOTAL", timedelta(seconds=-1))
    async with broken_file(http(b"12345", "Content-Length: 5")) as fetching:
        with pytest.raises(Unreachable, match="did not arrive"):
            async with fetching as result:
                _ = [piece async for piece in result.pieces]
