"""The queue and its runners: IN_QUEUE -> IN_PROGRESS -> COMPLETED, runs repeated as the platform does it, cancels, times.

Everything follows the stand-in's clock; `sweep` applies what time or a finished run has changed, and anybody may call it.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable

from imgvid.sandbox.fal.failures import Failure, platform_error, start_timeout
from imgvid.sandbox.fal.faults import Fault, Kind, Op
from imgvid.sandbox.fal.order import Made, Order, Status
from imgvid.sandbox.fal.world import Fal

Make = Callable[[Order, Fault | None], Awaitable[Made | Failure]]


class Queue:
    """All requests of the account. `make` is one run of a model; it never raises."""

    def __init__(self, fal: Fal, make: Make) -> None:
        self._fal = fal
        self._make = make
        self._waiting: list[Order] = []
        self._running: list[Order] = []
        self._tasks: set[asyncio.Task[None]] = set()
        self.busy = asyncio.Event()

    # -- what callers do

    def submit(self, order: Order) -> None:
        self._fal.orders[order.id] = order
        order.queued = order.created
        order.note(order.created, "submitted")
        self._waiting.append(order)
        self.busy.set()
        self.sweep()

    def position(self, order: Order) -> int:
        """How many wait ahead of it in its app's queue; normal priority goes first."""
        return [one for one in self._line() if one.app == order.app].index(order) if order in self._waiting else 0

    def length(self, app: str) -> int:
        return sum(1 for one in self._waiting if one.app == app)

    def cancel(self, order: Order) -> None:
        """A waiting request is removed; a running one's app gets a signal, and hears it if the rule says so."""
        now = self._fal.clock.now()
        order.cancelled = now
        order.note(now, "cancellation requested")
        if order in self._waiting or self._fal.rules.running_cancel == "stops":
            if order.task is not None:
                order.task.cancel()
            self._complete(order, platform_error("client_cancelled"))
        self.sweep()

    def forget(self, order: Order, why: str) -> None:
        """404 from now on; a run goes on unseen."""
        order.gone = why
        order.note(self._fal.clock.now(), f"forgotten: {why}")
        for line in (self._waiting, self._running):
            if order in line:
                line.remove(order)

    async def close(self) -> None:
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    # -- time

    def sweep(self) -> None:
        now = self._fal.clock.now()
        for order in [*self._running]:
            self._publish(order, now)
        for order in [*self._waiting]:
            if order.deadline is not None and now >= order.deadline:
                self._complete(order, start_timeout())
        for order in self._line():
            if len(self._running) >= self._fal.rules.concurrency:
                break
            if not order.stuck and now >= order.queued + self._fal.rules.queue_s:
                self._start(order, now)
        for order in self._fal.orders.values():
            if order.ended is not None and order.gone is None and now >= order.ended + self._fal.rules.result_s:
                self.forget(order, "retention")
        if not self._waiting and not self._running:
            self.busy.clear()

    # -- inside

    def _line(self) -> list[Order]:
        return sorted(self._waiting, key=lambda order: order.wishes.low_priority)

    def _start(self, order: Order, now: float) -> None:
        fault = self._fal.faults.strike(Op.RUN, order.endpoint, order.id)
        if fault is not None and fault.kind is Kind.STUCK:
            order.stuck = True
            order.note(now, "no runner takes it")
            return
        self._waiting.remove(order)
        self._running.append(order)
        order.status, order.started, order.outcome, order.runs = Status.IN_PROGRESS, now, None, order.runs + 1
        order.extra_s = fault.number("seconds", 1.0) if fault is not None and fault.kind is Kind.SLOW else 0.0
        order.note(now, f"run {order.runs}" + (f", fault {fault.kind}" if fault else ""))
        order.log(now, f"Run {order.runs} started.")
        task = asyncio.create_task(self._run(order, fault), name=f"fal run {order.id}")
        order.task = task
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _run(self, order: Order, fault: Fault | None) -> None:
        run = order.runs
        if fault is not None and fault.kind is Kind.HANG:
            await self._fal.closing.wait()
            return
        outcome = await self._make(order, fault)
        if order.runs == run and order in self._running:
            order.outcome = outcome
            self.sweep()

    def _publish(self, order: Order, now: float) -> None:
        """End a run whose result is there and whose time is over."""
        if order.outcome is None or order.started is None:
            return
        model = self._fal.models.get(order.endpoint)
        least = self._fal.rules.work_s(model.makes) if model is not None and isinstance(order.outcome, Made) else 0.0
        if now < order.started + least + order.extra_s:
            return
        if isinstance(order.outcome, Failure) and self._may_repeat(order, order.outcome, now):
            self._again(order, order.outcome, now)
        else:
            self._complete(order, order.outcome)

    def _may_repeat(self, order: Order, failure: Failure, now: float) -> bool:
        in_time = order.deadline is None or now < order.deadline
        return failure.rerun and order.wishes.retry and in_time and order.runs < self._fal.rules.retries

    def _again(self, order: Order, failure: Failure, now: float) -> None:
        self._running.remove(order)
        self._waiting.append(order)
        order.status, order.queued, order.started, order.outcome = Status.IN_QUEUE, now, None, None
        order.note(now, f"queued again after {failure.status} {failure.error_type}")

    def _complete(self, order: Order, outcome: Made | Failure) -> None:
        now = self._fal.clock.now()
        for line in (self._waiting, self._running):
            if order in line:
                line.remove(order)
        order.status, order.ended, order.outcome = Status.COMPLETED, now, outcome
        order.log(now, "Failed." if isinstance(outcome, Failure) else "Done.")
        order.note(now, "failed" if isinstance(outcome, Failure) else "done")
