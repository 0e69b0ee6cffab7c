"""Work on pictures and videos in a process of its own (media/darkroom.py), for processes that carry no codecs.

Codecs take from tens to hundreds of megabytes and read strangers' bytes. In a child they cost the dispatcher nothing,
hold no keys, and end alone when a file makes them fall. The bytes travel as memory files that the child inherits: never
on a disk, never copied through a pipe. The child ends with its answer, the time limit, a cancel, and with this process.
"""

from __future__ import annotations

import asyncio
import json
import os
import sys
from asyncio.subprocess import DEVNULL, PIPE, Process
from collections.abc import Mapping, Sequence
from datetime import timedelta
from typing import Any

from imgvid.jobs.errors import Code
from imgvid.media.memory import MemoryFile

_KEPT_ENVIRONMENT = ("PATH", "LANG", "LC_ALL", "LD_LIBRARY_PATH", "PYTHONPATH")  # what a Python needs; no secrets


class Unfit(Exception):
    """A file that cannot be used or sent. `code` is the job's failure; the text is for the log."""

    def __init__(self, code: Code, said: str) -> None:
        super().__init__(said)
        self.code = code


class Fell(Unfit):
    """The child died of this file or of the machine: `signal` is what ended it, 0 where it ended by itself."""

    def __init__(self, said: str, *, signal: int) -> None:
        super().__init__(Code.INTERNAL, said)
        self.signal = signal


async def develop(
    task: str, order: Mapping[str, object], files: Sequence[MemoryFile], *, within: timedelta
) -> dict[str, Any]:
    """Have `task` (a word of darkroom.TASKS) done to `files`; what it says about them.

    `order` is JSON and tells no secrets: the child's arguments can be read by everybody on this machine. Raises Unfit,
    Fell, and OSError where the machine has no memory or no process to spare.
    """
    descriptors = [file.fd for file in files]
    child = await asyncio.create_subprocess_exec(
        sys.executable,
        "-m",
        "imgvid.media.darkroom",
        str(os.getpid()),
        task,
        json.dumps(order),
        *map(str, descriptors),
        stdin=DEVNULL,
        stdout=PIPE,
        stderr=DEVNULL,  # a codec's own words may quote the file's
        pass_fds=descriptors,
        env={name: os.environ[name] for name in _KEPT_ENVIRONMENT if name in os.environ},
    )
    try:
        async with asyncio.timeout(within.total_seconds()):
            line, _ = await child.communicate()
    except TimeoutError:
        raise Unfit(Code.INTERNAL, f"{task} was not done within {within.total_seconds():g} s") from None
    finally:
        await _end(child)
    return _told(task, line, child.returncode or 0)


def _told(task: str, line: bytes, returncode: int) -> dict[str, Any]:
    try:
        told = json.loads(line)
    except ValueError:
        told = None
    if returncode != 0 or not isinstance(told, dict):
        raise Fell(f"the process for {task} ended with {returncode}", signal=max(0, -returncode))
    if "failure" in told:
        raise Unfit(Code(told["failure"]), told["said"])
    return told


async def _end(child: Process) -> None:
    """Leave no process behind, also when we are cancelled: killed it ends at once, so it is waited for."""
    if child.returncode is not None:
        return
    child.kill()
    ended = asyncio.ensure_future(child.communicate())
    try:
        await asyncio.shield(ended)
    except asyncio.CancelledError:
        await ended
        raise
