"""Hub caches of every shape in facts/runpod.md 5, made in a folder: sparse files, so that 100 GB cost nothing."""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path

from imgvid.bundle import manifest
from imgvid.bundle.manifest import BundleFile, Manifest

MAIN = "a" * 40
OLDER = "b" * 40


def fake_sha(path: str) -> str:
    """A stable stand-in for the digest of a file too large to read in a test."""
    return hashlib.sha256(path.encode()).hexdigest()


def entry(path: str, size: int = 1_000, *, optional: bool = False, sha256: str | None = None) -> BundleFile:
    return BundleFile(
        path=path,
        folder=path.split("/", maxsplit=1)[0],
        size=size,
        sha256=sha256 or fake_sha(path),
        licence="mit",
        optional=optional,
    )


def bundle(files: Iterable[BundleFile], *, revision: int = 1) -> Manifest:
    return Manifest(name="test", revision=revision, files=tuple(files))


class Cache:
    """A hub cache folder and one model repo in it."""

    def __init__(self, root: Path, repo: str = "org/bundle") -> None:
        self.root = root
        self.repo = repo
        self.folder = root / ("models--" + repo.replace("/", "--"))

    def main(self, commit: str, *, newline: bool = False) -> None:
        (self.folder / "refs").mkdir(parents=True, exist_ok=True)
        (self.folder / "refs" / "main").write_text(commit + ("\n" if newline else ""))

    def snapshot(self, commit: str) -> Path:
        path = self.folder / "snapshots" / commit
        path.mkdir(parents=True, exist_ok=True)
        return path

    def manifest(self, commit: str, content: Manifest) -> None:
        """The manifest as the hub stores a small file: named by its git sha1."""
        data = manifest.render(content).encode()
        self.blob(commit, manifest.FILE_NAME, git_sha1(data), data=data)

    def blob(self, commit: str, path: str, name: str, *, size: int = 0, data: bytes | None = None) -> Path:
        """A blob of this name and a link to it in the snapshot."""
        blob = self.folder / "blobs" / name
        self._write(blob, size, data)
        self._link(self.snapshot(commit) / path, blob)
        return blob

    def shared(self, commit: str, path: str, name: str, *, size: int, xet: str) -> Path:
        """A blob in the cache-wide store: `models--*/blobs/<sha256>` is a link to it, named by something else."""
        store = self.root / "blobs"
        blob = store / xet[:2] / xet
        self._write(blob, size, None)
        (store / ".huggingface-shared-blobs").touch()
        link = self.folder / "blobs" / name
        self._link(link, blob)
        self._link(self.snapshot(commit) / path, link)
        return blob

    def plain(self, commit: str, path: str, *, size: int) -> Path:
        """No blobs at all: the snapshot holds the file itself."""
        file = self.snapshot(commit) / path
        self._write(file, size, None)
        return file

    def tree(self, commit: str, files: Iterable[BundleFile]) -> None:
        folder = self.folder / "trees"
        folder.mkdir(parents=True, exist_ok=True)
        known = {
            f.path: {"size": f.size, "blob_id": "0" * 40, "lfs_sha256": f.sha256, "lfs_size": f.size} for f in files
        }
        (folder / f"{commit}.json").write_text(json.dumps({"format_version": 1, "files": known}))

    def whole(self, commit: str, content: Manifest, *, without: Iterable[str] = ()) -> None:
        """An ordinary, complete snapshot; `without` leaves files out."""
        for file in content.files:
            if file.path not in set(without):
                assert file.sha256 is not None
                self.blob(commit, file.path, file.sha256, size=file.size or 0)
        self.manifest(commit, content)

    @staticmethod
    def _write(path: Path, size: int, data: bytes | None) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        with path.open("wb") as file:
            if data is not None:
                file.write(data)
            else:
                file.truncate(size)

    @staticmethod
    def _link(link: Path, target: Path) -> None:
        link.parent.mkdir(parents=True, exist_ok=True)
        link.unlink(missing_ok=True)
        link.symlink_to(os.path.relpath(target, link.parent))


def git_sha1(data: bytes) -> str:
    return hashlib.sha1(b"blob %d\0" % len(data) + data, usedforsecurity=False).hexdigest()


def raised(content: Manifest) -> Manifest:
    return replace(content, revision=content.revision + 1)
