"""Every fault does what the package's docstring says, over real sockets."""

from __future__ import annotations

import asyncio
from typing import Any

import httpx
import pytest

from imgvid.sandbox.runpod import Cloud


async def _fault(http: httpx.AsyncClient, **fault: Any) -> dict[str, Any]:
    answer = await http.post("/sim/faults", json=fault)
    assert answer.status_code == 200, answer.text
    return answer.json()


async def _run(http: httpx.AsyncClient) -> str:
    return (await http.post("/v2/ep1/run", json={"input": {}})).json()["id"]


@pytest.mark.parametrize("how", ["reset", "close"])
@pytest.mark.parametrize(("kind", "accepted"), [("drop_before", 0), ("drop_after", 1)])
async def test_a_dropped_run(cloud: Cloud, http: httpx.AsyncClient, kind: str, accepted: int, how: str) -> None:
    await _fault(http, op="run", kind=kind, how=how)
    with pytest.raises((httpx.ReadError, httpx.RemoteProtocolError)):
        await http.post("/v2/ep1/run", json={"input": {}})
    assert len(cloud.endpoint("ep1").jobs) == accepted
    assert [(call.status, call.fault) for call in cloud.calls] == [(0, kind)]
    await _run(http)
    assert len(cloud.endpoint("ep1").jobs) == accepted + 1, "once only"


async def test_nth_and_times(http: httpx.AsyncClient) -> None:
    await _fault(http, op="health", kind="busy", nth=2, times=2, retry_after_s=7)
    answers = [await http.get("/v2/ep1/health") for _ in range(4)]
    assert [answer.status_code for answer in answers] == [200, 429, 429, 200]
    assert answers[1].headers["Retry-After"] == "7"
    assert (await http.get("/sim/faults")).json() == {"faults": []}
    endless = await _fault(http, op="*", kind="unauthorized", times=0)
    for _ in range(3):
        assert (await http.get("/v2/ep1/health")).status_code == 401
    await http.delete(f"/sim/faults/{endless['id']}")
    assert (await http.get("/v2/ep1/health")).status_code == 200


async def test_canned_answers(cloud: Cloud, http: httpx.AsyncClient) -> None:
    job = await _run(http)
    await _fault(http, op="status", kind="html", status=500)
    page = await http.get(f"/v2/ep1/status/{job}")
    assert (page.status_code, page.headers["Content-Type"]) == (500, "text/html; charset=utf-8")
    await _fault(http, op="status", kind="not_found", job=job)
    assert (await http.get("/v2/ep1/status/other")).status_code == 404
    assert (await http.get(f"/v2/ep1/status/{job}")).status_code == 404
    assert (await http.get(f"/v2/ep1/status/{job}")).status_code == 200
    await _fault(http, op="run", kind="answer", status=500, body={"error": "oops"}, applied=True)
    assert (await http.post("/v2/ep1/run", json={"input": {}})).json() == {"error": "oops"}
    assert len(cloud.endpoint("ep1").jobs) == 2
    await _fault(http, op="run", kind="busy")
    busy = await http.post("/v2/ep1/run", json={"input": {}})
    assert busy.status_code == 429
    assert "Retry-After" not in busy.headers


async def test_a_status_that_goes_backwards(http: httpx.AsyncClient, worker: httpx.AsyncClient) -> None:
    job = await _run(http)
    await worker.get("/job-take/w1?gpu=X")
    await worker.post(f"/job-done/w1/{job}?gpu=X", content=b'{"output":{}}')
    await _fault(http, op="status", kind="backwards", status="IN_PROGRESS")
    words = [(await http.get(f"/v2/ep1/status/{job}")).json()["status"] for _ in range(2)]
    assert words == ["IN_PROGRESS", "COMPLETED"]


async def test_the_same_job_on_two_workers(http: httpx.AsyncClient, worker: httpx.AsyncClient) -> None:
    await _fault(http, op="job-take", kind="redeliver")
    job = await _run(http)
    assert (await worker.get("/job-take/w1?gpu=X")).json()["id"] == job
    again = asyncio.create_task(worker.get("/job-take/w1?gpu=X"))
    assert (await worker.get("/job-take/w2?gpu=X")).json()["id"] == job, "never the same worker"
    again.cancel()
    await asyncio.gather(again, return_exceptions=True)
    assert (await http.get(f"/v2/ep1/status/{job}")).json()["retries"] == 1
    await worker.post(f"/job-done/w2/{job}?gpu=X", content=b'{"output":{"by":"w2"}}')
    await worker.post(f"/job-done/w1/{job}?gpu=X", content=b'{"output":{"by":"w1"}}')
    view = (await http.get(f"/sim/jobs/{job}")).json()
    assert view["output"] == {"by": "w2"}
    assert [run["outcome"] for run in view["runs"]] == ["late", "completed"]


async def test_a_held_result(cloud: Cloud, http: httpx.AsyncClient, worker: httpx.AsyncClient) -> None:
    await _fault(http, op="job-done", kind="hold_result", times=2, seconds=60)
    job, other = await _run(http), await _run(http)
    for name in (job, other):
        await worker.get("/job-take/w1?gpu=X")
        assert (await worker.post(f"/job-done/w1/{name}?gpu=X", content=b'{"output":{}}')).status_code == 200
    cloud.clock.advance(59)  # longer than the lease: nobody else gets it
    assert (await http.get(f"/v2/ep1/status/{job}")).json()["status"] == "IN_PROGRESS"
    assert (await http.post(f"/sim/jobs/{job}/release")).json()["status"] == "COMPLETED"
    assert (await http.get(f"/v2/ep1/status/{other}")).json()["status"] == "IN_PROGRESS"
    cloud.clock.advance(1)
    assert (await http.get(f"/v2/ep1/status/{other}")).json()["status"] == "COMPLETED"


