"""The queue API over real sockets: shapes, states, limits, and what is 404."""

from __future__ import annotations

import json
from typing import Any

import httpx
import pytest

from imgvid.sandbox.runpod import Cloud


async def _run(http: httpx.AsyncClient, **policy: int) -> str:
    body: dict[str, Any] = {"input": {"job_id": "j1"}}
    if policy:
        body["policy"] = policy
    answer = await http.post("/v2/ep1/run", json=body)
    assert answer.status_code == 200, answer.text
    assert answer.json()["status"] == "IN_QUEUE"
    return answer.json()["id"]


async def _status(http: httpx.AsyncClient, job: str) -> dict[str, Any]:
    answer = await http.get(f"/v2/ep1/status/{job}")
    assert answer.status_code == 200, answer.text
    return answer.json()


async def _take(worker: httpx.AsyncClient, name: str = "w1") -> dict[str, Any]:
    answer = await worker.get(f"/job-take/{name}?gpu=X&job_in_progress=0")
    assert answer.status_code == 200, answer.text
    return answer.json()


async def _done(worker: httpx.AsyncClient, job: str, body: Any, name: str = "w1") -> int:
    answer = await worker.post(
        f"/job-done/{name}/{job}?gpu=X&isStream=false",
        content=json.dumps(body),
        headers={"Content-Type": "application/x-www-form-urlencoded", "charset": "utf-8"},
    )
    return answer.status_code


async def test_a_job_from_queue_to_result(cloud: Cloud, http: httpx.AsyncClient, worker: httpx.AsyncClient) -> None:
    job = await _run(http)
    assert len(job) > 36
    assert await _status(http, job) == {"id": job, "status": "IN_QUEUE"}
    cloud.clock.advance(2)
    taken = await _take(worker)
    assert taken == {"id": job, "input": {"job_id": "j1"}}
    assert await _done(worker, job, {"status": "IN_PROGRESS", "output": {"done": 3, "of": 20}}) == 200
    running = await _status(http, job)
    assert running["status"] == "IN_PROGRESS"
    assert running["workerId"] == "w1"
    assert running["output"] == {"done": 3, "of": 20}
    assert 2000 <= running["delayTime"] < 4000
    cloud.clock.advance(7)
    assert await _done(worker, job, {"output": {"outcome": "done"}}) == 200
    ended = await _status(http, job)
    assert ended["status"] == "COMPLETED"
    assert ended["output"] == {"outcome": "done"}
    assert 7000 <= ended["executionTime"] < 9000
    assert "error" not in ended
    assert "retries" not in ended


async def test_what_a_worker_reports_decides_the_state(http: httpx.AsyncClient, worker: httpx.AsyncClient) -> None:
    failed = await _run(http)
    await _take(worker)
    await _done(worker, failed, {"output": {"code": "x"}, "error": "broke"})
    status = await _status(http, failed)
    assert (status["status"], status["output"], status["error"]) == ("FAILED", {"code": "x"}, "broke")
    # runpod-python#299: an object as error is COMPLETED without output on the platform
    odd = await _run(http)
    await _take(worker)
    await _done(worker, odd, {"output": {"a": 1}, "error": {"code": 1}})
    status = await _status(http, odd)
    assert status["status"] == "COMPLETED"
    assert "output" not in status


@pytest.mark.parametrize("key", ["Bearer nonsense", "", "worker-key"])
async def test_a_wrong_key_is_401_and_not_json(http: httpx.AsyncClient, key: str) -> None:
    answer = await http.post("/v2/ep1/run", json={"input": {}}, headers={"Authorization": key})
    assert answer.status_code == 401
    assert answer.content == b""


async def test_the_bare_key_is_as_good(http: httpx.AsyncClient, key: str) -> None:
    assert (await http.get("/v2/ep1/health", headers={"Authorization": key})).status_code == 200


@pytest.mark.parametrize(
    "body",
    [b"", b"[1]", b'{"inputs":{}}', b'{"input":[1]}', b'{"input":{},"policy":{"ttl":9999}}',
     b'{"input":{},"policy":{"executionTimeout":"5s"}}', b"\xff"],
)  # fmt: skip
async def test_bad_bodies_are_400(cloud: Cloud, http: httpx.AsyncClient, body: bytes) -> None:
    answer = await http.post("/v2/ep1/run", content=body)
    assert answer.status_code == 400
    assert answer.json()["error"]
    assert cloud.endpoint("ep1").jobs == {}


async def test_more_than_ten_megabytes_is_400(http: httpx.AsyncClient, worker: httpx.AsyncClient) -> None:
    big = {"input": {"image": "x" * (10 * 1024 * 1024)}}
    assert (await http.post("/v2/ep1/run", json=big)).status_code == 400
    job = await _run(http)
    await _take(worker)
    assert await _done(worker, job, {"output": big["input"]}) == 400
    assert (await _status(http, job))["status"] == "IN_PROGRESS", "the result is lost, nobody is told"


