"""`imgvid PROCESS`: one command, one process a name. Heavy imports happen only inside the process that needs them."""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Sequence

PROCESSES = {
    "bot": "answers people in Telegram and inserts their jobs (long polling)",
    "dispatcher": "leases jobs, submits them to providers, follows them, and tells the chats",
    "worker": "runs one job after another on a GPU (the RunPod SDK's worker loop)",
}

TOOLS = {
    "doctor": "is everything that is configured there, and does it fit together? Reads only",
    "jobs": "the queue: list, one job's whole story, the same job once more to compare its frames",
    "workflow": "compile, check and show ComfyUI workflow files, offline",
    "bundle": "the models' one Hugging Face repo: init, check, push, verify",
    "endpoint": "the RunPod endpoint as a file: plan, apply, status",
    "bootstrap": "the worker image's first process: finds the bundle, starts ComfyUI and the worker",
    "sandbox": "local stand-ins of the outside world, and the demo",
}


def build_parser() -> argparse.ArgumentParser:
    """The whole command line; nothing of it imports a library that a process needs."""
    parser = argparse.ArgumentParser(
        prog="imgvid", description="A self-hosted Telegram studio: a photo becomes a video."
    )
    commands = parser.add_subparsers(dest="command", required=True, metavar="COMMAND")
    for name, text in PROCESSES.items():
        commands.add_parser(name, help=text, description=f"{text[0].upper()}{text[1:]}. Settings: .env.example.")
    migrate = commands.add_parser(
        "migrate", help="brings the database up to date (forward only, safe to run twice at once)"
    )
    migrate.add_argument(
        "--restored", action="store_true", help="after a restore from a backup: fence off every attempt that was open"
    )
    for name, text in TOOLS.items():
        commands.add_parser(name, help=text, add_help=False)
    return parser


def main(argv: Sequence[str] | None = None) -> int:
    """Run one command. Exit codes: 0 done, 1 failed (said in a sentence), 2 usage or settings refused."""
    arguments = list(sys.argv[1:] if argv is None else argv)
    if arguments and arguments[0] in TOOLS:  # a tool brings its own command line, read only when it is asked for
        from imgvid.wire import run_tool

        return run_tool(arguments[0], arguments[1:])
    options = build_parser().parse_args(arguments)
    from imgvid import wire

    if options.command == "migrate":
        return wire.run_migrate(os.environ, restored=options.restored)
    return wire.run_process(options.command, os.environ)


if __name__ == "__main__":
    sys.exit(main())
