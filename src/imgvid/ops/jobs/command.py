"""The command line. Exit codes: 0 done (replay: the frames are equal), 1 not (said in sentences), 2 usage or settings."""

from __future__ import annotations

import argparse
import asyncio
import os
import sys
from collections.abc import Collection, Sequence
from datetime import timedelta

from imgvid import config, log
from imgvid.jobs.state import OPEN, State
from imgvid.ops.jobs import replay
from imgvid.ops.jobs.listing import table
from imgvid.ops.jobs.story import tell
from imgvid.store.intake import Intake
from imgvid.store.jobs import JobStore
from imgvid.store.pool import Database, StoreUnavailable, open_pool
from imgvid.store.records import Record, RecordStore

_LIMIT = 20
_STATES = ("open", *(str(state) for state in State))


def main(argv: Sequence[str]) -> int:
    """`imgvid jobs …`. list and show only read."""
    parser = _parser()
    options = parser.parse_args(argv)
    try:
        settings = config.read(config.JobsSettings, os.environ)
        into = _into(options, settings) if options.what == "replay" else None
    except config.SettingsRefused as refused:
        return _refused(refused.problems)
    try:
        return asyncio.run(_run(options, settings, into))
    except StoreUnavailable as error:
        print(f"imgvid jobs: {log.mask(str(error))}", file=sys.stderr)
    except replay.NotMade as not_made:
        print(f"imgvid jobs: {not_made}", file=sys.stderr)
    except KeyboardInterrupt:
        print("imgvid jobs: not waited for any longer; what is in the queue goes on", file=sys.stderr)
        return 130
    return 1


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="imgvid jobs", description="The queue's jobs. Needs DATABASE_URL alone.")
    what = parser.add_subparsers(dest="what", required=True, metavar="WHAT")
    listed = what.add_parser("list", help="the newest jobs, one a line")
    listed.add_argument(
        "--state", type=_state, metavar="STATE", help=f"only these: {', '.join(_STATES)} (open: not over yet)"
    )
    listed.add_argument("--limit", type=_count, default=_LIMIT, help="how many (default %(default)s)")
    shown = what.add_parser("show", help="one job's whole story")
    shown.add_argument("job", type=str.lower, help="its short id")
    shown.add_argument("--prompt", action="store_true", help="also what its person wrote")
    again = what.add_parser(
        "replay",
        help="make a job once more and compare the frames",
        description="Makes a completed job again from the same pictures, words, parameters and seed, through the queue, "
        "into an operator's chat, waits, and compares the decoded frames. It costs a GPU run. Exit code 0: equal.",
    )
    again.add_argument("job", type=str.lower, help="its short id")
    again.add_argument("--chat", type=int, help="where the video goes (default: the only id of ADMIN_IDS)")
    again.add_argument("--user", type=int, help="whose job it is (default: the chat, or the only id of ADMIN_IDS)")
    again.add_argument(
        "--number", type=int, choices=range(1, replay.NUMBERS + 1), default=1, metavar="N",
        help=f"1 to {replay.NUMBERS}: which replay of this job; one that is there is waited for, not made again",
    )  # fmt: skip
    again.add_argument("--wait", type=_seconds, default=replay.Patience().most, help="seconds (default 3600)")
    return parser


def _state(text: str) -> str:
    known = {name.lower(): name for name in _STATES}
    if text.lower() not in known:
        raise argparse.ArgumentTypeError(f"one of {', '.join(_STATES)}")
    return known[text.lower()]


def _count(text: str) -> int:
    if not text.isdigit() or not 1 <= int(text) <= 10_000:
        raise argparse.ArgumentTypeError("a number from 1 to 10000")
    return int(text)


def _seconds(text: str) -> timedelta:
    try:
        seconds = float(text)
    except ValueError:
        seconds = -1
    if not 0 <= seconds <= 604_800:
        raise argparse.ArgumentTypeError("seconds, up to a week")
    return timedelta(seconds=seconds)


def _into(options: argparse.Namespace, settings: config.JobsSettings) -> replay.Into:
    """The operator's own chat, never silently a person's. Raises SettingsRefused."""
    own = next(iter(settings.admin_ids)) if len(settings.admin_ids) == 1 else None
    chat = options.chat if options.chat is not None else own
    if chat is None:
        raise config.SettingsRefused(["where shall the video go? --chat ID, your own chat with the bot (your user id)"])
    person = options.user if options.user is not None else chat if chat > 0 else own
    if person is None:
        raise config.SettingsRefused([f"chat {chat} is a group: --user ID says whose job it is"])
    return replay.Into(chat_id=chat, user_id=person, number=options.number)


def _refused(problems: Sequence[str]) -> int:
    for problem in problems:
        print(f"imgvid jobs: {log.mask(problem)}", file=sys.stderr)
    return 2


async def _run(options: argparse.Namespace, settings: config.JobsSettings, into: replay.Into | None) -> int:
    database = Database(await open_pool(settings.database_url, size=1, name="imgvid-jobs"))
    try:
        if options.what == "list":
            return await _list(RecordStore(database), options)
        record = await RecordStore(database).one(options.job)
        if record is None:
            print(f"imgvid jobs: there is no job {options.job}", file=sys.stderr)
            return 1
        if into is None:
            return await _show(record, database, with_prompt=options.prompt)
        return await _replay(record, database, into, settings, replay.Patience(most=options.wait))
    finally:
        await database.close()


async def _list(records: RecordStore, options: argparse.Namespace) -> int:
    states = _states(options.state)
    found = await records.newest(states=states, limit=options.limit)
    _print(table(found) if found else ["no job" if states is None else f"no job is {options.state}"])
    return 0


def _states(word: str | None) -> Collection[State] | None:
    if word is None:
        return None
    return OPEN if word == "open" else (State(word),)


async def _show(record: Record, database: Database, *, with_prompt: bool) -> int:
    events = await JobStore(database).story(record.id)
    requests = await RecordStore(database).requests(record.id)
    _print(tell(record, events, requests, with_prompt=with_prompt))
    return 0


async def _replay(
    record: Record, database: Database, into: replay.Into, settings: config.JobsSettings, patience: replay.Patience
) -> int:
    def say(sentence: str) -> None:
        print(sentence, file=sys.stderr, flush=True)

    refusal = replay.refusal(record)
    if refusal is not None:
        raise replay.NotMade(refusal)
    for warning in replay.warnings(record, into, keep_prompts=settings.keep_prompts_days):
        say(warning)
    short = await replay.begin(record, into, Intake(database), say)
    made = await replay.until_over(short, RecordStore(database), say, patience)
    equal, lines = replay.judge(record, made)
    _print(lines)
    return 0 if equal else 1


def _print(lines: Sequence[str]) -> None:
    for line in lines:
        print(log.mask(line))
