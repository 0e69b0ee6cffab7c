"""The Fal provider against the stand-in over real sockets: every mode to its file, and every trouble of the issue."""

from __future__ import annotations

import asyncio
import io
from collections.abc import AsyncIterator
from datetime import timedelta
from itertools import product
from typing import Any

import httpx
import numpy as np
import pytest
from PIL import Image

from imgvid.catalog.read import modes
from imgvid.jobs.errors import Code
from imgvid.media.film import plan_video
from imgvid.media.parcel import Shown, plan_picture
from imgvid.media.video import probe
from imgvid.providers.base import (
    Broken,
    Busy,
    NotFound,
    OutcomeUnknown,
    OutOfFunds,
    Picture,
    ProviderError,
    Rejected,
    RemoteState,
    RemoteStatus,
    RequestId,
    Unauthorized,
    Unreachable,
)
from imgvid.providers.fal import FalProvider, heads
from imgvid.providers.fal.doctor import check_models, wanted_models
from imgvid.sandbox.fal import Fal, Life, Rules, serve
from tests.media.scenes import blob, painted, recompressed, scene
from tests.providers.fal.falscript import spec

KEY = "key-id:key-secret-of-the-stand-in"
SCHNELL = "fal-ai/flux/schnell"
PHOTO = scene(960, 640, seed=4)


@pytest.fixture
async def fal() -> AsyncIterator[Fal]:
    async with serve(key=KEY, rules=Rules(picture_s=0, video_s=0)) as running:
        yield running


@pytest.fixture
async def client() -> AsyncIterator[httpx.AsyncClient]:
    async with httpx.AsyncClient(trust_env=False) as one:
        yield one


@pytest.fixture
def provider(fal: Fal, client: httpx.AsyncClient) -> FalProvider:
    return at(fal, client)


def at(fal: Fal, client: httpx.AsyncClient, **changes: Any) -> FalProvider:
    async def read(picture: Picture) -> bytes:
        return recompressed(painted(PHOTO, blob(PHOTO.size)) if picture.role == "mask" else PHOTO)

    settings: dict[str, Any] = {
        "client": client, "queue_url": fal.url, "storage_url": fal.url, "api_key": KEY, "catalogue": modes(), "read": read,
        "heads": heads(standard=SCHNELL, premium="fal-ai/nano-banana"), "start_timeout": timedelta(seconds=60),
        "retry_wait": timedelta(0), **changes,
    }  # fmt: skip
    return FalProvider(**settings)


async def ended(provider: FalProvider, request_id: RequestId) -> RemoteStatus:
    """Ask until it is over."""
    while not (look := await provider.status(request_id)).state.final:
        await asyncio.sleep(0.01)
    return look


async def made(provider: FalProvider, request_id: RequestId) -> bytes:
    look = await ended(provider, request_id)
    assert (look.state, look.fetchable) == (RemoteState.SUCCEEDED, True), look
    async with provider.fetch(request_id) as result:
        return b"".join([piece async for piece in result.pieces])


async def refused(provider: FalProvider, request_id: RequestId) -> Code | None:
    """The failure of a request, wherever it is told: in its status, or only by its result."""
    look = await ended(provider, request_id)
    if look.state is RemoteState.FAILED:
        return look.failure
    with pytest.raises(Rejected) as caught:
        async with provider.fetch(request_id):
            raise AssertionError
    return caught.value.failure


# -- every mode to its file


@pytest.mark.parametrize("quality", ["standard", "premium"])
@pytest.mark.parametrize(("size", "ratio"), [("1:1", 1.0), ("16:9", 16 / 9), ("3:4", 3 / 4)])
async def test_a_picture(provider: FalProvider, quality: str, size: str, ratio: float) -> None:
    data = await made(provider, await provider.submit(spec(quality=quality, size=size, negative="rain")))
    parcel = await plan_picture(data)
    assert (parcel.shown, parcel.media_type) == (Shown.PHOTO, "image/png")
    assert parcel.width / parcel.height == pytest.approx(ratio, rel=0.05)


