"""Children of PID 1: started in a session of their own, reaped whoever they belong to, stopped with all they started."""

from __future__ import annotations

import asyncio
import contextlib
import ctypes
import os
import signal
import subprocess
import sys
from collections.abc import Callable, Mapping, Sequence
from datetime import timedelta
from typing import IO

from imgvid.worker.bootstrap.identity import STAY, Identity

_PR_SET_PDEATHSIG = 1  # linux/prctl.h
_PR_SET_CHILD_SUBREAPER = 36


class Child:
    """A process that we started. `ended` becomes its exit code: negative for the signal that ended it."""

    def __init__(self, name: str, process: subprocess.Popen[bytes], ended: asyncio.Future[int]) -> None:
        self.name = name
        self.pid = process.pid
        self.output: IO[bytes] | None = process.stdout
        self.ended = ended
        self._process = process

    def note(self, code: int) -> None:
        """It is gone. Popen is told, so that it neither waits nor warns."""
        self._process.returncode = code
        if not self.ended.done():
            self.ended.set_result(code)

    def signal_all(self, number: signal.Signals) -> None:
        """Signal it and everything in its session."""
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(self.pid, number)

    def signal(self, number: signal.Signals) -> None:
        """Signal it alone."""
        if not self.ended.done():
            with contextlib.suppress(ProcessLookupError):
                os.kill(self.pid, number)


class Children:
    """All of them. One per process: it reaps every child there is, so nobody else here may wait for one.

    Use inside a running event loop; `close` gives SIGCHLD back.
    """

    def __init__(self) -> None:
        self._loop = asyncio.get_running_loop()
        self._by_pid: dict[int, Child] = {}
        self.orphans_reaped = 0
        adopt_orphans()
        self._loop.add_signal_handler(signal.SIGCHLD, self.reap)

    def start(
        self,
        name: str,
        argv: Sequence[str],
        *,
        env: Mapping[str, str],
        identity: Identity = STAY,
        capture: bool = False,
    ) -> Child:
        """Start a child; it dies with us even if we are killed. Raises OSError where it cannot be started."""
        process = subprocess.Popen(  # noqa: S603 - our own arguments, no shell
            list(argv),
            env=dict(env),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE if capture else None,
            start_new_session=True,
            user=identity.uid,
            group=identity.gid,
            extra_groups=None if identity.uid is None else [],
            preexec_fn=_die_with_parent(),  # noqa: PLW1509 - this process has no threads, and exec follows at once
        )
        child = Child(name, process, self._loop.create_future())
        self._by_pid[process.pid] = child
        return child

    def reap(self) -> None:
        """Collect everything that has ended: ours, and orphans that came to us."""
        while True:
            try:
                pid, status = os.waitpid(-1, os.WNOHANG)
            except ChildProcessError:
                return
            if pid == 0:
                return
            child = self._by_pid.get(pid)
            if child is None:
                self.orphans_reaped += 1
            else:
                child.note(os.waitstatus_to_exitcode(status))

    async def stop(self, child: Child, *, patience: timedelta) -> int:
        """SIGTERM, then after `patience` SIGKILL to its whole session. Returns its exit code."""
        child.signal(signal.SIGTERM)
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(asyncio.shield(child.ended), patience.total_seconds())
        child.signal_all(signal.SIGKILL)  # also what it left behind: ffmpeg, the SDK's ping process
        return await child.ended

    def kill_all(self) -> None:
        """SIGKILL to every session that we started."""
        for child in self._by_pid.values():
            child.signal_all(signal.SIGKILL)

    async def close(self) -> None:
        """Kill and collect whatever is left, and let go of SIGCHLD."""
        self.kill_all()
        for child in self._by_pid.values():
            await child.ended
            if child.output is not None:
                child.output.close()
        self._loop.remove_signal_handler(signal.SIGCHLD)


def adopt_orphans() -> None:
    """Make orphans of our children ours even where we are not PID 1. Linux only, as the image is."""
    if sys.platform.startswith("linux"):
        ctypes.CDLL(None, use_errno=True).prctl(_PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)


def _die_with_parent() -> Callable[[], None] | None:
    if not sys.platform.startswith("linux"):
        return None
    parent, prctl = os.getpid(), ctypes.CDLL(None, use_errno=True).prctl

    def in_child() -> None:
        prctl(_PR_SET_PDEATHSIG, int(signal.SIGKILL))
        if os.getppid() != parent:  # it died between the fork and here
            os._exit(1)

    return in_child
