"""The process of one dashboard session: an IPython kernel that dies with the server that started it."""

from __future__ import annotations

import ctypes
import os
import signal
import sys
from pathlib import Path

_PR_SET_PDEATHSIG = 1


def die_with_parent() -> None:
    """Have Linux kill this process the moment its parent ends; elsewhere the kernel's own watch does it in a second."""
    if sys.platform != "linux":
        return
    ctypes.CDLL(None, use_errno=True).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0)
    parent = os.environ.get("JPY_PARENT_PID")
    if parent and os.getppid() != int(parent):  # it ended before the line above took effect
        os._exit(1)


if __name__ == "__main__":
    die_with_parent()
    # The working folder is no place to import from.
    sys.path[:] = [place for place in sys.path if place not in ("", str(Path.cwd()))]
    from ipykernel import kernelapp

    kernelapp.launch_new_instance()
