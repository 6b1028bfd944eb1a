"""What reports are made of: pure functions from domain objects to safe HTML with SVG charts."""

from .criticality import machine_criticality
from .cycle import CycleSnapshot, RunView, cycle_cards, cycle_header, cycle_headline
from .cycle_effects import cycle_method, failures, people_told, reserved_parts
from .cycle_runs import cycle_steps, run_table
from .dossier import MachineDossier
from .explanations import beeswarm, dependence, sensor_waterfall, waterfall
from .fleet import Condition, FleetSnapshot, MachineView
from .fleet_kpis import kpi_cards, kpi_table, machine_kpis
from .fleet_table import fleet_charts, fleet_table
from .forecast import forecast_chart, machine_forecasts
from .history import machine_history
from .machine import machine_details
from .machine_page import (
    machine_cards,
    machine_cases,
    machine_header,
    machine_headline,
    machine_orders,
    past_orders,
)
from .markup import Fragment
from .method import method_notes, model_table
from .model_card import (
    ModelDossier,
    model_cards,
    model_drift,
    model_figures,
    model_header,
    model_headline,
    model_history,
    model_importance,
    model_limits,
    model_training,
)
from .model_errors import model_calibration, model_confusion, model_life_errors
from .notebook import notebook_style
from .order_sheets import order_sheets
from .outlook import machine_decision, machine_outlook, machine_reasons
from .plan import PlanDossier, plan_changes, plan_left_out, plan_summary
from .plan_days import plan_days
from .scenarios import scenario_charts, scenario_table, twin_factors
from .sensors import machine_charts, machine_sensors
from .signals import anomaly_table, evidence_note, limit_table, trend_table
from .summary import header, headline, made_from, state_strip, summary_cards
from .synthetic_charts import loss_chart, synthetic_distributions, synthetic_memory, synthetic_sequences
from .synthetic_data import (
    SyntheticDossier,
    synthetic_cards,
    synthetic_figures,
    synthetic_files,
    synthetic_header,
    synthetic_headline,
    synthetic_origin,
    synthetic_training,
    synthetic_uses,
)
from .work import case_table, order_table, purchase_table

__all__ = [
    "Condition",
    "CycleSnapshot",
    "FleetSnapshot",
    "Fragment",
    "MachineDossier",
    "MachineView",
    "ModelDossier",
    "PlanDossier",
    "RunView",
    "SyntheticDossier",
    "anomaly_table",
    "beeswarm",
    "case_table",
    "cycle_cards",
    "cycle_header",
    "cycle_headline",
    "cycle_method",
    "cycle_steps",
    "dependence",
    "evidence_note",
    "failures",
    "fleet_charts",
    "fleet_table",
    "forecast_chart",
    "header",
    "headline",
    "kpi_cards",
    "kpi_table",
    "limit_table",
    "loss_chart",
    "machine_cards",
    "machine_cases",
    "machine_charts",
    "machine_criticality",
    "machine_decision",
    "machine_details",
    "machine_forecasts",
    "machine_header",
    "machine_headline",
    "machine_history",
    "machine_kpis",
    "machine_orders",
    "machine_outlook",
    "machine_reasons",
    "machine_sensors",
    "made_from",
    "method_notes",
    "model_calibration",
    "model_cards",
    "model_confusion",
    "model_drift",
    "model_figures",
    "model_header",
    "model_headline",
    "model_history",
    "model_importance",
    "model_life_errors",
    "model_limits",
    "model_table",
    "model_training",
    "notebook_style",
    "order_sheets",
    "order_table",
    "past_orders",
    "people_told",
    "plan_changes",
    "plan_days",
    "plan_left_out",
    "plan_summary",
    "purchase_table",
    "reserved_parts",
    "run_table",
    "scenario_charts",
    "scenario_table",
    "sensor_waterfall",
    "state_strip",
    "summary_cards",
    "synthetic_cards",
    "synthetic_distributions",
    "synthetic_figures",
    "synthetic_files",
    "synthetic_header",
    "synthetic_headline",
    "synthetic_memory",
    "synthetic_origin",
    "synthetic_sequences",
    "synthetic_training",
    "synthetic_uses",
    "trend_table",
    "twin_factors",
    "waterfall",
]
