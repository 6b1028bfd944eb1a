"""What the parts of the planner share: an assignment with its bound, and OR-Tools' CP-SAT."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from workbench.errors import EnvironmentFailure

from .options import Chosen

INSTALL = "pip install 'predictive-maintenance-workbench[optimize]'"


@dataclass(frozen=True)
class Assignment:
    """``chosen`` maps each job that is done to (day, people); cost and proven lower ``bound`` in minor units."""

    chosen: Chosen
    cost: int
    bound: int

    @property
    def gap(self) -> float:
        """Return (cost - bound) / cost; 0 is proven best."""
        return max(0.0, (self.cost - self.bound) / self.cost) if self.cost else 0.0


def cp_module() -> Any:
    """Return OR-Tools' CP-SAT; raises ``EnvironmentFailure`` where the extra ``optimize`` is not installed."""
    try:
        from ortools.sat.python import cp_model
    except ImportError as error:
        raise EnvironmentFailure("Planning needs OR-Tools.", f"Run: {INSTALL}") from error
    return cp_model


def cp_solver(time_limit_s: float, workers: int, seed: int, *, work: float | None = None, small: bool = False) -> Any:
    """Return a CP-SAT solver with these limits; ``work`` is in its own deterministic seconds.

    ``small``: for a choice among some hundred columns, which the linear programme all but settles.
    """
    found = cp_module().CpSolver()
    found.parameters.max_time_in_seconds = max(time_limit_s, 0.01)
    found.parameters.num_workers = workers
    found.parameters.random_seed = seed
    if work is not None:
        found.parameters.max_deterministic_time = work
    if small:
        found.parameters.linearization_level = 2
        found.parameters.cp_model_presolve = False
    return found
