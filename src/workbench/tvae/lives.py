"""How long synthetic sequences are, when they begin, and how life runs out along them."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import numpy.typing as npt

from .table import Sequences

Floats = npt.NDArray[np.float64]
Integers = npt.NDArray[np.int64]


@dataclass(frozen=True)
class Drawn:
    """Sequences to be made; all (units,).

    ``length`` in rows; ``end``: life left at the last row; ``step``, ``order_step``: life spent and order gained from row to
    row; ``start``: order at the first row; ``origin``: the unit of training whose fixed columns it has; ``whole``: rows of the
    whole life of which these are the last.
    """

    length: Integers
    end: Floats
    step: Floats
    start: Floats
    order_step: Floats
    origin: Integers
    whole: Floats


@dataclass(frozen=True)
class Lives:
    """Lengths, beginnings and ends of the units of training, all (units,); draws vary around them.

    ``group``: position of each unit's combination of conditions that do not change along it.
    """

    length: Floats
    end: Floats
    step: Floats
    start: Floats
    order_step: Floats
    group: Integers

    @classmethod
    def of(cls, sequences: Sequences, group: Integers) -> Lives:
        """Learn from sequences; ``group`` (units,) as above."""
        first, last = sequences.starts, sequences.starts + sequences.lengths - 1
        gaps = np.maximum(sequences.lengths - 1, 1)
        life = sequences.life if sequences.life is not None else np.zeros(len(sequences.order))
        return cls(
            length=sequences.lengths.astype(np.float64),
            end=life[last],
            step=(life[first] - life[last]) / gaps,
            start=sequences.order[first],
            order_step=(sequences.order[last] - sequences.order[first]) / gaps,
            group=group,
        )

    @property
    def typical(self) -> float:
        """Median of what is left of life at a unit's first row, or of its rows where life is unknown."""
        whole = self.end + self.step * (self.length - 1)
        return float(np.median(whole if (whole > 0).any() else self.length))

    @property
    def own(self) -> Drawn:
        """The lives of training themselves."""
        return Drawn(
            self.length.astype(np.int64),
            self.end,
            self.step,
            self.start,
            self.order_step,
            np.arange(len(self.length)),
            self.length,
        )

    def draw(self, count: int, rng: np.random.Generator, *, groups: Integers | None = None) -> Drawn:
        """Return ``count`` lives; ``groups``: only like units of those groups.

        Lengths follow a kernel density of log length with Silverman's bandwidth, shrunk so that their variance stays
        that of training (smoothed bootstrap; Silverman, "Density estimation", 1986, section 6.4).
        """
        pool = np.arange(len(self.length)) if groups is None else np.flatnonzero(np.isin(self.group, groups))
        origin = pool[rng.integers(0, len(pool), count)]
        logs = np.log(self.length)
        mine, deviation = logs[pool], float(logs[pool].std())
        width = 1.06 * deviation * len(pool) ** -0.2
        shrink = deviation / np.hypot(deviation, width) if deviation > 0 else 1.0
        smooth = mine.mean() + shrink * (logs[origin] - mine.mean() + width * rng.standard_normal(count))
        length = np.clip(np.round(np.exp(smooth)), 2, None).astype(np.int64)
        return Drawn(
            length,
            self.end[origin],
            self.step[origin],
            self.start[origin],
            self.order_step[origin],
            origin,
            length.astype(np.float64),
        )

    def arrays(self) -> dict[str, npt.NDArray[Any]]:
        """Return its arrays by name."""
        names = ("length", "end", "step", "start", "order_step", "group")
        return {f"lives.{name}": getattr(self, name) for name in names}

    @classmethod
    def restore(cls, arrays: dict[str, npt.NDArray[Any]]) -> Lives:
        """Return the lives that ``arrays`` came from."""
        return cls(**{name[6:]: value for name, value in arrays.items() if name.startswith("lives.")})


def fitted(drawn: Drawn, rows: int) -> Drawn:
    """Return ``drawn`` with lengths stretched or shrunk alike so that they sum to ``rows`` (at least 1 each)."""
    share = drawn.length * rows / drawn.length.sum()
    whole = np.maximum(np.floor(share).astype(np.int64), 1)
    lacking = rows - int(whole.sum())
    order = np.argsort(-(share - np.floor(share)), kind="stable")
    if lacking >= 0:
        whole[order[:lacking]] += 1
    else:
        longest = np.argmax(whole)
        whole[longest] += lacking
    return replace(drawn, length=whole, whole=drawn.whole * whole / drawn.length)
