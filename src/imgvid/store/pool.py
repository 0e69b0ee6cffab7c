"""The way to PostgreSQL: a pool with codecs, and one narrow door for named statements."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Iterable, Sequence
from contextlib import asynccontextmanager
from typing import Any

import asyncpg

from imgvid import log
from imgvid.store.sql import named

CONNECT_S = 10.0
COMMAND_S = 30.0

# What asyncpg raises when the server is away or goes away: connection lost, refused, starting up, shutting down.
_AWAY = (
    OSError,
    TimeoutError,
    asyncpg.PostgresConnectionError,
    asyncpg.CannotConnectNowError,
    asyncpg.AdminShutdownError,
    asyncpg.CrashShutdownError,
    asyncpg.TooManyConnectionsError,
    asyncpg.DeadlockDetectedError,  # not away, but the same follows: nothing was applied, say it again
    asyncpg.InternalClientError,  # asyncpg, when the server ended an idle connection with an error message
)


class StoreUnavailable(Exception):
    """PostgreSQL cannot be reached or went away. The statement's outcome is unknown; every statement of ours may be repeated."""


async def prepare_connection(connection: asyncpg.Connection) -> None:
    """jsonb as Python values; one clock; no statement may wait forever."""
    await connection.set_type_codec("jsonb", schema="pg_catalog", encoder=json.dumps, decoder=json.loads)


async def _nothing_to_reset(_connection: asyncpg.Connection) -> None:
    """One statement is one transaction here and none leaves session state: asyncpg's RESET would be a round trip for nothing."""


async def open_pool(dsn: str, *, size: int = 4, name: str = "imgvid") -> asyncpg.Pool:
    """A pool that is known to reach its server. Raises StoreUnavailable."""
    try:
        return await asyncpg.create_pool(
            dsn,
            min_size=1,
            max_size=size,
            init=prepare_connection,
            reset=_nothing_to_reset,
            timeout=CONNECT_S,
            command_timeout=COMMAND_S,
            server_settings={"application_name": name, "timezone": "UTC"},
        )
    except _AWAY as error:
        raise StoreUnavailable(f"PostgreSQL does not answer: {error}") from error


async def open_pool_patiently(dsn: str, *, size: int = 4, name: str = "imgvid") -> asyncpg.Pool:
    """The same, waiting with growing pauses (0.2 s to 5 s) while the database is away, saying so once."""
    pause, said = 0.2, False
    while True:
        try:
            pool = await open_pool(dsn, size=size, name=name)
        except StoreUnavailable as error:
            if not said:
                log.get().warning(log.DATABASE_LOST, reason=str(error), next="retrying until it answers")
                said = True
            await asyncio.sleep(pause)
            pause = min(5.0, pause * 2)
        else:
            if said:
                log.get().info(log.DATABASE_RECOVERED)
            return pool


class Database:
    """Named statements over a pool. One call, one statement, one transaction."""

    def __init__(self, pool: asyncpg.Pool) -> None:
        self._pool = pool

    @asynccontextmanager
    async def _connection(self) -> AsyncIterator[asyncpg.Connection]:
        try:
            async with self._pool.acquire(timeout=CONNECT_S) as connection:
                yield connection
        except _AWAY as error:
            raise StoreUnavailable(f"PostgreSQL went away: {type(error).__name__}: {error}") from error
        except asyncpg.InterfaceError as error:
            if "clos" not in str(error):  # "connection is closed", "pool is closing"; anything else is a bug of ours
                raise
            raise StoreUnavailable(f"PostgreSQL went away: {error}") from error

    async def rows(self, name: str, *args: object) -> Sequence[asyncpg.Record]:
        """All rows of a named statement. Raises StoreUnavailable."""
        async with self._connection() as connection:
            found: Sequence[asyncpg.Record] = await connection.fetch(named(name), *args)
            return found

    async def row(self, name: str, *args: object) -> asyncpg.Record | None:
        """The first row, or None."""
        async with self._connection() as connection:
            return await connection.fetchrow(named(name), *args)

    async def value(self, name: str, *args: object) -> Any:
        """The first column of the first row, or None."""
        async with self._connection() as connection:
            return await connection.fetchval(named(name), *args)

    async def run(self, name: str, *args: object) -> None:
        async with self._connection() as connection:
            await connection.execute(named(name), *args)

    async def close(self) -> None:
        """Close the pool; a connection that does not end within 5 s is cut."""
        try:
            async with asyncio.timeout(5):
                await self._pool.close()
        except TimeoutError:
            self._pool.terminate()


def fields(record: asyncpg.Record, names: Iterable[str]) -> dict[str, Any]:
    """The named columns of a record, for a dataclass."""
    return {name: record[name] for name in names}
