"""What a model rests on over a whole fleet: the contributions of its features over rows drawn evenly from the records."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

import numpy as np

from workbench.domain.base import stable_id
from workbench.domain.explanations import GlobalExplanation, GlobalFeature, SourceWeight
from workbench.domain.observations import MachineData
from workbench.errors import NotEnoughData
from workbench.ml.arrays import FloatArray
from workbench.ml.cadence import hourly
from workbench.ml.features import Samples, samples
from workbench.ml.models import Bundle
from workbench.ml.record import known_until
from workbench.ml.running import running_rows
from workbench.ml.spec import FLEET
from workbench.ml.threads import on_one_thread

from .margin import Margin, Meaning
from .margins import margins
from .names import Feature, read_feature

ROWS = 200
LISTED = 15
DIGITS = 5


@on_one_thread
def explain_model(
    fleet: Sequence[MachineData],
    bundle: Bundle,
    *,
    as_of: datetime,
    rows: int = ROWS,
    simulated: bool = False,
) -> list[GlobalExplanation]:
    """Return what each raw output of a model rests on, over about ``rows`` running rows of the machines it is for.

    The same number of rows of each machine, spread evenly over its record up to ``as_of``; nothing is drawn by chance.
    Most of these rows taught the model: this tells what it does, not how good it is.

    Raises:
        NotEnoughData: no machine that the model is for ever ran.
        InputError: the model cannot be taken apart.
        EnvironmentFailure: shap is not installed.
    """
    mine = [hourly(known_until(machine, as_of)) for machine in fleet if _is_for(bundle, machine)]
    found = _even([samples([machine], bundle.spec) for machine in mine if _ran(machine)], rows)
    features = [read_feature(name, bundle.spec) for name in bundle.estimator.feature_names_]
    table = found.X[list(bundle.estimator.feature_names_)]
    values = table.to_numpy(dtype=np.float64)
    parts = margins(bundle.estimator, table, Meaning(bundle.horizons, bundle.spec.life_unit))
    identity = (bundle.version_id, as_of.isoformat(), len(values), *sorted(set(found.groups.astype(str))))
    return [
        GlobalExplanation(
            explanation_id=stable_id(*identity, part.output),
            version_id=bundle.version_id,
            task=bundle.task,
            scope=bundle.scope,
            as_of=as_of,
            output=part.output,
            rank=rank,
            method=part.method,
            units=part.units,
            base_value=float(part.base.mean()),
            machines=len(set(found.groups)),
            rows=len(values),
            features=_features(part, features, values),
            others=max(int((np.abs(part.contributions).max(axis=0) > 0).sum()) - LISTED, 0),
            sources=_sources(part, features),
            to_answer=part.to_answer,
            simulated=simulated,
        )
        for rank, part in enumerate(parts)
    ]


def _is_for(bundle: Bundle, machine: MachineData) -> bool:
    profile = machine.profile
    return profile.life_unit is bundle.spec.life_unit and bundle.scope in (FLEET, f"type:{profile.machine_type}")


def _ran(machine: MachineData) -> bool:
    return len(machine.telemetry) > 0 and bool(running_rows(machine).any())


def _even(parts: Sequence[Samples], rows: int) -> Samples:
    """Stack the same number of rows of each machine, evenly spaced, the last one among them."""
    if not parts:
        raise NotEnoughData(
            "No machine that the model is for has readings in which it runs.", "Ingest telemetry first."
        )
    each = max(rows // len(parts), 1)
    kept = []
    for part in parts:
        chosen = np.unique(np.linspace(len(part.X) - 1, 0, min(each, len(part.X))).round().astype(np.int64))
        kept.append(part.take(chosen))
    return Samples.stack(kept)


def _features(part: Margin, features: Sequence[Feature], values: FloatArray) -> tuple[GlobalFeature, ...]:
    strength = np.abs(part.contributions).mean(axis=0)
    order = [int(k) for k in np.argsort(-strength, kind="stable")[:LISTED] if strength[k] > 0]
    return tuple(
        GlobalFeature(
            feature=features[k].name,
            words=features[k].words,
            mean_absolute=float(strength[k]),
            values=tuple(None if np.isnan(v) else _short(v) for v in values[:, k]),
            contributions=tuple(_short(v) for v in part.contributions[:, k]),
        )
        for k in order
    )


def _sources(part: Margin, features: Sequence[Feature]) -> tuple[SourceWeight, ...]:
    totals: dict[str, FloatArray] = {}
    for k, feature in enumerate(features):
        totals[feature.group] = totals.get(feature.group, np.zeros(len(part.margin))) + part.contributions[:, k]
    weights = {group: float(np.abs(total).mean()) for group, total in totals.items()}
    ranked = sorted(weights.items(), key=lambda pair: (-pair[1], pair[0]))
    return tuple(SourceWeight(source=group, mean_absolute=weight) for group, weight in ranked if weight > 0)


def _short(value: float) -> float:
    """Keep as many digits as a plot can show: a record holds thousands of these."""
    return float(f"{value:.{DIGITS}g}")
