"""Launcher: a child dies with its parent, however that ends; it asks the kernel before it becomes its program.

    python -IS launch.py PARENT ORPHAN_SIGNAL USER:GROUP PROGRAM ARGUMENT...

It runs as a program of its own, from its path: code between fork and exec (`preexec_fn`) is not safe in a process with
threads, and after a change of user the interpreter may be out of reach. `-:-` keeps the user. Standard library only.
"""

import ctypes
import os
import signal
import sys

PR_SET_PDEATHSIG = 1  # prctl(2)


def main(parent: int, orphan_signal: int, identity: str, argv: list[str]) -> None:
    """Become `argv`, as that user, bound to the parent's life."""
    user, group = identity.split(":")
    if user != "-":
        os.chdir("/")  # the other user may not be allowed where we are
        os.setgroups([])
        os.setgid(int(group))
        os.setuid(int(user))
    if sys.platform == "linux":
        # After the change of user, which would clear it; the kernel delivers it when the thread that started us ends.
        ctypes.CDLL(None, use_errno=True).prctl(PR_SET_PDEATHSIG, orphan_signal, 0, 0, 0)
    if os.getppid() != parent:
        sys.exit("The parent died before its child began.")
    # Python ignores these two at its start, and an ignored signal stays ignored in the program that follows.
    for ignored in (signal.SIGPIPE, signal.SIGXFSZ):
        signal.signal(ignored, signal.SIG_DFL)
    try:
        os.execv(argv[0], argv)  # noqa: S606
    except OSError as error:
        sys.exit(f"{argv[0]}: {error.strerror}")


if __name__ == "__main__":
    main(int(sys.argv[1]), int(sys.argv[2]), sys.argv[3], sys.argv[4:])
