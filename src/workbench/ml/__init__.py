"""Models of the workbench: features, health state, remaining useful life, anomalies, diagnosis.

Fleet level: ``train_fleet``, ``load_models``, ``predict_machine``, ``past_anomalies``,
``shown_state``.
Parts for data scientists: ``fit_spec`` and ``build`` (features of a machine), ``samples`` (features and labels of
machines); the estimators on plain feature tables ``BoostedHealth``, ``ConditionClassifier`` and ``BoostedDiagnoser``, of
remaining life ``BoostedRul``, ``NetworkRul``, ``BlendedRul``, ``DegradationLife`` and ``HazardSurvival``, of anomalies
``IsolationAnomaly``, ``SubspaceAnomaly`` and ``AutoencoderAnomaly``; ``RecordDetector`` on raw readings, ``DegradationPath``
on one indicator, and ``Lifetimes``.
"""

from __future__ import annotations

from .anomaly import AutoencoderAnomaly, IsolationAnomaly, RecordDetector, SubspaceAnomaly
from .anomaly_answers import past_anomalies
from .condition import ConditionClassifier
from .contract import Diagnoser, Estimator, HealthEstimator, RulEstimator
from .degradation import DegradationLife
from .degradation_path import DegradationPath
from .detector import AnomalyDetector
from .diagnosis import BoostedDiagnoser
from .ensemble import BlendedRul
from .features import Samples, build, samples
from .health import BoostedHealth, shown_state
from .labels import label
from .life import timeline
from .lifetimes import Lifetimes, collect_lifetimes
from .models import Bundle, Models, load_models
from .network import NetworkRul
from .predict import predict_machine
from .rul import BoostedRul
from .serialize import libraries
from .spec import FeatureSpec, default_horizons, fit_spec, type_scopes
from .survival import HazardSurvival
from .train import TrainedModel, train_fleet

__all__ = [
    "AnomalyDetector",
    "AutoencoderAnomaly",
    "BlendedRul",
    "BoostedDiagnoser",
    "BoostedHealth",
    "BoostedRul",
    "Bundle",
    "ConditionClassifier",
    "DegradationLife",
    "DegradationPath",
    "Diagnoser",
    "Estimator",
    "FeatureSpec",
    "HazardSurvival",
    "HealthEstimator",
    "IsolationAnomaly",
    "Lifetimes",
    "Models",
    "NetworkRul",
    "RecordDetector",
    "RulEstimator",
    "Samples",
    "SubspaceAnomaly",
    "TrainedModel",
    "build",
    "collect_lifetimes",
    "default_horizons",
    "fit_spec",
    "label",
    "libraries",
    "load_models",
    "past_anomalies",
    "predict_machine",
    "samples",
    "shown_state",
    "timeline",
    "train_fleet",
    "type_scopes",
]
