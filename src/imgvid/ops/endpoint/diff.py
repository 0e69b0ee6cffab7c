"""What would change on the platform, and why it is to be so. Pure.

A PATCH of `env` replaces all of it, so what we send is what is there merged with ours; a PATCH of `gpu.pools` clears the
exclusions, so they are always sent with it. Secrets are compared, never shown.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass

from imgvid import log
from imgvid.ops.endpoint.template import POOLS, Body, Json, Template

UNWANTED_ENV = frozenset({"HF_TOKEN", "HUGGING_FACE_HUB_TOKEN", "HUGGINGFACE_HUB_TOKEN", "HUGGINGFACE_TOKEN"})
_SECRET = re.compile(r"TOKEN|KEY|SECRET|PASSWORD|DATABASE_URL|CREDENTIAL", re.IGNORECASE)

REASONS: dict[str, str] = {
    "timeout": "execution timeout, the ceiling above each mode's own deadline (sent per job as policy): WAN 1 800 000 ms, "
    "LTX-2 3 600 000; the platform's 300 000 would kill a ten-minute job",
    "workers.min": "idle costs nothing",
    "workers.max": "one GPU at a time until you raise it, and RUNPOD_MAX_IN_FLIGHT to one more; 0 means that jobs wait for ever",
    "workers.idleTimeout": "10 s warm for the next job of the same person; each is billed",
    "scaling": "QUEUE_DELAY 4 s: a job that waits that long asks for a worker; REQUEST_COUNT would start one for every burst",
    "gpu.pools": "one pool by GPU memory: the same seed gives different pictures on different GPU types",
    "gpu.excludedTypes": "sent with the pool, because a change of the pool clears it",
    "gpu.minCudaVersion": "the image's torch is built for CUDA 12.8; an older driver would fail the worker's GPU check",
    "dataCenterIds": "several, so that one without a free GPU does not stop everything",
    "networkVolumes": "none: a volume ties the endpoint to one data centre and is billed; models come from the cached repo",
    "flashboot": "a worker that comes back soon keeps its memory image; nothing of a job is in it, job folders are wiped",
    "disk": "GB of container disk; the image's own layers are not counted, models are in the cache, jobs are in memory",
    "image": "a change restarts idle workers at once, busy ones after their job",
    "env": "merged: what is there and not ours stays",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """One value: as it is (None: not there), as it is to be (None: removed), both fit to be shown."""

    path: str
    old: str | None
    new: str | None
    why: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Diff:
    """What to send (a create body, or a PATCH of whole top-level fields), what that changes, what a person should know."""

    body: Body
    changes: tuple[Change, ...]
    notes: tuple[str, ...]
    problems: tuple[str, ...]


def diff(template: Template, current: Mapping[str, Json] | None) -> Diff:
    """Compare. `current` is the endpoint as GET gives it; None where there is none."""
    there = dict(current or {})
    env = merged_env(template, there.get("env"))
    wanted: Body = {**template.body, "env": dict(env)}
    if isinstance(wanted.get("gpu"), dict):
        wanted["gpu"] = {"excludedTypes": [], **_dict(wanted["gpu"])}
    changes, body = [], {}
    for name, value in wanted.items():
        found = _changes(name, there.get(name), value)
        changes += found
        if found:
            body[name] = value
    problems = [
        f"{name} is not set in your environment and not on the endpoint" for name in template.lacking if name not in env
    ]
    if current is not None and "type" in body:
        problems.append(f"type cannot be changed from {there.get('type')}: make a new endpoint")
    return Diff(
        body=wanted if current is None else body,
        changes=tuple(changes),
        notes=tuple(_notes(template, there)),
        problems=tuple(problems),
    )


def merged_env(template: Template, there: Json) -> dict[str, str]:
    """What the endpoint's env is to be: theirs without hub tokens, then ours."""
    kept = {name: str(value) for name, value in _dict(there).items() if name not in UNWANTED_ENV}
    return {**kept, **template.env}


def _changes(name: str, old: Json, new: Json) -> list[Change]:
    """Field by field below an object, else the value as a whole."""
    if isinstance(new, dict):
        before = _dict(old)
        names = sorted(new) if name != "env" else sorted(new.keys() | before.keys())
        return [
            change
            for key in names
            for change in _leaf(f"{name}.{key}", before.get(key), new.get(key))
            if not (old is None and new.get(key) == [])
        ]
    return _leaf(name, old, new)


def _leaf(path: str, old: Json, new: Json) -> list[Change]:
    if _same(old, new):
        return []
    return [Change(path=path, old=_shown(path, old), new=_shown(path, new), why=_why(path))]


def _same(old: Json, new: Json) -> bool:
    if isinstance(old, list) and isinstance(new, list):
        return sorted(map(str, old)) == sorted(map(str, new))
    return old == new or (old in (None, []) and new == [])


def _why(path: str) -> str:
    if path.removeprefix("env.") in UNWANTED_ENV:
        return "no worker needs a hub token: the console's Model field has its own"
    return REASONS.get(path) or REASONS.get(path.split(".", maxsplit=1)[0], "")


def _shown(path: str, value: Json) -> str | None:
    if value is None:
        return None
    if path.startswith("env.") and _SECRET.search(path):
        return "***"
    return log.mask(str(value))


def _notes(template: Template, there: Mapping[str, Json]) -> list[str]:
    notes = []
    gpu = _dict(template.body.get("gpu"))
    pools = gpu.get("pools")
    named = [str(pool) for pool in pools] if isinstance(pools, list) else []
    models = sum(POOLS.get(pool, (0, 0.0, 2))[2] for pool in named)
    excluded = gpu.get("excludedTypes")
    models -= len(excluded) if isinstance(excluded, list) else 0
    if models > 1:
        notes.append(f"{', '.join(named)} holds several GPU types: pictures of one seed may differ between them")
    before = _dict(there.get("gpu")).get("pools")
    if before and before != pools:
        notes.append("another GPU type: pictures of one seed may differ from before")
    notes += [
        f"env.{name} stays as it is (not in the file)"
        for name in sorted(_dict(there.get("env")).keys() - template.env.keys() - UNWANTED_ENV)
    ]
    if _dict(there.get("workers")).get("max") == 0:
        notes.append(
            "workers.max is 0: the platform does that after seven days without a job; nothing runs until it is raised"
        )
    return notes


def _dict(value: Json) -> dict[str, Json]:
    return value if isinstance(value, dict) else {}


def render(found: Diff) -> list[str]:
    """The diff as lines for a terminal: `+` new, `-` gone, `~` changed."""
    lines = []
    for change in found.changes:
        if change.old is None:
            line = f"+ {change.path} = {change.new}"
        elif change.new is None:
            line = f"- {change.path}"
        elif change.old == change.new:  # secrets look alike
            line = f"~ {change.path} = {change.new} (another value)"
        else:
            line = f"~ {change.path}: {change.old} -> {change.new}"
        lines += [line, f"      {change.why}"] if change.why else [line]
    return lines or ["no change"]
