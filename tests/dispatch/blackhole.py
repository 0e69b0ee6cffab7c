"""A way to PostgreSQL that can go silently dead: sockets stay open and nothing comes through."""

from __future__ import annotations

import asyncio
import contextlib
import tempfile
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from urllib.parse import parse_qs, quote, urlsplit


class Way:
    """Forwards a unix socket to the server's. `swallow` turns every open connection into a black hole."""

    def __init__(self, server: str) -> None:
        self._server = server
        self._open: set[asyncio.Event] = set()
        self._tasks: set[asyncio.Task[None]] = set()

    def swallow(self) -> int:
        """From now on the connections that are open carry nothing; new ones work. Answers how many."""
        for dead in self._open:
            dead.set()
        count = len(self._open)
        self._open.clear()
        return count

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        self._tasks.add(task)
        there, back = await asyncio.open_unix_connection(self._server)
        dead = asyncio.Event()
        self._open.add(dead)
        try:
            async with asyncio.TaskGroup() as both:
                both.create_task(self._carry(reader, back, dead))
                both.create_task(self._carry(there, writer, dead))
        except* (OSError, asyncio.CancelledError):
            pass
        finally:
            self._open.discard(dead)
            self._tasks.discard(task)
            for side in (writer, back):
                side.close()

    async def _carry(self, source: asyncio.StreamReader, target: asyncio.StreamWriter, dead: asyncio.Event) -> None:
        while data := await source.read(65536):
            if not dead.is_set():
                target.write(data)
                await target.drain()
        if not dead.is_set():
            target.close()

    async def end(self) -> None:
        for task in list(self._tasks):
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)


@asynccontextmanager
async def way_to(dsn: str) -> AsyncIterator[tuple[Way, str]]:
    """A `Way` and the DSN that leads over it."""
    folder = parse_qs(urlsplit(dsn).query)["host"][0]
    with tempfile.TemporaryDirectory(prefix="imgvid-way-") as own:
        way = Way(str(Path(folder) / ".s.PGSQL.5432"))
        server = await asyncio.start_unix_server(way.serve, str(Path(own) / ".s.PGSQL.5432"))
        try:
            yield way, dsn.replace(quote(folder, safe="/"), quote(own, safe="/"))
        finally:
            server.close()
            await way.end()
            with contextlib.suppress(asyncio.CancelledError):
                await server.wait_closed()
