"""What a push would do. Pure: two lists of files in, steps out.

Order is everything, because workers may cache `main` between any two commits:
  1. new files only are added: the published manifest still describes a whole bundle
  2. what was added is compared with the manifest
  3. one last commit replaces, removes and publishes the manifest, all at once
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from imgvid.bundle.manifest import FILE_NAME, BundleFile, Manifest

_KEPT = frozenset({FILE_NAME, ".gitattributes", "README.md", "LICENSE"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Remote:
    """A file on the hub: size in bytes, and its sha256 where it is a large file."""

    size: int
    sha256: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class PushPlan:
    """Paths by what happens to them, and the revision that the manifest gets."""

    added: tuple[BundleFile, ...]
    replaced: tuple[BundleFile, ...]
    removed: tuple[str, ...]
    same: int
    revision: int

    @property
    def nothing(self) -> bool:
        return not (self.added or self.replaced or self.removed)


def plan(ours: Manifest, published: Manifest | None, remote: Mapping[str, Remote], *, prune: bool) -> PushPlan:
    """Compare the folder's manifest with the hub. `prune` removes what the manifest does not name."""
    added = tuple(file for file in ours.files if file.path not in remote)
    present = [file for file in ours.files if file.path in remote]
    replaced = tuple(file for file in present if not same(file, remote[file.path]))
    extra = tuple(sorted(remote.keys() - {file.path for file in ours.files} - _KEPT)) if prune else ()
    known = max(ours.revision, published.revision if published else 0)
    return PushPlan(
        added=added, replaced=replaced, removed=extra, same=len(present) - len(replaced), revision=known + 1
    )


def same(file: BundleFile, remote: Remote) -> bool:
    """Whether the hub's file is the manifest's. A small file has no sha256 there; its size must do."""
    return remote.size == file.size and remote.sha256 in {None, file.sha256}


def unlike(content: Manifest, remote: Mapping[str, Remote]) -> list[str]:
    """A sentence for every required file that the hub does not hold as the manifest says; optional ones if they differ."""
    found = []
    for file in content.files:
        there = remote.get(file.path)
        if there is None:
            found += [] if file.optional else [f"{file.path}: not on the hub"]
        elif not same(file, there):
            found.append(f"{file.path}: the hub has {there.size} bytes, sha256 {(there.sha256 or 'unknown')[:12]}")
    return found
