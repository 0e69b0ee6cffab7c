"""The hub's cache layout, read without the hub's library (facts/runpod.md 5).

    <cache>/models--org--name/refs/main                  the commit, perhaps with a newline
                             /snapshots/<commit>/…       links into blobs, or plain files
                             /blobs/<sha256>             large files: the name is the sha256; small ones: a git sha1
                             /trees/<commit>.json        optional: sizes and sha256 of every file
    <cache>/blobs/<2 hex>/<xet hash>                     newer caches: shared by all repos; then blobs/<sha256> above is a
                                                         link itself, and the last name is *not* a sha256 of the file

So the digest is the name of the link's stop under `models--*/blobs`, never the name of where the chain ends.
"""

from __future__ import annotations

import json
import os
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from imgvid.bundle.digest import sha256_of
from imgvid.bundle.verdict import Held

_COMMIT = re.compile(r"[0-9a-f]{40}")
_SHA256 = re.compile(r"[0-9a-f]{64}")
_MAX_HOPS = 8  # a link chain in a healthy cache has one or two
_SMALL = 64 * 1024 * 1024  # bytes; below this we read the file where its name tells nothing (0.1 s at most)


@dataclass(frozen=True, slots=True, kw_only=True)
class Snapshot:
    """One revision of one repo in a cache."""

    repo: str  # org/name
    commit: str
    path: Path


def repos(cache: Path) -> list[str]:
    """The model repos of a cache, sorted. The shared `blobs` folder beside them is no repo."""
    try:
        names = sorted(entry.name for entry in os.scandir(cache) if entry.is_dir())
    except (FileNotFoundError, NotADirectoryError):
        return []
    found = [name.split("--") for name in names]
    return ["/".join(parts[1:3]) for parts in found if parts[0] == "models" and len(parts) >= 3]


def repo_folder(cache: Path, repo: str) -> Path:
    return cache / ("models--" + repo.replace("/", "--"))


def snapshots(cache: Path, repo: str, *, revision: str | None = None) -> list[Snapshot]:
    """What the cache holds of a repo, best first: the asked revision alone, else `main`, then the others by name.

    `revision` is a commit, the beginning of one (7 digits or more), or a ref such as `main` or `v3`.
    """
    folder = repo_folder(cache, repo)
    try:
        commits = sorted(entry.name for entry in os.scandir(folder / "snapshots") if entry.is_dir())
    except (FileNotFoundError, NotADirectoryError):
        return []
    if revision is not None:
        wanted = _ref(folder, revision) or revision
        chosen = [commit for commit in commits if commit == wanted or (len(wanted) >= 7 and commit.startswith(wanted))]
    else:
        main = _ref(folder, "main")
        chosen = sorted(commits, key=lambda commit: (commit != main, commit))
    return [Snapshot(repo=repo, commit=commit, path=folder / "snapshots" / commit) for commit in chosen]


def _ref(folder: Path, name: str) -> str | None:
    try:
        commit = (folder / "refs" / name).read_text().strip()
    except (FileNotFoundError, NotADirectoryError, IsADirectoryError, UnicodeDecodeError):
        return None
    return commit if _COMMIT.fullmatch(commit) else None


def look(root: Path, path: str, *, tree: Mapping[str, str] | None = None) -> Held | None:
    """What lies at `path` below a snapshot or a plain folder; None where nothing does or a link leads nowhere.

    Raises PermissionError where the file may not be looked at.
    """
    target = root / path
    blob = _blob(target)
    try:
        real = target.resolve(strict=True)
        size = real.stat().st_size
    except (FileNotFoundError, NotADirectoryError, RuntimeError):
        return None
    if not real.is_file():
        return None
    sha256 = blob or (tree or {}).get(path)
    if sha256 is None and size <= _SMALL:
        sha256 = sha256_of(real)
    return Held(path=real, size=size, sha256=sha256)


def _blob(target: Path) -> str | None:
    """The sha256 in the name of the chain's stop under `models--*/blobs`; None where there is none."""
    for _ in range(_MAX_HOPS):
        try:
            target = Path(os.path.normpath(target.parent / target.readlink()))
        except OSError:
            return None
        if target.parent.name == "blobs" and target.parent.parent.name.startswith("models--"):
            return target.name if _SHA256.fullmatch(target.name) else None
    return None


def tree(snapshot: Snapshot) -> dict[str, str]:
    """path -> sha256 from `trees/<commit>.json`; empty where a cache has none or another shape of it."""
    file = snapshot.path.parent.parent / "trees" / f"{snapshot.commit}.json"
    try:
        files = json.loads(file.read_bytes()).get("files", {})
        return {
            path: entry["lfs_sha256"]
            for path, entry in files.items()
            if _SHA256.fullmatch(entry.get("lfs_sha256") or "")
        }
    except (OSError, ValueError, AttributeError, TypeError):
        return {}
