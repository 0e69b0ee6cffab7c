"""RunPod's management API (REST v2), as far as an endpoint needs it: a stand-in held to facts/runpod.md 2a.

It refuses what the platform refuses: unknown properties (422), a missing key (401), a key without the right (403), idleTimeout
with REQUEST_COUNT, two CUDA settings at once (400). A PATCH of `env` replaces all of it, and one of `gpu.pools` without
`excludedTypes` clears those.
"""

from __future__ import annotations

import copy
import itertools
import json
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager

from aiohttp import web

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]

_SHAPE: dict[str, frozenset[str] | None] = {
    "name": None, "type": None, "image": None, "templateId": None, "registry": None, "disk": None, "env": None, "args": None,
    "ports": None, "dataCenterIds": None, "networkVolumes": None, "timeout": None, "flashboot": None,
    "gpu": frozenset({"pools", "excludedTypes", "count", "allowedCudaVersions", "minCudaVersion"}),
    "cpu": frozenset({"flavors"}),
    "workers": frozenset({"min", "max", "idleTimeout"}),
    "scaling": frozenset({"type", "queueDelay", "requestCount"}),
}  # fmt: skip
_REQUIRED = ("name", "type", "scaling")
_COUNTS = ("running", "idle", "initializing", "throttled", "unhealthy")


class RunPodRest:
    """One account. `endpoints` and `workers` may be changed from outside, as the platform and its console do; `set_workers`
    is both of them lowering or raising a limit.

    `rights` are the methods that each key may use. `on_change` hears of every endpoint that was made or changed.
    """

    def __init__(
        self, *, key: str, on_change: Callable[[str, Mapping[str, object]], None] = lambda _id, _body: None
    ) -> None:
        self.key = key
        self.rights: dict[str, frozenset[str]] = {key: frozenset({"GET", "POST", "PATCH"})}
        self.endpoints: dict[str, dict[str, object]] = {}
        self.workers: dict[str, list[dict[str, object]]] = {}
        self.calls: list[str] = []
        self._ids = itertools.count(1)
        self.on_change = on_change

    def app(self) -> web.Application:
        """The server; mount it where the client's base address ends in /v2."""
        app = web.Application(middlewares=[self._gate])
        app.router.add_get("/v2/serverless", self._list)
        app.router.add_post("/v2/serverless", self._create)
        app.router.add_get("/v2/serverless/{id}", self._get)
        app.router.add_patch("/v2/serverless/{id}", self._patch)
        app.router.add_get("/v2/serverless/{id}/workers", self._workers)
        app.router.add_get("/v2/catalog/gpus", self._gpus)
        app.router.add_get("/v2/catalog/datacenters", self._datacenters)
        return app

    def add(self, body: Mapping[str, object], *, named: str | None = None) -> str:
        """An endpoint that is already there. Returns its id."""
        endpoint_id = named or f"ep{next(self._ids)}"
        self.endpoints[endpoint_id] = {
            **copy.deepcopy(dict(body)),
            "id": endpoint_id,
            "createdAt": "2026-11-01T00:00:00Z",
        }
        self.on_change(endpoint_id, self.endpoints[endpoint_id])
        return endpoint_id

    def set_workers(self, endpoint_id: str, most: int) -> None:
        """workers.max, as the platform sets it by itself after idle days."""
        endpoint = self.endpoints[endpoint_id]
        workers = endpoint.get("workers")
        endpoint["workers"] = {**(workers if isinstance(workers, dict) else {}), "max": most}
        self.on_change(endpoint_id, endpoint)

    @web.middleware
    async def _gate(self, request: web.Request, handler: Handler) -> web.StreamResponse:
        self.calls.append(f"{request.method} {request.path}")
        allowed = self.rights.get((request.headers.get("Authorization") or "").removeprefix("Bearer "))
        if allowed is None:
            return _problem(401, "Unauthorized", "the API key is not valid")
        if request.method not in allowed:
            return _problem(403, "Forbidden", "the API key does not have permission to do this")
        return await handler(request)

    async def _list(self, _: web.Request) -> web.Response:
        return web.json_response({"endpoints": list(self.endpoints.values())})

    async def _create(self, request: web.Request) -> web.Response:
        body = await request.json()
        refused = _refused(body) or _lacking(body)
        if refused is not None:
            return refused
        return web.json_response(self.endpoints[self.add(body)], status=201)

    async def _get(self, request: web.Request) -> web.Response:
        endpoint = self.endpoints.get(request.match_info["id"])
        return web.json_response(endpoint) if endpoint else _problem(404, "Not Found", "endpoint not found")

    async def _patch(self, request: web.Request) -> web.Response:
        endpoint, body = self.endpoints.get(request.match_info["id"]), await request.json()
        if endpoint is None:
            return _problem(404, "Not Found", "endpoint not found")
        refused = _refused(body)
        if refused is not None:
            return refused
        gpu = body.get("gpu", {})
        if "pools" in gpu and "excludedTypes" not in gpu:
            gpu["excludedTypes"] = []
        endpoint.update(body)
        self.on_change(request.match_info["id"], endpoint)
        return web.json_response(endpoint)

    async def _workers(self, request: web.Request) -> web.Response:
        endpoint_id = request.match_info["id"]
        if endpoint_id not in self.endpoints:
            return _problem(404, "Not Found", "endpoint not found")
        rows = self.workers.get(endpoint_id, [])
        summary = {name: sum(row["status"] == name.upper() for row in rows) for name in _COUNTS} | {"total": len(rows)}
        return web.json_response({"workers": rows, "summary": summary, "endpointVersion": 1})

    async def _gpus(self, _: web.Request) -> web.Response:
        pools = ["AMPERE_16", "AMPERE_24", "ADA_24", "AMPERE_48", "ADA_48_PRO", "AMPERE_80", "ADA_80_PRO", "HOPPER_141"]
        return web.json_response({"gpus": [{"id": f"GPU of {pool}", "pool": pool} for pool in pools]})

    async def _datacenters(self, _: web.Request) -> web.Response:
        return web.json_response({"dataCenters": [{"id": name} for name in ("EU-RO-1", "EUR-IS-1", "US-TX-3")]})


