"""The command line. Exit codes: 0 done and healthy, 1 refused or in need of attention (said in sentences), 2 usage."""

from __future__ import annotations

import argparse
import os
import sys
from pathlib import Path

from imgvid import log
from imgvid.ops.endpoint import template as templates
from imgvid.ops.endpoint.diff import Diff, diff, render
from imgvid.ops.endpoint.health import CONSOLE_STEP, health
from imgvid.ops.endpoint.rest import URL, Rest, RestRefused
from imgvid.ops.endpoint.template import Body, Template, TemplateRefused

_DEFAULT = Path("worker_image/endpoint.wan22.json")


def main(argv: list[str]) -> int:
    """`imgvid endpoint …`. plan and status change nothing."""
    options = _parser().parse_args(argv)
    key = os.environ.get("RUNPOD_API_KEY", "").strip()
    if not key:
        return _problems(["RUNPOD_API_KEY is not set: a key that may manage endpoints, from the console's settings"])
    endpoint_id = options.endpoint or os.environ.get("RUNPOD_ENDPOINT_ID", "").strip() or None
    try:
        with Rest(key=key, url=os.environ.get("RUNPOD_REST_URL", "").strip() or URL) as rest:
            if options.what == "status":
                return _status(rest, endpoint_id, options.file)
            template = templates.read(options.file, os.environ, image=options.image, vram_gb=options.vram_gb)
            current = rest.find(endpoint_id=endpoint_id, name=template.name)
            found = diff(template, current)
            _tell(rest, template, current, found)
            if found.problems or options.what == "plan":
                return _problems(found.problems)
            return _apply(rest, current, found)
    except TemplateRefused as refused:
        return _problems(refused.problems)
    except RestRefused as refused:
        return _problems([str(refused)])


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="imgvid endpoint", description="RunPod's serverless endpoint, from a file.")
    what = parser.add_subparsers(dest="what", required=True, metavar="WHAT")
    for name, text in (
        ("plan", "show what would change, and change nothing"),
        ("apply", "make or change the endpoint"),
        ("status", "workers, and what needs attention"),
    ):
        command = what.add_parser(name, help=text)
        command.add_argument("--file", type=Path, default=_DEFAULT, help=f"the endpoint's file (default {_DEFAULT})")
        command.add_argument("--endpoint", help="its id (default RUNPOD_ENDPOINT_ID, else the one of the file's name)")
        if name != "status":
            command.add_argument("--image", help="the worker image, with a version or a digest")
            command.add_argument(
                "--vram-gb", type=int, help="the cheapest pool with this much GPU memory, not the file's"
            )
    return parser


def _problems(problems: list[str] | tuple[str, ...]) -> int:
    for problem in problems:
        print(f"  - {log.mask(problem)}", file=sys.stderr)
    return 1 if problems else 0


def _tell(rest: Rest, template: Template, current: Body | None, found: Diff) -> None:
    print(f"{template.name}: {current['id'] if current else 'not there yet, would be made'}")
    for line in render(found):
        print(f"  {line}")
    for note in (*found.notes, *_catalogue(rest, template)):
        print(f"  note: {note}")
    print(CONSOLE_STEP)


def _catalogue(rest: Rest, template: Template) -> list[str]:
    """Names in the file that the platform's catalogue does not know (it changes; a mistyped one is refused late)."""
    notes = []
    gpu = template.body.get("gpu")
    asked = (
        ("gpus", "pool", "gpu.pools", gpu.get("pools") if isinstance(gpu, dict) else None),
        ("datacenters", "id", "dataCenterIds", template.body.get("dataCenterIds")),
    )
    for what, field, name, values in asked:
        known = rest.known(what, field)
        for value in values if isinstance(values, list) and known else []:
            if known is not None and str(value) not in known:
                notes.append(f"{name}: the catalogue has no {value}; it has {', '.join(sorted(known))}")
    return notes


def _apply(rest: Rest, current: Body | None, found: Diff) -> int:
    if current is None:
        made = rest.create(found.body)
        print(f"made: {made.get('id')}; put it into .env as RUNPOD_ENDPOINT_ID, then do the console's step above")
        return 0
    if not found.changes:
        print("nothing to do")
        return 0
    rest.change(str(current["id"]), found.body)
    print(f"changed: {', '.join(sorted(found.body))}; idle workers restart now, busy ones after their job")
    return 0


def _status(rest: Rest, endpoint_id: str | None, file: Path) -> int:
    name = _name(file)
    endpoint = rest.find(endpoint_id=endpoint_id, name=name)
    if endpoint is None:
        return _problems([f"there is no endpoint called {name}: `imgvid endpoint apply` makes it"])
    told = health(endpoint, rest.workers(str(endpoint["id"])))
    for line in told.lines:
        print(line)
    return _problems(told.alarms)


def _name(file: Path) -> str:
    """The file's name for the endpoint; status needs neither image nor secrets."""
    placeholder = templates.read(file, {}, image="unused:0")
    return placeholder.name
