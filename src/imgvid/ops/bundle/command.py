"""The command line. Exit codes: 0 done and good, 1 not good (said in sentences), 2 usage."""

from __future__ import annotations

import argparse
import os
import sys
from pathlib import Path

from imgvid import log
from imgvid.bundle import manifest
from imgvid.bundle.manifest import FOLDERS, Manifest
from imgvid.bundle.verdict import USABLE, Verdict, readable
from imgvid.ops.bundle import folder as folders
from imgvid.ops.bundle.folder import FolderRefused
from imgvid.ops.bundle.hub import Hub, HubRefused

TOKEN = "HF_TOKEN"  # noqa: S105 - the name of the variable
_FREE_GB = 100.0  # private storage of a free account (facts/runpod.md 5); PRO and teams have 1000


def main(argv: list[str]) -> int:
    """`imgvid bundle …`. Problems are told on stderr; nothing is ever printed of the token."""
    options = _parser().parse_args(argv)
    try:
        match options.what:
            case "init":
                return _init(options.folder, options.template)
            case "check":
                return _check(options.folder, hashed=options.hash, limit_gb=options.limit_gb)
            case "push":
                return _push(options)
            case _:
                return _verify(options)
    except FolderRefused as refused:
        return _say_problems(refused.problems)
    except HubRefused as refused:
        return _say_problems([str(refused)])


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="imgvid bundle", description="The Hugging Face repo that holds a mode's models. docs/HF_BUNDLE.md"
    )
    what = parser.add_subparsers(dest="what", required=True, metavar="WHAT")
    init = what.add_parser("init", help="make or complete bundle.toml from the files in a folder")
    init.add_argument("folder", type=Path)
    init.add_argument("--template", type=Path, help="start from this manifest (worker_image/bundle.toml)")
    check = what.add_parser("check", help="the folder against its bundle.toml, offline")
    check.add_argument("folder", type=Path)
    check.add_argument("--hash", action="store_true", help="read every byte and compare sha256")
    check.add_argument("--limit-gb", type=float, default=_FREE_GB, help="the account's private storage (default 100)")
    push = what.add_parser("push", help="upload; run it again after any failure")
    push.add_argument("folder", type=Path)
    push.add_argument("repo", help="org/name; made private if it is not there")
    push.add_argument("--revision", default="main", help="branch (default main)")
    push.add_argument("--prune", action="store_true", help="remove files that bundle.toml does not name")
    verify = what.add_parser("verify", help="a published or cached bundle against its own bundle.toml")
    verify.add_argument("repo", help="org/name")
    verify.add_argument("--revision", help="branch, tag or commit (default main)")
    verify.add_argument("--cache", type=Path, help="look into this hub cache instead of the network")
    verify.add_argument("--hash", action="store_true", help="with --cache: read every byte")
    return parser


def _say(text: str) -> None:
    print(text, flush=True)


def _say_problems(problems: list[str] | tuple[str, ...]) -> int:
    for problem in problems:
        print(f"  - {log.mask(problem)}", file=sys.stderr)
    return 1 if problems else 0


def _init(folder: Path, template: Path | None) -> int:
    if not folder.is_dir():
        return _say_problems([f"{folder} is no folder"])
    path = folder / manifest.FILE_NAME
    start = path if path.exists() else template
    base = Manifest(name=folder.resolve().name, revision=0, files=())
    if start is not None:
        try:
            base = manifest.parse(start.read_text())
        except (OSError, manifest.ManifestRefused) as error:
            return _say_problems([f"{start}: {error}"])
    content, notes = folders.fill(folder, base, told=_say)
    if not content.files:
        return _say_problems([f"no model file is below {folder}; lay them out in {', '.join(FOLDERS)}"])
    path.write_text(manifest.render(content))
    _say(f"{path}: {len(content.files)} files, {readable(content.total_bytes())}")
    return _say_problems(notes) and 0  # notes are for a person; the manifest is written


def _check(folder: Path, *, hashed: bool, limit_gb: float) -> int:
    content = folders.read_manifest(folder)
    looked = folders.judged(folder, content, hashed=hashed, told=_say)
    problems = [
        item.why
        for item in looked
        if item.verdict not in USABLE and not (item.file.optional and item.verdict is Verdict.ABSENT)
    ]
    unlisted = sorted(set(folders.models(folder)) - {file.path for file in content.files})
    for note in (
        *folders.advice(content, limit_gb=limit_gb),
        *(f"{path}: not in bundle.toml" for path in unlisted),
    ):
        _say(f"note: {note}")
    unread = sum(item.verdict is Verdict.UNPROVEN for item in looked)
    _say(
        f"{len(content.files)} files, {readable(content.total_bytes())}, {len(problems)} problem(s)"
        + (f"; sha256 of {unread} not read, --hash does" if unread else "")
    )
    return _say_problems(problems)


def _hub() -> Hub:
    token = os.environ.get(TOKEN, "").strip()
    if not token:
        raise HubRefused(f"{TOKEN} is not set: a token with write access to the repo, from the hub's settings page")
    return Hub(token=token)


def _push(options: argparse.Namespace) -> int:
    from imgvid.ops.bundle.push import push

    content, commit = push(
        _hub(), options.folder, options.repo, revision=options.revision, prune=options.prune, told=_say
    )
    _say(f"published: {options.repo}@{commit[:12]}, revision {content.revision}")
    _say("next: hosts cache it in their own time; docs/HF_BUNDLE.md tells how to roll it out and see it arrive")
    return 0


def _verify(options: argparse.Namespace) -> int:
    from imgvid.ops.bundle import verify

    if options.cache is not None:
        done = verify.cached(options.cache, options.repo, revision=options.revision, hashed=options.hash, told=_say)
    else:
        done = verify.online(_hub(), options.repo, revision=options.revision or "main")
    _say(f"{done.what}: {'as its manifest says' if not done.problems else 'NOT as its manifest says'}")
    return _say_problems(done.problems)
