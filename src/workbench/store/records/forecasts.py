"""Forecasts that were made, kept so that the same question is answered at once."""

from __future__ import annotations

from datetime import datetime

from workbench.domain.forecasts import Forecast
from workbench.store import tables

from .base import Journal


class Forecasts(Journal[Forecast]):
    """Every forecast made; its id stands for machine, sensor, as-of, data and parameters."""

    table, model, entity = tables.forecasts, Forecast, "forecast"
    newest_first = ("as_of", "recorded_at")

    def latest(self, machine_id: str, until: datetime | None = None) -> dict[str, Forecast]:
        """Return the newest forecast of each of the machine's sensors, none as of later than ``until``."""
        where = [self.table.c.machine_id == machine_id]
        where += [] if until is None else [self.table.c.as_of <= until]
        with self._database.reading() as session:
            newest_first = self._select(session, *where)
        newest: dict[str, Forecast] = {}
        for one in newest_first:
            newest.setdefault(one.sensor, one)
        return newest
