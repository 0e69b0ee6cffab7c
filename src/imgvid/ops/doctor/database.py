"""Is PostgreSQL there, is it up to date, and what do its backends say?"""

from __future__ import annotations

from datetime import UTC, datetime

import asyncpg

from imgvid.ops.doctor.finding import Finding, bad, fine, note
from imgvid.store.backends import BackendStore
from imgvid.store.migrate import MigrationRefused, plan, read_migrations
from imgvid.store.pool import Database, StoreUnavailable, open_pool

OLDEST = 15


async def check(dsn: str) -> list[Finding]:
    """Connects once, reads, and goes."""
    try:
        pool = await open_pool(dsn, size=1, name="imgvid doctor")
    except (StoreUnavailable, asyncpg.PostgresError) as error:
        return [bad("database", f"{error}; is it running, is DATABASE_URL right?")]
    database = Database(pool)
    try:
        async with pool.acquire() as connection:
            version = connection.get_server_version()
            schema = await _schema(connection)
        found = [fine("database", f"PostgreSQL {version.major}.{version.minor}"), schema]
        if version.major < OLDEST:
            found[0] = bad("database", f"PostgreSQL {version.major} is too old; {OLDEST} or newer is needed")
        return found if schema.verdict == "BAD" else [*found, *await _backends(BackendStore(database))]
    finally:
        await database.close()


async def _schema(connection: asyncpg.Connection) -> Finding:
    try:
        rows = await connection.fetch("SELECT version, checksum FROM schema_migrations")
    except asyncpg.UndefinedTableError:
        return bad("schema", "the database is empty; run `imgvid migrate`")
    try:
        missing = plan(read_migrations(), {row["version"]: row["checksum"] for row in rows})
    except MigrationRefused as refusal:
        return bad("schema", str(refusal))
    if missing:
        return bad("schema", f"{', '.join(one.name for one in missing)} not applied; run `imgvid migrate`")
    return fine("schema", f"up to date, {len(rows)} migrations")


async def _backends(store: BackendStore) -> list[Finding]:
    """What the dispatchers wrote there: caps and pauses."""
    rows = await store.all()
    if not rows:
        return [note("backends", "no dispatcher has ever started on this database")]
    found = []
    for row in rows:
        about = f"backend {row.backend} ({row.lane})"
        until = row.paused_until
        if row.cap == 0:
            found.append(note(about, "no longer configured: takes no new jobs"))
        elif until is not None and (until.tzinfo is None or until > datetime.now(UTC)):
            found.append(bad(about, f"paused: {row.pause_reason}; docs/ONCALL.md, backend.paused, says what to do"))
        else:
            found.append(fine(about, f"{row.in_flight} of {row.cap} in flight"))
    return found
