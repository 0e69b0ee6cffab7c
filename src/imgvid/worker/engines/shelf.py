"""ComfyUI's own folders as the worker uses them: pictures in, the result out, nothing left behind.

ComfyUI deletes nothing: uploads and outputs stay for ever, temporary files until its next start (facts/comfyui.md 8), and a
node pack may leave a picture or the prompt's text beside the result. The folders belong to this worker alone (bootstrap
makes them, `Folders` names them), so that everything in them goes after every job.
"""

from __future__ import annotations

import os
import shutil
from pathlib import Path

from imgvid.comfy.history import OutputFile
from imgvid.worker.bootstrap.server import Folders


class Shelf:
    """One server's folders. Blocking; call it in a thread."""

    def __init__(self, folders: Folders) -> None:
        self._folders = folders
        self._below = {"input": folders.uploads, "output": folders.out, "temp": folders.temp / "temp"}

    def fits(self, kind: str, theirs: Path | None) -> bool:
        """Whether the server keeps files of this kind (input, output, temp) where this shelf looks for them."""
        return theirs is not None and theirs.resolve() == self._below[kind].resolve()

    def put(self, picture: Path, *, subfolder: str, name: str) -> str:
        """Lay a picture down; what LoadImage is given. A link where both are on one file system, so 2 MB cost nothing."""
        target = self._folders.uploads / subfolder / name
        target.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        target.unlink(missing_ok=True)
        try:
            target.hardlink_to(picture)
        except OSError:
            shutil.copyfile(picture, target)
        return f"{subfolder}/{name}"

    def take(self, file: OutputFile, into: Path) -> Path:
        """Move a result into the job's folder. Raises OSError; FileNotFoundError for a name outside of the folders."""
        base = self._below.get(file.folder_type)
        source = None if base is None else Path(os.path.normpath(base / file.relative))
        if base is None or source is None or not source.is_relative_to(base):
            raise FileNotFoundError("the result is said to lie outside of ComfyUI's folders")
        target = into / f"made{source.suffix.lower()}"
        shutil.move(source, target)
        return target

    def wipe(self) -> int:
        """Remove everything in them, the folders stay. Returns the bytes that were there. Raises OSError."""
        removed = 0
        for base in self._below.values():
            for entry in base.iterdir() if base.is_dir() else ():
                removed += _size(entry)
                if entry.is_dir() and not entry.is_symlink():
                    shutil.rmtree(entry)
                else:
                    entry.unlink()
        return removed

    def left_bytes(self) -> int:
        """Bytes that lie in them now: 0 between jobs."""
        return sum(_size(entry) for base in self._below.values() if base.is_dir() for entry in base.iterdir())


def _size(path: Path) -> int:
    if path.is_symlink():
        return 0
    if path.is_file():
        return path.stat().st_size
    return sum(_size(entry) for entry in path.iterdir()) if path.is_dir() else 0
