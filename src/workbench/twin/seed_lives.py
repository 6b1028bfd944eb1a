"""One life that ended in a failure, hour by hour, and how many rows it gives: what every source of seed data has in common."""

from __future__ import annotations

from dataclasses import dataclass

import pandas as pd

from .streams import Floats


@dataclass(frozen=True)
class Lived:
    """The hours in which a machine ran before it failed by ``mode``, the failure's last.

    ``hours``: a column per sensor, in its unit, NaN for gaps. ``load``: of each hour, 1 = the machine's usual load.
    """

    mode: str
    hours: pd.DataFrame
    load: Floats


def steps_of(watched_h: float, step_h: int) -> int:
    """Return the rows of a life that is watched so long: two at least.

    >>> steps_of(100.0, 12), steps_of(5.0, 12)
    (8, 2)
    """
    return max(round(watched_h / step_h), 2)
