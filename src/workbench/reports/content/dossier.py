"""What a machine report is about: one machine with its readings, its past and what is being done about it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from workbench.domain.equipment import MachineProfile, Site
from workbench.domain.explanations import Explanation
from workbench.domain.forecasts import Forecast
from workbench.domain.observations import AssetEvent
from workbench.domain.predictions import Prediction
from workbench.domain.work import WorkOrder

from .fleet import FleetSnapshot, MachineView

if TYPE_CHECKING:
    import pandas as pd


@dataclass(frozen=True)
class MachineDossier:
    """Everything a machine report says, read once.

    ``fleet`` holds this one machine, with the models that made its prediction. ``readings``, ``events`` and
    ``predictions`` are ascending in time; ``readings`` cover the last ``days``, the others all that is recorded.
    """

    fleet: FleetSnapshot
    days: float
    readings: pd.DataFrame
    outdated: bool = False
    events: tuple[AssetEvent, ...] = ()
    predictions: tuple[Prediction, ...] = ()
    past_orders: tuple[WorkOrder, ...] = ()
    site: Site | None = None
    forecasts: tuple[Forecast, ...] = ()
    explanations: tuple[Explanation, ...] = ()

    @property
    def view(self) -> MachineView:
        """The machine with the latest that is known of it."""
        return self.fleet.machines[0]

    @property
    def machine_id(self) -> str:
        """The machine's identifier."""
        return self.view.machine_id

    @property
    def profile(self) -> MachineProfile:
        """The machine as the catalogue describes it."""
        return self.view.profile

    @property
    def prediction(self) -> Prediction | None:
        """The latest prediction, if one was made."""
        return self.view.prediction
