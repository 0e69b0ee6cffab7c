"""LISTEN on a connection of its own, proven alive by a NOTIFY to itself; the poll under it never stops.

A half-open socket looks alive to TCP for hours (facts/queue.md section 9.4), so every `probe` interval a NOTIFY is sent on
the same connection and must come back; otherwise the connection is replaced and everybody is woken once.
"""

from __future__ import annotations

import asyncio
import contextlib
from datetime import timedelta

import asyncpg

from imgvid import log

CHANNEL = "imgvid"


class Wakeups:
    """Topics that loops wait for. `wait` returns at a wake-up of the topic, or at the end of the poll interval."""

    def __init__(self) -> None:
        self._events: dict[str, asyncio.Event] = {}

    def topic(self, name: str) -> asyncio.Event:
        return self._events.setdefault(name, asyncio.Event())

    def wake(self, name: str) -> None:
        self.topic(name).set()

    def wake_all(self) -> None:
        for event in self._events.values():
            event.set()

    async def wait(self, name: str, *, at_most: timedelta) -> bool:
        """Whether somebody woke the topic within `at_most`. The topic is asleep again afterwards."""
        event = self.topic(name)
        try:
            async with asyncio.timeout(at_most.total_seconds()):
                await event.wait()
        except TimeoutError:
            return False
        else:
            return True
        finally:
            event.clear()


class Listener:
    """Keeps one LISTEN connection alive and turns its notifications into wake-ups."""

    def __init__(
        self,
        *,
        dsn: str,
        wakeups: Wakeups,
        probe: timedelta = timedelta(seconds=10),
        patience: timedelta = timedelta(seconds=5),
    ) -> None:
        self._dsn = dsn
        self._wakeups = wakeups
        self._probe = probe
        self._patience = patience
        self.alive = False  # for health: the last probe came back
        self.connection: asyncpg.Connection | None = None

    async def run(self, stop: asyncio.Event) -> None:
        """Until `stop`: listen, probe, replace. Never raises for a lost server; says so once and comes back."""
        pause = 0.2
        while not stop.is_set():
            try:
                await self._listen_once(stop)
                pause = 0.2
            except (
                OSError,
                TimeoutError,
                asyncpg.PostgresError,
                asyncpg.InterfaceError,
                asyncpg.InternalClientError,  # the server ended the idle connection with an error message
            ) as error:
                if self.alive:
                    log.get().warning(
                        log.LISTENER_LOST, reason=f"{type(error).__name__}: {error}", next="polling until it is back"
                    )
                self.alive = False
                with contextlib.suppress(TimeoutError):
                    async with asyncio.timeout(pause):
                        await stop.wait()
                pause = min(5.0, pause * 2)

    async def _listen_once(self, stop: asyncio.Event) -> None:
        echoed = asyncio.Event()

        def heard(_connection: object, _pid: int, _channel: str, payload: object) -> None:
            if payload == probe_word:
                echoed.set()
            elif not str(payload).startswith("probe:"):
                self._wakeups.wake(str(payload))

        self.connection = await asyncpg.connect(
            self._dsn, timeout=10, server_settings={"application_name": "imgvid-listen"}
        )
        try:
            probe_word = f"probe:{self.connection.get_server_pid()}"
            await self.connection.add_listener(CHANNEL, heard)
            self._wakeups.wake_all()  # whatever was said while nobody listened
            while not stop.is_set():
                echoed.clear()
                async with asyncio.timeout(self._patience.total_seconds()):
                    await self.connection.execute("SELECT pg_notify($1, $2)", CHANNEL, probe_word)
                    await echoed.wait()
                if not self.alive:
                    self.alive = True
                    log.get().info(log.LISTENER_RECOVERED)
                with contextlib.suppress(TimeoutError):
                    async with asyncio.timeout(self._probe.total_seconds()):
                        await stop.wait()
        finally:
            self.connection.terminate()
            self.connection = None
