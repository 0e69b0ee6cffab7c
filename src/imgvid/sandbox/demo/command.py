"""`imgvid sandbox demo`: the whole of imgvid on this machine, with a chat page; or once, without a page."""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import json
import os
import signal
import sys
from collections.abc import Awaitable, Callable, Mapping, Sequence
from datetime import timedelta
from pathlib import Path

from imgvid import log
from imgvid.catalog import modes
from imgvid.sandbox.demo.gpu import Engine, EngineRefused
from imgvid.sandbox.demo.hand import NoSuchButton
from imgvid.sandbox.demo.house import EVERYTHING, IDLE_TIMEOUT, RUNPOD_ALONE, House, HouseRefused, open_house
from imgvid.sandbox.demo.logbook import Line, Logbook
from imgvid.sandbox.demo.once import OnceFailed, Order, once
from imgvid.sandbox.demo.outside import Outside
from imgvid.sandbox.demo.postgres import PostgresRefused
from imgvid.sandbox.demo.web import Page
from imgvid.store.migrate import MigrationRefused

PORT = 8700
LIMIT_S = 180.0
_INTERRUPTED = 130
_COLOURS = {"bot": "36", "dispatcher": "35", "worker": "33", "postgres": "34", "demo": "1"}
_KILL = {"preview": "the worker", "comfy": "its ComfyUI"}
_WELCOME = """
  imgvid is running on this machine:  {url}

  Three things to try there:
    1. Press “Send a sample photo” (or drop one of yours), choose what it shall become, and watch the card become the result.
    2. Write /image and what you would like to see.
    3. Open the panel on the right, “Faults”, and kill {kill} while it works.

  Ctrl-C ends it and leaves nothing behind.
"""


def build_parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="imgvid sandbox", description="Local stand-ins of the outside world.")
    commands = parser.add_subparsers(dest="command", required=True, metavar="COMMAND")
    demo = commands.add_parser(
        "demo",
        help="everything on this machine, with a chat page",
        description="Runs PostgreSQL, stand-ins for Telegram and RunPod, the real bot, dispatcher and workers, and a chat page.",
    )
    demo.add_argument(
        "photos",
        nargs="*",
        type=Path,
        metavar="PHOTO",
        help="with --once: what to send; two are an album (of image-edit: the photo, and where to change it)",
    )
    demo.add_argument("--once", action="store_true", help="send, wait, save the result, print one JSON line, end")
    demo.add_argument(
        "--mode", choices=sorted(modes()), metavar="MODE", help=f"with --once: {', '.join(sorted(modes()))} (wan22-i2v)"
    )
    demo.add_argument(
        "--set", dest="choices", action="append", type=_choice, default=[], metavar="KEY=VALUE",
        help="with --mode: a choice of its card, such as seconds=8; may be repeated (docs/modes.md has them all)",
    )  # fmt: skip
    demo.add_argument("--out", type=Path, metavar="FILE", help="with --once: where the result goes (imgvid-<job>.mp4)")
    demo.add_argument("--caption", metavar="TEXT", help="with --once: the words: what to make, or what should happen")
    demo.add_argument(
        "--limit", type=float, default=LIMIT_S, metavar="SECONDS", help="with --once: give up after (%(default)g)"
    )
    demo.add_argument("--port", type=int, default=PORT, help="of the page (%(default)s, or the next free one)")
    demo.add_argument(
        "--engine", choices=("preview", "comfy"), help="what the GPU workers run (default preview; comfy with --comfy)"
    )
    demo.add_argument(
        "--comfy",
        type=Path,
        metavar="DIR",
        help="your ComfyUI, run on the CPU (default COMFY_ROOT, else a stand-in that needs nothing)",
    )
    demo.add_argument(
        "--comfy-python",
        type=Path,
        metavar="FILE",
        help="the Python that runs it (default COMFY_PYTHON, the one of DIR's venv, ours)",
    )
    demo.add_argument("--verbose", action="store_true", help="print what every process says")
    return parser


def main(argv: Sequence[str]) -> int:
    """Exit codes: 0 done, 1 went wrong (a sentence on stderr), 2 usage, 130 interrupted."""
    parser = build_parser()
    options = parser.parse_args(argv)
    if not options.once and (options.photos or options.out or options.caption or options.mode):
        parser.error("PHOTO, --mode, --out and --caption need --once")
    problem = _problem(options)
    if problem:
        parser.error(problem)
    missing = [str(path) for path in options.photos if not path.is_file()]
    if missing:
        parser.error(f"no such photo: {', '.join(missing)}")
    if options.out is not None and not options.out.resolve().parent.is_dir():
        parser.error(f"there is no folder for --out {options.out}")
    try:
        options.engine = _engine(options, os.environ)
    except EngineRefused as refused:
        parser.error(str(refused))
    log.setup("demo", level="INFO" if options.verbose else "ERROR")
    logbook = Logbook(echo=_printer(everything=options.verbose))
    body = _once(options, logbook) if options.once else _page(options, logbook)
    try:
        return asyncio.run(_until_signal(body))
    except (HouseRefused, PostgresRefused, MigrationRefused, OnceFailed, OSError) as error:
        print(f"demo: {error}", file=sys.stderr)
        return 1


