"""The provider: one ComfyUI server, over HTTP alone.

    submit   admitted? ▸ earlier attempts cleared ▸ queue empty? ▸ pictures laid down ▸ faces looked for ▸ graph queued
    status   queue, then history; a time limit of its own is kept here
    fetch    the result, as it comes       forget   its files emptied, its entry dropped

Nothing is remembered between calls that matters: queue and history are asked, and what a later call needs travels with
the prompt (tag.py). `docs/comfyui-server.md` says what stays on the server.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import AsyncExitStack, aclosing, asynccontextmanager
from datetime import timedelta
from typing import TypeVar

import httpx
import tenacity

from imgvid.catalog import Mode
from imgvid.catalog.pick import Scalar
from imgvid.comfy.client import Comfy, Limits
from imgvid.comfy.disk import folders_used
from imgvid.comfy.history import Entry
from imgvid.comfy.stop import through_cancels
from imgvid.comfy.workflow import Workflow
from imgvid.jobs.errors import Code
from imgvid.providers.base import (
    Busy,
    Health,
    JobSpec,
    NotFound,
    OutcomeUnknown,
    Rejected,
    RemoteStatus,
    RequestId,
    Result,
    Unreachable,
)
from imgvid.providers.comfyui import address, reading
from imgvid.providers.comfyui.border import border, mapped
from imgvid.providers.comfyui.desk import Desk, forget
from imgvid.providers.comfyui.order import order_of
from imgvid.providers.comfyui.photos import Read
from imgvid.providers.comfyui.table import Table
from imgvid.providers.comfyui.tag import Tag, parse_tag

T = TypeVar("T")
LARGEST_FACE = "note-largest-face"
_LIMITS = Limits(connect_s=10.0, answer_s=30.0, upload_s=60.0, download_s=60.0)
_LOOKS, _LOOK_AGAIN_S = 2, 0.2  # until a prompt counts as absent


class ComfyuiProvider:
    """Implements `Provider` and `Fetching`. `http` stays the caller's; `read` brings a picture's bytes from Telegram."""

    deadline_failure = Code.WAIT_EXCEEDED

    def __init__(
        self,
        *,
        url: str,
        http: httpx.AsyncClient,
        key: str | None,
        read: Read,
        catalogue: Mapping[str, Mode],
        workflows: Mapping[str, Workflow],
        allow_disk: bool = False,
        cap: timedelta | None = None,
        poll: timedelta = timedelta(seconds=3),
        retry_wait: timedelta = timedelta(milliseconds=200),
        now: Callable[[], float] = time.time,
    ) -> None:
        """`cap` bounds every wait for the server. `retry_wait` is the first pause between two tries of an idempotent
        call, doubled up to 2 s. `now` is Unix time."""
        self._http, self._limits, self._now = http, _capped(cap), now
        self._catalogue, self._workflows = catalogue, workflows
        self._retry_wait_s = retry_wait.total_seconds()
        self.name = address.identity(url)
        self._desk = Desk(
            Comfy(url, http=http, key=key, limits=self._limits),
            folders=folders_used(one.graph for one in workflows.values()),
            allow_disk=allow_disk,
            busy_first=poll,
        )
        self._table = Table(self._desk, read=read, cap=cap, now=now)
        self._door = asyncio.Lock()

    def __repr__(self) -> str:
        return f"ComfyuiProvider({self.name!r})"

    async def submit(self, spec: JobSpec) -> RequestId:
        """Send one attempt, once. An answer that is lost is asked for before OutcomeUnknown is raised."""
        order = order_of(spec, self._catalogue, self._workflows)
        if self._door.locked():
            raise Busy("another job is on its way to the ComfyUI server", retry_after=timedelta(seconds=1))
        prompt = address.prompt_id(spec.job_id, spec.attempt)
        async with self._door:
            with border(f"ComfyUI prompt of job {spec.job_id} attempt {spec.attempt}"):
                await self._desk.admit()
                await self._desk.clear(address.earlier(spec.job_id, spec.attempt))
                await self._desk.free()
                try:
                    graph, tag = await self._table.ready(order, spec, prompt)
                    await self._desk.send(graph.json(), prompt=prompt, extra=tag.extra_data())
                except OutcomeUnknown:
                    raise
                except BaseException:
                    await through_cancels(asyncio.create_task(self._table.clear(order, prompt)))
                    raise
        return address.request_id(self.name, prompt)

    async def status(self, request_id: RequestId) -> RemoteStatus:
        """Where the request stands. A prompt that was accepted and is neither queued nor remembered is over, not unknown:
        the server runs what it shows, and forgets only when it starts or when it is told to."""
        return await self._ask(f"ComfyUI status of {request_id}", lambda: self._look(*self._at(request_id)))

    async def cancel(self, request_id: RequestId) -> None:
        """Wish the end of this prompt and of no other. Idempotent."""
        server, prompt = self._at(request_id)
        await self._ask(f"ComfyUI cancel of {request_id}", lambda: server.cancel(prompt))

    async def health(self) -> Health:
        """Its queue, everybody's prompts counted; the server is its one worker."""
        queue = await self._ask("ComfyUI health", self._desk.server.queue)
        running = len(queue.running)
        return Health(
            in_queue=len(queue.waiting), in_progress=running, running=min(1, running), idle=1 - min(1, running)
        )

    @asynccontextmanager
    async def fetch(self, request_id: RequestId) -> AsyncIterator[Result]:
        """The result as it comes from the server. NotFound where the server remembers it no more."""
        what = f"ComfyUI result of {request_id}"
        server, prompt = self._at(request_id)
        entry = await self._ask(what, lambda: server.history(prompt))
        if entry is None:
            raise NotFound(f"{what}: the server remembers no such prompt")
        file, tag = reading.result_of(entry), parse_tag(entry.extra)
        if file is None or tag is None:
            raise Rejected("no_output", f"{what}: no file of the wanted kind", failure=Code.ENGINE_FAILED)
        async with AsyncExitStack() as stack:
            try:
                with border(what):
                    stream = await stack.enter_async_context(server.open(file))
            except Rejected as gone:
                raise NotFound(f"{what}: {gone.detail}") from None
            pieces = await stack.enter_async_context(aclosing(mapped(what, stream.pieces)))
            yield Result(
                media_type=stream.media_type,
                size=stream.size,
                pieces=pieces,
                recipe=_recipe(tag, entry, prompt),
                notes=(LARGEST_FACE,) if (tag.faces or 0) > 1 else (),
            )

    async def forget(self, request_id: RequestId) -> None:
        """Empty its files, picture and result, and drop its entry. Idempotent."""
        server, prompt = self._at(request_id)
        with border(f"ComfyUI leftovers of {request_id}"):
            await forget(server, prompt)

    async def _look(self, server: Comfy, prompt: str) -> RemoteStatus:
        for turn in range(_LOOKS):
            if turn:
                await asyncio.sleep(_LOOK_AGAIN_S)
            found = await self._look_once(server, prompt)
            if found is not None:
                return found
        return reading.ABSENT

    async def _look_once(self, server: Comfy, prompt: str) -> RemoteStatus | None:
        queue = await server.queue()  # before the history: the server writes that first
        found = queue.find(prompt)
        if found is not None and reading.is_late(parse_tag(found.extra), self._now()):
            await server.cancel(prompt)
            queue = await server.queue()
            late = reading.in_queue(queue, prompt)
            if late is not None:
                return late  # a kernel or an encoder ends before it hears of it
            entry = await server.history(prompt)
            return reading.TOO_LATE if entry is None else reading.ended(entry, self._now())
        there = reading.in_queue(queue, prompt)
        if there is not None:
            return there
        entry = await server.history(prompt)
        return None if entry is None else reading.ended(entry, self._now())

    def _at(self, request_id: RequestId) -> tuple[Comfy, str]:
        """The server that accepted it. The key is for the configured one alone."""
        name, prompt = address.parse_request(request_id)
        if name == self.name:
            return self._desk.server, prompt
        return Comfy(name, http=self._http, limits=self._limits), prompt

    async def _ask(self, what: str, call: Callable[[], Awaitable[T]]) -> T:
        """An idempotent call, tried up to three times within ten seconds while nothing is learned."""
        retrying = tenacity.AsyncRetrying(
            stop=tenacity.stop_after_attempt(3) | tenacity.stop_after_delay(10),
            wait=tenacity.wait_exponential(multiplier=self._retry_wait_s, max=2),
            retry=tenacity.retry_if_exception_type(Unreachable),
            reraise=True,
        )

        async def once() -> T:
            with border(what):
                return await call()

        return await retrying(once)


def _capped(cap: timedelta | None) -> Limits:
    if cap is None:
        return _LIMITS
    top = cap.total_seconds()
    return Limits(
        connect_s=min(_LIMITS.connect_s, top),
        answer_s=min(_LIMITS.answer_s, top),
        upload_s=min(_LIMITS.upload_s, top),
        download_s=min(_LIMITS.download_s, top),
    )


def _recipe(tag: Tag, entry: Entry, prompt: str) -> dict[str, Scalar]:
    ran = None if entry.ran_for is None else round(entry.ran_for.total_seconds(), 3)
    return {**(tag.recipe or {}), "prompt_id": prompt, "comfyui_s": ran}
