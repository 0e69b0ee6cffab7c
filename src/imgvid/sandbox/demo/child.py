"""One process of the demo: started, listened to, started again when it dies, ended with its whole group.

What compose's `restart: unless-stopped` does for an operator, this does for the demo; a process that dies at once waits
a little longer each time. Every process runs in a session of its own, so that Ctrl-C reaches the demo alone and helpers
of a process (the SDK's ping process) go with it.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
import sys
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from imgvid.sandbox.demo.keeper import Keeper
from imgvid.sandbox.demo.logbook import Logbook

_LEASH = str(Path(__file__).with_name("leash.py"))
_LINE_LIMIT = 1 << 20  # bytes; a longer line is cut into pieces
_NOT_STARTED = 127  # the exit code that shells and our leash use for it
_LIVED_S = 5.0  # who lived that long is started again at once
_PAUSES_S = (0.2, 0.5, 1.0, 2.0, 5.0)


@dataclass(frozen=True, slots=True, kw_only=True)
class Program:
    """What to run. `user` is a system user id to become (root only); `stop` asks it to end, `crash` is a hard death."""

    name: str
    command: Sequence[str]
    env: Mapping[str, str]
    user: int | None = None
    stop: signal.Signals = signal.SIGTERM
    crash: signal.Signals = signal.SIGKILL


def describe_end(code: int) -> str:
    """`ended with exit code 1`, `was killed (SIGKILL)`."""
    if code >= 0:
        return f"ended with exit code {code}"
    with contextlib.suppress(ValueError):
        return f"was killed ({signal.Signals(-code).name})"
    return f"was killed (signal {-code})"


async def _next_line(stream: asyncio.StreamReader) -> bytes:
    """One line, or a piece of one that is too long, or what was left at the end; b"" afterwards."""
    try:
        return await stream.readuntil(b"\n")
    except asyncio.LimitOverrunError as error:
        return await stream.readexactly(error.consumed)
    except asyncio.IncompleteReadError as error:
        return error.partial


class Child:
    """Keeps one program running until it is told to stop."""

    def __init__(self, program: Program, *, logbook: Logbook, keeper: Keeper) -> None:
        self.program = program
        self.restarts = 0
        self.since: float | None = None  # Unix time of the last start
        self._logbook = logbook
        self._keeper = keeper
        self._process: asyncio.subprocess.Process | None = None
        self._stopping = asyncio.Event()

    @property
    def pid(self) -> int | None:
        """Of the running process; None while there is none."""
        return self._process.pid if self._process is not None and self._process.returncode is None else None

    async def keep(self) -> None:
        """Run it, and run it again when it ends, until `stop()`."""
        short_lives = 0
        while not self._stopping.is_set():
            began = time.monotonic()
            try:
                code = await self._run_once()
            except OSError as error:  # no more processes, no more files: as if it had died
                self._logbook.write("demo", f"{self.program.name} cannot be started: {error.strerror}")
                code = _NOT_STARTED
            if self._stopping.is_set():
                return
            self.restarts += 1
            short_lives = 0 if time.monotonic() - began >= _LIVED_S else short_lives + 1
            pause = _PAUSES_S[min(short_lives, len(_PAUSES_S) - 1)]
            self._logbook.write("demo", f"{self.program.name} {describe_end(code)}; starting it again")
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self._stopping.wait(), pause)

    async def _run_once(self) -> int:
        user = "-" if self.program.user is None else str(self.program.user)
        # a pipe of our own: asyncio's would make wait() wait for helpers, too, that keep theirs open
        ours, theirs = os.pipe()
        try:
            process = await asyncio.create_subprocess_exec(
                *(sys.executable, "-I", "-S", _LEASH, str(int(self.program.stop)), user, *self.program.command),
                stdin=asyncio.subprocess.DEVNULL,
                stdout=theirs,
                stderr=asyncio.subprocess.STDOUT,
                env=dict(self.program.env),
                start_new_session=True,
            )
        except BaseException:
            os.close(ours)
            raise
        finally:
            os.close(theirs)
        self._process, self.since = process, time.time()
        self._keeper.started(process.pid)
        if self._stopping.is_set():  # asked to end while it was being started
            process.send_signal(self.program.stop)
        reading = asyncio.create_task(self._read(ours), name=f"lines of {self.program.name}")
        try:
            return await process.wait()
        finally:
            await self._end_group(process)
            await reading

    async def _read(self, ours: int) -> None:
        """Write its lines into the logbook until nobody of its group holds the pipe any more."""
        stream = asyncio.StreamReader(limit=_LINE_LIMIT)
        with os.fdopen(ours, "rb", buffering=0) as pipe:
            loop = asyncio.get_running_loop()
            transport, _ = await loop.connect_read_pipe(lambda: asyncio.StreamReaderProtocol(stream), pipe)
            try:
                while line := await _next_line(stream):
                    self._logbook.write(self.program.name, line.decode(errors="replace"))
            finally:
                transport.close()

    async def _end_group(self, process: asyncio.subprocess.Process) -> None:
        """Whatever of its group is left: killed."""
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(process.pid, signal.SIGKILL)
        await process.wait()
        self._keeper.ended(process.pid)

    def crash(self) -> bool:
        """A hard death of the process, as a machine would cause it. False when it is not running."""
        pid = self.pid
        if pid is None:
            return False
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, self.program.crash)
        return True

    async def stop(self, *, grace_s: float = 5.0) -> None:
        """Ask it to end; after `grace_s` seconds it is killed. `keep()` returns afterwards."""
        self._stopping.set()
        process = self._process
        if process is None or process.returncode is not None:
            return
        with contextlib.suppress(ProcessLookupError):
            process.send_signal(self.program.stop)
        try:
            await asyncio.wait_for(process.wait(), grace_s)
        except TimeoutError:
            self._logbook.write("demo", f"{self.program.name} did not end within {grace_s:g} s and is killed")
            with contextlib.suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)
            await process.wait()
