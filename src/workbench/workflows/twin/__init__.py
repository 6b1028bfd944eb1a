"""How people use the digital twin: its health of a machine, scenarios, and faults injected into it."""

from .current import CurrentTwin
from .health import FleetTwinHealth, current_twin, twin_health, twin_health_fleet
from .prognosis import calibrate_twin, read_alternatives, twin_anomalies, twin_prognosis, twin_residuals, what_if
from .scenarios import compare_scenarios, inject_fault, possible_faults, read_scenarios

__all__ = [
    "CurrentTwin",
    "FleetTwinHealth",
    "calibrate_twin",
    "compare_scenarios",
    "current_twin",
    "inject_fault",
    "possible_faults",
    "read_alternatives",
    "read_scenarios",
    "twin_anomalies",
    "twin_health",
    "twin_health_fleet",
    "twin_prognosis",
    "twin_residuals",
    "what_if",
]
