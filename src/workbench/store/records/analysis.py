"""What was found out: predictions, what they mean, and the reports that show them."""

from __future__ import annotations

from datetime import datetime

from workbench.domain.analysis import AnalyticsPackage
from workbench.domain.predictions import Prediction
from workbench.domain.reports import ReportRecord
from workbench.store import tables

from .base import Journal


class Predictions(Journal[Prediction]):
    """Every prediction ever made."""

    table, model, entity = tables.predictions, Prediction, "prediction"
    newest_first = ("as_of", "recorded_at")

    def latest(self, until: datetime | None = None) -> dict[str, Prediction]:
        """Return the newest prediction of every machine that has one, none as of later than ``until``."""
        where = [] if until is None else [self.table.c.as_of <= until]
        with self._database.reading() as session:
            return self._latest_by_machine(session, *where)

    def history(self, machine_id: str, limit: int = 100) -> list[Prediction]:
        """Return the machine's predictions, newest first."""
        with self._database.reading() as session:
            return self._select(session, self.table.c.machine_id == machine_id, limit=limit)


class Packages(Journal[AnalyticsPackage]):
    """What predictions mean in money, downtime and action."""

    table, model, entity = tables.analytics_packages, AnalyticsPackage, "analytics_package"
    newest_first = ("as_of", "recorded_at")

    def for_prediction(self, prediction_id: str) -> AnalyticsPackage | None:
        """Return the newest package of a prediction, or None."""
        with self._database.reading() as session:
            found = self._select(session, self.table.c.prediction_id == prediction_id, limit=1)
        return found[0] if found else None

    def latest(self, until: datetime | None = None) -> dict[str, AnalyticsPackage]:
        """Return the newest package of every machine that has one, none as of later than ``until``."""
        where = [] if until is None else [self.table.c.as_of <= until]
        with self._database.reading() as session:
            return self._latest_by_machine(session, *where)


class Reports(Journal[ReportRecord]):
    """Reports that were made."""

    table, model, entity = tables.reports, ReportRecord, "report"
    newest_first = ("created_at",)
