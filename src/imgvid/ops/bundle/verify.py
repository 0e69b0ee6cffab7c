"""Compare a published bundle, or a hub cache on this machine, with its own manifest."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path

from imgvid.bundle import cache, digest, manifest
from imgvid.bundle.verdict import USABLE, judge, readable
from imgvid.ops.bundle.folder import FolderRefused
from imgvid.ops.bundle.hub import Hub
from imgvid.ops.bundle.plan import unlike
from imgvid.ops.bundle.push import published_manifest


@dataclass(frozen=True, slots=True, kw_only=True)
class Verified:
    """What was looked at and what is wrong with it; empty `problems` is a bundle that a worker accepts."""

    what: str
    problems: tuple[str, ...]


def online(hub: Hub, repo: str, *, revision: str) -> Verified:
    """The hub's list of files against the manifest of the same commit. Nothing large is downloaded."""
    commit = hub.head(repo, revision)
    remote = hub.files(repo, commit)
    content = published_manifest(hub, repo, commit, remote)
    if content is None:
        problem = f"no readable {manifest.FILE_NAME}: a worker refuses this revision; push again"
        return Verified(what=f"{repo}@{commit[:12]}", problems=(problem,))
    lacking = [f"{path}: size or sha256 is missing in the manifest" for path in content.incomplete()]
    what = f"{repo}@{commit[:12]}, revision {content.revision}, {len(content.files)} files, {readable(content.total_bytes())}"
    return Verified(what=what, problems=(*lacking, *unlike(content, remote)))


def cached(root: Path, repo: str, *, revision: str | None, hashed: bool, told: Callable[[str], None]) -> Verified:
    """A snapshot in a hub cache, as a worker would see it. Raises FolderRefused where there is none."""
    found = cache.snapshots(root, repo, revision=revision)
    if not found:
        raise FolderRefused([f"{root} holds no snapshot of {repo}" + (f" at {revision}" if revision else "")])
    snapshot = found[0]
    try:
        content = manifest.parse((snapshot.path / manifest.FILE_NAME).read_text())
    except FileNotFoundError:
        return Verified(what=f"{repo}@{snapshot.commit[:12]}", problems=(f"{manifest.FILE_NAME} is not there",))
    except manifest.ManifestRefused as refused:
        return Verified(what=f"{repo}@{snapshot.commit[:12]}", problems=tuple(refused.problems))
    known, problems = cache.tree(snapshot), []
    for file in content.files:
        held = cache.look(snapshot.path, file.path, tree=known)
        if held is not None and hashed:
            told(f"reading {file.path} ({readable(held.size)})")
            held = replace(held, sha256=digest.sha256_of(held.path))
        item = judge(file, held)
        if item.verdict not in USABLE and not (file.optional and held is None):
            problems.append(item.why)
    return Verified(what=f"{repo}@{snapshot.commit[:12]}, revision {content.revision}", problems=tuple(problems))
