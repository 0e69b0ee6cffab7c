"""Find the bundle in the platform's cache: which snapshot, is it whole, or is it still coming.

A cache that is filling looks like a broken one, so what is absent or short is waited for, and what is wrong is refused at
once. `main` moves while somebody pushes: a host may have cached a commit whose manifest does not match its files. Such a
snapshot is never used; an older one that is whole is, after a grace, and the log says so.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import TypeAlias

from imgvid import log
from imgvid.bundle import cache, digest, manifest, verdict
from imgvid.worker.bootstrap.settings import BootstrapRefused, BootstrapSettings

GRACE = timedelta(seconds=60)  # how long `main` may be incomplete before an older, whole snapshot is taken instead
_STEP_S = 2.0  # between two looks at a filling cache; a look costs a few hundred stat calls
_TOLD_EVERY_S = 30.0

CONSOLE = (
    "set Model = org/repo and a read token in the endpoint's console page, or BUNDLE_REPO if several repos are cached"
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Bundle:
    """A snapshot that may be used: every required file is there and is the one that the manifest means."""

    snapshot: cache.Snapshot
    manifest: manifest.Manifest
    files: tuple[verdict.Judged, ...]

    @property
    def label(self) -> str:
        """For the recipe and the log: repo, commit and the manifest's own number."""
        return f"{self.snapshot.repo}@{self.snapshot.commit[:12]} r{self.manifest.revision}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Unready:
    """A snapshot that may not be used, why, and whether waiting may change that."""

    snapshot: cache.Snapshot
    why: tuple[str, ...]
    hopeful: bool


Looked: TypeAlias = Bundle | Unready


@dataclass(frozen=True, slots=True, kw_only=True)
class Waiting:
    """Nothing usable yet; what is missing, for the log and for the refusal at the end of patience."""

    why: tuple[str, ...]


def inspect(snapshot: cache.Snapshot, *, min_revision: int = 0) -> Looked:
    """Look at every file of a snapshot: links and sizes, no reading of weights. Raises PermissionError."""
    try:
        text = (snapshot.path / manifest.FILE_NAME).read_text()
    except FileNotFoundError:
        return Unready(
            snapshot=snapshot,
            why=(f"{manifest.FILE_NAME} is not in {snapshot.commit[:12]} (`imgvid bundle push` uploads it last)",),
            hopeful=True,
        )
    try:
        wanted = manifest.parse(text)
    except manifest.ManifestRefused as refused:
        return Unready(
            snapshot=snapshot, why=tuple(f"{manifest.FILE_NAME}: {p}" for p in refused.problems), hopeful=False
        )
    if wanted.revision < min_revision:
        why = f"the cache holds revision {wanted.revision} of the bundle, this worker needs {min_revision} or newer"
        return Unready(snapshot=snapshot, why=(why,), hopeful=True)
    known = cache.tree(snapshot)
    judged = tuple(verdict.judge(f, cache.look(snapshot.path, f.path, tree=known)) for f in wanted.files)
    bad = [item for item in judged if not item.file.optional and item.verdict not in verdict.USABLE]
    if bad:
        hopeful = all(item.verdict in verdict.HOPEFUL for item in bad)
        return Unready(snapshot=snapshot, why=tuple(item.why for item in bad), hopeful=hopeful)
    return Bundle(snapshot=snapshot, manifest=wanted, files=judged)


def choose(looked: Sequence[Looked], *, waited: timedelta) -> Bundle | Waiting | BootstrapRefused:
    """The first snapshot if it is whole; an older whole one after a grace; else wait, or refuse where waiting is idle."""
    if not looked:
        return Waiting(why=("no snapshot of the bundle is in the cache",))
    first = looked[0]
    if isinstance(first, Bundle):
        return first
    older = [item for item in looked if isinstance(item, Bundle)]
    if older and (waited >= GRACE or not first.hopeful):
        return max(older, key=lambda item: item.manifest.revision)
    if older or any(isinstance(item, Unready) and item.hopeful for item in looked):
        return Waiting(why=first.why)
    return BootstrapRefused(list(first.why))


def look_once(settings: BootstrapSettings, *, waited: timedelta) -> Bundle | Waiting | BootstrapRefused:
    """One look at the cache, without waiting."""
    repo = settings.repo
    if repo is None:
        found = cache.repos(settings.cache)
        if len(found) > 1:
            return BootstrapRefused([f"the cache holds several repos ({', '.join(found)}): name one with BUNDLE_REPO"])
        if not found:
            return Waiting(why=(f"no repo is cached under {settings.cache}: {CONSOLE}",))
        repo = found[0]
    candidates = cache.snapshots(settings.cache, repo, revision=settings.revision)
    if not candidates:
        which = settings.revision or "any revision"
        return Waiting(why=(f"{which} of {repo} is not cached under {settings.cache}: {CONSOLE}",))
    try:
        looked = [inspect(candidate, min_revision=settings.min_revision) for candidate in candidates]
    except PermissionError as error:
        return BootstrapRefused([f"the cache may not be read by this user: {error}"])
    return choose(looked, waited=waited)


async def seek(
    settings: BootstrapSettings,
    *,
    clock: Callable[[], float],
    sleep: Callable[[float], Awaitable[object]] = asyncio.sleep,
) -> Bundle:
    """Wait until a bundle is whole and give it. Raises BootstrapRefused when it is wrong or patience ends.

    `clock` counts seconds. Cancelling it is safe at any time: it only reads.
    """
    began = told = clock()
    while True:
        waited = timedelta(seconds=clock() - began)
        answer = look_once(settings, waited=waited)
        if isinstance(answer, BootstrapRefused):
            raise answer
        if isinstance(answer, Bundle):
            return _hashed(answer) if settings.hash_all else answer
        if waited >= settings.wait:
            raise BootstrapRefused([*answer.why, f"waited {waited.total_seconds():.0f} s (BUNDLE_WAIT_S)"])
        if clock() - told >= _TOLD_EVERY_S or waited == timedelta():
            told = clock()
            log.get().info(
                log.BUNDLE_WAITED,
                waited_s=round(waited.total_seconds()),
                missing=list(answer.why[:5]),
                more=max(0, len(answer.why) - 5),
                next=f"look again every {_STEP_S:g} s",
            )
        await sleep(_STEP_S)


def _hashed(bundle: Bundle) -> Bundle:
    """Read every byte of every file that is there. Raises BootstrapRefused naming what differs."""
    judged = []
    for item in bundle.files:
        if item.held is None or item.verdict not in verdict.USABLE:
            judged.append(item)
            continue
        held = replace(item.held, sha256=digest.sha256_of(item.held.path))
        judged.append(verdict.judge(item.file, held))
    bad = [item.why for item in judged if not item.file.optional and item.verdict is not verdict.Verdict.GOOD]
    if bad:
        raise BootstrapRefused(bad)
    return replace(bundle, files=tuple(judged))
