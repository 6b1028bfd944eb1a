"""Alerts: rules of a machine, their episodes over a record or a stream, faults of sensors, alarm figures (T6)."""

from .figures import binomial_share, figures, poisson_rate
from .plan import Plan, Readings, plan_for
from .record import Watched, present, watch
from .rules import baseline_rules, rules_for, vibration_standard
from .stream import Watcher

__all__ = [
    "Plan",
    "Readings",
    "Watched",
    "Watcher",
    "baseline_rules",
    "binomial_share",
    "figures",
    "plan_for",
    "poisson_rate",
    "present",
    "rules_for",
    "vibration_standard",
    "watch",
]
