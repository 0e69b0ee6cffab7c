"""The queue as facts/models.md 1.2 to 1.7 have it, over real sockets."""

from __future__ import annotations

from collections.abc import AsyncIterator

import httpx
import pytest

from imgvid.sandbox.fal import Fal, Rules, serve
from imgvid.sandbox.runpod.clock import Clock
from tests.sandbox.fal.caller import BANANA, KEY, KLING, SCHNELL, Caller


@pytest.fixture
async def still() -> AsyncIterator[Caller]:
    """A stand-in whose time stands still until a test moves it on: 10 s in the queue, 20 s of work."""
    rules = Rules(queue_s=10, picture_s=20, video_s=20)
    async with (
        serve(key=KEY, rules=rules, clock=Clock(lambda: 1_800_000_000.0)) as fal,
        httpx.AsyncClient(base_url=fal.url, headers={"Authorization": f"Key {KEY}"}, trust_env=False) as client,
    ):
        yield Caller(client)


async def test_a_submit_answers_three_addresses_below_owner_and_app(fal: Fal, caller: Caller) -> None:
    taken = await caller.submit(KLING, {"prompt": "a lake"})
    base = f"{fal.url}/fal-ai/kling-video/requests/{taken['request_id']}"
    assert taken == {
        "status": "IN_QUEUE",
        "request_id": taken["request_id"],
        "response_url": base,
        "status_url": f"{base}/status",
        "cancel_url": f"{base}/cancel",
        "queue_position": 0,
    }
    await caller.rules(response_url="response")
    again = await caller.submit(KLING, {"prompt": "a lake"})
    assert again["response_url"].endswith(f"/requests/{again['request_id']}/response")
    assert (await caller.end(again)).result.status_code == 200
    assert (await caller.end(taken)).result.status_code == 200, "both forms answer"


async def test_the_states_and_their_codes(still: Caller) -> None:
    taken = await still.submit(SCHNELL, {"prompt": "a lake"})
    waiting = await still.http.get(taken["status_url"])
    assert waiting.status_code == 202
    assert waiting.json()["status"] == "IN_QUEUE"
    assert waiting.json()["queue_position"] == 0
    early = await still.http.get(taken["response_url"])
    assert (early.status_code, early.json()) == (400, {"detail": "Request is still in progress"})
    await still.advance(10)
    running = await still.http.get(taken["status_url"])
    assert (running.status_code, running.json()["status"]) == (202, "IN_PROGRESS")
    assert running.json()["logs"] is None, "no logs unless asked for"
    assert "queue_position" not in running.json()
    logged = await still.status(taken, logs=1)
    assert [set(line) for line in logged["logs"]] == [{"message", "level", "source", "timestamp"}]
    await still.advance(20)
    await still.until(taken, "COMPLETED")
    done = await still.http.get(taken["status_url"])
    assert done.status_code == 200
    assert done.json()["metrics"] == {"inference_time": 20.0}
    assert "error" not in done.json()
    result = await still.http.get(taken["response_url"])
    assert result.headers["x-fal-request-id"] == taken["request_id"]
    assert result.headers["X-Fal-Billable-Units"] == "1"


async def test_two_run_the_rest_waits_in_line(still: Caller) -> None:
    taken = [await still.submit(SCHNELL, {"prompt": "a lake"}) for _ in range(3)]
    slow = await still.submit(SCHNELL, {"prompt": "a lake"}, X_Fal_Queue_Priority="low")
    late = await still.submit(SCHNELL, {"prompt": "a lake"})
    other = await still.submit(BANANA, {"prompt": "a lake"})
    assert [one["queue_position"] for one in (*taken, slow, late, other)] == [0, 1, 2, 3, 3, 0], "a line for each app"
    await still.advance(10)
    states = [await still.status(one) for one in (*taken, slow, late)]
    assert [state["status"] for state in states] == ["IN_PROGRESS"] * 2 + ["IN_QUEUE"] * 3
    assert [state["queue_position"] for state in states[2:]] == [0, 2, 1], "low priority goes last"
    refused = await still.http.post(f"/{SCHNELL}?fal_max_queue_length=2", json={"prompt": "a lake"})
    assert refused.status_code == 429
    assert (await still.http.post(f"/{SCHNELL}?fal_max_queue_length=3", json={"prompt": "x"})).status_code == 200


