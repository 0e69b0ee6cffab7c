"""What every call passes before its handler: the call log, faults, the key, the endpoint, the rate."""

from __future__ import annotations

import asyncio
import hmac
from collections.abc import Awaitable, Callable

from aiohttp import web

from imgvid.sandbox.runpod.answers import cut, html_answer, json_answer, refused, unauthorized
from imgvid.sandbox.runpod.bodies import read_object
from imgvid.sandbox.runpod.cloud import Call, Cloud
from imgvid.sandbox.runpod.endpoint import Endpoint
from imgvid.sandbox.runpod.faults import Fault, Kind, Op
from imgvid.sandbox.runpod.limits import LIMITS

Handler = Callable[[web.Request, Endpoint], Awaitable[web.Response]]
FAULT = web.RequestKey("fault", Fault)  # for the handlers of faults that need to know the job

_WORKER_SIDE = {Op.JOB_TAKE, Op.JOB_STOP, Op.JOB_DONE, Op.PROGRESS, Op.JOB_STREAM, Op.PING}
_INSIDE = {Kind.BACKWARDS, Kind.REDELIVER, Kind.HOLD_RESULT, Kind.RESULT_LOST}
_CUTS = {Kind.DROP_BEFORE, Kind.DROP_AFTER}


class Gate:
    """Wraps handlers; holds nothing but the cloud."""

    def __init__(self, cloud: Cloud) -> None:
        self._cloud = cloud

    def guard(self, op: Op, handler: Handler) -> Callable[[web.Request], Awaitable[web.Response]]:
        """The aiohttp handler for `op`: logged, hit by faults, and checked before `handler` runs."""

        async def guarded(request: web.Request) -> web.Response:
            seen_as = await _finer(op, request)
            endpoint = request.match_info["endpoint"]
            call = Call(
                at=self._cloud.clock.now(), op=seen_as, endpoint=endpoint, method=request.method, path=request.path
            )
            self._cloud.calls.append(call)
            fault = self._cloud.faults.strike(seen_as, endpoint, request.match_info.get("job"))
            if fault is None:
                answer = await self._checked(seen_as, handler, request)
            else:
                call.fault = fault.kind
                answer = await self._faulty(fault, lambda: self._checked(seen_as, handler, request), request)
            if fault is None or fault.kind not in _CUTS:
                call.status = answer.status
            return answer

        return guarded

    async def _checked(self, op: Op, handler: Handler, request: web.Request) -> web.Response:
        if not self._key_fits(op, request):
            return unauthorized()
        endpoint = self._cloud.endpoints.get(request.match_info["endpoint"])
        if endpoint is None:
            return refused(404, "endpoint not found")
        if op not in LIMITS or not endpoint.rules.rate_limits:
            return await handler(request, endpoint)
        if not self._cloud.limits.enter(endpoint.name, op, self._cloud.clock.now()):
            return refused(429, "too many requests")
        try:
            return await handler(request, endpoint)
        finally:
            self._cloud.limits.leave(endpoint.name, op)

    def _key_fits(self, op: Op, request: web.Request) -> bool:
        """`Bearer <key>` or the bare key; the worker's own key opens only the worker's side."""
        given = request.headers.get("Authorization", "").removeprefix("Bearer ").strip().encode()
        keys = {self._cloud.api_key, self._cloud.worker_key} if op in _WORKER_SIDE else {self._cloud.api_key}
        return any(hmac.compare_digest(given, key.encode()) for key in keys)

    async def _faulty(
        self, fault: Fault, proceed: Callable[[], Awaitable[web.Response]], request: web.Request
    ) -> web.Response:
        """The call as that fault lets it go."""
        if fault.kind in _INSIDE:
            request[FAULT] = fault
            return await proceed()
        if fault.kind is Kind.DELAY:
            return await self._delayed(fault, proceed)
        if fault.kind is Kind.DROP_AFTER or fault.flag("applied"):
            await proceed()
        if fault.kind in _CUTS:
            return cut(request, fault.text("how", "reset"))
        return _canned(fault)

    async def _delayed(self, fault: Fault, proceed: Callable[[], Awaitable[web.Response]]) -> web.Response:
        after = fault.text("when", "before") == "after"
        answer = await proceed() if after else None
        await self._pause(fault.number("seconds", 1.0))
        return await proceed() if answer is None else answer

    async def _pause(self, seconds: float) -> None:
        """Real seconds, cut short when the server closes."""
        try:
            async with asyncio.timeout(seconds):
                await self._cloud.closing.wait()
        except TimeoutError:
            return


async def _finer(op: Op, request: web.Request) -> Op:
    """A progress report comes on the result's address; only its body tells them apart."""
    if op is not Op.JOB_DONE:
        return op
    body = read_object(await request.read())
    return Op.PROGRESS if body is not None and body.get("status") == "IN_PROGRESS" else op


def _canned(fault: Fault) -> web.Response:
    """The answer of the faults that put one in place of ours."""
    match fault.kind:
        case Kind.BUSY:
            wait = fault.extra.get("retry_after_s")
            headers = None if wait is None else {"Retry-After": f"{wait:g}"}
            return json_answer({"error": "too many requests"}, status=429, headers=headers)
        case Kind.HTML:
            return html_answer(int(fault.number("status", 502)))
        case Kind.UNAUTHORIZED:
            return unauthorized()
        case Kind.NOT_FOUND:
            return refused(404, "job not found")
        case _:
            return _spelled_out(fault)


def _spelled_out(fault: Fault) -> web.Response:
    """Kind `answer`: exactly what the fault says."""
    status, body = int(fault.number("status", 200)), fault.extra.get("body", "")
    headers = fault.extra.get("headers")
    texts = {str(name): str(value) for name, value in headers.items()} if isinstance(headers, dict) else None
    if isinstance(body, dict | list):
        return json_answer(body, status=status, headers=texts)
    content_type = fault.text("content_type", "text/plain")
    return web.Response(status=status, text=str(body), content_type=content_type, headers=texts)
