"""The control API under /sim, as the package's docstring describes it. For tests, the demo's page and people."""

from __future__ import annotations

import json
from collections.abc import Awaitable, Callable
from itertools import islice

from aiohttp import web

from imgvid.sandbox.fal.order import Order
from imgvid.sandbox.fal.queue import Queue
from imgvid.sandbox.fal.rules import BadRequest, Rules
from imgvid.sandbox.fal.spoken import answer
from imgvid.sandbox.fal.world import Fal, Life
from imgvid.sandbox.runpod.clock import iso

Plain = Callable[[web.Request], Awaitable[web.Response]]


class ControlApi:
    """Handlers without a key: the server listens on loopback only."""

    def __init__(self, fal: Fal, queue: Queue) -> None:
        self._fal = fal
        self._queue = queue

    def add_to(self, app: web.Application) -> None:
        def route(method: str, path: str, handler: Plain) -> None:
            app.router.add_route(method, f"/sim/{path}", _spoken(handler))

        route("GET", "requests", self.requests)
        route("GET", "requests/{id}", self.request)
        route("POST", "requests/{id}/forget", self.forget)
        route("GET", "files", self.files)
        route("GET", "models", self.models)
        route("PATCH", "models/{id:.+}", self.change_model)
        route("GET", "rules", self.rules)
        route("PATCH", "rules", self.change_rules)
        route("GET", "calls", self.calls)
        route("DELETE", "calls", self.forget_calls)
        route("POST", "faults", self.add_fault)
        route("GET", "faults", self.faults)
        route("DELETE", "faults", self.clear_faults)
        route("DELETE", "faults/{fault}", self.remove_fault)
        route("GET", "clock", self.clock)
        route("POST", "clock", self.advance)
        route("POST", "reset", self.reset)

    async def requests(self, request: web.Request) -> web.Response:
        self._queue.sweep()
        asked = request.query.get("endpoint")
        found = [order for order in self._fal.orders.values() if asked in {None, order.endpoint}]
        return answer({"requests": [order.sim_view() for order in found]})

    async def request(self, request: web.Request) -> web.Response:
        self._queue.sweep()
        return answer(self._order(request).sim_view())

    async def forget(self, request: web.Request) -> web.Response:
        order = self._order(request)
        self._queue.forget(order, "by request")
        return answer(order.sim_view())

    async def files(self, _request: web.Request) -> web.Response:
        self._fal.shelf.sweep()
        return answer({"files": [file.view() for file in self._fal.shelf.files.values()]})

    async def models(self, _request: web.Request) -> web.Response:
        return answer({"models": {name: self._fal.life(name) for name in self._fal.models}})

    async def change_model(self, request: web.Request) -> web.Response:
        name = request.match_info["id"]
        if name not in self._fal.models:
            raise BadRequest(f"no model is called {name}")
        try:
            self._fal.lives[name] = Life(str((await _body(request)).get("state")))
        except ValueError as unknown:
            raise BadRequest(str(unknown)) from None
        return await self.models(request)

    async def rules(self, _request: web.Request) -> web.Response:
        return answer(self._fal.rules.view())

    async def change_rules(self, request: web.Request) -> web.Response:
        self._fal.rules = self._fal.rules.changed(await _body(request))
        self._queue.sweep()
        return answer(self._fal.rules.view())

    async def calls(self, request: web.Request) -> web.Response:
        """The latest `limit` calls, oldest first."""
        op, limit = request.query.get("op"), request.query.get("limit", "100")
        if not limit.isdigit():
            raise BadRequest("limit must be a whole number")
        latest = islice((call for call in reversed(self._fal.calls) if op in {None, call.op}), int(limit))
        return answer({"calls": [call.view() for call in reversed(list(latest))]})

    async def forget_calls(self, _request: web.Request) -> web.Response:
        self._fal.calls.clear()
        return answer({})

    async def add_fault(self, request: web.Request) -> web.Response:
        return answer(self._fal.faults.add(await _body(request)).view())

    async def faults(self, _request: web.Request) -> web.Response:
        return answer({"faults": [fault.view() for fault in self._fal.faults.all()]})

    async def clear_faults(self, _request: web.Request) -> web.Response:
        self._fal.faults.clear()
        return answer({})

    async def remove_fault(self, request: web.Request) -> web.Response:
        found = self._fal.faults.remove(request.match_info["fault"])
        return answer({}) if found else answer({"error": "no such fault"}, status=404)

    async def clock(self, _request: web.Request) -> web.Response:
        return answer({"now": iso(self._fal.clock.now()), "advanced_s": self._fal.clock.advanced_s})

    async def advance(self, request: web.Request) -> web.Response:
        seconds = (await _body(request)).get("advance_s")
        if not isinstance(seconds, int | float) or isinstance(seconds, bool) or seconds < 0:
            raise BadRequest("advance_s must be a number of 0 or more")
        self._fal.clock.advance(seconds)
        self._fal.shelf.sweep()
        self._queue.sweep()
        return await self.clock(request)

    async def reset(self, _request: web.Request) -> web.Response:
        """As after a start, but for the clock: it only moves on."""
        for order in list(self._fal.orders.values()):
            self._queue.forget(order, "reset")
            if order.task is not None:
                order.task.cancel()
        self._fal.orders.clear()
        self._fal.shelf.files.clear()
        self._fal.tickets.clear()
        self._fal.tokens.clear()
        self._fal.calls.clear()
        self._fal.faults.clear()
        self._fal.lives.clear()
        self._fal.rules = Rules()
        return answer({})

    def _order(self, request: web.Request) -> Order:
        order = self._fal.orders.get(request.match_info["id"])
        if order is None:
            raise web.HTTPNotFound(text='{"error": "no such request"}', content_type="application/json")
        return order


def _spoken(handler: Plain) -> Plain:
    """BadRequest becomes a 400 that says what was wrong."""

    async def spoken(request: web.Request) -> web.Response:
        try:
            return await handler(request)
        except BadRequest as wrong:
            return answer({"error": str(wrong)}, status=400)

    return spoken


async def _body(request: web.Request) -> dict[str, object]:
    try:
        body = json.loads(await request.read())
    except ValueError:
        body = None
    if not isinstance(body, dict):
        raise BadRequest("the body must be a JSON object")
    return body
