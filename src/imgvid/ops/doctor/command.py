"""The command line: one line a finding. Exit codes: 0 nothing needs a person, 1 something does, 2 usage."""

from __future__ import annotations

import argparse
import asyncio
import os
import sys
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

import httpx

from imgvid import config
from imgvid.catalog import CatalogError, modes
from imgvid.catalog.page import page
from imgvid.ops.doctor import catalogue, chat, database, services
from imgvid.ops.doctor.finding import Finding, Verdict, bad, fine
from imgvid.telegram.client import Telegram


def main(argv: Sequence[str]) -> int:
    """`imgvid doctor`. It only reads: nothing is changed, submitted or paid."""
    parser = argparse.ArgumentParser(
        prog="imgvid doctor",
        description="Is everything that is configured there, and does it fit together? Only reads.",
    )
    parser.add_argument(
        "--modes-page", type=Path, metavar="FILE", help="write docs/modes.md out of the catalogue, and go"
    )
    options = parser.parse_args(argv)
    try:
        if options.modes_page is not None:
            options.modes_page.write_text(page(modes()), encoding="utf-8")
            return 0
        found = asyncio.run(examine(os.environ))
    except CatalogError as broken:
        found = [bad("catalogue", str(broken))]
    except OSError as error:
        print(f"imgvid doctor: {options.modes_page}: {error.strerror or error}", file=sys.stderr)
        return 2
    for finding in found:
        print(finding)
    return 1 if any(finding.verdict is Verdict.BAD for finding in found) else 0


async def examine(environ: Mapping[str, str]) -> list[Finding]:
    """Everything, in the order in which a person would mend it. Raises CatalogError."""
    found = [*_settings(environ), *catalogue.check(modes())]
    if any(one.verdict is Verdict.BAD for one in found):
        return found
    settings = config.read(config.DispatcherSettings, environ)
    found += await database.check(settings.database_url)
    async with httpx.AsyncClient(trust_env=False) as http:
        telegram = Telegram(token=settings.telegram_bot_token, api_url=settings.telegram_api_url, http=http)
        found += await chat.check(telegram)
        fal_api_url = config.read(config.DoctorSettings, environ).fal_api_url
        found += await services.check(settings, http=http, fal_api_url=fal_api_url)
    return found


def _settings(environ: Mapping[str, str]) -> list[Finding]:
    troubles: dict[str, None] = {}
    reads: tuple[Callable[[], object], ...] = (
        lambda: config.read(config.BotSettings, environ),
        lambda: config.read(config.DispatcherSettings, environ),
        lambda: config.read(config.DoctorSettings, environ),
    )
    for read in reads:
        try:
            read()
        except config.SettingsRefused as refused:
            troubles.update(dict.fromkeys(refused.problems))
    return [bad("settings", text) for text in troubles] or [fine("settings", "bot and dispatcher can read theirs")]
