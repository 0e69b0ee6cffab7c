"""The only place where a picture may lie for a while: `JOB_ROOT/<job_id>/`, 0700, on a tmpfs, wiped on every way out.

A root belongs to one living worker, which holds a lock in it, so that a start may purge whatever it finds. In a container
that is all there is. Where several workers share a machine and a JOB_ROOT (the demo, a re-run of the same job beside a
living run), the next one takes `JOB_ROOT/beside-1/` and so on; whoever starts also purges the places of the dead. The
lock is a POSIX record lock: the kernel drops it with the process, and a forked child (the SDK's ping) does not hold it.
"""

from __future__ import annotations

import contextlib
import fcntl
import os
import shutil
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import IO
from uuid import UUID

from imgvid import log

_TMPFS_TYPES = frozenset({"tmpfs", "ramfs"})
_SHM = Path("/dev/shm")  # noqa: S108 - the tmpfs itself; our folder in it is 0700
_MOUNTS = Path("/proc/mounts")
_NAME = "imgvid"
_LOCK = ".lock"
_BESIDE = "beside-"
_PLACES = 64


class RootBusy(Exception):
    """More living workers use this JOB_ROOT than anybody would start on purpose."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Root:
    """Where job folders go, and whether that is memory."""

    path: Path
    is_tmpfs: bool


def choose_root(setting: Path | None, *, shm: Path = _SHM, mounts: Path = _MOUNTS) -> Root:
    """JOB_ROOT if it is set, else a folder under /dev/shm if that is a writable tmpfs, else one under the temp folder."""
    if setting is not None:
        return Root(path=setting, is_tmpfs=_is_tmpfs(setting, mounts))
    if shm.is_dir() and os.access(shm, os.W_OK | os.X_OK) and _is_tmpfs(shm, mounts):
        return Root(path=shm / _NAME, is_tmpfs=True)
    fallback = Path(tempfile.gettempdir()) / _NAME
    return Root(path=fallback, is_tmpfs=_is_tmpfs(fallback, mounts))


class Workspace:
    """A worker's root: locked while the worker lives, purged when it starts."""

    def __init__(self, root: Root) -> None:
        """Take a place below the root over: make it, lock it, remove what killed workers left. Raises RootBusy, OSError."""
        places = [root.path, *(root.path / f"{_BESIDE}{number}" for number in range(1, _PLACES))]
        path, self._lock = _first_free(places)
        self.root = Root(path=path, is_tmpfs=root.is_tmpfs)
        self.purged_bytes = _purge(path)
        for other in places:
            if other != path and other.is_dir():
                self.purged_bytes += _purge_if_free(other)
        log.get().info(log.WORKSPACE_READY, root=str(path), tmpfs=root.is_tmpfs, purged_bytes=self.purged_bytes)

    def close(self) -> None:
        """Give the root back. The lock file stays: removing it would let two workers lock two files of one name."""
        self._lock.close()

    @contextlib.contextmanager
    def job(self, job_id: UUID) -> Iterator[Path]:
        """The job's own empty folder; it and all in it are gone when the block is left, however it is left."""
        folder = self.root.path / str(job_id)
        _wipe(folder)
        folder.mkdir(mode=0o700)
        try:
            yield folder
        finally:
            _wipe(folder)

    def residual_bytes(self) -> int:
        """Bytes of files below our own place: 0 whenever no job runs."""
        return sum(_bytes_below(entry) for entry in self.root.path.iterdir() if not _is_ours_to_keep(entry.name))


def _first_free(places: list[Path]) -> tuple[Path, IO[str]]:
    for path in places:
        path.mkdir(mode=0o700, parents=True, exist_ok=True)
        lock = _try_lock(path)
        if lock is not None:
            return path, lock
    raise RootBusy(f"{len(places)} living workers use {places[0]}")


def _purge_if_free(path: Path) -> int:
    lock = _try_lock(path)
    if lock is None:
        return 0
    with lock:
        return _purge(path)


def _purge(path: Path) -> int:
    """Remove job folders of a dead worker, and only what is named like one: a mistyped JOB_ROOT loses nothing."""
    purged = 0
    for entry in path.iterdir():
        if _is_job_name(entry.name):
            purged += _bytes_below(entry)
            _wipe(entry)
    return purged


def _is_ours_to_keep(name: str) -> bool:
    return name == _LOCK or name.startswith(_BESIDE)


def _is_job_name(name: str) -> bool:
    try:
        return str(UUID(name)) == name
    except ValueError:
        return False


def _try_lock(place: Path) -> IO[str] | None:
    """The lock of a place, held until it is closed; None while another process holds it."""
    file = (place / _LOCK).open("w")
    try:
        fcntl.lockf(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        file.close()
        return None
    return file


def _wipe(path: Path) -> None:
    """Remove a folder or a file, whatever is in it; a symbolic link is removed, never followed."""
    if path.is_symlink() or path.is_file():
        path.unlink(missing_ok=True)
    elif path.exists():
        shutil.rmtree(path)


def _bytes_below(path: Path) -> int:
    if path.is_symlink() or not path.exists():
        return 0
    if path.is_file():
        return path.stat().st_size
    return sum(_bytes_below(entry) for entry in path.iterdir())


def _is_tmpfs(path: Path, mounts: Path) -> bool:
    """Whether the file system that holds `path` (or would) is memory, by the longest mount point above it."""
    target = path.resolve()
    best, kind = "", ""
    try:
        lines = mounts.read_text().splitlines()
    except OSError:
        return False
    for line in lines:
        fields = line.split()
        if len(fields) < 3:
            continue
        point = fields[1].replace("\\040", " ")
        if (target == Path(point) or Path(point) in target.parents) and len(point) >= len(best):
            best, kind = point, fields[2]
    return kind in _TMPFS_TYPES
