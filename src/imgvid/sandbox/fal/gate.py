"""What every call passes before its handler: the ledger, faults, the key, an account without money."""

from __future__ import annotations

import asyncio
import hmac
from collections.abc import Awaitable, Callable

from aiohttp import web

from imgvid.sandbox.fal import spoken
from imgvid.sandbox.fal.faults import Fault, Kind, Op
from imgvid.sandbox.fal.world import Call, Fal, shown
from imgvid.sandbox.runpod.answers import cut

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]
FAULT = web.RequestKey("fault", Fault)  # for the handlers of faults that need more than the request

_OPEN = frozenset({Op.PUT, Op.MEDIA})  # no key: media are public, an upload address is its own key
_PLATFORM = frozenset({Op.MODELS, Op.PRICING})
_COSTS = frozenset({Op.SUBMIT, Op.INITIATE, Op.TOKEN, Op.UPLOAD})
_INSIDE = frozenset({Kind.BACKWARDS, Kind.URLS, Kind.SLOW, Kind.TRUNCATE})
_CUTS = frozenset({Kind.DROP_BEFORE, Kind.DROP_AFTER})


class Gate:
    """Wraps handlers."""

    def __init__(self, fal: Fal) -> None:
        self._fal = fal

    def guard(self, op: Op, handler: Handler) -> Handler:
        async def guarded(request: web.Request) -> web.StreamResponse:
            call = self._call(op, request)
            self._fal.calls.append(call)
            fault = self._fal.faults.strike(op, call.model, call.request)
            if fault is None:
                answer = await self._checked(op, handler, request)
            else:
                call.fault = fault.kind
                answer = await self._faulty(fault, lambda: self._checked(op, handler, request), request)
            if fault is None or fault.kind not in {*_CUTS, Kind.TRUNCATE}:
                call.status = answer.status
            return answer

        return guarded

    def _call(self, op: Op, request: web.Request) -> Call:
        """The call as the ledger keeps it, with the request and the model that it is about."""
        named = request.match_info
        request_id = named.get("id")
        if op is Op.MEDIA:
            file = self._fal.shelf.files.get(f"/files/{named['path']}")
            request_id = file.made_for if file is not None and file.made_for in self._fal.orders else None
        order = self._fal.orders.get(request_id or "")
        model = order.endpoint if order is not None else request.query.get("endpoint_id")
        if op is Op.SUBMIT:
            model = endpoint_of(request)
        return Call(
            at=self._fal.clock.now(),
            op=op,
            method=request.method,
            path=request.path,
            query=request.query_string,
            headers=shown(request.headers),
            model=model,
            request=request_id,
        )

    async def _checked(self, op: Op, handler: Handler, request: web.Request) -> web.StreamResponse:
        if op not in _OPEN and not self._key_fits(op, request):
            if op in _PLATFORM:
                return spoken.platform_problem(401, "authorization_error", "Authentication required")
            return spoken.no_key(app_of(request) if op is Op.SUBMIT else None)
        if op in _COSTS and self._fal.rules.locked:
            return spoken.locked()
        return await handler(request)

    def _key_fits(self, op: Op, request: web.Request) -> bool:
        given = request.headers.get("Authorization")
        if given is None:
            return op is Op.MODELS
        scheme, _, secret = given.partition(" ")
        if op is Op.UPLOAD:
            return scheme == "Bearer" and self._fal.tokens.get(secret, 0.0) > self._fal.clock.now()
        return scheme == "Key" and hmac.compare_digest(secret.strip().encode(), self._fal.key.encode())

    async def _faulty(
        self, fault: Fault, proceed: Callable[[], Awaitable[web.StreamResponse]], request: web.Request
    ) -> web.StreamResponse:
        """The call as that fault lets it go."""
        if fault.kind in _INSIDE:
            request[FAULT] = fault
            return await proceed()
        if fault.kind is Kind.HANG:
            await self._fal.closing.wait()
            return cut(request, "close")
        if fault.kind is Kind.DELAY:
            return await self._delayed(fault, proceed)
        if fault.kind is Kind.DROP_AFTER or fault.flag("applied"):
            await proceed()
        if fault.kind in _CUTS:
            return cut(request, fault.text("how", "reset"))
        return _canned(fault, request)

    async def _delayed(self, fault: Fault, proceed: Callable[[], Awaitable[web.StreamResponse]]) -> web.StreamResponse:
        after = fault.text("when", "before") == "after"
        answer = await proceed() if after else None
        try:
            async with asyncio.timeout(fault.number("seconds", 1.0)):
                await self._fal.closing.wait()
        except TimeoutError:
            pass
        return await proceed() if answer is None else answer


def app_of(request: web.Request) -> str:
    return f"{request.match_info['owner']}/{request.match_info['app']}"


def endpoint_of(request: web.Request) -> str:
    """The model id that a submit names."""
    sub = request.match_info.get("sub")
    return f"{app_of(request)}/{sub}" if sub else app_of(request)


def _canned(fault: Fault, request: web.Request) -> web.StreamResponse:
    """The answer of the faults that put one in place of ours."""
    match fault.kind:
        case Kind.BUSY:
            return spoken.busy(fault.extra.get("retry_after_s"))
        case Kind.HTML:
            return spoken.ingress(int(fault.number("status", 502)))
        case Kind.UNAUTHORIZED:
            return spoken.no_key(app_of(request) if "app" in request.match_info else None)
        case Kind.LOCKED:
            return spoken.locked()
        case Kind.NOT_FOUND:
            return spoken.not_found() if "id" in request.match_info else spoken.detail(404, "Not Found")
        case _:
            return _spelled_out(fault)


def _spelled_out(fault: Fault) -> web.Response:
    """Kind `answer`: exactly what the fault says."""
    status, body = int(fault.number("status", 200)), fault.extra.get("body", "")
    headers = fault.extra.get("headers")
    texts = {str(name): str(value) for name, value in headers.items()} if isinstance(headers, dict) else None
    if isinstance(body, dict | list):
        return spoken.answer(body, status=status, headers=texts)
    content_type = fault.text("content_type", "text/plain")
    return web.Response(status=status, text=str(body), content_type=content_type, headers=texts)
