"""Models of the workbench: features, health state, remaining useful life, anomalies, diagnosis.

Fleet level: ``train_fleet``, ``load_models``, ``predict_machine``, ``predict_fleet``, ``shown_state``.
Parts for data scientists: ``fit_spec`` and ``build`` (features of a machine), ``samples`` (features and labels of
machines), the estimators ``BoostedHealth``, ``BoostedRul``, ``IsolationAnomaly``, ``BoostedDiagnoser`` on plain
feature tables, and ``Lifetimes``.
"""

from __future__ import annotations

from .anomaly import IsolationAnomaly
from .contract import AnomalyDetector, Diagnoser, Estimator, HealthEstimator, RulEstimator
from .diagnosis import BoostedDiagnoser
from .features import Samples, build, samples
from .health import BoostedHealth, shown_state
from .life import label, timeline
from .lifetimes import Lifetimes, collect_lifetimes
from .models import Bundle, Models, load_models
from .predict import predict_fleet, predict_machine
from .rul import BoostedRul
from .serialize import libraries
from .spec import FeatureSpec, default_horizons, fit_spec, type_scopes
from .train import TrainedModel, train_fleet

__all__ = [
    "AnomalyDetector",
    "BoostedDiagnoser",
    "BoostedHealth",
    "BoostedRul",
    "Bundle",
    "Diagnoser",
    "Estimator",
    "FeatureSpec",
    "HealthEstimator",
    "IsolationAnomaly",
    "Lifetimes",
    "Models",
    "RulEstimator",
    "Samples",
    "TrainedModel",
    "build",
    "collect_lifetimes",
    "default_horizons",
    "fit_spec",
    "label",
    "libraries",
    "load_models",
    "predict_fleet",
    "predict_machine",
    "samples",
    "shown_state",
    "timeline",
    "train_fleet",
    "type_scopes",
]
