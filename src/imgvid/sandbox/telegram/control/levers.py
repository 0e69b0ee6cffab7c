"""Faults, flood limits, the clock, expired files."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from aiohttp import web

from imgvid.sandbox.telegram.control.common import Room, answer, body_of
from imgvid.sandbox.telegram.errors import Impossible
from imgvid.sandbox.telegram.jsons import as_flag, as_float, as_int, as_text


class Levers(Room):
    def add_routes(self, app: web.Application) -> None:
        app.router.add_get("/sim/faults", self.faults)
        app.router.add_post("/sim/faults", self.add_fault)
        app.router.add_delete("/sim/faults", self.clear_faults)
        app.router.add_delete(r"/sim/faults/{fault:\d+}", self.remove_fault)
        app.router.add_post(r"/sim/faults/{fault:\d+}/release", self.release)
        app.router.add_get("/sim/rate", self.rate)
        app.router.add_post("/sim/rate", self.set_rate)
        app.router.add_get("/sim/clock", self.clock)
        app.router.add_post("/sim/clock", self.set_clock)
        app.router.add_post("/sim/expire_files", self.expire_files)

    async def faults(self, _request: web.Request) -> web.Response:
        return answer({"faults": [fault.view() for fault in self.world.faults.all()]})

    async def add_fault(self, request: web.Request) -> web.Response:
        return answer(self.world.faults.add(await body_of(request)).view())

    async def clear_faults(self, _request: web.Request) -> web.Response:
        self.world.faults.clear()
        return answer({"faults": []})

    async def remove_fault(self, request: web.Request) -> web.Response:
        return answer(self.world.faults.remove(int(request.match_info["fault"])).view())

    async def release(self, request: web.Request) -> web.Response:
        body = await body_of(request)
        fault = self.world.faults.get(int(request.match_info["fault"]))
        fault.release(as_int(body.get("times")))
        return answer(fault.view())

    async def rate(self, _request: web.Request) -> web.Response:
        return answer(self.world.rates.view())

    async def set_rate(self, request: web.Request) -> web.Response:
        self.world.rates.set(await body_of(request))
        return answer(self.world.rates.view())

    async def clock(self, _request: web.Request) -> web.Response:
        return answer({"now": self.world.now().isoformat()})

    async def set_clock(self, request: web.Request) -> web.Response:
        body, clock = await body_of(request), self.world.clock
        if "freeze" in body:
            clock.freeze(as_flag(body["freeze"]))
        if "set" in body:
            try:
                moment = datetime.fromisoformat(as_text(body["set"]))
            except ValueError:
                raise Impossible(400, "set must be an ISO 8601 time") from None
            clock.set(moment if moment.tzinfo is not None else moment.replace(tzinfo=UTC))
        if "advance_s" in body:
            seconds = as_float(body["advance_s"])
            if seconds is None:
                raise Impossible(400, "advance_s must be a number")
            clock.advance(timedelta(seconds=seconds))
        return answer({"now": self.world.now().isoformat()})

    async def expire_files(self, _request: web.Request) -> web.Response:
        return answer({"expired": self.world.files.expire_links()})
