"""Every fault does what the package's docstring says, over real sockets."""

from __future__ import annotations

import asyncio
import re
from typing import Any

import httpx
import pytest
from PIL import Image

import imgvid.sandbox.fal as package
from imgvid.sandbox.fal import Fal
from imgvid.sandbox.fal.failures import FLAT, LISTED
from imgvid.sandbox.fal.faults import Kind, Op
from tests.sandbox.fal.caller import BANANA, SCHNELL, VEO, Caller, photo

HELLO = {"prompt": "a lake", "image_size": "square"}


def test_the_docstring_names_every_fault_and_call() -> None:
    told = package.__doc__ or ""
    assert [kind for kind in Kind if not re.search(rf"^        {kind} ", told, re.MULTILINE)] == []
    assert [op for op in Op if op not in told] == []


@pytest.mark.parametrize("how", ["reset", "close"])
@pytest.mark.parametrize(("kind", "accepted"), [("drop_before", 0), ("drop_after", 1)])
async def test_a_dropped_submit(fal: Fal, caller: Caller, kind: str, accepted: int, how: str) -> None:
    await caller.fault(op="submit", kind=kind, how=how, model=SCHNELL)
    await caller.submit(BANANA, {"prompt": "a lake"})
    with pytest.raises((httpx.ReadError, httpx.RemoteProtocolError)):
        await caller.http.post(f"/{SCHNELL}", json=HELLO)
    taken = [order for order in fal.orders.values() if order.endpoint == SCHNELL]
    assert len(taken) == accepted, "accepted, and paid"
    assert [(call.status, call.fault) for call in fal.calls if call.model == SCHNELL] == [(0, kind)]
    await caller.submit(SCHNELL, HELLO)


async def test_nth_and_times(caller: Caller) -> None:
    taken = await caller.submit(SCHNELL, HELLO)
    await caller.fault(op="status", kind="busy", nth=2, times=2, retry_after_s=7)
    answers = [await caller.http.get(taken["status_url"]) for _ in range(4)]
    assert [answer.status_code == 429 for answer in answers] == [False, True, True, False]
    assert answers[1].headers["Retry-After"] == "7"
    assert answers[1].headers["X-Fal-Needs-Retry"] == "1"
    endless = await caller.fault(op="*", kind="unauthorized", times=0)
    for _ in range(2):
        assert (await caller.http.get(taken["status_url"])).status_code == 401
    await caller.http.delete(f"/sim/faults/{endless['id']}")
    assert (await caller.http.get("/sim/faults")).json() == {"faults": []}


async def test_canned_answers(fal: Fal, caller: Caller) -> None:
    await caller.fault(op="submit", kind="html", status=502, applied=True)
    page = await caller.http.post(f"/{SCHNELL}", json=HELLO)
    assert (page.status_code, page.headers["Content-Type"]) == (502, "text/html; charset=utf-8")
    assert "nginx" in page.text
    assert "x-fal-request-id" not in page.headers
    assert len(fal.orders) == 1, "it was taken all the same"
    await caller.fault(op="submit", kind="locked")
    locked = await caller.http.post(f"/{SCHNELL}", json=HELLO)
    assert locked.status_code == 403
    assert locked.json()["detail"].startswith("User is locked. Reason: Exhausted balance.")
    await caller.fault(op="submit", kind="busy")
    busy = await caller.http.post(f"/{SCHNELL}", json=HELLO)
    assert (busy.status_code, busy.json()["error_type"]) == (429, "concurrent_requests_limit")
    assert "Retry-After" not in busy.headers
    await caller.fault(op="submit", kind="unauthorized")
    assert (await caller.http.post(f"/{SCHNELL}", json=HELLO)).status_code == 401
    await caller.fault(op="pricing", kind="answer", status=500, body={"oops": 1}, headers={"X-A": "b"})
    odd = await caller.http.get(f"/v1/models/pricing?endpoint_id={SCHNELL}")
    assert (odd.status_code, odd.json(), odd.headers["X-A"]) == (500, {"oops": 1}, "b")


async def test_an_empty_balance_still_shows_what_was_bought(caller: Caller) -> None:
    ended = await caller.run(SCHNELL, HELLO)
    await caller.rules(locked=True)
    assert (await caller.http.post(f"/{SCHNELL}", json=HELLO)).status_code == 403
    begun = await caller.http.post("/storage/upload/initiate", json={"file_name": "a", "content_type": "b"})
    assert begun.status_code == 403
    assert (await caller.http.get(f"/fal-ai/flux/requests/{ended.id}/status")).status_code == 200


