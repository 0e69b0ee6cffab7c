"""The RunPod client against the stand-in over real sockets: every fault, and what it lets us conclude."""

from __future__ import annotations

import asyncio
import socket
import traceback
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
import pytest

from imgvid.providers.base import (
    Broken,
    Busy,
    JobSpec,
    NotFound,
    OutcomeUnknown,
    OutOfFunds,
    Provider,
    ProviderError,
    Rejected,
    RemoteState,
    RequestId,
    Unauthorized,
    Unreachable,
)
from imgvid.providers.runpod import RunpodProvider, parse_health, parse_retry_after, parse_status
from imgvid.sandbox.runpod import Cloud, serve

KEY = "rpa_test_key_0123456789"
SPEC = JobSpec(
    job_id="9b2c", attempt=2, payload={"v": 1, "prompt": "žltý pes"},
    execution_timeout=timedelta(minutes=15), ttl=timedelta(hours=1),
)  # fmt: skip


@pytest.fixture
async def cloud() -> AsyncIterator[Cloud]:
    async with serve(endpoints=["ep1", "ep2"], api_key=KEY) as running:
        yield running


@pytest.fixture
async def client() -> AsyncIterator[httpx.AsyncClient]:
    async with httpx.AsyncClient(trust_env=False) as one:
        yield one


def provider_at(client: httpx.AsyncClient, url: str, **changes: Any) -> RunpodProvider:
    settings: dict[str, Any] = {
        "client": client,
        "api_url": url + "/v2",
        "api_key": KEY,
        "endpoint_id": "ep1",
        "retry_wait": timedelta(0),
        **changes,
    }
    return RunpodProvider(**settings)


@pytest.fixture
def provider(cloud: Cloud, client: httpx.AsyncClient) -> RunpodProvider:
    return provider_at(client, cloud.url)


def calls(cloud: Cloud, op: str) -> int:
    return sum(1 for call in cloud.calls if call.op == op)


async def test_it_is_a_provider_and_tells_no_secret(provider: RunpodProvider) -> None:
    checked: Provider = provider
    assert KEY not in repr(checked)


async def test_submit_sends_the_input_and_the_policy_in_milliseconds(cloud: Cloud, provider: RunpodProvider) -> None:
    request_id = await provider.submit(SPEC)
    (job,) = cloud.endpoint("ep1").jobs.values()
    assert request_id == f"ep1/{job.id}"
    assert job.order.input == {"v": 1, "prompt": "žltý pes"}
    assert job.order.policy.view() == {"executionTimeout": 900_000, "ttl": 3_600_000}


async def test_a_job_seen_through_its_states(cloud: Cloud, client: httpx.AsyncClient, provider: RunpodProvider) -> None:
    request_id = await provider.submit(SPEC)
    queued = await provider.status(request_id)
    assert (queued.state, queued.state.final, queued.output, queued.worker_id) == (
        RemoteState.QUEUED, False, None, None,
    )  # fmt: skip
    cloud.clock.advance(3)
    worker = {"Authorization": KEY}
    base = f"{cloud.url}/v2/ep1"
    job = (await client.get(f"{base}/job-take/w1?gpu=X", headers=worker)).json()["id"]
    done = f"{base}/job-done/w1/{job}?gpu=X"
    await client.post(done, headers=worker, json={"status": "IN_PROGRESS", "output": {"step": 4}})
    running = await provider.status(request_id)
    assert (running.state, running.progress, running.output) == (RemoteState.RUNNING, {"step": 4}, None)
    assert running.worker_id == "w1"
    assert running.delay is not None
    assert timedelta(seconds=3) <= running.delay < timedelta(seconds=5)
    await client.post(done, headers=worker, json={"output": {"outcome": "done"}})
    ended = await provider.status(request_id)
    assert (ended.state, ended.output, ended.progress) == (RemoteState.SUCCEEDED, {"outcome": "done"}, None)
    assert ended.state.final


async def test_an_old_request_is_polled_where_it_was_accepted(cloud: Cloud, client: httpx.AsyncClient) -> None:
    old = await provider_at(client, cloud.url).submit(SPEC)
    moved = provider_at(client, cloud.url, endpoint_id="ep2")
    assert (await moved.status(old)).state is RemoteState.QUEUED
    await moved.cancel(old)
    assert (await moved.status(old)).state is RemoteState.CANCELLED
    bare = RequestId(old.partition("/")[2])
    with pytest.raises(NotFound):
        await moved.status(bare)
    assert (await provider_at(client, cloud.url).status(bare)).state is RemoteState.CANCELLED


