"""Predictions of several machines: a list that a notebook shows as a table, a row per machine."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from .predictions import Prediction

if TYPE_CHECKING:
    import pandas as pd


HOURS = (24, 168, 720)


class Predictions(list[Prediction]):
    """A list of predictions; ``frame()`` is their table, which notebooks show instead of all that the list holds.

    >>> Predictions().frame().empty
    True
    """

    def frame(self) -> pd.DataFrame:
        """Return what matters most of each, indexed by ``machine_id``; what is not known is missing.

        ``health_score`` 0 to 100, ``p_<hours>h`` the probability of failure within so many calendar hours, ``life_left`` and its
        90 % interval in ``life_unit``, ``anomaly`` the score where it is an alarm, ``likeliest`` the failure mode.
        """
        import pandas as pd

        rows = [_row(prediction) for prediction in self]
        columns = None if rows else ["machine_id"]
        return pd.DataFrame(rows, columns=columns).set_index("machine_id")

    def _repr_pretty_(self, printer: Any, cycle: bool) -> None:  # noqa: ARG002 - as IPython calls it
        """Show the table in a terminal of IPython; ``repr`` and ``str`` give all."""
        printer.text(f"{len(self)} predictions\n{self.frame()}")

    def _repr_html_(self) -> str:
        """Show the table in a notebook."""
        return str(self.frame().to_html(float_format="{:.3g}".format, na_rep="", max_rows=60))


def _row(prediction: Prediction) -> dict[str, Any]:
    state, life = prediction.health_state, prediction.remaining_useful_life
    left, anomaly = life.life, prediction.anomaly
    return {
        "machine_id": prediction.machine_id,
        "health_state": None if state is None else state.name,
        "health_score": prediction.health_score,
        **{f"p_{hours}h": prediction.probability_within(hours) for hours in HOURS},
        "life_left": None if left is None else left.median,
        "life_lower": None if left is None else left.lower,
        "life_upper": None if left is None or left.upper_open else left.upper,
        "life_unit": life.life_unit.value,
        "anomaly": anomaly.score if anomaly is not None and anomaly.is_anomaly else None,
        "likeliest": prediction.diagnosis.likeliest,
    }
