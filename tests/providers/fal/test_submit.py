"""Submitting to Fal: what is sent, which model, and what each answer lets us conclude."""

from __future__ import annotations

import asyncio
import io
import json
import subprocess
import sys
import traceback
from datetime import timedelta
from typing import Any

import httpx
import pytest
import structlog
from PIL import Image

from imgvid import log
from imgvid.jobs.errors import Code
from imgvid.providers.base import (
    Broken,
    Busy,
    Fetching,
    OutcomeUnknown,
    OutOfFunds,
    Picture,
    Provider,
    ProviderError,
    Rejected,
    Unauthorized,
    Unreachable,
)
from imgvid.providers.fal import FalProvider, heads
from imgvid.providers.fal import submit as submitting
from imgvid.telegram.errors import FileTooBig, FileUnavailable, Flood
from imgvid.telegram.errors import OutcomeUnknown as TelegramUnknown
from tests.media.material import SECRET, chatty
from tests.media.scenes import blob, overlap, painted, recompressed, scene
from tests.providers.fal.falscript import (
    KEY,
    MEDIA,
    PROMPT,
    QUEUE,
    REQUEST,
    STORAGE,
    Fal,
    answer,
    flat,
    model_error,
    page,
    provider,
    queued,
    spec,
)

SCHNELL = f"{QUEUE}/fal-ai/flux/schnell"
PHOTO = scene(960, 640, seed=4)


async def give(picture: Picture) -> bytes:
    marked = recompressed(painted(PHOTO, blob(PHOTO.size)))
    return marked if picture.role == "mask" else chatty(PHOTO, "JPEG")


def test_it_is_a_provider_whose_result_we_fetch_and_tells_no_secret() -> None:
    made = provider(Fal())
    checked: Provider = made
    assert isinstance(made, Fetching)
    assert made.deadline_failure is Code.WAIT_EXCEEDED
    assert KEY not in repr(checked) + repr(made._queue)


async def test_a_submit_says_everything_that_fal_has_to_know() -> None:
    fal = Fal().accepts("fal-ai/flux/schnell")
    request_id = await provider(fal).submit(spec())
    assert (
        request_id == f"fal-ai/flux/schnell {REQUEST} {QUEUE}/fal-ai/flux/requests/{REQUEST} /status /cancel /response"
    )
    (sent,) = fal.calls
    assert json.loads(sent.content)["prompt"] == PROMPT
    assert {name: sent.headers[name] for name in sent.headers if name.startswith(("x-fal", "auth", "content-t"))} == {
        "authorization": f"Key {KEY}",
        "content-type": "application/json",
        "x-fal-no-retry": "1",
        "x-fal-request-timeout": "120",
        "x-fal-store-io": "0",
        "x-fal-object-lifecycle-preference": '{"expiration_duration_seconds": 1620}',  # 120 + 900 + 600 s
        "x-fal-object-lifecycle": '{"expiration_duration_seconds": 1620}',
    }


async def test_retention_is_said_with_every_call_that_carries_the_key() -> None:
    fal = Fal().stores().accepts("fal-ai/nano-banana/edit", app="fal-ai/nano-banana")
    fal_provider = provider(fal, read=give)
    request_id = await fal_provider.submit(spec("image-edit", "image"))
    base = f"{QUEUE}/fal-ai/nano-banana/requests/{REQUEST}"
    fal.on("GET", f"{base}/status", answer(202, queued("fal-ai/nano-banana")))
    fal.on("PUT", f"{base}/cancel", answer(202, {"status": "CANCELLATION_REQUESTED"}))
    await fal_provider.status(request_id)
    await fal_provider.cancel(request_id)
    keyed = [call for call in fal.calls if "authorization" in call.headers]
    assert [call.method for call in keyed] == ["POST", "POST", "GET", "PUT"]
    for call in keyed:
        assert call.headers["x-fal-store-io"] == "0"
        assert json.loads(call.headers["x-fal-object-lifecycle-preference"])["expiration_duration_seconds"] >= 1620


