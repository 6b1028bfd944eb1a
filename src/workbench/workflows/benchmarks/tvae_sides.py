"""The two halves of each subset of the benchmark ``tvae``: what a synthesizer learns from, and what no synthesizer sees."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd

from workbench.catalog import load_catalogue
from workbench.domain.synthesis import SequenceColumns

from .cmapss_cuts import CAP
from .cmapss_data import find_subsets, load_subset

MACHINE = "pump_grundfos_cr3_004"
SEED_ROWS = 10_000
# Far from any seed that a run is asked for, so that held-out lives are never those of training.
OTHER_SEED = 1_000_003


@dataclass(frozen=True)
class Sides:
    """Training and holdout of equal numbers of units; ``sensors``: columns whose course in time counts.

    ``cap``: remaining life beyond which models need not tell units apart; None: the judge's own.
    """

    train: pd.DataFrame
    holdout: pd.DataFrame
    columns: SequenceColumns
    sensors: tuple[str, ...]
    cap: float | None
    files: tuple[Path, ...] = ()


# From a seed and the number of units (None: all) to two sides.
Maker = Callable[[int, int | None], Sides]


def makers(data: Path) -> dict[str, Maker]:
    """Return the subsets that can be run, each with what makes its sides."""
    found: dict[str, Maker] = {}
    if "FD001" in find_subsets(data):
        found["FD001"] = lambda seed, units: engines(data, seed, units)
    found["seed"] = seed_lives
    return found


def engines(data: Path, seed: int, units: int | None) -> Sides:
    """Return the training engines of FD001 in two random halves."""
    subset = load_subset(data, "FD001", units=units)
    rows = subset.train
    sensors = tuple(name for name in rows.columns if name.startswith("s") and name[1:].isdigit())
    settings = tuple(name for name in rows.columns if name.startswith("setting_"))
    columns = SequenceColumns(unit="unit", order="cycle", remaining_life="rul", continuous=(*settings, *sensors))
    rows = rows.assign(rul=rows.groupby("unit")["cycle"].transform("max") - rows["cycle"])[list(columns.used)]
    names = np.random.default_rng(seed).permutation(rows["unit"].unique())
    half = len(names) // 2
    train, holdout = (
        rows[rows["unit"].isin(part)].reset_index(drop=True) for part in (names[:half], names[half : 2 * half])
    )
    return Sides(train, holdout, columns, sensors, CAP, subset.files[:1])


def seed_lives(seed: int, units: int | None) -> Sides:
    """Return lives of one machine from its twin, and as many from runs with other seeds and other parameters."""
    from workbench.twin.seed import seed_columns, seed_sequences

    profile = next(one for one in load_catalogue().machines if one.machine_id == MACHINE)
    columns = seed_columns(profile)
    rows = SEED_ROWS if units is None else SEED_ROWS // 10
    train, holdout = (seed_sequences(profile, rows=rows, seed=one) for one in (seed, seed + OTHER_SEED))
    half = min(side[columns.unit].nunique() for side in (train, holdout))
    train, holdout = (
        side[side[columns.unit].isin(side[columns.unit].drop_duplicates().head(half))].reset_index(drop=True)
        for side in (train, holdout)
    )
    return Sides(train, holdout, columns, columns.continuous, None)