async def test_an_id_cannot_leave_its_place(cloud: Cloud, provider: RunpodProvider) -> None:
    with pytest.raises(NotFound):
        await provider.status(RequestId("ep1/../../ep1/health"))
    assert {call.op for call in cloud.calls} <= {"status"}


async def test_health(cloud: Cloud, provider: RunpodProvider) -> None:
    await provider.submit(SPEC)
    health = await provider.health()
    assert (health.in_queue, health.in_progress, health.workers, health.starved) == (1, 0, 0, True)
    cloud.endpoint("ep1").initializing = 1
    assert not (await provider.health()).starved


# -- what /run may meet: (fault, what is raised, how many jobs RunPod has then)
RUN_FAULTS = [
    ({"kind": "drop_after"}, OutcomeUnknown, 1),
    ({"kind": "drop_after", "how": "close"}, OutcomeUnknown, 1),
    ({"kind": "drop_before"}, OutcomeUnknown, 0),
    ({"kind": "html", "status": 500, "applied": True}, OutcomeUnknown, 1),
    ({"kind": "html", "status": 502}, OutcomeUnknown, 0),
    ({"kind": "html", "status": 524}, OutcomeUnknown, 0),
    ({"kind": "html", "status": 408}, OutcomeUnknown, 0),
    ({"kind": "html", "status": 200, "applied": True}, OutcomeUnknown, 1),
    ({"kind": "answer", "body": {"status": "IN_QUEUE"}, "applied": True}, OutcomeUnknown, 1),
    ({"kind": "answer", "body": ["odd"], "applied": True}, OutcomeUnknown, 1),
    ({"kind": "answer", "body": {"id": 7}, "applied": True}, OutcomeUnknown, 1),
    ({"kind": "busy", "retry_after_s": 4}, Busy, 0),
    ({"kind": "html", "status": 429}, Busy, 0),
    ({"kind": "unauthorized"}, Unauthorized, 0),
    ({"kind": "html", "status": 403}, Unauthorized, 0),
    ({"kind": "answer", "status": 402, "body": {"error": "payment required"}}, OutOfFunds, 0),
    ({"kind": "answer", "status": 400, "body": {"error": "Insufficient balance"}}, OutOfFunds, 0),
    ({"kind": "answer", "status": 403, "body": {"error": "not enough credits"}}, OutOfFunds, 0),
    ({"kind": "not_found"}, Broken, 0),
    ({"kind": "answer", "status": 302, "headers": {"Location": "/elsewhere"}}, Broken, 0),
    ({"kind": "answer", "status": 413, "body": "too large"}, Rejected, 0),
]


@pytest.mark.parametrize(("fault", "raised", "jobs"), RUN_FAULTS)
async def test_run_under_a_fault(
    cloud: Cloud, provider: RunpodProvider, fault: dict[str, Any], raised: type[ProviderError], jobs: int
) -> None:
    cloud.faults.add({"op": "run", "times": 0, **fault})
    with pytest.raises(ProviderError) as caught:
        await provider.submit(SPEC)
    assert type(caught.value) is raised, caught.value
    assert calls(cloud, "run") == 1, "never sent twice"
    assert len(cloud.endpoint("ep1").jobs) == jobs
    assert "9b2c" in str(caught.value) or isinstance(caught.value, Rejected)


async def test_busy_carries_the_wait(cloud: Cloud, provider: RunpodProvider) -> None:
    cloud.faults.add({"op": "run", "kind": "busy", "retry_after_s": 4})
    with pytest.raises(Busy) as caught:
        await provider.submit(SPEC)
    assert caught.value.retry_after == timedelta(seconds=4)
    cloud.faults.add({"op": "run", "kind": "busy"})
    with pytest.raises(Busy) as caught:
        await provider.submit(SPEC)
    assert caught.value.retry_after is None


