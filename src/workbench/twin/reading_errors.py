"""By how much readings may differ from the right twin: the bias of each sensor, its spread, and for how long it lasts."""

from __future__ import annotations

import numpy as np

from workbench.domain.composition import OUTSIDE
from workbench.domain.prognosis import TwinCalibration

from .model import TwinModel
from .observed import Observed

# Hours after which a residual of a twin with parameters of its class, not of the machine, tells something new.
CLASS_CORRELATION_H = 24.0


def biases(calibration: TwinCalibration | None) -> dict[str, float]:
    """Return by how much each sensor reads beside the calibrated twin of the sound machine."""
    return {} if calibration is None else {fit.sensor: fit.bias for fit in calibration.sensors}


def reading_errors(
    model: TwinModel, observed: Observed, calibration: TwinCalibration | None
) -> tuple[dict[str, float], dict[str, float]]:
    """Return by how much each sensor may differ from the right twin (standard deviation), and for how many hours."""
    fits = {} if calibration is None else {fit.sensor: fit for fit in calibration.sensors}
    scale, hours = {}, {}
    # Not calibrated: machines of the class differ by this.
    settled = model.initial(model.parameters(64, rng=np.random.default_rng(0)), samples=64)
    signals = model.step(settled, dict(OUTSIDE), model.parameters(64, rng=np.random.default_rng(0)), step_s=1.0)
    spread = {name: float(np.std(value)) for name, value in model.sensors(signals).items()}
    for name, noise in observed.noise_sd.items():
        fit = fits.get(name)
        scale[name] = max(noise, fit.residual_sd) if fit else float(np.hypot(noise, spread.get(name, 0.0)))
        hours[name] = fit.correlation_h if fit else CLASS_CORRELATION_H
    return scale, hours