@asynccontextmanager
async def serve(rest: RunPodRest) -> AsyncIterator[str]:
    """Listen on a free port of 127.0.0.1; the address that stands for https://api.runpod.io/v2."""
    runner = web.AppRunner(rest.app(), access_log=None, shutdown_timeout=1.0)
    await runner.setup()
    try:
        await web.TCPSite(runner, "127.0.0.1", 0).start()
        yield f"http://127.0.0.1:{runner.addresses[0][1]}/v2"
    finally:
        await runner.cleanup()


def _refused(body: object) -> web.Response | None:
    """What the platform answers to a body that it does not take; None where it takes it."""
    if not isinstance(body, dict):
        return _problem(422, "Unprocessable Entity", "the body must be an object")
    unknown = sorted(body.keys() - _SHAPE.keys())
    for name, allowed in _SHAPE.items():
        if allowed is not None and isinstance(body.get(name), dict):
            unknown += [f"{name}.{key}" for key in sorted(body[name].keys() - allowed)]
    if unknown:
        return _problem(
            422, "Unprocessable Entity", "unknown properties", [f"{name}: unknown property" for name in unknown]
        )
    gpu, scaling, workers = body.get("gpu", {}), body.get("scaling", {}), body.get("workers", {})
    if gpu.get("allowedCudaVersions") and gpu.get("minCudaVersion"):
        return _problem(400, "Bad Request", "allowedCudaVersions and minCudaVersion exclude each other")
    if scaling.get("type") == "REQUEST_COUNT" and "idleTimeout" in workers:
        return _problem(400, "Bad Request", "idleTimeout is not valid with REQUEST_COUNT")
    if not 1 <= workers.get("idleTimeout", 10) <= 3600:
        return _problem(422, "Unprocessable Entity", "workers.idleTimeout must be between 1 and 3600")
    return None


def _lacking(body: Mapping[str, object]) -> web.Response | None:
    lacking = [name for name in _REQUIRED if name not in body]
    if "image" not in body and "templateId" not in body:
        lacking.append("image")
    if ("gpu" in body) == ("cpu" in body):
        lacking.append("exactly one of gpu and cpu")
    return (
        _problem(422, "Unprocessable Entity", "missing", [f"{name}: required" for name in lacking]) if lacking else None
    )


def _problem(status: int, title: str, detail: str, errors: list[str] | None = None) -> web.Response:
    body: dict[str, object] = {"title": title, "status": status, "detail": detail}
    return web.Response(
        text=json.dumps(body | ({"errors": errors} if errors else {})),
        status=status,
        content_type="application/problem+json",
    )
