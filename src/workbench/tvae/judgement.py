"""What synthetic sequences are worth: copies or not, alike or not, useful or not."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
import pandas as pd

from workbench.domain.synthesis import QualityFigure, QualityReport, SequenceColumns
from workbench.errors import InvalidDocument

from .table import Layout
from .verdicts import Case, Side, copies, likeness, usefulness

DRAWS = 200
# Share of a typical life beyond which a model of remaining life is not asked to tell healthy units apart.
CAP_SHARE = 0.6


def judge(
    synthetic: pd.DataFrame,
    train: pd.DataFrame,
    holdout: pd.DataFrame,
    columns: SequenceColumns,
    *,
    seed: int,
    sensors: Sequence[str] | None = None,
    life_cap: float | None = None,
    draws: int = DRAWS,
) -> QualityReport:
    """Judge synthetic sequences beside those they were learned from and others held out.

    Args:
        synthetic: the sequences to judge.
        train: those they were learned from.
        holdout: real sequences of other units, as many as in ``train``, that no synthesizer saw.
        columns: what the columns mean; all three tables have them.
        seed: draws of the bootstrap, windows where there are more than 10,000, the boosting's own.
        sensors: continuous columns whose course in time counts; None: all of them.
        life_cap: remaining life beyond which models are not asked to tell units apart; None: 0.6 of a typical life.
        draws: bootstrap draws of whole units for each 95 % interval.

    Returns:
        closer_to_train and dcr_ratio (copies?), quality, column_shapes, column_pair_trends, autocorrelation_distance
        (alike?), tstr_over_trtr and augmentation (useful?), each with the same figure of the holdout where it has one.

    Raises:
        InputError: columns missing from a table, or a table with fewer than 2 units; every fault at once.
    """
    _check({"synthetic": synthetic, "train": train, "holdout": holdout}, columns)
    layout = Layout.of(pd.concat([train, holdout, synthetic], ignore_index=True), columns)
    # A calendar time says when, not how: only counted time is compared.
    counted = pd.api.types.is_numeric_dtype(train[columns.order])
    made, known, other = (_side(table, columns, layout, counted) for table in (synthetic, train, holdout))
    case = Case(made, known, other, seed, draws)
    figures = copies(case)
    trustworthy = all(one.passed for one in figures)
    watched = [k for k, name in enumerate(columns.continuous) if sensors is None or name in sensors]
    figures += likeness(case, columns.categorical, watched)
    figures += usefulness(case, _typical_cap(known) if life_cap is None else life_cap)
    counting = tuple(figures if trustworthy else map(_void, figures))
    return QualityReport(
        figures=counting,
        trustworthy=trustworthy,
        verdict=_overall(counting, trustworthy),
        units=len(made.lengths),
        rows=len(made.rows),
    )


def _check(tables: dict[str, pd.DataFrame], columns: SequenceColumns) -> None:
    faults = []
    for name, table in tables.items():
        missing = [column for column in columns.used if column not in table.columns]
        faults += [f"{name}: column {column!r} is missing" for column in missing]
        if columns.unit not in missing and table[columns.unit].nunique() < 2:
            faults.append(f"{name}: there are fewer than 2 units")
    if faults:
        raise InvalidDocument("The judgement of synthetic data", faults)


def _side(table: pd.DataFrame, columns: SequenceColumns, layout: Layout, counted: bool) -> Side:
    sequences = layout.read(table)
    shown: dict[str, npt.NDArray[np.float64] | npt.NDArray[np.int64]] = {}
    if counted:
        shown[columns.order] = sequences.order
    if columns.remaining_life is not None and sequences.life is not None:
        shown[columns.remaining_life] = sequences.life
    shown |= {name: sequences.numbers[:, k] for k, name in enumerate(columns.continuous)}
    shown |= {name: sequences.codes[:, k] for k, name in enumerate(columns.categorical)}
    return Side(pd.DataFrame(shown), sequences.numbers, sequences.lengths, sequences.life)


def _typical_cap(known: Side) -> float:
    firsts = np.cumsum(known.lengths) - known.lengths
    return 0.0 if known.life is None else CAP_SHARE * float(np.median(known.life[firsts]))


def _void(figure: QualityFigure) -> QualityFigure:
    """Return a figure of copies, which is passed by none but says whether it is one."""
    if figure.name in ("closer_to_train", "dcr_ratio"):
        return figure
    verdict = f"Does not count, as training is copied. {figure.verdict}"
    return figure.model_copy(update={"passed": False if figure.bar else None, "verdict": verdict})


def _overall(figures: tuple[QualityFigure, ...], trustworthy: bool) -> str:
    if not trustworthy:
        return "Refused: the sequences copy those they were learned from, so no other figure counts."
    missed = [one.name for one in figures if one.passed is False]
    if missed:
        return f"No copies, but of limited use: {', '.join(missed)} missed what is asked."
    return "No copies, alike in distribution and in time, and a model can learn from them as from real units."
