"""One job handed to Fal: its pictures uploaded, then the first model that is there asked, once.

A model that Fal does not know is passed over: nothing was accepted. Some are only known to be missing when a request of
theirs has run, for the queue knows apps and not their paths; such a model is left alone for a while.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta

from imgvid import log
from imgvid.catalog.mode import Mode, Model
from imgvid.jobs.errors import Code
from imgvid.providers.base import JobSpec, OutcomeUnknown, Rejected, Unreachable, Work
from imgvid.providers.fal.inputs import Read, addresses
from imgvid.providers.fal.request import Head, asked, body_for, models_for
from imgvid.providers.fal.storage import Storage
from imgvid.providers.fal.ticket import Ticket
from imgvid.providers.fal.wire import Wire, encode, json_of, object_of

INPUTS_WITHIN = timedelta(seconds=50)  # with one call after it within the 90 s after which a submit is looked for
LEFT_ALONE = timedelta(hours=1)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Order:
    """What each model is asked with."""

    mode: Mode
    work: Work
    urls: Mapping[str, str]
    lifetime: timedelta
    what: str


class Desk:
    """Takes jobs to Fal's queue. `clock` counts seconds."""

    def __init__(
        self,
        *,
        queue: Wire,
        storage: Storage,
        read: Read,
        catalogue: Mapping[str, Mode],
        heads: Sequence[Head],
        clock: Callable[[], float],
    ) -> None:
        self._queue, self._storage, self._read = queue, storage, read
        self._catalogue, self._heads, self._clock = catalogue, tuple(heads), clock
        self._missing_until: dict[str, float] = {}
        self._said: set[str] = set()

    async def submit(self, spec: JobSpec, *, lifetime: timedelta) -> Ticket:
        """The accepted request. Its files live for `lifetime`. Raises what `Provider.submit` may raise."""
        what = f"Fal submit of job {spec.job_id} attempt {spec.attempt}"
        work, mode = spec.work, self._catalogue.get(spec.work.mode) if spec.work is not None else None
        if work is None or mode is None:
            raise Rejected("unknown_mode", f"{what}: nothing that a model can be asked for")
        urls = await self._upload(mode, work, lifetime, what)
        order = _Order(mode=mode, work=work, urls=urls, lifetime=lifetime, what=what)
        for model in self._there(models_for(mode, asked(mode, work), self._heads)):
            ticket = await self._ask(order, model)
            if ticket is not None:
                return ticket
            self._say(model.id)
        raise Rejected("model_gone", f"{what}: no model is left", failure=Code.MODEL_GONE)

    def leave_alone(self, model: str) -> None:
        """A request has shown that the model is not there."""
        self._missing_until[model] = self._clock() + LEFT_ALONE.total_seconds()
        self._say(model)

    def _there(self, models: Sequence[Model]) -> Sequence[Model]:
        """Without those that were just found missing, unless that leaves none."""
        now = self._clock()
        return [model for model in models if self._missing_until.get(model.id, now) <= now] or models

    def _say(self, model: str) -> None:
        """Said once per process, however many jobs meet it."""
        if model not in self._said:
            self._said.add(model)
            log.get().warning(log.MODEL_GONE, backend="fal", model=model, next="the catalogue's next model is asked")

    async def _upload(self, mode: Mode, work: Work, lifetime: timedelta, what: str) -> Mapping[str, str]:
        try:
            async with asyncio.timeout(INPUTS_WITHIN.total_seconds()):
                return await addresses(mode, work, read=self._read, storage=self._storage, lifetime=lifetime, what=what)
        except TimeoutError:
            raise Unreachable(f"{what}: inputs not there within {INPUTS_WITHIN.total_seconds():g} s") from None

    async def _ask(self, order: _Order, model: Model) -> Ticket | None:
        """The accepted request; None where Fal does not have this model (any more)."""
        what = order.what
        try:
            content = encode(body_for(order.mode, model, order.work, order.urls))
        except (TypeError, ValueError) as wrong:
            raise Rejected("not_json", f"{what}: {type(wrong).__name__}") from None
        url = f"{self._queue.base_url}/{model.id}"
        answer = await self._queue.send("POST", url, what=what, content=content, lifetime=order.lifetime, once=True)
        if answer.is_success:
            ticket = Ticket.of_answer(object_of(answer), model=model.id, queue_url=self._queue.base_url)
            if ticket is None:
                raise OutcomeUnknown(f"{what}: HTTP {answer.status_code} without a request id")
            return ticket
        if answer.status_code == 404 and json_of(answer) is not None:
            return None
        raise self._queue.refusal(what, answer, once=True)
