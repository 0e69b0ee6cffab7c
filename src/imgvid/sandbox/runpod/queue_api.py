"""The queue API: what RunPod's customers call."""

from __future__ import annotations

import json

from aiohttp import web

from imgvid.sandbox.runpod.answers import json_answer, refused
from imgvid.sandbox.runpod.cloud import Cloud
from imgvid.sandbox.runpod.endpoint import Endpoint
from imgvid.sandbox.runpod.faults import Kind, Op
from imgvid.sandbox.runpod.gate import FAULT, Gate, Handler
from imgvid.sandbox.runpod.job import Job, parse_order
from imgvid.sandbox.runpod.rules import BadRequest

UNKNOWN_JOB = "job not found"


class QueueApi:
    """Handlers; the gate has checked key, endpoint and rate by the time they run."""

    def __init__(self, cloud: Cloud) -> None:
        self._cloud = cloud

    def add_to(self, app: web.Application, gate: Gate) -> None:
        def route(method: str, path: str, op: Op, handler: Handler) -> None:
            app.router.add_route(method, f"/v2/{{endpoint}}/{path}", gate.guard(op, handler))

        route("POST", "run", Op.RUN, self.run)
        route("GET", "status/{job}", Op.STATUS, self.status)
        route("GET", "stream/{job}", Op.STREAM, self.stream)
        route("POST", "cancel/{job}", Op.CANCEL, self.cancel)
        route("POST", "retry/{job}", Op.RETRY, self.retry)
        route("POST", "purge-queue", Op.PURGE_QUEUE, self.purge_queue)
        route("GET", "health", Op.HEALTH, self.health)

    async def run(self, request: web.Request, endpoint: Endpoint) -> web.Response:
        raw = await request.read()
        if len(raw) > endpoint.rules.max_body_bytes:
            return refused(400, f"the request body exceeds {endpoint.rules.max_body_bytes} bytes")
        try:
            order = parse_order(json.loads(raw), endpoint.rules)
        except BadRequest as wrong:
            return refused(400, str(wrong))
        except ValueError:
            return refused(400, "the body is not JSON")
        job = endpoint.submit(order)
        return json_answer({"id": job.id, "status": job.status})

    async def status(self, request: web.Request, endpoint: Endpoint) -> web.Response:
        job = _job(request, endpoint)
        if job is None:
            return refused(404, UNKNOWN_JOB)
        view = job.status_view(self._cloud.clock.now())
        fault = request.get(FAULT)
        if fault is not None and fault.kind is Kind.BACKWARDS:
            view = {"id": job.id, "status": fault.text("status", "IN_QUEUE")}
        return json_answer(view)

    async def stream(self, request: web.Request, endpoint: Endpoint) -> web.Response:
        """The chunks since the last look; each is handed out once."""
        job = _job(request, endpoint)
        if job is None:
            return refused(404, UNKNOWN_JOB)
        chunks, job.stream = job.stream, []
        return json_answer({"status": job.status, "stream": [{"output": chunk} for chunk in chunks]})

    async def cancel(self, request: web.Request, endpoint: Endpoint) -> web.Response:
        job = _job(request, endpoint)
        if job is None:
            return refused(404, UNKNOWN_JOB)
        endpoint.cancel(job)
        return json_answer({"id": job.id, "status": job.status})

    async def retry(self, request: web.Request, endpoint: Endpoint) -> web.Response:
        job = _job(request, endpoint)
        if job is None:
            return refused(404, UNKNOWN_JOB)
        if not endpoint.retry(job):
            return refused(400, f"a job that is {job.status} cannot be retried")
        return json_answer({"id": job.id, "status": job.status})

    async def purge_queue(self, _request: web.Request, endpoint: Endpoint) -> web.Response:
        return json_answer({"removed": endpoint.purge(), "status": "completed"})

    async def health(self, _request: web.Request, endpoint: Endpoint) -> web.Response:
        return json_answer(endpoint.health())


def _job(request: web.Request, endpoint: Endpoint) -> Job | None:
    return endpoint.find(request.match_info["job"])