def _choice(text: str) -> tuple[str, str]:
    name, equals, value = text.partition("=")
    if not (name and equals and value):
        raise argparse.ArgumentTypeError("a choice looks like seconds=8")
    return name, value


def _problem(options: argparse.Namespace) -> str | None:
    """Why this cannot be asked of the mode; None where it can."""
    if options.mode is None:
        return "--set needs --mode" if options.choices else None
    mode = modes()[options.mode]
    unknown = [name for name, _ in options.choices if mode.param(name) is None]
    if unknown:
        names = ", ".join(param.name for param in mode.params) or "nothing"
        return f"{mode.id} has no {', '.join(unknown)}; it has {names}"
    if len(options.photos) > mode.max_inputs:
        return f"{mode.id} takes {mode.max_inputs} photo(s) at most"
    return None


def _engine(options: argparse.Namespace, environ: Mapping[str, str]) -> Engine:
    """What was asked for on the command line, or in the worker image's own settings. Raises EngineRefused."""
    if options.engine == "preview" or (options.engine is None and options.comfy is None):
        if options.comfy is not None:
            raise EngineRefused("--comfy needs --engine comfy")
        return Engine()

    def path(given: Path | None, name: str) -> Path | None:
        said = environ.get(name, "").strip()
        return given or (Path(said) if said else None)

    return Engine(
        name="comfy",
        root=path(options.comfy, "COMFY_ROOT"),
        python=path(options.comfy_python, "COMFY_PYTHON"),
        args=tuple(environ.get("COMFY_ARGS", "").split()),
        workflows=path(None, "WORKFLOWS_DIR"),
    ).checked()


def _printer(*, everything: bool) -> Callable[[Line], None]:
    coloured = sys.stderr.isatty()

    def echo(line: Line) -> None:
        if not everything and line.source != "demo":
            return
        name = f"{line.source:<10} |"
        if coloured:
            name = f"\033[{_COLOURS.get(line.source.split('-')[0], '0')}m{name}\033[0m"
        print(f"{name} {line.text}", file=sys.stderr, flush=True)

    return echo


async def _until_signal(body: Awaitable[int]) -> int:
    """Run `body`; the first signal takes the house down in order, a second one at once (the janitor cleans up)."""
    loop, task = asyncio.get_running_loop(), asyncio.ensure_future(body)
    signalled: list[int] = []

    def on_signal(number: int) -> None:
        if signalled:
            os._exit(_INTERRUPTED)
        signalled.append(number)
        print("demo: ending, a moment please", file=sys.stderr, flush=True)
        task.cancel()

    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        loop.add_signal_handler(number, on_signal, number)
    try:
        return await task
    except asyncio.CancelledError:
        if not signalled:
            raise
        return 128 + signalled[0]


def _add_page(logbook: Logbook) -> Callable[[Outside, list[House]], None]:
    return lambda outside, standing: Page(outside=outside, standing=standing, logbook=logbook).add_routes()


def _idle(engine: Engine) -> timedelta:
    """How long a worker waits for its next job: a ComfyUI takes ten seconds to start."""
    return IDLE_TIMEOUT if engine.name == "preview" else 3 * IDLE_TIMEOUT


async def _page(options: argparse.Namespace, logbook: Logbook) -> int:
    print("demo: starting PostgreSQL, bot and dispatcher", file=sys.stderr, flush=True)
    async with open_house(
        port=options.port,
        logbook=logbook,
        add_routes=_add_page(logbook),
        engine=options.engine,
        idle_timeout=_idle(options.engine),
        backends=EVERYTHING,
    ) as house:
        print(_WELCOME.format(url=house.outside.url, kill=_KILL[options.engine.name]), flush=True)
        await asyncio.Event().wait()
    return 0


async def _once(options: argparse.Namespace, logbook: Logbook) -> int:
    def say(sentence: str) -> None:
        print(f"demo: {sentence}", file=sys.stderr, flush=True)

    say("starting PostgreSQL, bot and dispatcher")
    order = Order(
        photos=options.photos,
        caption=options.caption,
        out=options.out,
        limit_s=options.limit,
        mode=modes()[options.mode] if options.mode else None,
        choices=dict(options.choices),
    )
    async with open_house(
        port=0,
        logbook=logbook,
        add_routes=_add_page(logbook),
        engine=options.engine,
        backends=EVERYTHING if options.mode else RUNPOD_ALONE,
    ) as house:
        try:
            facts = await once(house, order, say)
        except OnceFailed as failed:
            if not isinstance(failed.__cause__, NoSuchButton):
                _last_words(logbook)
            raise
        finally:
            with contextlib.suppress(OSError):
                sys.stderr.flush()
    print(json.dumps(facts, ensure_ascii=False), flush=True)
    return 0


def _last_words(logbook: Logbook) -> None:
    """What bot and dispatcher said last: with --verbose it has been printed already."""
    for source in ("bot", "dispatcher"):
        for text in logbook.tail(source, 5):
            print(f"{source:<10} | {text}", file=sys.stderr)