@pytest.mark.parametrize("start_timeout", [0, 0.5, 1])
def test_fal_takes_no_start_timeout_of_a_second(start_timeout: float) -> None:
    with pytest.raises(ValueError, match="above one second"):
        provider(Fal(), start_timeout=timedelta(seconds=start_timeout))


# -- pictures


async def test_a_photo_is_cut_stripped_and_uploaded_without_the_key() -> None:
    fal = Fal().stores().accepts("fal-ai/kling-video/v3/standard/image-to-video", app="fal-ai/kling-video")
    await provider(fal, read=give).submit(spec("photo-video", "image", aspect="1:1"))
    initiate, put, submit = fal.calls
    assert json.loads(initiate.content) == {"file_name": "image.jpg", "content_type": "image/jpeg"}
    assert (put.method, put.headers["content-type"]) == ("PUT", "image/jpeg")
    assert "authorization" not in put.headers
    assert not any(name.startswith("x-fal") for name in put.headers)
    assert Image.open(io.BytesIO(put.content)).size == (640, 640)
    assert SECRET not in put.content
    assert json.loads(submit.content)["start_image_url"] == f"{MEDIA}/files/image.jpg"


async def test_a_mask_is_made_of_the_marked_picture_and_as_large_as_the_photo() -> None:
    fal = Fal().stores().accepts("fal-ai/flux-pro/v1/fill", app="fal-ai/flux-pro")
    await provider(fal, read=give).submit(spec("image-edit", "mask", "image"))
    uploads = {call.url.path: call.content for call in fal.sent("PUT", MEDIA)}
    photo, mask = (Image.open(io.BytesIO(uploads[f"/put/{name}"])) for name in ("image.jpg", "mask.png"))
    assert photo.size == mask.size == PHOTO.size
    assert mask.mode == "L"
    assert overlap(mask, blob(PHOTO.size)) > 0.85
    assert fal.body()["mask_url"] == f"{MEDIA}/files/mask.png"


@pytest.mark.parametrize(("error", "raised", "failure"), [
    (FileTooBig("20 MB"), Rejected, Code.IMAGE_TOO_HEAVY),
    (FileUnavailable("wrong file identifier"), Rejected, Code.FILE_UNAVAILABLE),
    (FileUnavailable("expired", temporary=True), Unreachable, None),
    (Flood("429", retry_after=timedelta(seconds=3)), Unreachable, None),
    (TelegramUnknown("lost"), Unreachable, None),
    (Busy("the lead's own"), Busy, None),
])  # fmt: skip
async def test_a_picture_that_telegram_does_not_give(
    error: Exception, raised: type[ProviderError], failure: Code | None
) -> None:
    async def read(_: Picture) -> bytes:
        raise error

    fal = Fal()
    with pytest.raises(raised) as caught:
        await provider(fal, read=read).submit(spec("photo-video", "image"))
    assert getattr(caught.value, "failure", None) is failure
    assert fal.calls == []


@pytest.mark.parametrize(("data", "failure"), [
    (b"no picture", Code.IMAGE_UNSUPPORTED), (recompressed(PHOTO)[:3000], Code.BAD_IMAGE),
])  # fmt: skip
async def test_a_picture_that_cannot_be_used_is_the_persons(data: bytes, failure: Code) -> None:
    async def read(_: Picture) -> bytes:
        return data

    fal = Fal()
    with pytest.raises(Rejected) as caught:
        await provider(fal, read=read).submit(spec("photo-video", "image"))
    assert caught.value.failure is failure
    assert fal.calls == []


async def test_a_mask_of_another_shape_is_found_before_anything_is_sent() -> None:
    async def read(picture: Picture) -> bytes:
        return recompressed(PHOTO.rotate(90, expand=True) if picture.role == "mask" else PHOTO)

    fal = Fal()
    with pytest.raises(Rejected) as caught:
        await provider(fal, read=read).submit(spec("image-edit", "image", "mask"))
    assert caught.value.failure is Code.MASK_MISMATCH
    assert fal.calls == []


