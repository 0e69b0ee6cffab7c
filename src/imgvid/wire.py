"""The one place that reads settings and builds a process out of its parts."""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
import sys
from collections.abc import Awaitable, Callable, Mapping, Sequence
from importlib import import_module

from imgvid import config, log

_TOOL_MODULES = {
    "jobs": "imgvid.ops.jobs",
    "doctor": "imgvid.ops.doctor",
    "workflow": "imgvid.ops.workflow",
    "bundle": "imgvid.ops.bundle",
    "endpoint": "imgvid.ops.endpoint",
    "bootstrap": "imgvid.worker.bootstrap.command",
    "sandbox": "imgvid.sandbox.demo.command",
}

EXIT_REFUSED = 2  # a setting is missing or malformed


def _refuse(refused: config.SettingsRefused, process: str) -> int:
    print(f"imgvid {process}: cannot start, {len(refused.problems)} setting(s) need attention:", file=sys.stderr)
    for problem in refused.problems:
        print(f"  - {log.mask(problem)}", file=sys.stderr)
    print("See .env.example for each setting, its unit and its default.", file=sys.stderr)
    return EXIT_REFUSED


async def until_stopped(run: Callable[[asyncio.Event], Awaitable[int]]) -> int:
    """Run with a stop event that SIGTERM and SIGINT set. A second signal ends the process at once."""
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()

    def ask_to_stop() -> None:
        if stop.is_set():
            os._exit(130)
        stop.set()

    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, ask_to_stop)
    log.get().info(log.PROCESS_STARTED, pid=os.getpid())
    try:
        code = await run(stop)
    except BaseException as error:
        log.get().error(
            log.PROCESS_FAILED, error=f"{type(error).__name__}: {error}", exc_info=error, next="exit; restart policy"
        )
        return 1
    log.get().info(log.PROCESS_STOPPED, code=code)
    return code


def _run(process: str, level: str, body: Callable[[asyncio.Event], Awaitable[int]]) -> int:
    log.setup(process, level=level)
    with contextlib.suppress(KeyboardInterrupt):
        return asyncio.run(until_stopped(body))
    return 130


def run_process(process: str, environ: Mapping[str, str]) -> int:
    """`imgvid bot | dispatcher | worker`: settings first, then the process until it is told to stop."""
    try:
        if process == "bot":
            bot = config.read(config.BotSettings, environ)
            from imgvid.bot.app import run_bot

            return _run(process, bot.log_level, lambda stop: run_bot(bot, stop))
        if process == "dispatcher":
            dispatcher = config.read(config.DispatcherSettings, environ)
            from imgvid.dispatch.loop import run_dispatcher

            return _run(process, dispatcher.log_level, lambda stop: run_dispatcher(dispatcher, stop))
        worker = config.read(config.WorkerSettings, environ)
        log.setup(process, level=worker.log_level)
        from imgvid.worker.handler import serve

        return serve(worker)
    except config.SettingsRefused as refused:
        return _refuse(refused, process)


def run_migrate(environ: Mapping[str, str], *, restored: bool) -> int:
    """`imgvid migrate`: waits for the database, applies what is missing, says what it did."""
    from imgvid.store.migrate import MigrationRefused, migrate_patiently

    try:
        settings = config.read(config.MigrateSettings, environ)
    except config.SettingsRefused as refused:
        return _refuse(refused, "migrate")
    log.setup("migrate", level=settings.log_level)
    try:
        applied = asyncio.run(migrate_patiently(settings.database_url, restored=restored))
    except MigrationRefused as refusal:
        print(f"imgvid migrate: {refusal}", file=sys.stderr)
        return 1
    except TimeoutError:
        print(
            "imgvid migrate: the database did not answer within a minute; is it running, is DATABASE_URL right?",
            file=sys.stderr,
        )
        return 1
    print(
        f"imgvid migrate: {', '.join(applied)} applied" if applied else "imgvid migrate: nothing to do", file=sys.stderr
    )
    return 0


def run_tool(name: str, arguments: Sequence[str]) -> int:
    """A tool with a command line of its own: `imgvid doctor | jobs | workflow | bundle | endpoint | bootstrap | sandbox …`."""
    main = import_module(_TOOL_MODULES[name]).main
    code: int = main(list(arguments))
    return code
