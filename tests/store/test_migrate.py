"""Migrations: forward only, checksummed, safe to run twice at once, and honest about a past that disagrees."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import asyncpg
import pytest

from imgvid.store.migrate import MigrationRefused, migrate, plan, read_migrations
from imgvid.store.sql import named, parse, sql_folder, statements


@pytest.fixture
async def empty_dsn(postgres: Any) -> AsyncIterator[str]:
    fresh = await postgres.fresh(empty=True)
    yield fresh
    await postgres.drop(fresh)


async def test_two_at_once_apply_each_file_once(empty_dsn: str) -> None:
    applied = await asyncio.gather(*(migrate(empty_dsn) for _ in range(4)))
    assert sorted(applied, key=len) == [[], [], [], [migration.name for migration in read_migrations()]]
    assert await migrate(empty_dsn) == []


async def test_a_restore_fences_every_open_attempt(empty_dsn: str) -> None:
    await migrate(empty_dsn)
    connection = await asyncpg.connect(empty_dsn)
    await connection.execute("INSERT INTO people (user_id) VALUES (1)")
    await connection.execute(
        "SELECT enqueue('m:1', 1, 1, NULL, 1, 'en', 'x', 'video', 'b', '{}', NULL, 1, '[]', '0', '1 h', '1 d', 2, 9, 9, 9)"
    )
    await migrate(empty_dsn, restored=True)
    assert await connection.fetchval("SELECT attempt FROM jobs") == 1000
    await connection.close()


def test_a_changed_past_and_a_newer_database_are_refused(tmp_path: Path) -> None:
    (tmp_path / "0001_a.sql").write_text("SELECT 1")
    known = read_migrations(tmp_path)
    assert plan(known, {}) == known
    assert plan(known, {1: known[0].checksum}) == []
    with pytest.raises(MigrationRefused, match="was changed after"):
        plan(known, {1: "another"})
    with pytest.raises(MigrationRefused, match="use a newer imgvid"):
        plan(known, {1: known[0].checksum, 2: "x"})
    (tmp_path / "0003_c.sql").write_text("SELECT 3")
    with pytest.raises(MigrationRefused, match="expected number 0002"):
        read_migrations(tmp_path)


def test_statements_are_named_once_and_each_is_used() -> None:
    with pytest.raises(ValueError, match="defined twice"):
        parse("-- name: a\nSELECT 1;\n-- name: a\nSELECT 2;\n")
    with pytest.raises(KeyError):
        named("no_such_statement")
    source = "\n".join(path.read_text() for path in (sql_folder().parent / "src").rglob("*.py"))
    unused = [name for name in statements() if f'"{name}"' not in source]
    assert not unused


async def test_each_named_statement_is_understood_by_the_server(dsn: str) -> None:
    connection = await asyncpg.connect(dsn)
    for name, text in statements().items():
        try:
            await connection.prepare(text)
        except asyncpg.PostgresError as error:
            pytest.fail(f"{name}: {error}")
    await connection.close()
