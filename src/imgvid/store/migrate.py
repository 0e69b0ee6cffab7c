"""Forward-only migrations: numbered files, checksums, one advisory lock; safe to run twice at once."""

from __future__ import annotations

import asyncio
import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import asyncpg

from imgvid import log
from imgvid.store.sql import sql_folder

_LOCK = 0x696D6776  # "imgv": one migration at a time per database
_LEDGER = """
CREATE TABLE IF NOT EXISTS schema_migrations (
    version integer PRIMARY KEY, name text NOT NULL, checksum text NOT NULL, applied_at timestamptz NOT NULL DEFAULT now())
"""


class MigrationRefused(Exception):
    """The database and the files disagree about the past. The sentence says which file and what to do."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Migration:
    version: int
    name: str
    sql: str

    @property
    def checksum(self) -> str:
        return hashlib.sha256(self.sql.encode()).hexdigest()


def read_migrations(folder: Path | None = None) -> list[Migration]:
    """Every `NNNN_name.sql`, in order. Raises MigrationRefused on a gap or a doubled number."""
    found = [
        Migration(version=int(path.name[:4]), name=path.stem, sql=path.read_text())
        for path in sorted((folder or sql_folder() / "schema").glob("[0-9][0-9][0-9][0-9]_*.sql"))
    ]
    for place, migration in enumerate(found, start=1):
        if migration.version != place:
            raise MigrationRefused(f"sql/schema: expected number {place:04}, found {migration.name}")
    return found


def plan(known: Sequence[Migration], applied: dict[int, str]) -> list[Migration]:
    """What is still to be applied. Raises MigrationRefused when an applied file was changed or the database is newer."""
    for migration in known:
        if applied.get(migration.version, migration.checksum) != migration.checksum:
            raise MigrationRefused(
                f"{migration.name} was changed after it had been applied; put it back and write a new migration instead"
            )
    newer = sorted(set(applied) - {migration.version for migration in known})
    if newer:
        raise MigrationRefused(
            f"the database has migration {newer[-1]:04}, which this version does not know: use a newer imgvid"
        )
    return [migration for migration in known if migration.version not in applied]


async def migrate(dsn: str, *, restored: bool = False, folder: Path | None = None) -> list[str]:
    """Bring the database up to date; answers the names applied. `restored` fences off every open attempt (+1000).

    Each file runs in its own transaction with a lock timeout of 5 s, so that it never queues in front of live traffic.
    """
    connection = await asyncpg.connect(dsn, timeout=10)
    try:
        await connection.execute("SELECT pg_advisory_lock($1)", _LOCK)
        await connection.execute(_LEDGER)
        rows = await connection.fetch("SELECT version, checksum FROM schema_migrations")
        todo = plan(read_migrations(folder), {row["version"]: row["checksum"] for row in rows})
        for migration in todo:
            async with connection.transaction():
                await connection.execute("SET LOCAL lock_timeout = '5s'")
                await connection.execute(migration.sql)
                await connection.execute(
                    "INSERT INTO schema_migrations (version, name, checksum) VALUES ($1, $2, $3)",
                    migration.version,
                    migration.name,
                    migration.checksum,
                )
            log.get().info(log.SCHEMA_MIGRATED, migration=migration.name)
        if restored:
            fenced = await connection.fetchval("SELECT fence_restored()")
            log.get().warning(log.SCHEMA_MIGRATED, restored=True, attempts_fenced=fenced)
        return [migration.name for migration in todo]
    finally:
        await connection.close()


async def migrate_patiently(dsn: str, *, restored: bool = False, patience_s: float = 60) -> list[str]:
    """`migrate`, waiting for a server that is still starting. Raises TimeoutError after `patience_s`."""
    async with asyncio.timeout(patience_s):
        while True:
            try:
                return await migrate(dsn, restored=restored)
            except (OSError, asyncpg.CannotConnectNowError, asyncpg.PostgresConnectionError) as error:
                log.get().warning(log.DATABASE_LOST, reason=str(error), next="trying again in a second")
                await asyncio.sleep(1)
