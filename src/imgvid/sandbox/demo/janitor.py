"""`python -I -S janitor.py`: outlives the demo by a moment and removes what a `kill -9` of it would leave behind.

It reads lines from its standard input until the demo closes it, by ending in whatever way:

    group PGID      a process group was started        gone PGID     it has ended
    folder PATH     a folder is the demo's             removed PATH  it has been removed

Then it ends what is still there (SIGTERM, after `GRACE_S` SIGKILL) and removes the folders. Standard library only.
"""

import contextlib
import os
import shutil
import signal
import sys
import time
from collections.abc import Iterable

GRACE_S = 3.0


def alive(group: int) -> bool:
    """Is there any process left in this group?"""
    try:
        os.killpg(group, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True


def end(groups: set[int]) -> None:
    """End every group: asked first, killed after GRACE_S."""
    for number, until in (
        (signal.SIGTERM, time.monotonic() + GRACE_S),
        (signal.SIGKILL, time.monotonic() + 2 * GRACE_S),
    ):
        for group in list(groups):
            with contextlib.suppress(ProcessLookupError, PermissionError):
                os.killpg(group, number)
        while groups and time.monotonic() < until:
            groups -= {group for group in groups if not alive(group)}
            time.sleep(0.02)


def follow(lines: Iterable[str]) -> tuple[set[int], set[str]]:
    """What is still there when the lines end: process groups, folders."""
    groups: set[int] = set()
    folders: set[str] = set()
    for line in lines:
        word, _, rest = line.rstrip("\n").partition(" ")
        if word == "group":
            groups.add(int(rest))
        elif word == "gone":
            groups.discard(int(rest))
        elif word == "folder":
            folders.add(rest)
        elif word == "removed":
            folders.discard(rest)
    return groups, folders


def main() -> None:
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, signal.SIG_IGN)  # it ends when its work is done, not when a terminal closes
    groups, folders = follow(sys.stdin)
    end(groups)
    for folder in folders:
        shutil.rmtree(folder, ignore_errors=True)


if __name__ == "__main__":
    main()
