"""Reports: a notebook and its parameters in, one self-contained page out, with a record of how it was made."""

from .index_page import write_index
from .model_snapshot import model_dossier
from .parameters import ReportParameter, from_texts, report_parameters, template_names, template_path
from .run import ReportFailed, render
from .snapshot import cycle_snapshot, fleet_snapshot, machine_dossier, readings_of
from .synthetic_snapshot import synthetic_dossier

__all__ = [
    "ReportFailed",
    "ReportParameter",
    "cycle_snapshot",
    "fleet_snapshot",
    "from_texts",
    "machine_dossier",
    "model_dossier",
    "readings_of",
    "render",
    "report_parameters",
    "synthetic_dossier",
    "template_names",
    "template_path",
    "write_index",
]
