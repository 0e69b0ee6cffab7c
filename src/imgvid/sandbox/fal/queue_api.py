"""The queue's HTTP side: submit, status, result, cancel. Requests live under owner/app, whatever the endpoint."""

from __future__ import annotations

import json

from aiohttp import web

from imgvid.sandbox.fal import spoken
from imgvid.sandbox.fal.failures import Failure, platform_error
from imgvid.sandbox.fal.faults import Kind, Op
from imgvid.sandbox.fal.gate import FAULT, Gate, Handler, app_of, endpoint_of
from imgvid.sandbox.fal.order import Made, Order, Status, read_wishes
from imgvid.sandbox.fal.queue import Queue
from imgvid.sandbox.fal.rules import BadRequest
from imgvid.sandbox.fal.world import Fal

_OTHERS_HOST = "https://queue.fal.example"  # what the fault `urls` makes a client follow, key in hand


class QueueApi:
    """Handlers; the gate has checked the key by the time they run."""

    def __init__(self, fal: Fal, queue: Queue, prefix: str) -> None:
        self._fal = fal
        self._queue = queue
        self._prefix = prefix

    def add_to(self, app: web.Application, gate: Gate) -> None:
        """Last of all: the submit addresses match nearly everything."""

        def route(method: str, path: str, op: Op, handler: Handler) -> None:
            app.router.add_route(method, f"/{{owner}}/{{app}}{path}", gate.guard(op, handler))

        route("GET", "/requests/{id}", Op.RESULT, self.result)
        route("GET", "/requests/{id}/response", Op.RESULT, self.result)
        route("GET", "/requests/{id}/status", Op.STATUS, self.status)
        route("PUT", "/requests/{id}/cancel", Op.CANCEL, self.cancel)
        route("POST", "", Op.SUBMIT, self.submit)
        route("POST", "/{sub:.+}", Op.SUBMIT, self.submit)
        app.router.add_route("*", "/{owner}/{app}{sub:.*}", self.wrong_method)

    async def submit(self, request: web.Request) -> web.Response:
        """Takes nearly anything: what is in the body is the model's business, later."""
        if not self._fal.has_app(app_of(request)):
            return spoken.no_app(app_of(request))
        try:
            wishes = read_wishes(request.headers, request.query.get("fal_webhook"))
        except BadRequest as wrong:
            return spoken.failed(platform_error("bad_request", detail=str(wrong)), {})
        most = request.query.get("fal_max_queue_length")
        if most is not None and most.isdigit() and self._queue.length(app_of(request)) > int(most):
            return spoken.detail(429, "Queue length limit exceeded")
        order = Order(
            endpoint=endpoint_of(request),
            base=f"{request.scheme}://{request.host}{self._prefix}",
            body=_body(await request.read()),
            wishes=wishes,
            created=self._fal.clock.now(),
        )
        self._queue.submit(order)
        body = {
            "status": Status.IN_QUEUE,
            "request_id": order.id,
            **self._urls(request, order),
            "queue_position": self._queue.position(order),
        }
        if wishes.webhook is not None:
            body["gateway_request_id"] = order.id
        return spoken.answer(body, headers=_headers(order))

    async def status(self, request: web.Request) -> web.Response:
        order = self._order(request)
        if order is None:
            return spoken.not_found()
        body = self._status(order, with_logs=request.query.get("logs", "0").lower() in {"1", "true"})
        fault = request.get(FAULT)
        if fault is not None and fault.kind is Kind.BACKWARDS:
            body |= {"status": fault.text("status", "IN_QUEUE"), "queue_position": 0, "logs": None}
        done = body["status"] == Status.COMPLETED
        return spoken.answer(body, status=200 if done else 202, headers=_headers(order))

    async def result(self, request: web.Request) -> web.Response:
        order = self._order(request)
        if order is None:
            return spoken.not_found()
        match order.outcome if order.status is Status.COMPLETED else None:
            case Made() as made:
                units = f"{made.billable_units:.8f}".rstrip("0").rstrip(".")
                return spoken.answer(made.output, headers={"X-Fal-Billable-Units": units, **_headers(order)})
            case Failure() as failure:
                return spoken.failed(failure, _headers(order))
            case None:
                return spoken.detail(400, "Request is still in progress", _headers(order))

    async def cancel(self, request: web.Request) -> web.Response:
        order = self._order(request)
        if order is None:
            return spoken.not_found()
        if order.status is Status.COMPLETED:
            return spoken.answer({"status": "ALREADY_COMPLETED"}, status=400, headers=_headers(order))
        self._queue.cancel(order)
        return spoken.answer({"status": "CANCELLATION_REQUESTED"}, status=202, headers=_headers(order))

    async def wrong_method(self, _request: web.Request) -> web.Response:
        """Observed: a status asked for under the endpoint's whole path is a 405."""
        return spoken.detail(405, "Method Not Allowed")

    def _order(self, request: web.Request) -> Order | None:
        self._queue.sweep()
        order = self._fal.orders.get(request.match_info["id"])
        return None if order is None or order.gone is not None or order.app != app_of(request) else order

    def _urls(self, request: web.Request, order: Order) -> dict[str, object]:
        fault = request.get(FAULT)
        urls = order.urls(self._fal.rules.response_url)
        match fault.text("form", "response") if fault is not None and fault.kind is Kind.URLS else "":
            case "response":
                return order.urls("response")
            case "missing":
                return {}
            case "foreign":
                return {name: str(url).replace(order.base, _OTHERS_HOST) for name, url in urls.items()}
            case _:
                return urls

    def _status(self, order: Order, *, with_logs: bool) -> dict[str, object]:
        body: dict[str, object] = {
            "status": order.status,
            "request_id": order.id,
            **order.urls(self._fal.rules.response_url),
        }
        if order.status is Status.IN_QUEUE:
            return {**body, "queue_position": self._queue.position(order)}
        body["logs"] = list(order.logs) if with_logs else None  # the key is always there: fal_client reads it blindly
        if order.status is Status.COMPLETED:
            spent = None if order.started is None else round((order.ended or order.started) - order.started, 6)
            body["metrics"] = {} if spent is None else {"inference_time": spent}
            if isinstance(order.outcome, Failure) and self._told(order.outcome):
                body |= {"error": order.outcome.error, "error_type": order.outcome.error_type}
        return body

    def _told(self, failure: Failure) -> bool:
        return self._fal.rules.status_tells_model_errors or not failure.listed


def _body(raw: bytes) -> object:
    try:
        return json.loads(raw)
    except ValueError:
        return None


def _headers(order: Order) -> dict[str, str]:
    return {"x-fal-request-id": order.id}