async def test_a_lost_result(cloud: Cloud, http: httpx.AsyncClient, worker: httpx.AsyncClient) -> None:
    await _fault(http, op="job-done", kind="result_lost")
    job = await _run(http)
    await worker.get("/job-take/w1?gpu=X")
    progress = await worker.post(f"/job-done/w1/{job}?gpu=X", content=b'{"status":"IN_PROGRESS","output":1}')
    assert progress.status_code == 200, "the fault waits for a result"
    assert (await worker.post(f"/job-done/w1/{job}?gpu=X", content=b'{"output":{}}')).status_code == 400
    assert (await http.get(f"/v2/ep1/status/{job}")).json()["status"] == "IN_PROGRESS"
    cloud.clock.advance(31)
    assert (await http.get(f"/v2/ep1/status/{job}")).json()["status"] == "IN_QUEUE", "its worker went silent"


async def test_late_progress_reopens_only_on_request(http: httpx.AsyncClient, worker: httpx.AsyncClient) -> None:
    job = await _run(http)
    await worker.get("/job-take/w1?gpu=X")
    late = {"content": b'{"status":"IN_PROGRESS","output":{"step":9}}'}
    await worker.post(f"/job-done/w1/{job}?gpu=X", content=b'{"output":{"a":1}}')
    await worker.post(f"/job-done/w1/{job}?gpu=X", **late)
    assert (await http.get(f"/v2/ep1/status/{job}")).json()["status"] == "COMPLETED"
    await http.patch("/sim/endpoints/ep1", json={"late_progress_reopens": True})
    await worker.post(f"/job-done/w1/{job}?gpu=X", **late)
    reopened = (await http.get(f"/v2/ep1/status/{job}")).json()
    assert (reopened["status"], reopened["output"]) == ("IN_PROGRESS", {"step": 9})


async def test_forget_retention_and_clock_by_control(http: httpx.AsyncClient, worker: httpx.AsyncClient) -> None:
    job, kept = await _run(http), await _run(http)
    await http.post(f"/sim/jobs/{job}/forget")
    assert (await http.get(f"/v2/ep1/status/{job}")).status_code == 404
    await worker.get("/job-take/w1?gpu=X")
    await worker.post(f"/job-done/w1/{kept}?gpu=X", content=b'{"output":{}}')
    assert (await http.get(f"/v2/ep1/status/{kept}")).status_code == 200
    await http.patch("/sim/endpoints/ep1", json={"retention_s": 0})
    assert (await http.get(f"/v2/ep1/status/{kept}")).status_code == 404
    waiting = await _run(http)
    assert (await http.post("/sim/clock", json={"advance_s": 86400})).json()["advanced_s"] == 86400
    assert (await http.get(f"/v2/ep1/status/{waiting}")).status_code == 404


async def test_a_delay_does_not_outlive_the_server(http: httpx.AsyncClient, cloud: Cloud) -> None:
    await _fault(http, op="run", kind="delay", seconds=3600, when="after")
    slow = asyncio.create_task(http.post("/v2/ep1/run", json={"input": {}}))
    while not cloud.endpoint("ep1").jobs:
        await asyncio.sleep(0.01)
    assert not slow.done()
    cloud.close()
    assert (await slow).status_code == 200


@pytest.mark.parametrize(
    "body",
    [{}, {"op": "run"}, {"op": "fly", "kind": "busy"}, {"op": "run", "kind": "backwards"},
     {"op": "run", "kind": "busy", "nth": -1}, {"op": "run", "kind": "busy", "colour": "red"},
     {"op": "run", "kind": "delay", "seconds": "long"}],
)  # fmt: skip
async def test_a_wrong_fault_is_refused_in_words(http: httpx.AsyncClient, body: dict[str, Any]) -> None:
    answer = await http.post("/sim/faults", json=body)
    assert answer.status_code == 400
    assert answer.json()["error"]


@pytest.mark.parametrize(
    "body", [{"workers_max": -1}, {"workers_max": True}, {"lease_s": "x"}, {"colour": 1}, {"timeout_state": "GONE"}]
)
async def test_wrong_rules_are_refused_and_change_nothing(http: httpx.AsyncClient, body: dict[str, Any]) -> None:
    before = (await http.get("/sim/endpoints")).json()
    assert (await http.patch("/sim/endpoints/ep1", json=body)).status_code == 400
    assert (await http.get("/sim/endpoints")).json() == before


async def test_the_control_lists(http: httpx.AsyncClient, worker: httpx.AsyncClient) -> None:
    job = await _run(http)
    await worker.get("/job-take/w1?gpu=X")
    (only,) = (await http.get("/sim/jobs?endpoint=ep1")).json()["jobs"]
    assert [entry["status"] for entry in only["history"]] == ["IN_QUEUE", "IN_PROGRESS"]
    assert only["runs"][0]["worker"] == "w1"
    (listed,) = (await http.get("/sim/workers")).json()["workers"]
    assert (listed["state"], listed["jobs"]) == ("running", [job])
    calls = (await http.get("/sim/calls?op=run")).json()["calls"]
    assert [(call["op"], call["status"]) for call in calls] == [("run", 200)]
    assert (await http.post("/sim/workers/w1/kill")).status_code == 404, "nobody here started it"
