"""Our end of the janitor: it is told of every process group and folder, and cleans up if we die without a word."""

from __future__ import annotations

import contextlib
import os
import shutil
import stat
import subprocess
import sys
import tempfile
from pathlib import Path

_JANITOR = str(Path(__file__).with_name("janitor.py"))
_LONGEST_FOLDER = 60  # characters: a Unix socket's whole path must stay below 108


def reachable(path: Path) -> bool:
    """May every user of this machine walk to this folder, or to this program and run it?"""
    return all(place.stat().st_mode & stat.S_IXOTH for place in (path, *path.parents))


class Keeper:
    """Knows what the demo has made outside itself. `close()` leaves nothing of it."""

    def __init__(self) -> None:
        self._janitor = subprocess.Popen(  # noqa: S603  our own file
            [sys.executable, "-I", "-S", _JANITOR],
            stdin=subprocess.PIPE,
            stdout=subprocess.DEVNULL,
            text=True,
            bufsize=1,
            start_new_session=True,
        )
        self._folders: list[Path] = []

    def _tell(self, line: str) -> None:
        assert self._janitor.stdin is not None
        try:
            self._janitor.stdin.write(line + "\n")
            self._janitor.stdin.flush()
        except BrokenPipeError:
            return  # someone ended the janitor; we still clean up ourselves

    def started(self, group: int) -> None:
        """A process group of ours exists from here on."""
        self._tell(f"group {group}")

    def ended(self, group: int) -> None:
        """Nothing of this group is left."""
        self._tell(f"gone {group}")

    def folder(self, *, memory: bool = False) -> Path:
        """A new private folder that goes with the demo; with `memory` on a tmpfs where there is one."""
        shm = Path("/dev/shm")  # noqa: S108  a folder of our own is made below it
        base = shm if memory and shm.is_dir() else Path(tempfile.gettempdir())
        if len(str(base)) > _LONGEST_FOLDER or not reachable(base):  # PostgreSQL may run as another user
            base = Path("/tmp")  # noqa: S108  mkdtemp makes a private folder
        made = Path(tempfile.mkdtemp(prefix=f"imgvid-demo-{os.getpid()}-", dir=base))
        self._folders.append(made)
        self._tell(f"folder {made}")
        return made

    def close(self) -> None:
        """Remove the folders and let the janitor go. Processes must have ended. Safe to repeat."""
        for made in self._folders:
            shutil.rmtree(made, ignore_errors=True)
            if not made.exists():
                self._tell(f"removed {made}")
        self._folders.clear()
        if self._janitor.stdin is not None and not self._janitor.stdin.closed:
            with contextlib.suppress(BrokenPipeError):
                self._janitor.stdin.close()
        self._janitor.wait()
