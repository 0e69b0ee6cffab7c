"""The "container" around one worker process: whatever ends first, nothing of it stays behind.

    python guard.py LOG PROGRAM [ARGUMENTS ...]          run as leader of its own session, standard library only

- The program ends: the rest of the group is killed (the SDK's ping process outlives its parent otherwise).
- Our standard input ends, because whoever started us died: everything is killed.
- SIGTERM or SIGINT: passed on to the program, which may finish.

The program's output is appended to LOG. The last thing on our standard output is its exit status (-9 = killed by 9).
"""

from __future__ import annotations

import contextlib
import ctypes
import os
import select
import signal
import subprocess
import sys
from collections.abc import Sequence

PR_SET_PDEATHSIG = 1  # linux/prctl.h
PR_SET_CHILD_SUBREAPER = 36


def _prctl(option: int, value: int) -> None:
    """Linux only; elsewhere the pipe alone has to do."""
    with contextlib.suppress(OSError, AttributeError):
        ctypes.CDLL(None).prctl(option, value, 0, 0, 0)


def main(argv: Sequence[str]) -> None:
    log, *command = argv
    wake_read, wake_write = os.pipe()
    os.set_blocking(wake_write, False)
    signal.set_wakeup_fd(wake_write)
    _prctl(PR_SET_CHILD_SUBREAPER, 1)
    with open(log, "ab", buffering=0) as out:  # noqa: PTH123  # this file starts fast: no pathlib
        os.dup2(out.fileno(), 2)  # a program that cannot be started says so in the log
        signal.signal(signal.SIGCHLD, lambda _number, _frame: None)
        child = subprocess.Popen(  # noqa: S603  # the command is the operator's own
            command,
            stdin=subprocess.DEVNULL,
            stdout=out,
            stderr=out,
            # Safe here: this process has one thread. It covers the moment in which guard and starter die together.
            preexec_fn=lambda: _prctl(PR_SET_PDEATHSIG, signal.SIGKILL),  # noqa: PLW1509
        )
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, lambda number, _frame: child.send_signal(number))
        while child.poll() is None:
            ready, _, _ = select.select([sys.stdin.fileno(), wake_read], [], [])
            if sys.stdin.fileno() in ready and not os.read(sys.stdin.fileno(), 64):
                break
            if wake_read in ready:
                os.read(wake_read, 64)
    code = child.poll()
    with contextlib.suppress(BrokenPipeError):
        os.write(sys.stdout.fileno(), f"{-signal.SIGKILL if code is None else code}\n".encode())
    os.killpg(0, signal.SIGKILL)


if __name__ == "__main__":
    main(sys.argv[1:])
