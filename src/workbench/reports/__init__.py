"""Reports: a notebook and its parameters in, one self-contained page out, with a record of how it was made."""

from .parameters import ReportParameter, from_texts, report_parameters, template_names, template_path
from .run import render
from .snapshot import fleet_snapshot, readings_of

__all__ = [
    "ReportParameter",
    "fleet_snapshot",
    "from_texts",
    "readings_of",
    "render",
    "report_parameters",
    "template_names",
    "template_path",
]
