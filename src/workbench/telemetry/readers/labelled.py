"""What the readers of labelled public records share: the record, its labels, and a clock that only goes forward."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pandas as pd

from workbench.errors import RefusedFile


@dataclass(frozen=True)
class LabelledRecord:
    """One record. ``readings``: column ``time`` (aware UTC, ascending) and one per sensor; ``anomalous``: its labels.

    ``anomalous`` is used for nothing but scoring, and is None where the publisher gives no labels.
    """

    group: str
    name: str
    readings: pd.DataFrame
    anomalous: npt.NDArray[np.bool_] | None
    file: Path


def read_table(path: Path, *, separator: str, columns: Sequence[str]) -> pd.DataFrame:
    """Read a CSV or Parquet file; raises ``RefusedFile`` for a missing column or one that holds something else."""
    try:
        frame = pd.read_parquet(path) if path.suffix == ".parquet" else pd.read_csv(path, sep=separator)
    except (ValueError, OSError) as error:
        raise RefusedFile(
            f"{path} cannot be read ({str(error).splitlines()[0][:200]}).", "It may be half written: download it again."
        ) from error
    missing = [name for name in columns if name not in frame.columns]
    if missing:
        raise RefusedFile(f"{path}: column {', '.join(missing)} is missing.", "Use the file as its publisher gives it.")
    if not len(frame):
        raise RefusedFile(f"{path} holds no row.", "Download it again.")
    return frame


def numbers(frame: pd.DataFrame, columns: Sequence[str], path: Path) -> pd.DataFrame:
    """Return ``columns`` as floats; raises ``RefusedFile`` naming the first that holds something else."""
    for name in columns:
        if not pd.api.types.is_numeric_dtype(frame[name]):
            raise RefusedFile(f"{path}: column {name} holds something that is no number.", "Download it again.")
    return frame[list(columns)].astype(float).reset_index(drop=True)


def forward_times(stamps: pd.Series, path: Path) -> pd.Series:
    """Return stamps as aware UTC times; where the clock was set back, it goes on by one usual step instead."""
    try:
        times = pd.to_datetime(stamps, utc=True).reset_index(drop=True)
    except (ValueError, TypeError) as error:
        raise RefusedFile(f"{path}: a time cannot be read ({str(error)[:120]}).", "Download it again.") from error
    if times.isna().any():
        raise RefusedFile(f"{path}: row {int(times.isna().argmax()) + 1} has no time.", "Download it again.")
    step = times.diff()
    if len(times) < 2 or bool((step[1:] > pd.Timedelta(0)).all()):
        return times
    usual = step[step > pd.Timedelta(0)].median()
    return times.iloc[0] + step.where(step > pd.Timedelta(0), usual).mask(step.isna(), pd.Timedelta(0)).cumsum()