@pytest.mark.parametrize(("said", "raised"), [
    (page(502), Unreachable), (answer(500, {"detail": "x"}), Unreachable), (answer(200, {}), Unreachable), (page(200), Unreachable),
    (httpx.ReadTimeout("slow"), Unreachable), (httpx.ConnectError("refused"), Unreachable),
    (answer(401, {"detail": "no"}), Unauthorized), (answer(403, {"detail": "User is locked. Reason: TOP_UP."}), OutOfFunds),
    (answer(429, {}, retry_after="7"), Busy), (answer(404, {"detail": "Not Found"}), Broken), (answer(422, model_error("missing")), Broken),
])  # fmt: skip
async def test_storage_that_takes_nothing(said: Any, raised: type[ProviderError]) -> None:
    fal = Fal().on("POST", f"{STORAGE}/storage/upload/initiate?storage_type=fal-cdn-v3", said)
    with pytest.raises(raised):
        await provider(fal, read=give).submit(spec("photo-video", "image"))
    assert fal.sent(host=QUEUE) == []
    assert len(fal.calls) == (3 if raised is Unreachable else 1)


async def test_an_upload_that_breaks_off_is_begun_anew() -> None:
    fal = Fal().stores().accepts("fal-ai/kling-video/v3/standard/image-to-video", app="fal-ai/kling-video")
    refusals = iter([page(503), httpx.WriteError("broken pipe")])
    take = fal.script["POST", f"{STORAGE}/storage/upload/initiate?storage_type=fal-cdn-v3"][0]

    def initiate(request: httpx.Request) -> httpx.Response:
        response = take(request)
        refused = next(refusals, None)
        if refused is not None:
            fal.on("PUT", response.json()["upload_url"], refused)
        return response

    fal.on("POST", f"{STORAGE}/storage/upload/initiate?storage_type=fal-cdn-v3", initiate)
    await provider(fal, read=give).submit(spec("photo-video", "image"))
    assert [call.method for call in fal.calls] == ["POST", "PUT"] * 3 + ["POST"]


@pytest.mark.parametrize("address", ["not an address", "ftp://x/y", ""])
async def test_an_address_to_write_to_that_is_none(address: str) -> None:
    places = answer(200, {"upload_url": address, "file_url": f"{MEDIA}/files/x"})
    fal = Fal().on("POST", f"{STORAGE}/storage/upload/initiate?storage_type=fal-cdn-v3", places)
    real = httpx.AsyncClient(trust_env=False, mounts={"https://": httpx.MockTransport(fal)})
    async with real:
        with pytest.raises(Broken):
            await provider(fal, read=give, client=real).submit(spec("photo-video", "image"))


