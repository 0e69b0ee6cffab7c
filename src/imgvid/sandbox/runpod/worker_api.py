"""The worker protocol: what the SDK's worker process calls. Take and stop polls are held."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import TypeVar

from aiohttp import web

from imgvid.sandbox.runpod.answers import json_answer, refused
from imgvid.sandbox.runpod.bodies import read_object
from imgvid.sandbox.runpod.cloud import Cloud
from imgvid.sandbox.runpod.endpoint import Endpoint, read_result
from imgvid.sandbox.runpod.faults import Kind, Op
from imgvid.sandbox.runpod.gate import FAULT, Gate, Handler
from imgvid.sandbox.runpod.worker import Worker

NOTHING = 204
Item = TypeVar("Item")


class WorkerApi:
    """Handlers; the gate has checked key and endpoint by the time they run."""

    def __init__(self, cloud: Cloud) -> None:
        self._cloud = cloud

    def add_to(self, app: web.Application, gate: Gate) -> None:
        def route(method: str, path: str, op: Op, handler: Handler) -> None:
            app.router.add_route(method, f"/v2/{{endpoint}}/{path}", gate.guard(op, handler))

        route("GET", "job-take/{worker}", Op.JOB_TAKE, self.take)
        route("GET", "job-take-batch/{worker}", Op.JOB_TAKE, self.take_batch)
        route("GET", "job-stop/{worker}", Op.JOB_STOP, self.stop)
        route("POST", "job-done/{worker}/{job}", Op.JOB_DONE, self.done)
        route("POST", "job-stream/{worker}/{job}", Op.JOB_STREAM, self.stream)
        route("GET", "ping/{worker}", Op.PING, self.ping)

    async def take(self, request: web.Request, endpoint: Endpoint) -> web.Response:
        jobs = await self._take(request, endpoint, limit=1)
        return json_answer(jobs[0]) if jobs else web.Response(status=NOTHING)

    async def take_batch(self, request: web.Request, endpoint: Endpoint) -> web.Response:
        size = request.query.get("batch_size", "1")
        if not size.isdigit() or int(size) < 1:
            return refused(400, "batch_size must be a whole number of 1 or more")
        jobs = await self._take(request, endpoint, limit=int(size))
        return json_answer(list(jobs)) if jobs else web.Response(status=NOTHING)

    async def stop(self, request: web.Request, endpoint: Endpoint) -> web.Response:
        def signals(worker: Worker) -> list[str]:
            stops, worker.stops = worker.stops, []
            return stops

        stops = await self._held(request, endpoint, signals)
        return json_answer({"jobsToStop": stops}) if stops else web.Response(status=NOTHING)

    async def done(self, request: web.Request, endpoint: Endpoint) -> web.Response:
        """A result or a progress report: raw JSON, whatever the content type says."""
        worker, raw = endpoint.seen(request.match_info["worker"]), await request.read()
        job = endpoint.find(request.match_info["job"])
        if job is None:
            return refused(404, "job not found")
        body = read_object(raw)
        if body is None:
            return refused(400, "the body is not a JSON object")
        if body.get("status") == "IN_PROGRESS":
            endpoint.progress(worker, job, body.get("output"))
            return json_answer({})
        fault = request.get(FAULT)
        if len(raw) > endpoint.rules.max_body_bytes:
            endpoint.refuse(worker, job, "too large")
            return refused(400, f"the result exceeds {endpoint.rules.max_body_bytes} bytes")
        if fault is not None and fault.kind is Kind.RESULT_LOST:
            endpoint.refuse(worker, job, "lost by a fault")
            return refused(400, "the result was not accepted")
        hold = fault.number("seconds", float("inf")) if fault is not None and fault.kind is Kind.HOLD_RESULT else None
        endpoint.report(worker, job, read_result(body), hold_s=hold)
        if body.get("stopPod") is True:
            worker.draining = True
        return json_answer({})

    async def stream(self, request: web.Request, endpoint: Endpoint) -> web.Response:
        endpoint.seen(request.match_info["worker"])
        job, body = endpoint.find(request.match_info["job"]), read_object(await request.read())
        if job is None or body is None:
            return refused(404 if job is None else 400, "no such job, or no JSON object")
        if not job.status.final:
            job.stream.append(body.get("output"))
        return json_answer({})

    async def ping(self, request: web.Request, endpoint: Endpoint) -> web.Response:
        endpoint.seen(request.match_info["worker"])
        return json_answer({})

    async def _take(self, request: web.Request, endpoint: Endpoint, limit: int) -> list[dict[str, object]]:
        jobs = await self._held(request, endpoint, lambda worker: endpoint.take(worker, limit))
        fault = request.get(FAULT)
        if fault is not None and fault.kind is Kind.REDELIVER:
            for job in jobs:
                endpoint.redeliver(job)
        return [job.for_worker() for job in jobs]

    async def _held(self, request: web.Request, endpoint: Endpoint, look: Callable[[Worker], list[Item]]) -> list[Item]:
        """What `look` finds, at once or within the hold; empty when nothing came, or nothing will come any more."""
        worker, loop = endpoint.seen(request.match_info["worker"]), asyncio.get_running_loop()
        until = loop.time() + endpoint.rules.poll_hold_s
        worker.polls += 1
        try:
            while not self._cloud.closing.is_set():
                found, left = look(worker), until - loop.time()
                if found or worker.leaving or left <= 0:
                    return found
                await self._cloud.bell.wait(left)
            return []
        finally:  # also when the worker hung up: the handler is cancelled then
            worker.polls -= 1
            worker.last_seen = self._cloud.clock.now()