async def test_a_key_is_needed_where_money_is_spent(fal: Fal, caller: Caller) -> None:
    taken = await caller.submit(SCHNELL, {"prompt": "a lake"})
    async with httpx.AsyncClient(base_url=fal.url, trust_env=False) as anybody:
        refused = await anybody.post(f"/{SCHNELL}", json={"prompt": "a lake"})
        assert refused.status_code == 401
        assert refused.json()["detail"].startswith('Cannot access application "fal-ai/flux"')
        for scheme in ("Bearer", "key", "Key x"):
            wrong = await anybody.get(taken["status_url"], headers={"Authorization": f"{scheme} {KEY}"})
            assert wrong.status_code == 401, scheme
    assert len(fal.orders) == 1


async def test_what_does_not_exist(caller: Caller) -> None:
    nobody = await caller.http.post("/fal-ai/veo-3", json={"prompt": "a lake"})
    assert (nobody.status_code, nobody.json()) == (404, {"detail": 'Application "veo-3" not found'})
    lost = await caller.run("fal-ai/flux/dev", {"prompt": "a lake"})
    assert (lost.result.status_code, lost.json) == (404, {"detail": "Path /dev not found"})
    assert lost.result.headers["X-Fal-Billable-Units"] == "0"
    for address in ("status", ""):
        unknown = await caller.http.get(f"/fal-ai/flux/requests/0000/{address}".rstrip("/"))
        assert (unknown.status_code, unknown.json()) == (404, {"status": "NOT_FOUND"})
    gone = await caller.http.put("/fal-ai/flux/requests/0000/cancel")
    assert (gone.status_code, gone.json()) == (404, {"status": "NOT_FOUND"})


async def test_requests_do_not_live_below_the_whole_endpoint(caller: Caller) -> None:
    taken = await caller.submit(SCHNELL, {"prompt": "a lake"})
    for tail in ("", "/status"):
        wrong = await caller.http.get(f"/{SCHNELL}/requests/{taken['request_id']}{tail}")
        assert (wrong.status_code, wrong.json()) == (405, {"detail": "Method Not Allowed"})
    other = await caller.http.get(f"/fal-ai/nano-banana/requests/{taken['request_id']}/status")
    assert other.status_code == 404, "nor below another app"


async def test_a_cancel_in_the_queue(still: Caller) -> None:
    taken = await still.submit(SCHNELL, {"prompt": "a lake"})
    cancelled = await still.http.put(taken["cancel_url"])
    assert (cancelled.status_code, cancelled.json()) == (202, {"status": "CANCELLATION_REQUESTED"})
    ended = await still.end(taken)
    assert ended.status["error_type"] == "client_cancelled"
    assert ended.result.status_code == 499
    assert (await still.view(taken["request_id"]))["runs"] == 0
    late = await still.http.put(taken["cancel_url"])
    assert (late.status_code, late.json()) == (400, {"status": "ALREADY_COMPLETED"})


@pytest.mark.parametrize("rule", ["stops", "finishes"])
async def test_a_cancel_of_a_running_request(still: Caller, rule: str) -> None:
    await still.rules(running_cancel=rule)
    taken = await still.submit(SCHNELL, {"prompt": "a lake"})
    await still.advance(10)
    await still.until(taken, "IN_PROGRESS")
    assert (await still.http.put(taken["cancel_url"])).status_code == 202
    await still.advance(20)
    ended = await still.end(taken)
    view = await still.view(taken["request_id"])
    if rule == "stops":
        assert ended.result.status_code == 499
        assert ended.result.headers["X-Fal-Error-Type"] == "client_cancelled"
        assert view["cost_usd"] == 0
    else:
        assert ended.result.status_code == 200, "the app did not hear the signal"
        assert view["cost_usd"] > 0


