"""Makes a report of a workspace by its notebook's name."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING

from workbench.domain.base import Actor

if TYPE_CHECKING:
    from workbench.domain.work import ReportRecord
    from workbench.workspace import Workspace


def report(
    ws: Workspace,
    template: str = "fleet_health",
    parameters: Mapping[str, object] | None = None,
    *,
    actor: Actor | None = None,
    progress: Callable[[float, str], None] | None = None,
) -> ReportRecord:
    """Run the report notebook ``template`` with ``parameters`` and return its record; files are in ``outputs/``.

    Raises ``InputError`` for an unknown template or parameter before anything runs, and ``WorkbenchError``
    when a cell fails; the notebook with its error is kept then.
    """
    from workbench.reports import render

    return render(ws, template, parameters, change=ws.change(f"report {template} asked for", actor), progress=progress)
