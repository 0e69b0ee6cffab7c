"""`python -I -S leash.py SIGNAL USER COMMAND...`: become COMMAND as USER (an id, or - for ourselves), and get SIGNAL from the
kernel when the starting process dies.

A program of its own instead of a hook between fork and exec: that hook is unsafe in a process that has threads. Standard
library only. Outside Linux there is no such signal; the janitor alone cleans up there.
"""

import ctypes
import os
import sys

PR_SET_PDEATHSIG = 1  # linux/prctl.h


def main() -> None:
    """Never returns: replaces this process, or exits with 127 and a sentence."""
    number, user, command = int(sys.argv[1]), sys.argv[2], sys.argv[3:]
    if user != "-":
        os.setgroups([])
        os.setresgid(int(user), int(user), int(user))
        os.setresuid(int(user), int(user), int(user))  # before prctl: a change of user forgets the signal
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, number)
        if os.getppid() == 1:  # it died before the call; nobody would tell us any more
            sys.exit(0)
    try:
        os.execvp(command[0], command)  # noqa: S606  no shell is wanted
    except OSError as error:
        print(f"cannot start {command[0]}: {error.strerror}", file=sys.stderr)
        sys.exit(127)


if __name__ == "__main__":
    main()
