"""Predictive maintenance workbench: sensor data of a fleet in, predictions that hold and work that is done out.

Verbs are functions of a workspace: ``ingest(ws, ...)``, ``train(ws)``, ``predict(ws)``, ``run_cycle(ws)``,
``report(ws)``. They are loaded when first used, so importing the package costs next to nothing.
"""

from __future__ import annotations

import importlib
import os
from typing import TYPE_CHECKING, Any

# OpenMP threads that spin while they wait slow boosting down tenfold on a busy machine; read when it is first loaded.
os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")

if TYPE_CHECKING:
    from workbench.errors import WorkbenchError
    from workbench.workflows.benchmarks import run_benchmark
    from workbench.workflows.cycle import run_cycle
    from workbench.workflows.demo import run_demo
    from workbench.workflows.ingest import ingest
    from workbench.workflows.onboard import add_machine, create_workspace, propose_machine
    from workbench.workflows.orders import raise_ticket
    from workbench.workflows.report import report
    from workbench.workflows.score import predict
    from workbench.workflows.summary import fleet_summary
    from workbench.workflows.train import train
    from workbench.workspace import Workspace
    from workbench.workspace import open_workspace as open  # noqa: A004 - workbench.open is the public name

# Name: the module that holds it, and what it is called there.
_EXPORTS = {
    "Workspace": ("workbench.workspace", "Workspace"),
    "WorkbenchError": ("workbench.errors", "WorkbenchError"),
    "add_machine": ("workbench.workflows.onboard", "add_machine"),
    "create_workspace": ("workbench.workflows.onboard", "create_workspace"),
    "fleet_summary": ("workbench.workflows.summary", "fleet_summary"),
    "ingest": ("workbench.workflows.ingest", "ingest"),
    "open": ("workbench.workspace", "open_workspace"),
    "predict": ("workbench.workflows.score", "predict"),
    "propose_machine": ("workbench.workflows.onboard", "propose_machine"),
    "raise_ticket": ("workbench.workflows.orders", "raise_ticket"),
    "report": ("workbench.workflows.report", "report"),
    "run_benchmark": ("workbench.workflows.benchmarks", "run_benchmark"),
    "run_cycle": ("workbench.workflows.cycle", "run_cycle"),
    "run_demo": ("workbench.workflows.demo", "run_demo"),
    "train": ("workbench.workflows.train", "train"),
}

__all__ = [
    "WorkbenchError",
    "Workspace",
    "add_machine",
    "create_workspace",
    "fleet_summary",
    "ingest",
    "open",
    "predict",
    "propose_machine",
    "raise_ticket",
    "report",
    "run_benchmark",
    "run_cycle",
    "run_demo",
    "train",
]


def __getattr__(name: str) -> Any:
    """Load a public name when it is first used (PEP 562)."""
    if name not in _EXPORTS:
        raise AttributeError(f"module 'workbench' has no attribute {name!r}")
    module, attribute = _EXPORTS[name]
    value = getattr(importlib.import_module(module), attribute)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    """List the public names."""
    return sorted(__all__)