async def test_the_time_to_start(still: Caller) -> None:
    taken = await still.submit(SCHNELL, {"prompt": "a lake"}, X_Fal_Request_Timeout="5")
    await still.advance(4)
    assert (await still.status(taken))["status"] == "IN_QUEUE"
    await still.advance(1)
    ended = await still.end(taken)
    assert ended.result.status_code == 504
    assert ended.result.headers["X-Fal-Request-Timeout-Type"] == "user"
    assert ended.json["error_type"] == ended.status["error_type"] == "startup_timeout"
    started = await still.submit(SCHNELL, {"prompt": "a lake"}, X_Fal_Request_Timeout="15")
    await still.advance(10)
    await still.until(started, "IN_PROGRESS")
    await still.advance(20)
    assert (await still.end(started)).result.status_code == 200, "it limits the wait alone"


@pytest.mark.parametrize(
    ("header", "value"),
    [
        ("X_Fal_Request_Timeout", "soon"),
        ("X_Fal_Request_Timeout", "0.1"),
        ("X_Fal_Queue_Priority", "high"),
        ("X_Fal_Object_Lifecycle_Preference", "1h"),
        ("X_Fal_Object_Lifecycle_Preference", '{"expiration_duration_seconds": "1h"}'),
    ],
)
async def test_a_header_that_makes_no_sense(caller: Caller, header: str, value: str) -> None:
    headers = {header.replace("_", "-"): value}
    refused = await caller.http.post(f"/{SCHNELL}", json={"prompt": "a lake"}, headers=headers)
    assert refused.status_code == 400
    assert refused.json()["error_type"] == refused.headers["X-Fal-Error-Type"] == "bad_request"


async def test_a_result_is_kept_an_hour(still: Caller) -> None:
    taken = await still.submit(SCHNELL, {"prompt": "a lake"})
    await still.advance(10)
    await still.until(taken, "IN_PROGRESS")
    await still.advance(20)
    await still.end(taken)
    await still.advance(3599)
    assert (await still.http.get(taken["response_url"])).status_code == 200
    await still.advance(1)
    assert (await still.http.get(taken["response_url"])).json() == {"status": "NOT_FOUND"}
    assert (await still.view(taken["request_id"]))["gone"] == "retention"


async def test_a_webhook_is_named_and_never_called(caller: Caller) -> None:
    answer = await caller.http.post(f"/{SCHNELL}?fal_webhook=http://127.0.0.1:9/hook", json={"prompt": "a lake"})
    assert answer.json()["gateway_request_id"] == answer.json()["request_id"]


async def test_the_ledger_keeps_no_key(fal: Fal, caller: Caller) -> None:
    ended = await caller.run(SCHNELL, {"prompt": "a lake"}, X_Fal_No_Retry="1")
    calls = (await caller.http.get("/sim/calls?op=submit")).json()["calls"]
    assert [(call["model"], call["status"]) for call in calls] == [(SCHNELL, 200)]
    assert calls[0]["headers"]["X-Fal-No-Retry"] == "1"
    assert calls[0]["headers"]["Authorization"] == "Key ..."
    results = (await caller.http.get("/sim/calls?op=result")).json()["calls"]
    assert [call["request"] for call in results] == [ended.id]
    assert KEY not in (await caller.http.get("/sim/calls?limit=1000")).text


async def test_the_loop_answers_while_videos_are_made(caller: Caller) -> None:
    taken = [await caller.submit(KLING, {"prompt": "a lake", "duration": "15"}) for _ in range(2)]
    for _ in range(3):
        assert (await caller.http.get("/sim/rules")).status_code == 200
    states = [(await caller.status(one))["status"] for one in taken]
    assert "IN_PROGRESS" in states, "asked while the threads were at work"
    assert [(await caller.end(one)).result.status_code for one in taken] == [200, 200]
