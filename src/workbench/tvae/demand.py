"""What was asked for as lives to be made: so many rows or units, whole or of one stretch of remaining life."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import numpy.typing as npt

from workbench.errors import InputError

from .lives import Drawn, Lives, fitted
from .table import Sequences

Integers = npt.NDArray[np.int64]

# Lengths are stretched by no more than this to make up a number of rows that no unit count was given for.
MOST_STRETCH = 1.25
MOST_TRIES = 50


def demanded(
    lives: Lives,
    *,
    rows: int | None,
    units: int | None,
    within: tuple[float, float] | None,
    groups: Integers | None,
    rng: np.random.Generator,
) -> tuple[Drawn, Integers]:
    """Return the lives to make, and how many rows to drop from the end of each (units,).

    Raises ``InputError`` for a demand that says nothing, or a stretch of life that no unit has.
    """
    _check(rows, units)
    if within is not None:
        return _stretch(lives, rows, units, within, groups, rng)
    if units is None:
        assert rows is not None  # noqa: S101 - _check saw to it
        pool = lives.length if groups is None else lives.length[np.isin(lives.group, groups)]
        count = max(round(rows / float(pool.mean())), 1)
    else:
        count = units
    drawn = lives.draw(count, rng, groups=groups)
    if rows is not None:
        whole = int(drawn.length.sum())
        if units is not None or 1 / MOST_STRETCH <= rows / whole <= MOST_STRETCH:
            drawn = fitted(drawn, rows)
        else:
            drawn = _shortened(drawn, rows)
    return drawn, np.zeros(count, dtype=np.int64)


def _check(rows: int | None, units: int | None) -> None:
    if rows is None and units is None:
        raise InputError("Neither rows nor units were asked for.", "Give rows, units or both.")
    faults = [
        f"{name} is {value}" for name, value in (("rows", rows), ("units", units)) if value is not None and value < 1
    ]
    if rows is not None and units is not None and rows < 2 * units:
        faults.append(f"{rows} rows do not make {units} sequences of 2 or more")
    if faults:
        raise InputError(f"Such sequences cannot be made: {', '.join(faults)}.", "Give 1 or more, and 2 rows per unit.")


def _shortened(drawn: Drawn, rows: int) -> Drawn:
    """Return the lives with the first rows of the last cut off, or more units' worth stretched, to ``rows`` in all."""
    whole = int(drawn.length.sum())
    if rows >= whole:
        return fitted(drawn, rows)
    return _last_rows(drawn, np.minimum(drawn.length, np.maximum(rows - (np.cumsum(drawn.length) - drawn.length), 0)))


def _last_rows(drawn: Drawn, length: Integers) -> Drawn:
    """Return each life from as many rows before its end as ``length`` says, without those of no row."""
    start = drawn.start + (drawn.length - length) * drawn.order_step
    kept = length > 0
    cut = replace(drawn, length=length, start=start)
    return Drawn(**{name: values[kept] for name, values in vars(cut).items()})


def _stretch(
    lives: Lives,
    rows: int | None,
    units: int | None,
    within: tuple[float, float],
    groups: Integers | None,
    rng: np.random.Generator,
) -> tuple[Drawn, Integers]:
    """Return lives cut to the rows whose remaining life lies within the two bounds."""
    if not (lives.step > 0).any():
        raise InputError("Training knew no remaining life, so none can be asked for.", "Leave remaining_life out.")
    if rows is not None and units is not None:
        raise InputError("rows and units cannot both be met within a stretch of life.", "Give one of them.")
    low, high = within
    kept: list[Drawn] = []
    dropped: list[Integers] = []
    found_rows = found_units = 0
    for _ in range(MOST_TRIES):
        drawn = lives.draw(max(units or 0, 64), rng, groups=groups)
        step = np.maximum(drawn.step, 1e-12)
        upto = np.clip(np.floor((high - drawn.end) / step + 1e-9) + 1, 0, drawn.length).astype(np.int64)
        below = np.clip(np.ceil((low - drawn.end) / step - 1e-9), 0, upto).astype(np.int64)
        has = upto > below
        stretch = _last_rows(drawn, np.where(has, upto, 0))
        kept.append(stretch)
        dropped.append(below[has])
        found_units += int(has.sum())
        found_rows += int((upto - below)[has].sum())
        if (units is not None and found_units >= units) or (rows is not None and found_rows >= rows):
            break
    else:
        raise InputError(f"Hardly a unit has a remaining life from {low:g} to {high:g}.", "Ask for what training held.")
    whole = Drawn(*(np.concatenate([getattr(one, n) for one in kept]) for n in vars(kept[0])))
    drop = np.concatenate(dropped)
    if units is not None:
        return Drawn(*(getattr(whole, n)[:units] for n in vars(whole))), drop[:units]
    assert rows is not None  # noqa: S101 - one of them is given
    net = whole.length - drop
    left = np.minimum(net, np.maximum(rows - (np.cumsum(net) - net), 0))
    return _last_rows(whole, np.where(left > 0, left + drop, 0)), drop[left > 0]


def cut_to(sequences: Sequences, drop: Integers) -> Sequences:
    """Return the sequences without the last ``drop`` (units,) rows of each."""
    if not drop.any():
        return sequences
    place = np.concatenate([np.arange(n) for n in sequences.lengths])
    kept = place < (sequences.lengths - drop)[sequences.units]
    return Sequences(
        lengths=sequences.lengths - drop,
        order=sequences.order[kept],
        life=None if sequences.life is None else sequences.life[kept],
        numbers=sequences.numbers[kept],
        codes=sequences.codes[kept],
    )
