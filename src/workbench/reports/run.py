"""Runs a report notebook in its own process and keeps the page, the executed notebook and a record of both."""

from __future__ import annotations

import json
import re
import tempfile
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING, Any

from workbench.domain.base import Change, stable_id
from workbench.domain.work import ReportRecord
from workbench.errors import EnvironmentFailure, WorkbenchError
from workbench.store.files import write_atomically

from .kernel import kernel_manager_class
from .page import html_page, provenance
from .parameters import WORKSPACE, checked, inspect, template_path
from .snapshot import DISTRIBUTION

if TYPE_CHECKING:
    from nbformat import NotebookNode

    from workbench.workspace import Workspace

Progress = Callable[[float, str], None]
CELL_TIMEOUT_S = 300
_ANSI = re.compile(r"\x1b\[[0-9;]*[A-Za-z]")


@dataclass(frozen=True)
class _Outcome:
    """An executed notebook; ``fault`` says where and why it stopped, ``log`` holds the whole trace."""

    notebook: NotebookNode
    fault: str = ""
    log: str = ""


def render(
    ws: Workspace,
    template: str,
    parameters: Mapping[str, object] | None = None,
    *,
    change: Change,
    progress: Progress | None = None,
) -> ReportRecord:
    """Run the report ``template`` and return its record; the page lies in ``outputs/``, its notebook beside it.

    Args:
        ws: the workspace to report on.
        template: name of a report, e.g. ``fleet_health``.
        parameters: values for the notebook's parameters; the others keep their defaults.
        change: who makes the report, and why.
        progress: told the fraction done (0 to 1) and what is being done.

    Raises:
        NotFound: there is no such report.
        InputError: a parameter is unknown or ill-typed; nothing was run.
        EnvironmentFailure: the packages that make reports are missing, or the disk cannot be written.
        WorkbenchError: a cell failed; the notebook with its error and a record of state ``failed`` are kept.
    """
    _need_packages()
    tell = progress or _silent
    path = template_path(template)
    values = checked(template, inspect(path), parameters)
    report_id = stable_id(
        "report", template, json.dumps(values, sort_keys=True), change.actor.id, change.at.isoformat()
    )
    outcome = _execute(ws, path, values, tell)
    origin = provenance(outcome.notebook)
    as_of = datetime.fromisoformat(origin["as_of"]) if origin else ws.as_of()
    name = f"{template}-{as_of:%Y-%m-%d}-{report_id[:8]}"
    outputs, fault, log = _keep(ws, outcome, report_id, name, title=str(values.get("title", template)))
    record = ReportRecord(
        report_id=report_id,
        template=template,
        created_at=change.at,
        as_of=as_of,
        state="failed" if fault else "done",
        parameters=values,
        outputs=outputs,
        model_versions=origin.get("model_versions", {}),
        data_hash=origin.get("data_hash", ""),
        code_version=origin.get("code_version", version(DISTRIBUTION)),
        log=log,
    )
    ws.reports.add(record, change)
    if fault:
        raise WorkbenchError(
            f"Report {template!r} failed: {fault}.", f"The notebook with its error is {ws.path / outputs['notebook']}."
        )
    tell(1.0, "report written")
    return record


def _keep(
    ws: Workspace, outcome: _Outcome, report_id: str, name: str, *, title: str
) -> tuple[dict[str, str], str, str]:
    """Write the notebook and, if nothing failed, the page; return the outputs with what went wrong and its log."""
    kept = Path("outputs") / "reports" / f"{report_id}.ipynb"
    write_atomically(ws.path / kept, _notebook_bytes(outcome.notebook))
    outputs = {"notebook": kept.as_posix()}
    if outcome.fault:
        return outputs, outcome.fault, outcome.log
    try:
        page = html_page(outcome.notebook, title=title)
    except WorkbenchError as error:
        return outputs, str(error).rstrip("."), str(error)
    target = Path("outputs") / f"{name}.html"
    write_atomically(ws.path / target, page.encode())
    return {"html": target.as_posix(), **outputs}, "", ""


def _silent(fraction: float, message: str) -> None:
    """Report progress to nobody."""


def _need_packages() -> None:
    from importlib.util import find_spec

    missing = [
        name for name in ("papermill", "nbconvert", "ipykernel", "great_tables", "matplotlib") if not find_spec(name)
    ]
    if missing:
        raise EnvironmentFailure(
            f"Reports need packages that are not installed: {', '.join(missing)}.",
            f"Install them with: pip install '{DISTRIBUTION}[report]'",
        )


def _execute(ws: Workspace, path: Path, values: Mapping[str, object], progress: Progress) -> _Outcome:
    """Run the notebook by papermill in a kernel of this Python; a failing cell is an outcome, not an exception."""
    import nbformat
    from nbclient.exceptions import CellTimeoutError, DeadKernelError
    from papermill.exceptions import PapermillExecutionError
    from papermill.execute import execute_notebook

    source = nbformat.read(path, as_version=4)
    cells = len(source.cells)

    def step(cell_index: int, **_: Any) -> None:
        progress(0.9 * (cell_index + 1) / (cells + 1), f"cell {cell_index + 1} of {cells + 1}")

    with tempfile.TemporaryDirectory(prefix="workbench-report-") as folder:
        scratch = Path(folder)
        output = scratch / "executed.ipynb"
        fault = log = ""
        try:
            execute_notebook(
                source,
                output,
                parameters={WORKSPACE: str(ws.path), **values},
                kernel_name="python3",
                kernel_manager_class=kernel_manager_class(scratch, ws.path / "outputs" / ".cache" / "matplotlib"),
                progress_bar=False,
                cwd=scratch,
                execution_timeout=CELL_TIMEOUT_S,
                on_cell_executed=step,
            )
        except PapermillExecutionError as error:
            fault = f"cell {error.cell_index + 1}: {error.ename}: {error.evalue}"
            log = _ANSI.sub("", "\n".join(error.traceback))
        except (CellTimeoutError, DeadKernelError, RuntimeError) as error:
            fault = log = f"{type(error).__name__}: {_ANSI.sub('', str(error))}"
        executed = nbformat.read(output, as_version=4) if output.is_file() else source
    return _Outcome(executed, fault.rstrip("."), log)


def _notebook_bytes(notebook: NotebookNode) -> bytes:
    import nbformat

    text: str = nbformat.writes(notebook)
    return (text + "\n").encode()