async def test_a_slow_run_is_unknown_within_the_total_time(cloud: Cloud, client: httpx.AsyncClient) -> None:
    cloud.faults.add({"op": "run", "kind": "delay", "seconds": 30, "when": "after"})
    hasty = provider_at(client, cloud.url, total_timeout=timedelta(milliseconds=200))
    with pytest.raises(OutcomeUnknown):
        await hasty.submit(SPEC)
    assert len(cloud.endpoint("ep1").jobs) == 1


async def test_nobody_listens_is_surely_not_sent(client: httpx.AsyncClient) -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        nobody = provider_at(client, f"http://127.0.0.1:{free.getsockname()[1]}")
        with pytest.raises(Unreachable):
            await nobody.submit(SPEC)
        with pytest.raises(Unreachable):
            await nobody.health()


async def test_a_full_pool_is_surely_not_sent(cloud: Cloud) -> None:
    cloud.faults.add({"op": "health", "kind": "delay", "seconds": 5})
    limits = httpx.Limits(max_connections=1)
    async with httpx.AsyncClient(trust_env=False, limits=limits) as narrow:
        holder = asyncio.create_task(provider_at(narrow, cloud.url).health())
        while calls(cloud, "health") == 0:
            await asyncio.sleep(0.01)
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr("imgvid.providers.runpod.CALL_TIMEOUT", httpx.Timeout(5, pool=0.05))
            with pytest.raises(Unreachable):
                await provider_at(narrow, cloud.url).submit(SPEC)
        assert calls(cloud, "run") == 0
        holder.cancel()
        await asyncio.gather(holder, return_exceptions=True)


async def test_a_wrong_address_is_broken_not_unknown(client: httpx.AsyncClient) -> None:
    with pytest.raises(Broken):
        await provider_at(client, "gopher://127.0.0.1").submit(SPEC)


async def test_what_runpod_will_not_take_is_rejected(cloud: Cloud, provider: RunpodProvider) -> None:
    def spec(**changes: Any) -> JobSpec:
        fields: dict[str, Any] = {"job_id": "j", "attempt": 1, "payload": {}, "execution_timeout": timedelta(minutes=1),
                                  "ttl": timedelta(minutes=5), **changes}  # fmt: skip
        return JobSpec(**fields)

    for wrong, code in (
        (spec(execution_timeout=timedelta(seconds=1)), "http_400"),
        (spec(payload={"image": "x" * (10 * 1024 * 1024)}), "too_large"),
        (spec(payload={"image": b"bytes"}), "not_json"),
        (spec(payload={"cfg": float("nan")}), "not_json"),
    ):
        with pytest.raises(Rejected) as caught:
            await provider.submit(wrong)
        assert caught.value.code == code
        assert len(str(caught.value)) < 500
    assert cloud.endpoint("ep1").jobs == {}


async def test_an_unknown_endpoint_is_broken(cloud: Cloud, client: httpx.AsyncClient) -> None:
    with pytest.raises(Broken):
        await provider_at(client, cloud.url, endpoint_id="typo").submit(SPEC)


# -- what an idempotent call may meet: (fault, raised, requests made)
ASK_FAULTS = [
    ({"kind": "drop_before"}, Unreachable, 3),
    ({"kind": "drop_after", "how": "close"}, Unreachable, 3),
    ({"kind": "html", "status": 502}, Unreachable, 3),
    ({"kind": "html", "status": 200}, Unreachable, 3),
    ({"kind": "busy", "retry_after_s": 9}, Busy, 1),
    ({"kind": "unauthorized"}, Unauthorized, 1),
    ({"kind": "not_found"}, NotFound, 1),
    ({"kind": "answer", "status": 402, "body": {}}, OutOfFunds, 1),
    ({"kind": "answer", "status": 301, "headers": {"Location": "/x"}}, Broken, 1),
]


@pytest.mark.parametrize("op", ["status", "cancel", "health"])
@pytest.mark.parametrize(("fault", "raised", "requests"), ASK_FAULTS)
async def test_an_idempotent_call_under_a_fault(
    cloud: Cloud, provider: RunpodProvider, op: str, fault: dict[str, Any], raised: type[ProviderError], requests: int
) -> None:
    request_id = await provider.submit(SPEC)
    ask = {
        "status": lambda: provider.status(request_id),
        "cancel": lambda: provider.cancel(request_id),
        "health": provider.health,
    }[op]
    cloud.faults.add({"op": op, "times": 0, **fault})
    with pytest.raises(ProviderError) as caught:
        await ask()
    assert type(caught.value) is raised, caught.value
    assert calls(cloud, op) == requests
    cloud.faults.clear()
    cloud.faults.add({"op": op, "kind": "html", "times": 2})
    await ask()  # two bad moments are survived


