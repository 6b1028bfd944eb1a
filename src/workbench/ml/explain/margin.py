"""One raw output of a model over rows, taken apart."""

from __future__ import annotations

from dataclasses import dataclass

from workbench.domain.equipment import LifeUnit
from workbench.domain.explanations import Method
from workbench.domain.predictions import Horizons
from workbench.ml.arrays import BoolArray, FloatArray


@dataclass(frozen=True)
class Meaning:
    """What the numbers of a model are about: its horizons and the unit that life is counted in."""

    horizons: Horizons
    life_unit: LifeUnit


@dataclass(frozen=True)
class Margin:
    """One raw output over rows: ``base`` + the sum of a row's ``contributions`` is its ``margin``.

    ``contributions``: (rows, features of the estimator, in its order); ``base`` and ``margin``: (rows,), the margin as the
    model itself computed it. ``answer``: what becomes of it, by way of what ``to_answer`` says. ``decides``: (rows,), whether
    this output gives the answer, where a model has several for one answer.
    """

    output: str
    units: str
    method: Method
    base: FloatArray
    contributions: FloatArray
    margin: FloatArray
    answer: FloatArray
    to_answer: str
    decides: BoolArray
