"""Planning of work: who does which job on which day and when (OR-Tools)."""

from __future__ import annotations

from .insertion import insert_cheapest, insert_first
from .options import cost_of, floor_cost, possibilities
from .plan import make_plan
from .sequence import Sequencer
from .verify import violations

__all__ = [
    "Sequencer",
    "cost_of",
    "floor_cost",
    "insert_cheapest",
    "insert_first",
    "make_plan",
    "possibilities",
    "violations",
]
