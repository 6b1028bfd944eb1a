"""Synchronisation: the state of a machine's twin that its last readings speak for, and what readings differ by from it.

A bootstrap particle filter (Gordon, Salmond, Smith, IEE Proc. F 140, 1993) over all states of the twin, damage among
them. Each particle is a machine with parameters of its own. The likelihood is Student's t, so that an outlier costs
little, and is tempered by the correlation of the residuals, so that a lasting offset is not taken for ever new evidence.
"""

from __future__ import annotations

from collections.abc import Collection

import numpy as np
import pandas as pd

from workbench.domain.prognosis import TwinCalibration

from .calibration import best_parameters
from .model import TwinModel
from .observed import Observed
from .particle_filter import ONSETS, ParticleFilter, Synchronised, widest
from .pieces import cut_pieces, predicted
from .reading_errors import biases
from .streams import Floats, stream

_PASSES = 2


def sound_residuals(model: TwinModel, observed: Observed, calibration: TwinCalibration | None = None) -> pd.DataFrame:
    """Return reading minus what the machine's twin reads when it is sound (and usual offset), column ``time`` and one per sensor.

    This is what an anomaly detector should look at: load, surroundings and inertia are taken out, damage is not. NaN
    where there is no reading or the machine did not run throughout.
    """
    ran = observed.running >= 1.0
    frame = {name: np.full(len(ran), np.nan) for name in observed.readings}
    pieces = cut_pieces(observed, ran, most=None)
    if pieces is not None:
        place = cut_pieces(_numbered(observed), ran, most=None)
        read, bias = predicted(model, pieces, best_parameters(model, calibration)), biases(calibration)
        for name, values in frame.items():
            scored = pieces.scored[name]
            rows = place.readings[name][scored].astype(int) if place is not None else np.zeros(0, dtype=int)
            values[rows] = pieces.readings[name][scored] - read[name][:, 0][scored] - bias.get(name, 0.0)
    return pd.DataFrame({"time": observed.time, **frame})


def synchronise(
    model: TwinModel,
    observed: Observed,
    *,
    samples: int,
    seed: int,
    calibration: TwinCalibration | None = None,
    lived: Floats | None = None,
    renewed: Collection[str] = (),
) -> Synchronised:
    """Return machines that explain ``observed``, the machine's last days.

    ``lived``: the twin's state of shape (1, states) after the load on record, which its lives have used since then; None: none.
    What parts had used before the record nobody knows: any share of a life, but for those of the modes ``renewed`` in it.
    Damage of each mode is there from the beginning in some particles and sets in day by day in others, in more than it would
    by itself, which their weight accounts for in the end. A first pass finds what comes into question, a second one puts its
    particles there.
    """
    plan, onsets = widest(model), dict.fromkeys(model.composition.modes, ONSETS)
    for number in range(_PASSES):
        filtering = ParticleFilter(
            model, observed, samples, stream(seed, model.machine_id, f"pass {number}"), calibration
        )
        filtering.onsets = onsets
        filtering.begin(plan, lived, renewed)
        for step in range(len(observed.time)):
            filtering.move(step)
        plan, onsets = filtering.narrowed(plan), filtering.likely_onsets()
    return filtering.result()


def _numbered(observed: Observed) -> Observed:
    """Return the record with the step's number in place of each reading (NaN where there is none)."""
    number = np.arange(len(observed.time), dtype=float)
    readings = {name: np.where(np.isfinite(values), number, np.nan) for name, values in observed.readings.items()}
    return Observed(observed.time, observed.step_h, observed.outside, readings, observed.noise_sd)
