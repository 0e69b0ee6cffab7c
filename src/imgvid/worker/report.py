"""Telling PostgreSQL directly how a run goes. It speeds things up and grants nothing: without it nothing is lost.

Best effort in the strict sense: no call takes longer than three seconds, none raises, none is repeated.
"""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import Callable, Mapping
from datetime import timedelta
from uuid import UUID

import asyncpg

from imgvid import log

REPORT_TIMEOUT = timedelta(seconds=3)
_SILENCE_S = 30.0


class Reporter:
    """Three functions, executed by a role that may do nothing else (sql/schema, worker_begin and its sisters).

    After a failure begin and progress keep silent for half a minute, so that a database out of reach costs a run one
    wait and not one at every step; a result is always tried. Without a DSN nothing is reported.
    """

    def __init__(
        self,
        *,
        dsn: str | None,
        timeout: timedelta = REPORT_TIMEOUT,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._dsn = dsn
        self._timeout_s = timeout.total_seconds()
        self._clock = clock
        self._silent_until = float("-inf")
        self._connection: asyncpg.Connection | None = None
        self._one_at_a_time = asyncio.Lock()

    def __repr__(self) -> str:
        return f"Reporter(dsn={'***' if self._dsn else None})"

    async def begin(self, job_id: UUID, attempt: int, worker: str, request: str | None) -> None:
        await self._call("SELECT worker_begin($1, $2, $3, $4)", job_id, attempt, worker, request)

    async def progress(self, job_id: UUID, attempt: int, phase: str, percent: int | None) -> None:
        await self._call("SELECT worker_progress($1, $2, $3, $4)", job_id, attempt, phase, percent)

    async def result(self, job_id: UUID, attempt: int, output: Mapping[str, object]) -> None:
        await self._call("SELECT worker_result($1, $2, $3::jsonb)", job_id, attempt, json.dumps(output), always=True)

    async def close(self) -> None:
        """Let the connection go. Safe to call twice."""
        connection, self._connection = self._connection, None
        if connection is not None:
            connection.terminate()

    async def _call(self, statement: str, *args: object, always: bool = False) -> None:
        if self._dsn is None or (self._clock() < self._silent_until and not always):
            return
        try:
            async with asyncio.timeout(self._timeout_s), self._one_at_a_time:
                if self._connection is None or self._connection.is_closed():
                    self._connection = await asyncpg.connect(self._dsn, timeout=self._timeout_s)
                await self._connection.fetchval(statement, *args)
        except (TimeoutError, OSError, asyncpg.PostgresError, asyncpg.InterfaceError, ValueError) as error:
            # The class alone: asyncpg's texts may quote the address or a value.
            log.get().warning(log.REPORT_LOST, error=type(error).__name__, then="the provider's status tells it")
            self._silent_until = self._clock() + _SILENCE_S
            await self.close()
