"""Analytics: what a prediction costs, whether to act on it, what happened before, and what to recommend (A1)."""

from .assess import assess
from .decide import decide
from .history import similar_failures
from .impact import cost_to_failure, cost_when_planned, labour_rate
from .recommend import recommend
from .remedy import Remedy, remedy_for

__all__ = [
    "Remedy",
    "assess",
    "cost_to_failure",
    "cost_when_planned",
    "decide",
    "labour_rate",
    "recommend",
    "remedy_for",
    "similar_failures",
]
