"""Calibrations of digital twins, kept so that every later answer of a twin rests on the machine's own readings."""

from __future__ import annotations

from datetime import datetime

from workbench.domain.prognosis import TwinCalibration
from workbench.store import tables

from .base import Journal


class TwinCalibrations(Journal[TwinCalibration]):
    """Every calibration made; its id stands for machine, as-of, data, composition and the parameters that were sought."""

    table, model, entity = tables.twin_calibrations, TwinCalibration, "twin_calibration"
    newest_first = ("as_of", "recorded_at")

    def latest(self, machine_id: str, twin_hash: str, until: datetime | None = None) -> TwinCalibration | None:
        """Return the machine's newest calibration of this very twin, none as of later than ``until``; None: there is none."""
        where = [self.table.c.machine_id == machine_id]
        where += [] if until is None else [self.table.c.as_of <= until]
        with self._database.reading() as session:
            newest_first = self._select(session, *where)
        return next((one for one in newest_first if one.twin_hash == twin_hash and one.parameters), None)