async def test_an_edit_with_a_mask_leaves_the_rest_alone(fal: Fal, provider: FalProvider) -> None:
    data = await made(provider, await provider.submit(spec("image-edit", "image", "mask")))
    (order,) = fal.orders.values()
    assert order.endpoint == "fal-ai/flux-pro/v1/fill"
    before, after = np.asarray(PHOTO).astype(int), np.asarray(Image.open(io.BytesIO(data)).convert("RGB")).astype(int)
    assert after.shape == before.shape
    outside = np.asarray(blob(PHOTO.size).resize(PHOTO.size).point(lambda value: 255 - value)).astype(bool)
    outside[: PHOTO.height * 2 // 3, PHOTO.width // 2 - 20 :] = False  # the brush's rim is meant to be covered
    assert np.abs(after - before)[outside].mean() < 8


async def test_an_edit_without_a_mask(fal: Fal, provider: FalProvider) -> None:
    await made(provider, await provider.submit(spec("image-edit", "image")))
    (order,) = fal.orders.values()
    assert (order.endpoint, order.ignored) == ("fal-ai/nano-banana/edit", [])


@pytest.mark.parametrize(("mode", "roles"), [("video", ()), ("photo-video", ("image",))])
@pytest.mark.parametrize(("aspect", "ratio"), [("16:9", 16 / 9), ("9:16", 9 / 16), ("1:1", 1.0)])
async def test_a_video(provider: FalProvider, mode: str, roles: tuple[str, ...], aspect: str, ratio: float) -> None:
    sound = aspect == "16:9"
    request_id = await provider.submit(spec(mode, *roles, aspect=aspect, sound=sound, seconds=4))
    parcel = await plan_video(bytearray(await made(provider, request_id)))
    try:
        assert parcel.width / parcel.height == pytest.approx(ratio, rel=0.02)
        assert parcel.duration_s == pytest.approx(4, abs=0.1)
        assert ("audio:none" in parcel.steps) == (not sound)
        assert probe(parcel.source).audio_codec == "aac"  # type: ignore[arg-type]
    finally:
        parcel.close()


# -- what is kept, and for how long


async def test_what_fal_is_told_about_keeping(fal: Fal, client: httpx.AsyncClient) -> None:
    provider = at(fal, client, start_timeout=timedelta(seconds=90))
    request_id = await provider.submit(spec("photo-video", "image"))
    await made(provider, request_id)
    (order,) = fal.orders.values()
    assert order.wishes.view() == {
        "priority": "normal", "retry": False, "start_timeout_s": 90.0, "store_io": False, "lifetime_s": 90.0 + 900 + 600,
        "acl": "allow",
    }  # fmt: skip
    files = fal.shelf.files.values()
    assert {file.made_for for file in files} == {"upload", order.id}
    assert {file.view()["lifetime_s"] for file in files} == {1590.0}
    keyed = [call for call in fal.calls if "Authorization" in call.headers]
    assert {call.op for call in keyed} == {"initiate", "submit", "status", "result"}
    for call in keyed:
        assert call.headers["X-Fal-Store-IO"] == "0"
        assert "expiration_duration_seconds" in call.headers["X-Fal-Object-Lifecycle-Preference"]
        assert call.headers["X-Fal-No-Retry"] == "1"
    assert {call.op for call in fal.calls} - {call.op for call in keyed} == {"put", "media"}


async def test_a_result_that_is_gone(fal: Fal, provider: FalProvider) -> None:
    forgotten = await provider.submit(spec())
    await ended(provider, forgotten)
    fal.clock.advance(3601)  # Fal keeps an answer for an hour
    with pytest.raises(NotFound):
        async with provider.fetch(forgotten):
            raise AssertionError
    expired = await provider.submit(spec())
    fal.rules = fal.rules.changed({"result_s": 1e6})
    await ended(provider, expired)
    fal.clock.advance(60 + 900 + 601)  # and the file for as long as we said
    with pytest.raises(NotFound):
        async with provider.fetch(expired):
            raise AssertionError


# -- the course of a request


async def test_a_place_in_the_line_then_running_then_a_wish(fal: Fal, provider: FalProvider) -> None:
    fal.rules = fal.rules.changed({"concurrency": 1, "picture_s": 3600})
    first = await provider.submit(spec())
    while (await provider.status(first)).state is not RemoteState.RUNNING:
        await asyncio.sleep(0.01)
    second = await provider.submit(spec())
    third = await provider.submit(spec())
    assert [(await provider.status(one)).position for one in (second, third)] == [0, 1]
    for one in (first, second, third):
        await provider.cancel(one)
    assert {(await ended(provider, one)).state for one in (first, second, third)} == {RemoteState.CANCELLED}
    await provider.cancel(first)  # it is over: no error
    await provider.cancel(RequestId(first.replace(first.split(" ")[1], "unknown")))


async def test_a_running_one_may_finish_after_the_wish(fal: Fal, provider: FalProvider) -> None:
    fal.rules = fal.rules.changed({"running_cancel": "finishes"})
    request_id = await provider.submit(spec())
    while (await provider.status(request_id)).state is RemoteState.QUEUED:
        await asyncio.sleep(0.001)
    await provider.cancel(request_id)
    assert (await ended(provider, request_id)).state in {RemoteState.SUCCEEDED, RemoteState.CANCELLED}


@pytest.mark.parametrize("form", ["bare", "response"])
async def test_both_forms_of_the_results_address(fal: Fal, provider: FalProvider, form: str) -> None:
    fal.rules = fal.rules.changed({"response_url": form})
    assert await made(provider, await provider.submit(spec()))


async def test_addresses_that_are_missing_or_a_strangers(fal: Fal, provider: FalProvider) -> None:
    fal.faults.add({"op": "submit", "kind": "urls", "form": "missing"})
    assert await made(provider, await provider.submit(spec()))
    fal.faults.add({"op": "submit", "kind": "urls", "form": "foreign"})
    strangers = await provider.submit(spec())
    with pytest.raises(Broken):
        await provider.status(strangers)


async def test_a_state_that_goes_backwards(fal: Fal, provider: FalProvider) -> None:
    request_id = await provider.submit(spec())
    await ended(provider, request_id)
    fal.faults.add({"op": "status", "kind": "backwards"})
    assert (await provider.status(request_id)).state is RemoteState.QUEUED
    assert (await provider.status(request_id)).fetchable


# -- what a person gave it


@pytest.mark.parametrize("tells", [True, False])
@pytest.mark.parametrize(("kind", "code"), [
    ("content_policy_violation", Code.CONTENT_POLICY), ("no_media_generated", Code.NO_MEDIA),
    ("image_too_small", Code.IMAGE_TOO_SMALL), ("image_too_large", Code.IMAGE_TOO_LARGE), ("image_load_error", Code.BAD_IMAGE),
    ("file_too_large", Code.IMAGE_TOO_HEAVY), ("unsupported_image_format", Code.IMAGE_UNSUPPORTED),
    ("face_detection_error", Code.NO_FACE), ("invalid_request", Code.INPUT_REFUSED), ("one_of", Code.INPUT_REFUSED),
    ("feature_not_supported", Code.INPUT_REFUSED), ("internal_server_error", Code.WORKER_FAILED),
    ("generation_timeout", Code.WORKER_LOST), ("downstream_service_error", Code.INPUT_REFUSED),
    ("downstream_service_unavailable", Code.WORKER_LOST), ("file_download_error", Code.WORKER_FAILED),
])  # fmt: skip
async def test_a_models_error(fal: Fal, provider: FalProvider, kind: str, code: Code, tells: bool) -> None:
    fal.rules = fal.rules.changed({"status_tells_model_errors": tells})
    fal.faults.add({"op": "run", "kind": "error", "type": kind})
    assert await refused(provider, await provider.submit(spec())) is code


@pytest.mark.parametrize(("kind", "code"), [
    ("startup_timeout", Code.START_TIMEOUT), ("runner_scheduling_failure", Code.WORKER_LOST),
    ("runner_connection_timeout", Code.WORKER_LOST), ("runner_disconnected", Code.WORKER_LOST),
    ("runner_connection_refused", Code.WORKER_LOST), ("runner_connection_error", Code.WORKER_LOST),
    ("runner_incomplete_response", Code.WORKER_LOST), ("runner_server_error", Code.WORKER_LOST),
    ("internal_error", Code.WORKER_LOST), ("bad_request", Code.PROVIDER_REJECTED),
])  # fmt: skip
async def test_the_platforms_error_is_told_once_and_not_run_again_there(
    fal: Fal, provider: FalProvider, kind: str, code: Code
) -> None:
    fal.faults.add({"op": "run", "kind": "error", "type": kind})
    request_id = await provider.submit(spec())
    assert await refused(provider, request_id) is code
    (order,) = fal.orders.values()
    assert order.runs == 1


@pytest.mark.parametrize("quality", ["standard", "premium"])
async def test_the_safety_filter(fal: Fal, provider: FalProvider, quality: str) -> None:
    """FLUX answers 200 with a black picture and a flag, others 422."""
    fal.faults.add({"op": "run", "kind": "nsfw"})
    assert await refused(provider, await provider.submit(spec(quality=quality))) is Code.CONTENT_POLICY
    assert not [call for call in fal.calls if call.op == "media"]


async def test_nothing_begins_in_time(fal: Fal, provider: FalProvider) -> None:
    fal.rules = fal.rules.changed({"concurrency": 0})
    request_id = await provider.submit(spec())
    assert (await provider.status(request_id)).state is RemoteState.QUEUED
    fal.clock.advance(61)
    look = await ended(provider, request_id)
    assert (look.state, look.failure) == (RemoteState.FAILED, Code.START_TIMEOUT)


async def test_a_prompt_that_the_model_finds_too_long(provider: FalProvider) -> None:
    failure = await refused(provider, await provider.submit(spec("video", prompt="x" * 2501)))
    assert failure is Code.PROMPT_TOO_LONG


async def test_a_strip_of_a_photo_is_too_small_for_the_model(fal: Fal, client: httpx.AsyncClient) -> None:
    async def read(_: Picture) -> bytes:
        return recompressed(scene(768, 512, kind="soft"))

    provider = at(fal, client, read=read)  # 288 x 512 after the cut; Kling wants 300
    assert (
        await refused(provider, await provider.submit(spec("photo-video", "image", aspect="9:16")))
        is Code.IMAGE_TOO_SMALL
    )


# -- models


async def test_a_model_that_is_switched_off_and_one_that_never_was(fal: Fal, client: httpx.AsyncClient) -> None:
    fal.lives["fal-ai/nano-banana"] = fal.lives["fal-ai/nano-banana/edit"] = Life.GONE
    request_id = await at(fal, client).submit(spec(quality="premium"))
    assert request_id.startswith("google/nano-banana-2.1 ")
    odd = at(fal, client, heads=heads(standard="nobody/nothing", premium="fal-ai/flux/schnell"))
    assert (await odd.submit(spec())).startswith("fal-ai/flux/schnell ")
    no_edit = await odd.submit(spec("image-edit", "image"))  # the app is there, its /edit is not: known when it has run
    assert no_edit.startswith("fal-ai/flux/schnell/edit ")
    assert await refused(odd, no_edit) is Code.MODEL_GONE
    assert (await odd.submit(spec("image-edit", "image"))).startswith("google/nano-banana-2.1/edit ")


async def test_doctor_names_what_is_missing_and_what_may_go(fal: Fal, client: httpx.AsyncClient) -> None:
    wanted = wanted_models(modes(), heads(standard="me/mine", premium="fal-ai/nano-banana"))
    assert [line.split(" ")[4] for line in await check_models(wanted, client=client, api_key=KEY, api_url=fal.url)] == [
        "me/mine:"
    ]
    fal.lives["fal-ai/nano-banana"] = Life.DEPRECATED
    said = await check_models(["fal-ai/nano-banana"], client=client, api_key=KEY, api_url=fal.url)
    assert "deprecated" in said[0]
    fal.faults.add({"op": "models", "kind": "unauthorized"})
    (said_of_key,) = await check_models(wanted, client=client, api_key=KEY, api_url=fal.url)
    assert "FAL_API_KEY" in said_of_key


# -- calls that go wrong: (call, fault, what is raised, how many requests Fal has then)
SUBMITS = [
    ({"kind": "drop_before"}, OutcomeUnknown, 0),
    ({"kind": "drop_before", "how": "close"}, OutcomeUnknown, 0),
    ({"kind": "drop_after"}, OutcomeUnknown, 1),
    ({"kind": "html", "status": 502}, OutcomeUnknown, 0),
    ({"kind": "html", "status": 502, "applied": True}, OutcomeUnknown, 1),
    ({"kind": "html", "status": 504, "applied": True}, OutcomeUnknown, 1),
    ({"kind": "html", "status": 503}, Busy, 0),
    ({"kind": "html", "status": 200, "applied": True}, OutcomeUnknown, 1),
    ({"kind": "answer", "status": 200, "body": {"status": "IN_QUEUE"}, "applied": True}, OutcomeUnknown, 1),
    ({"kind": "answer", "status": 500, "body": {"detail": "x", "error_type": "internal_error"}}, OutcomeUnknown, 0),
    ({"kind": "busy", "retry_after_s": 4}, Busy, 0),
    ({"kind": "busy"}, Busy, 0),
    ({"kind": "unauthorized"}, Unauthorized, 0),
    ({"kind": "locked"}, OutOfFunds, 0),
    ({"kind": "html", "status": 404}, Broken, 0),
    ({"kind": "answer", "status": 301, "headers": {"Location": "https://x"}}, Broken, 0),
]


@pytest.mark.parametrize(("fault", "raised", "orders"), SUBMITS)
async def test_a_submit_is_never_repeated(
    fal: Fal, provider: FalProvider, fault: dict[str, Any], raised: type[ProviderError], orders: int
) -> None:
    fal.faults.add({"op": "submit", **fault})
    with pytest.raises(ProviderError) as caught:
        await provider.submit(spec())
    assert type(caught.value) is raised
    assert len(fal.orders) == orders
    assert len([call for call in fal.calls if call.op == "submit"]) == 1
    assert KEY not in repr(caught.value)
    assert (await provider.submit(spec())).startswith(SCHNELL)


async def test_nobody_listens(client: httpx.AsyncClient, fal: Fal) -> None:
    with pytest.raises(Unreachable):
        await at(fal, client, queue_url="http://127.0.0.1:9").submit(spec())


async def test_a_submit_that_hangs_is_unknown(fal: Fal, client: httpx.AsyncClient) -> None:
    fal.faults.add({"op": "submit", "kind": "hang"})
    with pytest.raises(OutcomeUnknown):
        await at(fal, client, total_timeout=timedelta(seconds=0.3)).submit(spec())


@pytest.mark.parametrize(("op", "fault"), [
    *product(["status", "cancel", "result", "initiate", "put"],
             [{"kind": "drop_before"}, {"kind": "drop_after"}, {"kind": "html", "status": 502}]),
    *product(["status", "result", "initiate"], [{"kind": "html", "status": 200}]),
])  # fmt: skip
async def test_everything_else_is_repeated_for_a_moment(
    fal: Fal, provider: FalProvider, op: str, fault: dict[str, Any]
) -> None:
    fal.faults.add({"op": op, **fault, "times": 2})
    request_id = await provider.submit(spec("photo-video", "image") if op in {"initiate", "put"} else spec())
    if op == "cancel":
        await provider.cancel(request_id)
    else:
        assert await made(provider, request_id)


@pytest.mark.parametrize(("fault", "raised"), [
    ({"kind": "truncate"}, Unreachable), ({"kind": "html", "status": 500}, Unreachable), ({"kind": "drop_before"}, Unreachable),
    ({"kind": "not_found"}, NotFound), ({"kind": "busy", "retry_after_s": 3}, Busy),
])  # fmt: skip
async def test_a_file_that_does_not_arrive_is_there_the_next_time(
    fal: Fal, provider: FalProvider, fault: dict[str, Any], raised: type[ProviderError]
) -> None:
    request_id = await provider.submit(spec())
    await ended(provider, request_id)
    fal.faults.add({"op": "media", **fault})
    with pytest.raises(raised):
        await made(provider, request_id)
    assert await made(provider, request_id)


async def test_an_empty_balance_still_shows_what_was_bought(fal: Fal, provider: FalProvider) -> None:
    request_id = await provider.submit(spec())
    fal.rules = fal.rules.changed({"locked": True})
    assert await made(provider, request_id)
    with pytest.raises(OutOfFunds):
        await provider.submit(spec())
    with pytest.raises(OutOfFunds):
        await provider.submit(spec("photo-video", "image"))


async def test_a_heavy_video_is_streamed(fal: Fal, provider: FalProvider) -> None:
    fal.rules = fal.rules.changed({"video_bytes": 3_000_000})
    request_id = await provider.submit(spec("video", sound=True))
    await ended(provider, request_id)
    async with provider.fetch(request_id) as result:
        pieces = [len(piece) async for piece in result.pieces]
    assert (result.size, sum(pieces)) == (3_000_000, 3_000_000)
    assert max(pieces) <= 1 << 16


@pytest.mark.parametrize("op", ["status", "result"])
@pytest.mark.parametrize(("kind", "raised"), [("busy", Busy), ("unauthorized", Unauthorized), ("locked", OutOfFunds)])
async def test_an_account_that_is_refused_for_a_moment_loses_nothing(
    fal: Fal, provider: FalProvider, op: str, kind: str, raised: type[ProviderError]
) -> None:
    request_id = await provider.submit(spec())
    await ended(provider, request_id)
    fal.faults.add({"op": op, "kind": kind})
    with pytest.raises(raised):
        await made(provider, request_id)
    assert await made(provider, request_id)