async def test_a_result_that_is_gone(caller: Caller) -> None:
    first, second = await caller.run(SCHNELL, HELLO), await caller.run(SCHNELL, HELLO)
    await caller.fault(op="result", kind="not_found", request=second.id)
    for ended, code in ((first, 200), (second, 404), (second, 200)):
        answer = await caller.http.get(f"/fal-ai/flux/requests/{ended.id}")
        assert answer.status_code == code
    await caller.http.post(f"/sim/requests/{first.id}/forget")
    gone = await caller.http.get(f"/fal-ai/flux/requests/{first.id}/status")
    assert (gone.status_code, gone.json()) == (404, {"status": "NOT_FOUND"})


async def test_a_slow_answer(caller: Caller) -> None:
    await caller.fault(op="models", kind="delay", seconds=0.2)
    began = asyncio.get_running_loop().time()
    assert (await caller.http.get("/v1/models")).status_code == 200
    assert asyncio.get_running_loop().time() - began >= 0.2


async def test_no_answer_at_all(fal: Fal, caller: Caller) -> None:
    await caller.fault(op="submit", kind="hang")
    with pytest.raises(httpx.ReadTimeout):
        await caller.http.post(f"/{SCHNELL}", json=HELLO, timeout=0.2)
    assert fal.orders == {}
    await caller.submit(SCHNELL, HELLO)


async def test_a_status_that_goes_backwards(caller: Caller) -> None:
    taken = await caller.submit(SCHNELL, HELLO)
    await caller.end(taken)
    await caller.fault(op="status", kind="backwards", status="IN_PROGRESS")
    back = await caller.http.get(taken["status_url"])
    assert (back.status_code, back.json()["status"]) == (202, "IN_PROGRESS")
    assert (await caller.status(taken))["status"] == "COMPLETED"


async def test_other_addresses(fal: Fal, caller: Caller) -> None:
    await caller.fault(op="submit", kind="urls", form="response")
    assert (await caller.submit(SCHNELL, HELLO))["response_url"].endswith("/response")
    await caller.fault(op="submit", kind="urls", form="missing")
    assert set(await caller.submit(SCHNELL, HELLO)) == {"status", "request_id", "queue_position"}
    await caller.fault(op="submit", kind="urls", form="foreign")
    foreign = await caller.submit(SCHNELL, HELLO)
    assert [fal.url in foreign[name] for name in ("response_url", "status_url", "cancel_url")] == [False] * 3


@pytest.mark.parametrize("kind", sorted(LISTED))
async def test_every_error_of_a_model(caller: Caller, kind: str) -> None:
    await caller.fault(op="run", kind="error", type=kind)
    ended = await caller.run(SCHNELL, HELLO, X_Fal_No_Retry="1")
    assert ended.result.status_code == LISTED[kind][0]
    assert (ended.problem["type"], ended.problem["msg"]) == (kind, LISTED[kind][1])
    assert ended.problem["loc"][0] == "body"
    assert ended.result.headers["X-Fal-Retryable"] in {"true", "false"}
    assert "error" not in ended.status
    assert (await caller.view(ended.id))["cost_usd"] == 0


@pytest.mark.parametrize("kind", sorted(FLAT))
async def test_every_error_of_the_platform(caller: Caller, kind: str) -> None:
    await caller.fault(op="run", kind="error", type=kind)
    ended = await caller.run(SCHNELL, HELLO, X_Fal_No_Retry="1")
    assert ended.result.status_code == FLAT[kind][0]
    assert ended.json == {"detail": ended.status["error"], "error_type": kind}
    assert ended.status["error_type"] == ended.result.headers["X-Fal-Error-Type"] == kind


async def test_an_error_spelled_out(caller: Caller) -> None:
    entry = {"type": "brand_new", "msg": "Something new.", "loc": ["image_urls", 0], "ctx": {"a": 1}}
    await caller.fault(op="run", kind="error", status=418, retryable=True, **entry)
    ended = await caller.run(SCHNELL, HELLO)
    assert ended.result.status_code == 418
    assert ended.result.headers["X-Fal-Retryable"] == "true"
    assert {name: ended.problem[name] for name in entry} == {**entry, "loc": ["body", "image_urls", 0]}


async def test_the_platform_repeats_unless_it_is_told_not_to(caller: Caller) -> None:
    await caller.fault(op="run", kind="error", type="runner_disconnected", times=2)
    repeated = await caller.run(SCHNELL, HELLO)
    assert repeated.result.status_code == 200
    assert (await caller.view(repeated.id))["runs"] == 3
    await caller.fault(op="run", kind="error", type="runner_disconnected", times=0)
    given_up = await caller.run(SCHNELL, HELLO)
    assert given_up.result.status_code == 503
    assert (await caller.view(given_up.id))["runs"] == 10
    for word in ("1", "true", "yes"):
        once = await caller.run(SCHNELL, HELLO, X_Fal_No_Retry=word)
        assert (await caller.view(once.id))["runs"] == 1


