"""What the temporal TVAE is held against: SDV's TVAE, and a bootstrap of blocks, which copies and must be refused."""

from __future__ import annotations

import numpy as np
import pandas as pd

from workbench.domain.synthesis import SequenceColumns

BLOCK = 25


def block_bootstrap(train: pd.DataFrame, columns: SequenceColumns, *, seed: int, block: int = BLOCK) -> pd.DataFrame:
    """Return as many units and rows as in ``train``, each made of blocks of rows from units at the same place before the end.

    Alike in every respect, as every block is a copy: a judge that lets it pass judges nothing. Source of blocks: Kuensch,
    "The jackknife and the bootstrap for general stationary observations", Annals of Statistics 1989.
    """
    rng = np.random.default_rng(seed)
    units = [rows for _, rows in train.groupby(columns.unit, sort=False)]
    made = []
    for number, own in enumerate(units, start=1):
        parts = []
        for behind in range(0, len(own), block):
            long_enough = [other for other in units if len(other) >= min(behind + block, len(own))]
            other = long_enough[rng.integers(0, len(long_enough))]
            parts.append(other.iloc[max(len(other) - min(behind + block, len(own)), 0) : len(other) - behind])
        whole = pd.concat(parts[::-1], ignore_index=True)
        kept = [columns.order, *([columns.remaining_life] if columns.remaining_life else [])]
        made.append(whole.assign(**{columns.unit: number}, **{name: own[name].to_numpy() for name in kept}))
    return pd.concat(made, ignore_index=True)[list(columns.used)]


def sdmetrics_quality(real: pd.DataFrame, made: pd.DataFrame, columns: SequenceColumns) -> dict[str, float]:
    """Return quality, column shapes and column pair trends by the package sdmetrics, units left out."""
    from sdmetrics.reports import QualityReport  # type: ignore[import-untyped]

    names = [name for name in columns.used if name != columns.unit]
    kinds = {name: {"sdtype": "categorical" if name in columns.categorical else "numerical"} for name in names}
    report = QualityReport()
    report.generate({"t": real[names]}, {"t": made[names]}, {"tables": {"t": {"columns": kinds}}}, verbose=False)
    scores = report.get_properties().set_index("Property")["Score"]
    return {
        "quality": float(report.get_score()),
        "column_shapes": float(scores["Column Shapes"]),
        "column_pair_trends": float(scores["Column Pair Trends"]),
    }
