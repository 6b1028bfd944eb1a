"""A record cut into pieces that run side by side through a twin."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from .model import Samples, TwinModel
from .observed import Observed
from .run import run_twin
from .streams import Flags, Floats

# The record is cut into pieces that run side by side; each settles from rest before it counts.
PIECE_H, SETTLING_H = 48.0, 12.0
MOST_PIECES, LEAST_HOURS = 36, 48.0


@dataclass(frozen=True)
class Pieces:
    """The record as pieces side by side: arrays of shape (steps, pieces); ``scored`` says which residuals count."""

    outside: dict[str, Floats]
    readings: dict[str, Floats]
    scored: dict[str, Flags]
    step_s: float

    @property
    def count(self) -> int:
        """Pieces side by side."""
        return int(next(iter(self.outside.values())).shape[1])

    @property
    def steps(self) -> int:
        """Steps of each piece."""
        return int(next(iter(self.outside.values())).shape[0])


def cut_pieces(observed: Observed, sound: Flags, *, most: int | None = MOST_PIECES) -> Pieces | None:
    """Return pieces of two days with half a day before each to settle; None where no piece has anything to compare."""
    step_h = observed.step_h
    length, settling = max(round(PIECE_H / step_h), 1), max(round(SETTLING_H / step_h), 1)
    total = len(sound)
    # The last piece ends with the record, so that none is lost.
    starts = [*range(settling, total - length, length), total - length] if total >= settling + length else []
    starts = [s for s in dict.fromkeys(starts) if sound[s : s + length].any()]
    if most is not None and len(starts) > most:
        starts = [starts[round(k)] for k in np.linspace(0, len(starts) - 1, most)]
    if not starts:
        return None
    rows = np.array(starts)[None, :] + np.arange(-settling, length)[:, None]
    counts = sound[rows] & (np.arange(-settling, length) >= 0)[:, None]
    # Pieces may overlap at the end of the record: each step counts once.
    counts[:, 1:] &= rows[:, 1:] > rows[-1:, :-1]
    readings = {name: values[rows] for name, values in observed.readings.items()}
    return Pieces(
        {name: values[rows] for name, values in observed.outside.items()},
        readings,
        {name: counts & np.isfinite(values) for name, values in readings.items()},
        3600.0 * step_h,
    )


def predicted(model: TwinModel, pieces: Pieces, parameters: Samples, sets: int = 1) -> dict[str, Floats]:
    """Return what ``sets`` of parameters (one after the other, each for all pieces) read: (steps, sets, pieces) by sensor."""
    ran = run_twin(
        model,
        {name: np.tile(values, sets) for name, values in pieces.outside.items()},
        steps=pieces.steps,
        step_s=pieces.step_s,
        parameters=parameters,
        samples=sets * pieces.count,
        protection=False,
        stop_at_failure=False,
    )
    return {name: ran.sensors[name].reshape(pieces.steps, sets, pieces.count) for name in pieces.readings}
