"""The wire: `/bot<token>/<Method>` and `/file/bot<token>/<path>`, with the faults that were ordered.

The order of one call: read (slowly, if so ordered) → faults before the effect → flood limits → the effect → faults after
it → answer. A client that goes away does not stop a call: the effect still happens, as on the real service.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from aiohttp import web

from imgvid.sandbox.telegram import errors, pictures
from imgvid.sandbox.telegram.calls import CallRecord
from imgvid.sandbox.telegram.errors import ApiError
from imgvid.sandbox.telegram.faults import FILE_METHOD, Fault, FaultKind
from imgvid.sandbox.telegram.jsons import JsonObject, as_int, as_text, dumps
from imgvid.sandbox.telegram.methods.call import Call, Method, Raw
from imgvid.sandbox.telegram.methods.registry import METHODS
from imgvid.sandbox.telegram.model import ChatType
from imgvid.sandbox.telegram.params import Params, read_params
from imgvid.sandbox.telegram.world import World

_HTML = (
    "<html>\r\n<head><title>{0}</title></head>\r\n<body>\r\n<center><h1>{0}</h1></center>\r\n"
    "<hr><center>nginx</center>\r\n</body>\r\n</html>\r\n"
)
_REASONS = {500: "500 Internal Server Error", 502: "502 Bad Gateway", 413: "413 Request Entity Too Large"}


class Dropped(Exception):
    """The connection is to be closed instead of an answer."""


class Page(Exception):
    """A proxy answers with its own HTML."""

    def __init__(self, status: int) -> None:
        super().__init__(_REASONS[status])
        self.status = status


@dataclass(slots=True)
class Exchange:
    """One call on its way: what was asked, what strikes it, and the line it leaves in the log."""

    world: World
    record: CallRecord
    struck: list[Fault]

    def struck_by(self, *kinds: FaultKind) -> Fault | None:
        fault = next((fault for fault in self.struck if fault.kind in kinds), None)
        if fault is not None:
            self.record.fault = fault.id
        return fault

    async def hold(self, fault: Fault) -> None:
        """Stand still until released, and tell the watchers when it begins and ends."""
        self.record.fault = fault.id
        record = self.record
        about: JsonObject = {"fault": fault.id, "method": record.method, "message_id": record.message_id}
        held = asyncio.ensure_future(fault.hold())
        try:
            await asyncio.sleep(0)  # it is in the rule's list before anybody is told
            self.world.feed.emit("held", record.chat_id, lambda: about)
            await held
        finally:
            held.cancel()
            await asyncio.gather(held, return_exceptions=True)
            self.world.feed.emit("released", record.chat_id, lambda: about)

    def refuse_early(self) -> None:
        """Faults that answer instead of the method. Raises."""
        fault = self.struck_by(
            FaultKind.TOO_MANY,
            FaultKind.INTERNAL,
            FaultKind.BAD_GATEWAY,
            FaultKind.TOO_LARGE,
            FaultKind.ERROR,
            FaultKind.RESET,
            FaultKind.FILE_LOST,
        )
        if fault is None:
            return
        match fault.kind:
            case FaultKind.TOO_MANY:
                raise errors.too_many(int(fault.number("retry_after", 5)))
            case FaultKind.RESET:
                raise Dropped
            case FaultKind.FILE_LOST:
                raise errors.bad(errors.FILE_UNAVAILABLE)
            case FaultKind.ERROR:
                raise ApiError(int(fault.number("status", 400)), as_text(fault.own.get("description")) or "Bad Request")
            case FaultKind.TOO_LARGE if fault.own.get("html") is False:
                raise ApiError(413, "Request Entity Too Large")
            case _:
                raise Page(int(fault.kind.value))

    async def wait_before(self) -> None:
        """The time before the effect: latency, then a hold."""
        for fault in self.struck:
            if fault.kind is FaultKind.LATENCY:
                self.record.fault = fault.id
                await asyncio.sleep(fault.number("seconds", 0))
        for fault in self.struck:
            if fault.kind is FaultKind.HOLD:
                await self.hold(fault)

    async def wait_after(self) -> None:
        """Faults between the effect and its answer. Raises Dropped."""
        for fault in self.struck:
            if fault.kind is FaultKind.LATE:
                await self.hold(fault)
        drop = self.struck_by(FaultKind.DROP)
        if drop is not None:
            await asyncio.sleep(drop.number("seconds", 0))
            raise Dropped


class Gate:
    """aiohttp handlers over one world."""

    def __init__(self, world: World) -> None:
        self._world = world

    def add_routes(self, app: web.Application) -> None:
        app.router.add_route("*", "/bot{token:[^/]*}/{method:[^/]+}", self.call)
        app.router.add_get("/file/bot{token:[^/]*}/{path:.+}", self.download)

    def check_token(self, token: str) -> None:
        """Raises ApiError 401."""
        if ":" not in token or as_int(token.split(":", 1)[0]) is None:
            raise ApiError(401, "Unauthorized: invalid token specified")
        if token != self._world.token:
            raise ApiError(401, "Unauthorized")

    async def call(self, request: web.Request) -> web.StreamResponse:
        name = request.match_info["method"]
        method = METHODS.get(name.casefold())
        return await self._answer(
            request, method.name if method is not None else name, lambda record: self._run(request, method, record)
        )

    async def _run(self, request: web.Request, method: Method | None, record: CallRecord) -> web.Response:
        self.check_token(request.match_info["token"])
        if method is None or request.method not in {"GET", "POST"}:
            raise ApiError(404, "Not Found: method not found")
        faults = self._world.faults
        params = await read_params(
            request, pace=lambda fields: faults.upload_pace(method.name, as_int(fields.get("chat_id")))
        )
        record.bytes_in = params.bytes_in
        result = await self.serve(method, params, record)
        text = result.text if isinstance(result, Raw) else dumps(result)
        return web.Response(body=f'{{"ok":true,"result":{text}}}'.encode(), content_type="application/json")

    async def _answer(
        self, request: web.Request, method: str, work: Callable[[CallRecord], Awaitable[web.Response]]
    ) -> web.Response:
        """Do the work, turn what it raises into what the wire shows, and leave a line in the log."""
        record = CallRecord(at=self._world.now(), method=method, agent=request.headers.get("User-Agent", ""))
        started = time.perf_counter()
        try:
            response = await work(record)
            record.status = response.status
        except ApiError as error:
            record.status, record.description = error.status, error.description
            return refusal(error)
        except Page as page:
            record.status, record.description = page.status, str(page)
            return web.Response(status=page.status, text=_HTML.format(page), content_type="text/html")
        except Dropped:
            return close(request)
        else:
            return response
        finally:
            record.took_s = time.perf_counter() - started
            self.note(record)

    def note(self, record: CallRecord) -> None:
        """Enter a call that has ended."""
        self._world.calls.add(record)
        self._world.feed.emit("call", record.chat_id, lambda: {"call": record.view()})

    async def serve(self, method: Method, params: Params, record: CallRecord) -> object:
        """Carry out a call whose parameters are read: from the wire, or from a webhook's answer."""
        world = self._world
        record.chat_id, record.message_id = params.chat_id, params.message_id
        if method.name == "answerCallbackQuery" and (pressed := world.callbacks.get(params.text("callback_query_id"))):
            record.chat_id, record.message_id = pressed.chat_id, pressed.message_id
        exchange = Exchange(world, record, world.faults.of_call(method.name, record.chat_id))
        if world.rates.rate.latency_s and not method.pauses:
            await asyncio.sleep(world.rates.rate.latency_s)
        if not method.pauses:
            await exchange.wait_before()
        exchange.refuse_early()
        self._check_rate(method, params)

        async def pause() -> None:
            await asyncio.sleep(world.rates.rate.latency_s)
            await exchange.wait_before()

        call = Call(world=world, params=params, pause=pause)
        try:
            result = await method.run(call)
        finally:
            record.message_id = call.message_id or record.message_id
        record.applied = True
        await exchange.wait_after()
        if isinstance(result, Raw) and not result.empty:
            fault = world.faults.of_update(FaultKind.LOST_UPDATES_ANSWER, None)
            if fault is not None:
                record.fault = fault.id
                raise Dropped
        return result

    def _check_rate(self, method: Method, params: Params) -> None:
        chat = self._world.chats.get(params.chat_id or 0)
        size = sum(len(upload.data) for uploads in params.files.values() for upload in uploads)
        self._world.rates.check(
            method=method.name,
            chat_id=params.chat_id,
            group=chat is not None and chat.type is not ChatType.PRIVATE,
            upload_bytes=size,
            now=self._world.now(),
        )

    async def download(self, request: web.Request) -> web.StreamResponse:
        """A file's bytes. The link dies after an hour, or when a fault says so."""
        return await self._answer(request, FILE_METHOD, lambda record: self._download(request, record))

    async def _download(self, request: web.Request, record: CallRecord) -> web.Response:
        world, path = self._world, request.match_info["path"]
        self.check_token(request.match_info["token"])
        exchange = Exchange(world, record, world.faults.of_call(FILE_METHOD, None))
        await asyncio.sleep(world.rates.rate.latency_s)
        await exchange.wait_before()
        exchange.refuse_early()
        named = world.files.follow(path)
        if named is None or exchange.struck_by(FaultKind.FILE_EXPIRED):
            raise ApiError(404, "Not Found")
        try:
            data = await world.files.read(named)
        except pictures.NotAPicture:
            raise ApiError(404, "Not Found") from None
        record.applied, record.description = True, path
        await exchange.wait_after()
        return web.Response(body=data, content_type="application/octet-stream")


def refusal(error: ApiError) -> web.Response:
    """The error as the Bot API shapes it; 429 also says Retry-After."""
    body: JsonObject = {"ok": False, "error_code": error.status, "description": error.description}
    headers: dict[str, str] = {}
    if error.parameters is not None:
        body["parameters"] = error.parameters
        if "retry_after" in error.parameters:
            headers["Retry-After"] = str(error.parameters["retry_after"])
    return web.Response(status=error.status, text=dumps(body), content_type="application/json", headers=headers)


def close(request: web.Request) -> web.Response:
    """Cut the connection; what is answered after that reaches nobody."""
    if request.transport is not None:
        request.transport.abort()
    return web.Response(status=500)