async def test_an_answer_outside_the_contract_is_broken(cloud: Cloud, provider: RunpodProvider) -> None:
    request_id = await provider.submit(SPEC)
    for body in ({"state": "IN_QUEUE"}, {"status": 3}, ["x"]):
        cloud.faults.add({"op": "status", "kind": "answer", "body": body})
        with pytest.raises(Broken):
            await provider.status(request_id)
    cloud.faults.add({"op": "health", "kind": "answer", "body": {"error": "oops"}})
    with pytest.raises(Broken):
        await provider.health()


async def test_a_forgotten_job_is_not_found_and_a_backward_status_is_told_as_it_is(
    cloud: Cloud, client: httpx.AsyncClient, provider: RunpodProvider
) -> None:
    request_id = await provider.submit(SPEC)
    await client.get(f"{cloud.url}/v2/ep1/job-take/w1?gpu=X", headers={"Authorization": KEY})
    cloud.faults.add({"op": "status", "kind": "backwards"})
    assert (await provider.status(request_id)).state is RemoteState.QUEUED
    assert (await provider.status(request_id)).state is RemoteState.RUNNING
    cloud.clock.advance(3600)
    for ask in (provider.status, provider.cancel):
        with pytest.raises(NotFound):
            await ask(request_id)


@pytest.mark.parametrize(
    "fault",
    [{"kind": "drop_after"}, {"kind": "answer", "status": 400, "body": {"error": f"bad key {KEY}, Bearer {KEY}"}},
     {"kind": "answer", "status": 500, "body": KEY}],
)  # fmt: skip
async def test_no_error_carries_the_key_or_the_prompt(
    cloud: Cloud, provider: RunpodProvider, fault: dict[str, Any]
) -> None:
    cloud.faults.add({"op": "run", **fault})
    with pytest.raises(ProviderError) as caught:
        await provider.submit(SPEC)
    error: BaseException | None = caught.value
    text = "".join(traceback.format_exception(caught.value))
    while error is not None:
        text += repr(error) + repr(vars(error))
        assert not isinstance(error, httpx.HTTPError), "an httpx error carries the request and its headers"
        error = error.__cause__ or error.__context__
    assert KEY not in text
    assert "žltý" not in text


def test_states_in_our_words() -> None:
    words = {"IN_QUEUE": "queued", "IN_PROGRESS": "running", "RUNNING": "running", "COMPLETED": "succeeded",
             "FAILED": "failed", "CANCELLED": "cancelled", "TIMED_OUT": "timed_out", "MELTED": "running"}  # fmt: skip
    for word, ours in words.items():
        status = parse_status({"id": "x", "status": word})
        assert status is not None
        assert (status.state, status.raw_state) == (ours, word)
    odd = parse_status({"status": "MELTED"})
    assert odd is not None
    assert not odd.state.final


def test_odd_fields_do_no_harm() -> None:
    status = parse_status(
        {"status": "FAILED", "output": ["a"], "error": {"code": 1}, "retries": "2", "delayTime": None, "workerId": 4}
    )
    assert status is not None
    assert status.output == {"value": ["a"]}
    assert status.error == '{"code": 1}'
    assert (status.retries, status.delay, status.worker_id) == (None, None, None)
    assert parse_health({"jobs": {"inQueue": "3"}, "workers": []}).in_queue == 0


def test_retry_after_as_seconds_or_as_a_date() -> None:
    now = datetime(2026, 11, 21, 12, 0, 0, tzinfo=UTC)
    assert parse_retry_after("17", now=now) == timedelta(seconds=17)
    assert parse_retry_after("Sat, 21 Nov 2026 12:00:30 GMT", now=now) == timedelta(seconds=30)
    assert parse_retry_after("Sat, 21 Nov 2026 11:00:00 GMT", now=now) == timedelta(0)
    assert parse_retry_after("soon", now=now) is None
    assert parse_retry_after(None, now=now) is None
