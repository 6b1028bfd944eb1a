"""Why a model says what it says: exact contributions of features and sensors to its raw margin, for one row or many.

``explain_machine`` takes one prediction apart, ``explain_model`` a model over a fleet, ``margins`` any fitted estimator over
a table of features; ``integrated_gradients`` takes a torch network apart.
"""

from __future__ import annotations

from .gradients import PathAttribution, integrated_gradients
from .machine import explain_machine
from .margin import Margin, Meaning
from .margins import margins
from .model import explain_model

__all__ = [
    "Margin",
    "Meaning",
    "PathAttribution",
    "explain_machine",
    "explain_model",
    "integrated_gradients",
    "margins",
]
