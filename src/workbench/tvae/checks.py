"""What stands in the way of learning from a table of sequences, all of it at once."""

from __future__ import annotations

import pandas as pd

from workbench.domain.synthesis import FEWEST_UNITS, MOST_ONE_HOT_COLUMNS, SequenceColumns, SynthesisSettings
from workbench.errors import InvalidDocument

SHORTEST = 4


def input_faults(frame: pd.DataFrame, columns: SequenceColumns, settings: SynthesisSettings) -> list[str]:
    """Return every fault of the settings and of the table, in words; none: training can begin."""
    missing = [name for name in columns.used if name not in frame.columns]
    faults = settings.faults() + [f"column {name!r} is missing" for name in missing]
    if len(frame) == 0:
        return [*faults, "the table has no rows"]
    present = [name for name in columns.used if name not in missing]
    empty = [name for name in present if frame[name].isna().all()]
    faults += [f"column {name!r} holds no value at all" for name in empty]
    sound = [name for name in present if name not in empty]
    kinds = _wrong_kinds(frame, columns, sound)
    faults += kinds
    if not kinds and not missing and all(frame[name].nunique() < 2 for name in columns.continuous):
        faults.append("no continuous column varies, so there is nothing to learn")
    faults += _one_hot(frame, [name for name in columns.categorical if name in sound])
    if columns.unit in sound:
        faults += _lengths(frame[columns.unit])
    return faults


def refuse(faults: list[str], what: str) -> None:
    """Raise ``InvalidDocument`` listing ``faults``, when there are any."""
    if faults:
        raise InvalidDocument(what, faults)


def _wrong_kinds(frame: pd.DataFrame, columns: SequenceColumns, sound: list[str]) -> list[str]:
    """Return columns whose values are of another kind than their meaning needs."""
    life = () if columns.remaining_life is None else (columns.remaining_life,)
    faults = [
        f"column {name!r} holds {frame[name].dtype}, not numbers; name it as categorical"
        for name in (*life, *columns.continuous)
        if name in sound and not pd.api.types.is_numeric_dtype(frame[name])
    ]
    order = columns.order
    if order in sound and not (
        pd.api.types.is_numeric_dtype(frame[order]) or pd.api.types.is_datetime64_any_dtype(frame[order])
    ):
        faults.append(f"column {order!r} holds {frame[order].dtype}, neither numbers nor times; rows have no order")
    for name in (columns.unit, order, *life):
        gaps = int(frame[name].isna().sum()) if name in sound else 0
        if gaps:
            faults.append(f"column {name!r} lacks {gaps:,} of its values; every row needs one")
    return faults


def _one_hot(frame: pd.DataFrame, categorical: list[str]) -> list[str]:
    values = {name: int(frame[name].nunique()) for name in categorical}
    total = sum(values.values())
    if total <= MOST_ONE_HOT_COLUMNS:
        return []
    most = sorted(values, key=lambda name: -values[name])[:3]
    told = ", ".join(f"{name} ({values[name]:,})" for name in most)
    what = (
        f"the categorical columns would become {total:,} one-hot columns, at most {MOST_ONE_HOT_COLUMNS:,} are allowed"
    )
    return [f"{what}; leave out or group those with most values: {told}"]


def _lengths(unit: pd.Series) -> list[str]:
    lengths = unit.value_counts()
    faults = []
    if len(lengths) < FEWEST_UNITS:
        told = "is 1 unit" if len(lengths) == 1 else f"are {len(lengths)} units"
        faults.append(f"there {told}, {FEWEST_UNITS} or more are needed")
    short = lengths[lengths < SHORTEST]
    if len(short):
        told = f"{len(short):,} of {len(lengths):,} units have fewer than {SHORTEST} rows"
        faults.append(f"{told}, e.g. {short.index[0]!r}")
    return faults
