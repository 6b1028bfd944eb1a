"""What reports are made of: pure functions from domain objects to safe HTML with SVG charts."""

from .fleet import Condition, FleetSnapshot, MachineView
from .fleet_table import fleet_charts, fleet_table
from .machine import machine_details
from .markup import Fragment
from .method import method_notes, model_table
from .notebook import notebook_style
from .signals import anomaly_table, evidence_note, limit_table, trend_table
from .summary import header, headline, made_from, state_strip, summary_cards
from .work import case_table, order_table, purchase_table

__all__ = [
    "Condition",
    "FleetSnapshot",
    "Fragment",
    "MachineView",
    "anomaly_table",
    "case_table",
    "evidence_note",
    "fleet_charts",
    "fleet_table",
    "header",
    "headline",
    "limit_table",
    "machine_details",
    "made_from",
    "method_notes",
    "model_table",
    "notebook_style",
    "order_table",
    "purchase_table",
    "state_strip",
    "summary_cards",
    "trend_table",
]