async def test_unknown_names_are_404(http: httpx.AsyncClient) -> None:
    assert (await http.post("/v2/other/run", json={"input": {}})).status_code == 404
    assert (await http.get("/v2/ep1/status/none")).status_code == 404
    assert (await http.post("/v2/ep1/cancel/none")).status_code == 404
    assert (await http.post("/v2/ep1/retry/none")).status_code == 404


async def test_a_queued_job_is_cancelled_and_never_taken(
    cloud: Cloud, http: httpx.AsyncClient, worker: httpx.AsyncClient
) -> None:
    cloud.endpoint("ep1").rules = cloud.endpoint("ep1").rules.changed({"poll_hold_s": 0})
    job = await _run(http)
    assert (await http.post(f"/v2/ep1/cancel/{job}")).json() == {"id": job, "status": "CANCELLED"}
    assert (await worker.get("/job-take/w1?gpu=X")).status_code == 204
    assert (await http.post(f"/v2/ep1/cancel/{job}")).json()["status"] == "CANCELLED"


async def test_cancel_reaches_the_worker_and_a_late_result_is_ignored(
    http: httpx.AsyncClient, worker: httpx.AsyncClient
) -> None:
    job = await _run(http)
    await _take(worker)
    await http.post(f"/v2/ep1/cancel/{job}")
    assert (await worker.get("/job-stop/w1?gpu=X")).json() == {"jobsToStop": [job]}
    assert await _done(worker, job, {"output": {"late": True}}) == 200
    status = await _status(http, job)
    assert status["status"] == "CANCELLED"
    assert "output" not in status
    assert (await http.get(f"/sim/jobs/{job}")).json()["runs"][0]["outcome"] == "late"


async def test_cancel_of_a_finished_job_changes_nothing(http: httpx.AsyncClient, worker: httpx.AsyncClient) -> None:
    job = await _run(http)
    await _take(worker)
    await _done(worker, job, {"output": {"a": 1}})
    assert (await http.post(f"/v2/ep1/cancel/{job}")).json()["status"] == "COMPLETED"
    assert (await _status(http, job))["output"] == {"a": 1}


async def test_execution_timeout_ends_the_job_and_stops_the_worker(
    cloud: Cloud, http: httpx.AsyncClient, worker: httpx.AsyncClient
) -> None:
    job = await _run(http, executionTimeout=5000)
    await _take(worker)
    cloud.clock.advance(5)
    assert (await _status(http, job))["status"] == "TIMED_OUT"
    assert (await worker.get("/job-stop/w1?gpu=X")).json() == {"jobsToStop": [job]}
    retried = await http.post(f"/v2/ep1/retry/{job}")
    assert retried.json() == {"id": job, "status": "IN_QUEUE"}
    assert (await _take(worker, "w2"))["id"] == job


async def test_retry_is_only_for_failed_and_timed_out(http: httpx.AsyncClient, worker: httpx.AsyncClient) -> None:
    job = await _run(http)
    assert (await http.post(f"/v2/ep1/retry/{job}")).status_code == 400
    await _take(worker)
    await _done(worker, job, {"error": "broke", "output": {"a": 1}})
    assert (await http.post(f"/v2/ep1/retry/{job}")).status_code == 200
    status = await _status(http, job)
    assert status == {"id": job, "status": "IN_QUEUE", "delayTime": status["delayTime"], "retries": 1}


@pytest.mark.parametrize("running", [False, True])
async def test_ttl_over_is_404_even_while_running(
    cloud: Cloud, http: httpx.AsyncClient, worker: httpx.AsyncClient, running: bool
) -> None:
    job = await _run(http, ttl=10_000)
    if running:
        await _take(worker)
    cloud.clock.advance(9)
    assert (await http.get(f"/v2/ep1/status/{job}")).status_code == 200
    cloud.clock.advance(1)
    assert (await http.get(f"/v2/ep1/status/{job}")).status_code == 404
    assert await _done(worker, job, {"output": {}}) == 404
    assert (await http.get(f"/sim/jobs/{job}")).json()["gone"] == "ttl"


async def test_a_result_is_kept_thirty_minutes(
    cloud: Cloud, http: httpx.AsyncClient, worker: httpx.AsyncClient
) -> None:
    job = await _run(http)
    await _take(worker)
    await _done(worker, job, {"output": {"a": 1}})
    cloud.clock.advance(29 * 60)
    assert (await _status(http, job))["status"] == "COMPLETED"
    cloud.clock.advance(61)
    assert (await http.get(f"/v2/ep1/status/{job}")).status_code == 404


