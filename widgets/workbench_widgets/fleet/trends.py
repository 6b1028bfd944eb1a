"""How many machines were in each condition at earlier instants, from the predictions that were recorded then."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from workbench.domain.predictions import Prediction
from workbench.reports.content.fleet import Condition, FleetSnapshot, MachineView
from workbench.reports.content.wording import day
from workbench.workspace import Workspace

INSTANTS = 12


class Trends:
    """Counts of conditions at the last instants of scoring; what was read once is kept, for predictions never change."""

    def __init__(self, ws: Workspace) -> None:
        self._ws = ws
        self._read: dict[str, tuple[str, list[Prediction]]] = {}

    def counts(self, fleet: FleetSnapshot) -> tuple[list[datetime], dict[Condition, list[int]]]:
        """Return the instants, oldest first and the fleet's newest last, and each condition's count at each."""
        series = {view.machine_id: self._history(view, fleet.as_of) for view in fleet.machines}
        # Where no machine had a health state nothing was scored, and a line from there would tell of a rise that was none.
        instants = sorted(
            {said.as_of for history in series.values() for said in history if said.health_state is not None}
        )[-INSTANTS:]
        tallies = [self._tally(fleet, series, instant) for instant in instants[:-1]]
        if instants:
            # The newest point is what the cards say, so that a line ends at its own figure.
            tallies.append(Counter(view.condition for view in fleet.machines))
        return instants, {condition: [tally[condition] for tally in tallies] for condition in Condition}

    def _history(self, view: MachineView, as_of: datetime) -> list[Prediction]:
        if view.prediction is None:
            return []
        newest, history = self._read.get(view.machine_id, ("", []))
        if newest != view.prediction.prediction_id:
            history = [said for said in self._ws.predictions.history(view.machine_id, INSTANTS) if said.as_of <= as_of]
            self._read[view.machine_id] = (view.prediction.prediction_id, history)
        return history

    @staticmethod
    def _tally(
        fleet: FleetSnapshot, series: Mapping[str, Sequence[Prediction]], instant: datetime
    ) -> Counter[Condition]:
        tally: Counter[Condition] = Counter()
        for view in fleet.machines:
            known = next((said for said in series[view.machine_id] if said.as_of <= instant), None)
            if known is not None:
                tally[MachineView(view.profile, prediction=known).condition] += 1
        return tally


def trend(instants: Sequence[datetime], counts: Sequence[int]) -> dict[str, Any]:
    """Return a line to draw and what it says in words; with fewer than two instants there is nothing to draw."""
    if len(instants) < 2:
        return {"points": [], "words": "no trend yet" if instants else "not scored yet", "change": ""}
    change = counts[-1] - counts[0]
    change_words = f"{change:+d}".replace("-", "−") if change else "±0"
    return {
        "points": list(counts),
        "words": f"{change_words} since {day(instants[0])}",
        "change": "up" if change > 0 else "down" if change < 0 else "steady",
    }
