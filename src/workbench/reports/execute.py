"""Executes a report notebook in a kernel of its own, within a time limit; whatever happens, what was reached is kept."""

from __future__ import annotations

import re
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from workbench.scratch import scratch_folder

from .kernel import running_kernel

if TYPE_CHECKING:
    from nbformat import NotebookNode

Progress = Callable[[float, str], None]
CELL_LIMIT_S = 120.0
_ANSI = re.compile(r"\x1b\[[0-9;]*[A-Za-z]")


@dataclass(frozen=True)
class Outcome:
    """An executed notebook; ``fault`` says where and why it stopped, ``log`` holds the whole trace."""

    notebook: NotebookNode
    fault: str = ""
    log: str = ""


def execute(notebook: Path, parameters: Mapping[str, object], *, limit_s: float, progress: Progress) -> Outcome:
    """Run ``notebook`` with ``parameters``; a failing cell and an expired limit are outcomes, not exceptions.

    Args:
        notebook: path of a notebook with a cell tagged ``parameters``.
        parameters: values of all its parameters.
        limit_s: seconds after which the kernel is killed; each cell has at most ``CELL_LIMIT_S`` of them.
        progress: told the fraction of cells that are done.
    """
    with (
        scratch_folder("workbench-report-") as folder,
        # Started before the imports below, which take as long as its own.
        running_kernel(folder) as kernel,
        _killed_after(limit_s, kernel) as expired,
    ):
        prepared = _prepared(notebook, parameters)
        return _run(prepared, kernel, limit_s=limit_s, expired=expired, progress=progress)


def _prepared(notebook: Path, parameters: Mapping[str, object]) -> NotebookNode:
    from papermill.execute import execute_notebook

    prepared: NotebookNode = execute_notebook(
        str(notebook), None, parameters=dict(parameters), kernel_name="python3", prepare_only=True
    )
    return prepared


def _run(
    prepared: NotebookNode, kernel: Any, *, limit_s: float, expired: threading.Event, progress: Progress
) -> Outcome:
    from nbclient import NotebookClient
    from nbclient.exceptions import CellExecutionError, CellTimeoutError, DeadKernelError

    cells, at = len(prepared.cells), 0
    client = NotebookClient(prepared, km=kernel, timeout=CELL_LIMIT_S)
    try:
        with client.setup_kernel():
            try:
                for at, cell in enumerate(prepared.cells, start=1):
                    client.execute_cell(cell, at - 1)
                    progress(at / cells, f"cell {at} of {cells}")
            finally:
                if client.kc is not None:
                    client.kc.stop_channels()
    except CellExecutionError as error:
        return Outcome(prepared, f"cell {at}: {error.ename}: {error.evalue}".rstrip("."), _plain(error.traceback))
    except (CellTimeoutError, DeadKernelError, RuntimeError) as error:
        place = f"cell {at}" if at else "before the first cell"
        if expired.is_set():
            fault = f"{place}: stopped, the report took longer than its limit of {limit_s:g} s"
        elif isinstance(error, CellTimeoutError):
            fault = f"{place}: stopped, it took longer than the limit of {CELL_LIMIT_S:g} s for a cell"
        else:
            fault = f"{place}: {type(error).__name__}: {_plain(str(error))}".rstrip(".")
        return Outcome(prepared, fault, f"{fault}\n{_plain(str(error))}")
    return Outcome(prepared)


@contextmanager
def _killed_after(seconds: float, kernel: Any) -> Iterator[threading.Event]:
    """Kill the kernel's process after ``seconds``; yield an event that says whether that happened."""
    expired = threading.Event()

    def kill() -> None:
        expired.set()
        process = kernel.provisioner.process if kernel.provisioner else None
        if process is not None:
            process.kill()

    timer = threading.Timer(seconds, kill)
    timer.daemon = True
    timer.start()
    try:
        yield expired
    finally:
        timer.cancel()


def _plain(trace: str | list[str]) -> str:
    return _ANSI.sub("", trace if isinstance(trace, str) else "\n".join(trace))