async def test_silence_gives_the_job_to_another_worker_and_the_first_result_wins(
    cloud: Cloud, http: httpx.AsyncClient, worker: httpx.AsyncClient
) -> None:
    job = await _run(http)
    await _take(worker, "w1")
    cloud.clock.advance(20)
    await worker.get(f"/ping/w1?job_id={job}")
    cloud.clock.advance(20)
    assert (await _status(http, job))["status"] == "IN_PROGRESS", "it pinged"
    cloud.clock.advance(11)
    lost = await _status(http, job)
    assert (lost["status"], lost["retries"]) == ("IN_QUEUE", 1)
    assert "workerId" not in lost
    assert (await _take(worker, "w2"))["id"] == job
    assert (await _status(http, job))["workerId"] == "w2"
    await _done(worker, job, {"output": {"by": "w1"}}, "w1")  # the first one lived after all
    await _done(worker, job, {"output": {"by": "w2"}}, "w2")
    assert (await _status(http, job))["output"] == {"by": "w1"}
    runs = (await http.get(f"/sim/jobs/{job}")).json()["runs"]
    assert [(run["worker"], run["outcome"]) for run in runs] == [("w1", "completed"), ("w2", "late")]


async def test_workers_max_zero_starves(cloud: Cloud, http: httpx.AsyncClient, worker: httpx.AsyncClient) -> None:
    await http.patch("/sim/endpoints/ep1", json={"workers_max": 0, "poll_hold_s": 0})
    job = await _run(http)
    assert (await worker.get("/job-take/w1?gpu=X")).status_code == 204
    assert (await _status(http, job))["status"] == "IN_QUEUE"
    await http.patch("/sim/endpoints/ep1", json={"workers_max": 1})
    assert (await _take(worker))["id"] == job


async def test_workers_max_limits_how_many_work_at_once(http: httpx.AsyncClient, worker: httpx.AsyncClient) -> None:
    await http.patch("/sim/endpoints/ep1", json={"workers_max": 1, "poll_hold_s": 0})
    first, second = await _run(http), await _run(http)
    assert (await _take(worker, "w1"))["id"] == first
    assert (await worker.get("/job-take/w2?gpu=X")).status_code == 204
    await _done(worker, first, {"output": {}}, "w1")
    assert (await _take(worker, "w2"))["id"] == second


async def test_health_counts(http: httpx.AsyncClient, worker: httpx.AsyncClient) -> None:
    first, _ = await _run(http), await _run(http)
    await _take(worker)
    health = (await http.get("/v2/ep1/health")).json()
    assert health["jobs"] == {"completed": 0, "failed": 0, "inProgress": 1, "inQueue": 1, "retried": 0}
    assert (health["workers"]["running"], health["workers"]["idle"]) == (1, 0)
    await _done(worker, first, {"error": "no"})
    health = (await http.get("/v2/ep1/health")).json()
    assert health["jobs"]["failed"] == 1
    assert (health["workers"]["running"], health["workers"]["idle"]) == (0, 1)


async def test_purge_removes_only_what_waits(http: httpx.AsyncClient, worker: httpx.AsyncClient) -> None:
    running, _, _ = await _run(http), await _run(http), await _run(http)
    await _take(worker)
    assert (await http.post("/v2/ep1/purge-queue")).json() == {"removed": 2, "status": "completed"}
    assert (await _status(http, running))["status"] == "IN_PROGRESS"


async def test_batch_take_and_stream(http: httpx.AsyncClient, worker: httpx.AsyncClient) -> None:
    jobs = [await _run(http) for _ in range(3)]
    batch = (await worker.get("/job-take-batch/w1?gpu=X&batch_size=2&job_in_progress=0")).json()
    assert [job["id"] for job in batch] == jobs[:2]
    await worker.post(f"/job-stream/w1/{jobs[0]}?gpu=X&isStream=false", content=b'{"output":{"step":1}}')
    stream = (await http.get(f"/v2/ep1/stream/{jobs[0]}")).json()
    assert stream == {"status": "IN_PROGRESS", "stream": [{"output": {"step": 1}}]}


async def test_the_documented_rate_limit_is_429_until_the_window_moves(cloud: Cloud, http: httpx.AsyncClient) -> None:
    for _ in range(2):
        assert (await http.post("/v2/ep1/purge-queue")).status_code == 200
    assert (await http.post("/v2/ep1/purge-queue")).status_code == 429
    cloud.clock.advance(10)
    assert (await http.post("/v2/ep1/purge-queue")).status_code == 200
    await http.patch("/sim/endpoints/ep1", json={"rate_limits": False})
    for _ in range(5):
        assert (await http.post("/v2/ep1/purge-queue")).status_code == 200