async def test_inputs_that_take_too_long_were_surely_not_sent(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(submitting, "INPUTS_WITHIN", timedelta(0))

    async def read(_: Picture) -> bytes:
        await asyncio.Event().wait()
        raise AssertionError

    with pytest.raises(Unreachable):
        await provider(Fal(), read=read).submit(spec("photo-video", "image"))


# -- models


async def test_a_model_that_is_gone_is_passed_over_and_said_once() -> None:
    fal = Fal().on(
        "POST", f"{QUEUE}/fal-ai/nano-banana", answer(404, {"detail": "Application 'nano-banana' not found"})
    )
    fal.accepts("google/nano-banana-2.1", app="google/nano-banana-2.1")
    made = provider(fal)
    with structlog.testing.capture_logs() as lines:
        for _ in range(2):
            request_id = await made.submit(spec(quality="premium"))
            assert request_id.startswith("google/nano-banana-2.1 ")
    assert [(line["event"], line["model"]) for line in lines] == [(log.MODEL_GONE, "fal-ai/nano-banana")]
    assert "seed" not in fal.body()  # its own mapping, not that of the first


async def test_no_model_is_left() -> None:
    fal = Fal().on("POST", SCHNELL, answer(404, {"detail": "gone"}))
    with pytest.raises(Rejected) as caught:
        await provider(fal).submit(spec())
    assert caught.value.failure is Code.MODEL_GONE


async def test_a_gateways_404_is_no_word_about_a_model() -> None:
    fal = Fal().on("POST", f"{QUEUE}/fal-ai/nano-banana", page(404))
    with pytest.raises(Broken):
        await provider(fal).submit(spec(quality="premium"))
    assert len(fal.calls) == 1


async def test_a_path_that_only_a_request_shows_to_be_missing_is_left_alone_for_an_hour() -> None:
    """The queue knows apps; that `/edit` is no path of this one is said by the result of the first request."""
    now = [0.0]
    edit = "fal-ai/flux-pro/v1.1/edit"
    fal = (
        Fal().stores().accepts(edit, app="fal-ai/flux-pro").accepts("fal-ai/nano-banana/edit", app="fal-ai/nano-banana")
    )
    made = provider(fal, read=give, heads=heads(standard="", premium="fal-ai/flux-pro/v1.1"), clock=lambda: now[0])
    request_id = await made.submit(spec("image-edit", "image"))
    base = f"{QUEUE}/fal-ai/flux-pro/requests/{REQUEST}"
    fal.on("GET", f"{base}/status", answer(200, queued("fal-ai/flux-pro", status="COMPLETED", error="HTTP 404")))
    fal.on("GET", f"{base}/response", answer(404, {"detail": "Path /v1.1/edit not found"}, x_fal_billable_units="0"))
    assert (await made.status(request_id)).failure is Code.MODEL_GONE
    assert (await made.submit(spec("image-edit", "image"))).startswith("fal-ai/nano-banana/edit ")
    now[0] = 3601
    assert (await made.submit(spec("image-edit", "image"))).startswith(f"{edit} ")


async def test_a_model_that_is_alone_is_asked_although_it_was_missing() -> None:
    fal = Fal().accepts("fal-ai/flux/schnell")
    made = provider(fal)
    made._desk.leave_alone("fal-ai/flux/schnell")
    assert (await made.submit(spec())).startswith("fal-ai/flux/schnell ")


# -- what the queue may answer: (answer, what is raised)
REFUSALS: list[tuple[Any, type[ProviderError]]] = [
    (httpx.ConnectError("refused"), Unreachable),
    (httpx.ConnectTimeout("slow"), Unreachable),
    (httpx.PoolTimeout("full"), Unreachable),
    (httpx.ReadTimeout("lost"), OutcomeUnknown),
    (httpx.WriteError("broken"), OutcomeUnknown),
    (httpx.RemoteProtocolError("closed"), OutcomeUnknown),
    (answer(200, {"status": "IN_QUEUE"}), OutcomeUnknown),
    (answer(200, ["odd"]), OutcomeUnknown),
    (page(200), OutcomeUnknown),
    (page(500), OutcomeUnknown),
    (page(502), OutcomeUnknown),
    (page(504), OutcomeUnknown),
    (answer(500, flat("internal_error")), OutcomeUnknown),
    (answer(503, {"detail": "x"}, x_fal_request_id=REQUEST), OutcomeUnknown),
    (answer(408, {"detail": "x"}), OutcomeUnknown),
    (page(503), Busy),
    (answer(429, {"detail": "Too many", "error_type": "concurrent_requests_limit"}), Busy),
    (page(429), Busy),
    (answer(401, {"detail": "Invalid API key"}), Unauthorized),
    (page(403), Unauthorized),
    (answer(402, {"detail": "Payment required"}), OutOfFunds),
    (answer(403, {"detail": "User is locked. Reason: Exhausted balance. Top up your balance at fal.ai/dashboard/billing."}), OutOfFunds),
    (answer(403, {"detail": "User is locked. Reason: TOP_UP."}), OutOfFunds),
    (answer(403, {"detail": "User is locked. Reason: Admin lock. Please contact support@fal.ai"}), OutOfFunds),
    (answer(403, {"detail": "no", "error_type": "user_locked"}), OutOfFunds),
    (answer(403, {"detail": "no", "error_type": "forbidden"}), Unauthorized),
    (answer(301, None, location="https://elsewhere.test"), Broken),
    (answer(405, {"detail": "Method Not Allowed"}), Rejected),
]  # fmt: skip


@pytest.mark.parametrize(("said", "raised"), REFUSALS)
async def test_what_a_submit_may_meet(said: Any, raised: type[ProviderError]) -> None:
    fal = Fal().on("POST", SCHNELL, said)
    with pytest.raises(ProviderError) as caught:
        await provider(fal).submit(spec())
    assert type(caught.value) is raised, caught.value
    assert len(fal.calls) == 1
    text = "".join(traceback.format_exception(caught.value))
    assert KEY not in text
    assert PROMPT not in text


async def test_busy_says_how_long() -> None:
    fal = Fal().on("POST", SCHNELL, answer(429, {"detail": "later"}, retry_after="7"))
    with pytest.raises(Busy) as caught:
        await provider(fal).submit(spec())
    assert caught.value.retry_after == timedelta(seconds=7)


@pytest.mark.parametrize(("status", "body", "failure", "code"), [
    (422, model_error("content_policy_violation", "prompt"), Code.CONTENT_POLICY, "http_422"),
    (422, model_error("literal_error", "image_size"), Code.INPUT_REFUSED, "http_422"),
    (422, {"detail": f"no: {PROMPT}"}, Code.INPUT_REFUSED, "http_422"),
    (400, flat("bad_request"), Code.PROVIDER_REJECTED, "http_400"),
    (413, {"detail": f"no: {PROMPT}"}, None, "http_413"),
])  # fmt: skip
async def test_a_definite_no_names_type_and_field_and_nothing_of_the_prompt(
    status: int, body: object, failure: Code | None, code: str
) -> None:
    with pytest.raises(Rejected) as caught:
        await provider(Fal().on("POST", SCHNELL, answer(status, body))).submit(spec())
    assert (caught.value.failure, caught.value.code) == (failure, code)
    assert PROMPT not in str(caught.value)
    assert caught.value.detail


async def test_a_job_that_is_none_of_ours() -> None:
    fal = Fal()
    for wrong in (spec("wan22-i2v"), spec("image")):
        unusable = type(wrong)(
            job_id="x", attempt=1, payload={}, execution_timeout=wrong.ttl, ttl=wrong.ttl,
            work=None if wrong.work and wrong.work.mode == "image" else wrong.work,
        )  # fmt: skip
        with pytest.raises(Rejected):
            await provider(fal, catalogue={}).submit(unusable)
    with pytest.raises(Rejected):
        await provider(fal).submit(spec(prompt="a lone surrogate \ud800"))
    assert fal.calls == []


async def test_the_total_of_a_call_is_bounded() -> None:
    async def never(_: httpx.Request) -> httpx.Response:
        await asyncio.Event().wait()
        raise AssertionError

    client = httpx.AsyncClient(transport=httpx.MockTransport(never))
    made: FalProvider = provider(Fal(), client=client, total_timeout=timedelta(seconds=0.05))
    with pytest.raises(OutcomeUnknown):
        await made.submit(spec())


async def test_a_cancel_while_submitting_passes_through() -> None:
    async def never(_: httpx.Request) -> httpx.Response:
        await asyncio.Event().wait()
        raise AssertionError

    client = httpx.AsyncClient(transport=httpx.MockTransport(never))
    task = asyncio.create_task(provider(Fal(), client=client).submit(spec()))
    await asyncio.sleep(0)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task


def test_no_codec_is_loaded_with_the_provider() -> None:
    """A dispatcher stays small: pictures and videos are worked on in a process of their own."""
    program = (
        "import sys, imgvid.providers.fal; print([name for name in ('av', 'PIL', 'numpy') if name in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
