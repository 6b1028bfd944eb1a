"""Small machines that wear out, with every kind of column a synthesizer meets."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from workbench.domain.synthesis import SequenceColumns, SynthesisSettings
from workbench.tvae import fit_synthesizer

COLUMNS = SequenceColumns(
    unit="life",
    order="hour",
    remaining_life="left_h",
    continuous=("vibration", "temperature", "steps", "rated"),
    categorical=("fault", "load"),
    conditions=("fault",),
)


def wearing(units: int, seed: int) -> pd.DataFrame:
    """Return lives of 40 to 80 hours: vibration rises in one fault, temperature in the other, both follow the load."""
    rng = np.random.default_rng(seed)
    lives = []
    for number in range(units):
        hours = int(rng.integers(40, 80))
        left = np.arange(hours)[::-1].astype(float)
        fault = ("bearing", "winding")[number % 2]
        worn, heavy = np.exp(-left / 12), rng.random(hours) < 0.3
        lives.append(
            pd.DataFrame(
                {
                    "life": f"machine_{number:03d}",
                    "hour": np.arange(hours) + 1,
                    "left_h": left,
                    "vibration": 2 + rng.normal(0, 0.2) + 4 * worn * (fault == "bearing") + rng.normal(0, 0.2, hours),
                    "temperature": 60 + 5 * heavy + 30 * worn * (fault == "winding") + rng.normal(0, 1, hours),
                    "steps": np.round(3 + 2 * worn + rng.normal(0, 0.6, hours)).clip(1, 7).astype(int),
                    "rated": 11.0,
                    "fault": fault,
                    "load": np.where(heavy, "heavy", "light"),
                }
            )
        )
    return pd.concat(lives, ignore_index=True)


@pytest.fixture(scope="session")
def lives():
    return wearing(30, seed=0)


@pytest.fixture(scope="session")
def others():
    return wearing(30, seed=1)


@pytest.fixture(scope="session")
def settings():
    return SynthesisSettings(epochs=60, batch_size=100, seed=3)


@pytest.fixture(scope="session")
def fitted(lives, settings, deep):
    return fit_synthesizer(lives, COLUMNS, settings)
