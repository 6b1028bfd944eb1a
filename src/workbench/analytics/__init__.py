"""Analytics: what a prediction costs, whether and when to act on it, what happened before, and what to recommend (A1)."""

from .assess import assess
from .decide import decide
from .history import similar_failures
from .impact import cost_to_failure, cost_when_planned, labour_rate, typical_failure
from .recommend import recommend
from .remedy import Remedy, remedy_for
from .similar import SimilarCases, similar_cases
from .timing import Costs, FixedInterval, LivesLeft, Timing, best_time, fixed_interval
from .when import LOOK_AHEAD_WEEKS

__all__ = [
    "LOOK_AHEAD_WEEKS",
    "Costs",
    "FixedInterval",
    "LivesLeft",
    "Remedy",
    "SimilarCases",
    "Timing",
    "assess",
    "best_time",
    "cost_to_failure",
    "cost_when_planned",
    "decide",
    "fixed_interval",
    "labour_rate",
    "recommend",
    "remedy_for",
    "similar_cases",
    "similar_failures",
    "typical_failure",
]
