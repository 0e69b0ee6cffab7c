"""Pushing updates to a webhook: in order, with the secret header, again with growing pauses until a 2xx.

The first pause is 1 s, doubled up to 60 s, or what Retry-After says (tdlib/telegram-bot-api WebhookActor). A method in
the receiver's answer is carried out like any other call, without a result, as on the real service (JSON only).
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime

import aiohttp

from imgvid.sandbox.telegram.clock import Clock
from imgvid.sandbox.telegram.jsons import JsonObject, as_float, as_object, loads
from imgvid.sandbox.telegram.updates import Update, Updates

SECRET_HEADER = "X-Telegram-Bot-Api-Secret-Token"  # noqa: S105  a header's name, no secret
FIRST_PAUSE_S = 1.0
MAX_PAUSE_S = 60.0
ANSWER_TIMEOUT_S = 60.0
Answer = Callable[[JsonObject], Awaitable[None]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Hook:
    url: str
    secret: str
    max_connections: int


class Webhook:
    """At most one receiver. `set` replaces it; `run` is the sender's task, owned by the application."""

    def __init__(self, *, clock: Clock, updates: Updates) -> None:
        self._clock, self._updates = clock, updates
        self._changed = asyncio.Event()
        self._pause_s = FIRST_PAUSE_S
        self.hook: Hook | None = None
        self.failed_at: datetime | None = None
        self.failure = ""

    def set(self, hook: Hook | None) -> None:
        self.hook = hook
        self.failed_at, self.failure, self._pause_s = None, "", FIRST_PAUSE_S
        self._updates.webhook_active = hook is not None
        if hook is not None:
            self._updates.take_over()
        self._changed.set()

    async def run(self, answer: Answer) -> None:
        """Send until cancelled."""
        timeout = aiohttp.ClientTimeout(total=ANSWER_TIMEOUT_S)
        async with aiohttp.ClientSession(timeout=timeout) as session:
            while True:
                self._changed.clear()
                if self.hook is None:
                    await self._changed.wait()
                    continue
                self._updates.arrived.clear()
                if self._updates.pending:
                    if not await self._updates.deliver(lambda update: self._push(session, update, answer)):
                        await self._rest()
                else:
                    await self._either(self._updates.arrived, self._changed)

    async def _rest(self) -> None:
        with suppress(TimeoutError):
            async with asyncio.timeout(self._pause_s):
                await self._changed.wait()
        self._pause_s = min(MAX_PAUSE_S, self._pause_s * 2)

    @staticmethod
    async def _either(*events: asyncio.Event) -> None:
        waits = [asyncio.ensure_future(event.wait()) for event in events]
        try:
            await asyncio.wait(waits, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for wait in waits:
                wait.cancel()
            await asyncio.gather(*waits, return_exceptions=True)

    async def _push(self, session: aiohttp.ClientSession, update: Update, answer: Answer) -> bool:
        hook = self.hook
        if hook is None:
            return False
        headers = {"Content-Type": "application/json"} | ({SECRET_HEADER: hook.secret} if hook.secret else {})
        try:
            async with session.post(hook.url, data=update.text.encode(), headers=headers) as response:
                body = await response.read()
                if not 200 <= response.status < 300:
                    wished_s = as_float(response.headers.get("Retry-After"))
                    self._pause_s = min(3600.0, wished_s) if wished_s is not None else self._pause_s
                    return self._failed(f"Wrong response from the webhook: {response.status} {response.reason}")
        except (aiohttp.ClientError, TimeoutError) as error:
            return self._failed(f"Connection failed: {type(error).__name__}")
        self._pause_s = FIRST_PAUSE_S
        with suppress(ValueError):
            method = as_object(loads(body)) if body.strip() else None
            if method is not None and "method" in method:
                await answer(method)
        return True

    def _failed(self, why: str) -> bool:
        self.failed_at, self.failure = self._clock.now(), why
        return False
