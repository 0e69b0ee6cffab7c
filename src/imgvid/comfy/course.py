"""One prompt's course on one server: from an open socket to the server's last word.

    connect ▸ submit ▸ frames … executing node:null ▸ history
                 └─ socket lost, or silent ▸ ask queue and history every second, reconnect beside it ─┘
    cancelled, out of time, or anything else on the way ▸ cancel this prompt, wait until it has ended

Frames are news, `/history` is the truth: a prompt has ended when its entry is there, however many frames were lost.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable, Mapping
from datetime import timedelta
from uuid import uuid4

from imgvid import log
from imgvid.comfy.client import Comfy, Place
from imgvid.comfy.errors import Busy, ComfyError, ServerGone, Timeout
from imgvid.comfy.frames import Executing, Frame, Over, Steps
from imgvid.comfy.history import Ended, Entry
from imgvid.comfy.jsontypes import Json
from imgvid.comfy.redact import private_texts
from imgvid.comfy.socket import Feed, FeedLost
from imgvid.comfy.stop import Pace, stop_prompt, through_cancels
from imgvid.comfy.verdicts import failure, interruption

_UNKNOWN_AFTER = 3  # answers in a row that know nothing of the prompt
_LATE_LOOK_S = 0.02

Watch = Callable[[Frame], Awaitable[None]]
"""Gets every frame of the prompt, in order; returns at once."""


async def run_prompt(
    server: Comfy,
    graph: Mapping[str, Json],
    *,
    prompt_id: str,
    watch: Watch,
    pace: Pace | None = None,
    within: timedelta | None = None,
    extra_data: Mapping[str, Json] | None = None,
) -> Entry:
    """Run a graph to its end and return the entry of a prompt that succeeded. NOT idempotent.

    Raises ComfyError: what the server said, or Timeout after `within`. Whenever this raises, CancelledError included,
    the prompt was told to stop and has ended, unless the server could not be made to say so: then the queue still
    shows it, or nobody answers.
    """
    course = _Course(
        server=server, graph=graph, prompt_id=prompt_id, watch=watch, pace=pace or Pace(), extra_data=extra_data
    )
    limit = asyncio.timeout(None if within is None else within.total_seconds())
    try:
        async with limit:
            return await course.run()
    except TimeoutError:
        if not limit.expired():
            raise
        raise Timeout(f"not done after {within}") from None


class _Course:
    def __init__(
        self,
        *,
        server: Comfy,
        graph: Mapping[str, Json],
        prompt_id: str,
        watch: Watch,
        pace: Pace,
        extra_data: Mapping[str, Json] | None,
    ) -> None:
        self._server, self._graph, self._id = server, graph, prompt_id
        self._watch, self._pace, self._extra_data = watch, pace, extra_data
        self._feed = Feed(server, client_id=uuid4().hex)
        self._gone_since: float | None = None
        self._misses = 0
        self._heard_at = time.monotonic()

    async def run(self) -> Entry:
        async with self._feed:
            await self._feed.connect(within_s=self._pace.connect_s)
            submitting = asyncio.create_task(self._submit())
            try:
                await asyncio.shield(submitting)
                entry = await self._until_over()
            except BaseException as error:
                await through_cancels(asyncio.create_task(self._abandon(submitting, error)))
                raise
        if entry.ended is Ended.INTERRUPTED:
            raise interruption(entry.last)
        if entry.ended is Ended.ERROR:
            raise failure(entry.last, private_texts(self._graph))
        return entry

    async def _submit(self) -> None:
        try:
            await self._server.submit(
                self._graph, prompt_id=self._id, client_id=self._feed.client_id, extra_data=self._extra_data
            )
        except ServerGone as gone:
            if not gone.maybe_sent or not await self._is_known():
                raise

    async def _is_known(self) -> bool:
        """Whether the server has the prompt although its answer was lost."""
        return (
            await self._server.place(self._id) is not Place.ABSENT or await self._server.history(self._id) is not None
        )

    async def _abandon(self, submitting: asyncio.Task[None], error: BaseException) -> None:
        """Leave nothing of the prompt running. Its submission ends first. A refused one may run in part."""
        await asyncio.wait({submitting})
        if isinstance(error, ServerGone) and not error.maybe_sent:
            return
        try:
            await stop_prompt(self._server, self._id, self._pace)
        except ComfyError as stuck:
            log.get().warning(log.PROMPT_NOT_STOPPED, prompt=self._id, error=str(stuck), then="the server is suspect")

    async def _until_over(self) -> Entry:
        try:
            return await self._follow()
        except FeedLost:
            log.get().warning(log.SOCKET_LOST, prompt=self._id, then="queue and history are asked")
            return await self._recover()

    async def _follow(self) -> Entry:
        """Frames of a healthy socket; other prompts' frames do not keep it from asking after a silence."""
        ask_at = time.monotonic() + self._pace.quiet_s
        while True:
            try:
                frame = await self._feed.next(within_s=max(0.01, ask_at - time.monotonic()))
            except TimeoutError:
                frame = None
            if frame is not None:
                if await self._take(frame):
                    return await self._last_word()
            elif time.monotonic() < ask_at:
                continue
            elif entry := await self._ask():
                return entry
            ask_at = time.monotonic() + self._pace.quiet_s

    async def _recover(self) -> Entry:
        """The socket was lost once: the server is asked again and again, and frames are only listened to in between."""
        while True:
            entry = await self._ask()
            if entry is not None:
                return entry
            if self._feed.is_open and time.monotonic() - self._heard_at > self._pace.quiet_s:
                await self._feed.close()  # the end of the lost socket may have taken this one's place at the server
            try:
                async with asyncio.timeout(self._pace.poll_s):
                    await self._listen()
                    return await self._last_word()
            except TimeoutError:
                continue

    async def _listen(self) -> None:
        """Return at the prompt's last frame; open the socket again, as often as it takes."""
        while True:
            try:
                if not self._feed.is_open:
                    await self._feed.connect(within_s=self._pace.poll_s)
                    self._heard_at = time.monotonic()
                frame = await self._feed.next()
            except (FeedLost, ServerGone):
                await self._feed.close()
                await asyncio.sleep(self._pace.poll_s)
                continue
            if frame is not None and await self._take(frame):
                return

    async def _take(self, frame: Frame) -> bool:
        """Pass a frame on; whether it was the prompt's last. The first one after a reconnect names no prompt."""
        match frame:
            case Over(prompt_id=prompt_id):
                return prompt_id == self._id
            case Executing(prompt_id=prompt_id) | Steps(prompt_id=prompt_id) if prompt_id in {self._id, None}:
                self._heard_at = time.monotonic()
                await self._watch(frame)
        return False

    async def _ask(self) -> Entry | None:
        """The entry if there is one. Raises ServerGone when nobody answers, or when nobody knows the prompt."""
        try:
            place = await self._server.place(self._id)  # before the history: the server writes that first
            entry = await self._server.history(self._id)
        except (Timeout, Busy):
            return None  # it lives; loading a model may keep it from answering for long
        except ServerGone as gone:
            now = time.monotonic()
            self._gone_since = self._gone_since or now
            if now - self._gone_since >= self._pace.gone_s:
                raise ServerGone(f"no answer for {self._pace.gone_s:.0f} s: {gone.detail}") from None
            return None
        self._gone_since = None
        self._misses = 0 if entry or place is not Place.ABSENT else self._misses + 1
        if self._misses >= _UNKNOWN_AFTER:
            raise ServerGone("the server does not know the prompt any more: it was restarted")
        return entry

    async def _last_word(self) -> Entry:
        """The entry after the last frame; it may be some milliseconds late."""
        give_up_at = time.monotonic() + self._pace.late_s
        while True:
            entry = await self._server.history(self._id)
            if entry is not None:
                return entry
            if time.monotonic() >= give_up_at:
                raise ServerGone(f"the prompt ended {self._pace.late_s:.0f} s ago and left no history")
            await asyncio.sleep(_LATE_LOOK_S)