async def test_a_run_that_goes_back_into_the_queue(caller: Caller) -> None:
    await caller.fault(op="run", kind="error", type="runner_connection_error")
    await caller.fault(op="run", kind="stuck")
    taken = await caller.submit(SCHNELL, HELLO)
    async with asyncio.timeout(10):
        while (await caller.view(taken["request_id"]))["runs"] == 0:
            await asyncio.sleep(0.005)
    waiting = await caller.until(taken, "IN_QUEUE")
    assert waiting["queue_position"] == 0


@pytest.mark.parametrize("kind", ["stuck", "hang"])
async def test_requests_that_never_end(caller: Caller, kind: str) -> None:
    await caller.fault(op="run", kind=kind)
    taken = await caller.submit(SCHNELL, HELLO, X_Fal_Request_Timeout="60")
    await caller.advance(59)
    assert (await caller.status(taken))["status"] == ("IN_QUEUE" if kind == "stuck" else "IN_PROGRESS")
    await caller.advance(3600)
    if kind == "stuck":
        ended = await caller.end(taken)
        assert ended.result.status_code == 504
        assert ended.result.headers["X-Fal-Request-Timeout-Type"] == "user"
        return
    assert (await caller.status(taken))["status"] == "IN_PROGRESS", "once it has started no time ends it"
    assert (await caller.http.put(taken["cancel_url"])).status_code == 202
    assert (await caller.end(taken)).status["error_type"] == "client_cancelled"


async def test_a_run_that_takes_longer(caller: Caller) -> None:
    await caller.fault(op="run", kind="slow", seconds=600)
    taken = await caller.submit(SCHNELL, HELLO)
    await caller.advance(599)
    assert (await caller.status(taken))["status"] == "IN_PROGRESS"
    await caller.advance(1)
    assert (await caller.end(taken)).result.status_code == 200


async def test_a_black_picture(caller: Caller) -> None:
    await caller.fault(op="run", kind="nsfw", times=3)
    ended = await caller.run(SCHNELL, HELLO)
    assert ended.json["has_nsfw_concepts"] == [True]
    picture: Image.Image = await caller.picture(ended.json["images"][0]["url"])
    assert picture.convert("L").getextrema() == (0, 0)
    unchecked = await caller.run(SCHNELL, {**HELLO, "enable_safety_checker": False})
    assert unchecked.json["has_nsfw_concepts"] == [False]
    refused = await caller.run(VEO, {"prompt": "a lake"})
    assert (refused.result.status_code, refused.problem["type"]) == (422, "content_policy_violation")


async def test_downloads_that_go_wrong(fal: Fal, caller: Caller) -> None:
    ended = await caller.run(SCHNELL, HELLO)
    url = ended.json["images"][0]["url"]
    whole = (await caller.download(url)).content
    await caller.fault(op="media", kind="truncate", bytes=1000, request=ended.id)
    with pytest.raises((httpx.RemoteProtocolError, httpx.ReadError)):
        await caller.download(url)
    await caller.fault(op="media", kind="slow", seconds=0.2)
    began = asyncio.get_running_loop().time()
    assert (await caller.download(url)).content == whole
    assert asyncio.get_running_loop().time() - began >= 0.2
    await caller.fault(op="media", kind="not_found")
    assert (await caller.download(url)).status_code == 404
    await caller.fault(op="media", kind="html", status=503)
    assert (await caller.download(url)).status_code == 503
    assert [call.fault for call in fal.calls if call.op is Op.MEDIA] == [None, "truncate", "slow", "not_found", "html"]


async def test_uploads_that_go_wrong(caller: Caller) -> None:
    await caller.fault(op="put", kind="answer", status=524, body="timeout")
    with pytest.raises(AssertionError, match="timeout"):
        await caller.upload(photo())
    await caller.fault(op="initiate", kind="html", status=500)
    with pytest.raises(AssertionError, match="nginx"):
        await caller.upload(photo())
    assert await caller.upload(photo())


@pytest.mark.parametrize(
    "order",
    [
        {"op": "submit", "kind": "explode"},
        {"op": "everything", "kind": "busy"},
        {"op": "submit", "kind": "truncate"},
        {"op": "run", "kind": "busy"},
        {"op": "run", "kind": "error", "colour": "red"},
        {"op": "submit", "kind": "busy", "times": -1},
        {"op": "submit", "kind": "busy", "model": 3},
        {"op": "media", "kind": "slow", "seconds": "long"},
    ],
)
async def test_orders_that_make_no_sense(caller: Caller, order: dict[str, Any]) -> None:
    refused = await caller.http.post("/sim/faults", json=order)
    assert refused.status_code == 400
    assert refused.json()["error"]
