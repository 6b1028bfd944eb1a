"""The process that does a job's work, with a guard above it that leaves nothing of it alive when the worker is gone.

Started by a worker as ``python -m workbench.workflows.jobs.child``. It reads one line of JSON (the task), forks, and
stays as the guard of the process that works. The worker holds the other end of standard input: when that closes,
because the worker wants so or because it died in whatever way, the guard kills everything below it and removes the
task's scratch folder, if it has one. Progress and result are lines of JSON on what was standard output; whatever else
prints goes to standard error.
"""

from __future__ import annotations

import json
import os
import select
import shutil
import signal
import sys
from collections.abc import Callable
from typing import Any

from workbench.errors import WorkbenchError
from workbench.lineage import adopt_orphans, die_with_parent, end_descendants

Perform = Callable[[dict[str, Any], Callable[[float, str], None]], dict[str, Any]]


def main(perform: Perform | None = None) -> None:
    """Read the task, fork the process that works, and guard it; ``perform`` does the work, by default that of a job."""
    voice = os.dup(1)
    os.dup2(2, 1)
    task = json.loads(sys.stdin.buffer.readline())
    adopt_orphans()
    noticed, notice = os.pipe()
    os.set_blocking(notice, False)
    signal.signal(signal.SIGCHLD, lambda *_: None)
    signal.set_wakeup_fd(notice)
    guard = os.getpid()
    worker = os.fork()
    if worker == 0:
        signal.set_wakeup_fd(-1)
        signal.signal(signal.SIGCHLD, signal.SIG_DFL)
        die_with_parent(guard)
        os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
        _work(task, voice, perform)
        return
    os.close(voice)
    code = _guard(worker, noticed)
    if "scratch" in task:
        # Until it has taken what it wants from there, and also when it died.
        while os.read(0, 64):
            pass
        shutil.rmtree(task["scratch"], ignore_errors=True)
    os._exit(code)


def _guard(worker: int, noticed: int) -> int:
    """Wait until the process that works ends, or until nobody wants its work any more; return its exit code."""
    while True:
        ready, _, _ = select.select([0, noticed], [], [])
        if noticed in ready:
            os.read(noticed, 64)
        done, status = os.waitpid(worker, os.WNOHANG)
        if done or (0 in ready and not os.read(0, 64)):
            break
    end_descendants(os.getpid())
    if not done:
        _, status = os.waitpid(worker, 0)
    code = os.waitstatus_to_exitcode(status)
    return code if code >= 0 else 128 - code


def _of_a_job() -> Perform:
    """Load what a job does only here: the guard needs none of it."""
    from .verbs import perform

    return perform


def _work(task: dict[str, Any], voice: int, perform: Perform | None) -> None:
    """Do the work of the task and say how it ended."""

    def say(message: dict[str, Any]) -> None:
        # One write: nobody reads half a line, and nothing is kept back in a buffer.
        os.write(voice, (json.dumps(message) + "\n").encode())

    try:
        result = (perform or _of_a_job())(
            task, lambda fraction, message: say({"fraction": fraction, "message": message})
        )
        say({"result": result})
    except WorkbenchError as error:
        say({"error": str(error)})
    except Exception as error:  # noqa: BLE001 - the last door: every error becomes the reason why the job failed
        import traceback

        traceback.print_exc()
        say({"error": f"Unexpected {type(error).__name__}: {error}"})


if __name__ == "__main__":
    main()
