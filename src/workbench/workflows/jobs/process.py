"""A job's process, as its worker sees it: what it says while it works, and the end of it and of all that it began."""

from __future__ import annotations

import json
import os
import select
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import suppress
from typing import Any

from workbench.lineage import end_descendants

# How long the guard may take to kill everything below it, before the worker does so itself.
_GUARD_S = 1.0


class JobProcess:
    """A process that does the work of ``task``; end it with :meth:`end`, whatever happened.

    ``module`` is what it runs: one that calls ``workbench.workflows.jobs.child.main``.
    """

    def __init__(self, task: dict[str, Any], module: str = "workbench.workflows.jobs.child") -> None:
        told, self._tell = os.pipe()
        self._hear, said = os.pipe()
        try:
            # A session of its own: an interrupt typed at the worker's terminal is for the worker alone.
            # -P: what lies in the folder that the worker was started in is data, not modules to import.
            self._process = subprocess.Popen(
                [sys.executable, "-P", "-m", module],
                stdin=told,
                stdout=said,
                start_new_session=True,
            )
        except OSError:
            os.close(self._tell)
            os.close(self._hear)
            raise
        finally:
            os.close(told)
            os.close(said)
        with suppress(BrokenPipeError):
            os.write(self._tell, (json.dumps(task) + "\n").encode())

    def messages(self, look_s: float) -> Iterator[dict[str, Any] | None]:
        """Yield what the process says, and None at least every ``look_s`` seconds, until it says no more."""
        rest = b""
        looked = time.monotonic()
        while True:
            ready, _, _ = select.select([self._hear], [], [], look_s)
            if ready:
                chunk = os.read(self._hear, 65536)
                if not chunk:
                    return
                *lines, rest = (rest + chunk).split(b"\n")
                yield from (json.loads(line) for line in lines)
            if time.monotonic() - looked >= look_s:
                looked = time.monotonic()
                yield None

    def end(self) -> str:
        """End the process and all that it began, if they still live, and say in words how it ended."""
        os.close(self._tell)
        try:
            code = self._process.wait(_GUARD_S)
        except subprocess.TimeoutExpired:
            end_descendants(self._process.pid)
            self._process.kill()
            code = self._process.wait()
        os.close(self._hear)
        if code > 128:
            code = 128 - code
        if code < 0:
            with suppress(ValueError):
                return f"its process was ended by {signal.Signals(-code).name}"
        return f"its process ended with exit code {code} and no result"
