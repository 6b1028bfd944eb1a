"""Makes sure that no process outlives the one that it works for: death signals, and the end of whole families."""

from __future__ import annotations

import ctypes
import os
import signal
import sys
import time
from collections import defaultdict
from contextlib import suppress
from pathlib import Path

# From <linux/prctl.h>.
_SET_DEATH_SIGNAL = 1
_SET_CHILD_SUBREAPER = 36
PATIENCE_S = 5.0


def _control(option: int, value: int) -> None:
    """Set an option of this process; only Linux has these."""
    if sys.platform == "linux":
        libc = ctypes.CDLL(None, use_errno=True)
        if libc.prctl(option, value, 0, 0, 0) != 0:
            raise OSError(ctypes.get_errno(), "prctl")


def die_with_parent(parent: int) -> None:
    """Be killed when ``parent``, which began this process, ends; end at once if it has ended already."""
    _control(_SET_DEATH_SIGNAL, signal.SIGKILL)
    if os.getppid() != parent:
        os.kill(os.getpid(), signal.SIGKILL)


def adopt_orphans() -> None:
    """Become the parent of every descendant whose own parent ends: none can leave the family."""
    _control(_SET_CHILD_SUBREAPER, 1)


def descendants(ancestor: int) -> list[int]:
    """Return the living processes below ``ancestor``, whatever session or group they are in; [] where there is no /proc."""
    children: dict[int, list[int]] = defaultdict(list)
    for entry in Path("/proc").glob("[0-9]*/stat"):
        with suppress(OSError):
            # pid (name) state parent ...: the name may hold anything, also brackets and blanks.
            state, parent = entry.read_text().rpartition(")")[2].split()[:2]
            if state != "Z":
                children[int(parent)].append(int(entry.parent.name))
    found: list[int] = []
    waiting = [ancestor]
    while waiting:
        below = children[waiting.pop()]
        found += below
        waiting += below
    return found


def end_descendants(ancestor: int) -> None:
    """Kill every process below ``ancestor``, and those that they begin meanwhile, until none is left."""
    deadline = time.monotonic() + PATIENCE_S
    while (found := descendants(ancestor)) and time.monotonic() < deadline:
        for process in found:
            with suppress(ProcessLookupError):
                os.kill(process, signal.SIGKILL)
        time.sleep(0.005)
