"""The control API under /sim, as the package's docstring describes it. For tests, the demo's page and people."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from itertools import islice

from aiohttp import web

from imgvid.sandbox.runpod.answers import json_answer, refused
from imgvid.sandbox.runpod.bodies import read_object
from imgvid.sandbox.runpod.clock import iso
from imgvid.sandbox.runpod.cloud import Cloud
from imgvid.sandbox.runpod.endpoint import Endpoint
from imgvid.sandbox.runpod.job import Job
from imgvid.sandbox.runpod.rules import BadRequest

Plain = Callable[[web.Request], Awaitable[web.Response]]


class ControlApi:
    """Handlers without a key: the server listens on loopback only."""

    def __init__(self, cloud: Cloud) -> None:
        self._cloud = cloud

    def add_to(self, app: web.Application) -> None:
        def route(method: str, path: str, handler: Plain) -> None:
            app.router.add_route(method, f"/sim/{path}", _spoken(handler))

        route("GET", "jobs", self.jobs)
        route("GET", "jobs/{job}", self.job)
        route("POST", "jobs/{job}/{verb:redeliver|forget|release}", self.change_job)
        route("GET", "workers", self.workers)
        route("POST", "workers/{worker}/kill", self.kill_worker)
        route("GET", "endpoints", self.endpoints)
        route("PATCH", "endpoints/{endpoint}", self.change_rules)
        route("GET", "calls", self.calls)
        route("DELETE", "calls", self.forget_calls)
        route("POST", "faults", self.add_fault)
        route("GET", "faults", self.faults)
        route("DELETE", "faults", self.clear_faults)
        route("DELETE", "faults/{fault}", self.remove_fault)
        route("GET", "clock", self.clock)
        route("POST", "clock", self.advance)

    async def jobs(self, request: web.Request) -> web.Response:
        self._cloud.sweep()
        now = self._cloud.clock.now()
        found = [job for endpoint in self._asked(request) for job in endpoint.jobs.values()]
        return json_answer({"jobs": [job.sim_view(now) for job in sorted(found, key=lambda job: job.created)]})

    async def job(self, request: web.Request) -> web.Response:
        return self._view(self._job(request)[1])

    async def change_job(self, request: web.Request) -> web.Response:
        endpoint, job = self._job(request)
        match request.match_info["verb"]:
            case "redeliver":
                if not endpoint.redeliver(job):
                    return refused(409, f"it is {job.status}, not IN_PROGRESS")
            case "release":
                if not endpoint.release(job):
                    return refused(409, "no result of it is held back")
            case _:
                endpoint.forget(job, "by request")
        return self._view(job)

    async def workers(self, request: web.Request) -> web.Response:
        views = [
            self._cloud.worker_view(endpoint, worker)
            for endpoint in self._asked(request)
            for worker in endpoint.workers.values()
        ]
        return json_answer({"workers": views})

    async def kill_worker(self, request: web.Request) -> web.Response:
        host = self._cloud.hosts.get(request.match_info["worker"])
        if host is None:
            return refused(404, "no process of that worker runs here")
        host.kill()
        return json_answer({"killed": host.pid})

    async def endpoints(self, _request: web.Request) -> web.Response:
        return json_answer({"endpoints": {name: one.rules.view() for name, one in self._cloud.endpoints.items()}})

    async def change_rules(self, request: web.Request) -> web.Response:
        endpoint = self._cloud.endpoints.get(request.match_info["endpoint"])
        if endpoint is None:
            return refused(404, "no such endpoint")
        endpoint.rules = endpoint.rules.changed(await _body(request))
        endpoint.sweep()
        self._cloud.bell.ring()
        return json_answer(endpoint.rules.view())

    async def calls(self, request: web.Request) -> web.Response:
        """The latest `limit` calls, oldest first."""
        op, limit = request.query.get("op"), request.query.get("limit", "100")
        if not limit.isdigit():
            raise BadRequest("limit must be a whole number")
        latest = islice((call for call in reversed(self._cloud.calls) if op in {None, call.op}), int(limit))
        return json_answer({"calls": [call.view() for call in reversed(list(latest))]})

    async def forget_calls(self, _request: web.Request) -> web.Response:
        self._cloud.calls.clear()
        return json_answer({})

    async def add_fault(self, request: web.Request) -> web.Response:
        return json_answer(self._cloud.faults.add(await _body(request)).view())

    async def faults(self, _request: web.Request) -> web.Response:
        return json_answer({"faults": [fault.view() for fault in self._cloud.faults.all()]})

    async def clear_faults(self, _request: web.Request) -> web.Response:
        self._cloud.faults.clear()
        return json_answer({})

    async def remove_fault(self, request: web.Request) -> web.Response:
        found = self._cloud.faults.remove(request.match_info["fault"])
        return json_answer({}) if found else refused(404, "no such fault")

    async def clock(self, _request: web.Request) -> web.Response:
        return json_answer({"now": iso(self._cloud.clock.now()), "advanced_s": self._cloud.clock.advanced_s})

    async def advance(self, request: web.Request) -> web.Response:
        seconds = (await _body(request)).get("advance_s")
        if not isinstance(seconds, int | float) or isinstance(seconds, bool) or seconds < 0:
            raise BadRequest("advance_s must be a number of 0 or more")
        self._cloud.clock.advance(seconds)
        self._cloud.sweep()
        self._cloud.bell.ring()
        return await self.clock(request)

    def _asked(self, request: web.Request) -> list[Endpoint]:
        name = request.query.get("endpoint")
        return [one for one in self._cloud.endpoints.values() if name in {None, one.name}]

    def _job(self, request: web.Request) -> tuple[Endpoint, Job]:
        found = self._cloud.job(request.match_info["job"])
        if found is None:
            raise web.HTTPNotFound(text='{"error": "no such job"}', content_type="application/json")
        return found

    def _view(self, job: Job) -> web.Response:
        return json_answer(job.sim_view(self._cloud.clock.now()))


def _spoken(handler: Plain) -> Plain:
    """BadRequest becomes a 400 that says what was wrong."""

    async def spoken(request: web.Request) -> web.Response:
        try:
            return await handler(request)
        except BadRequest as wrong:
            return refused(400, str(wrong))

    return spoken


async def _body(request: web.Request) -> dict[str, object]:
    body = read_object(await request.read())
    if body is None:
        raise BadRequest("the body must be a JSON object")
    return dict(body)
