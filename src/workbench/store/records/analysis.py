"""What was found out: predictions, what they mean, and the reports that show them."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime

from pydantic import BaseModel

from workbench.domain.analysis import AnalyticsPackage
from workbench.domain.base import Minor, UtcTime
from workbench.domain.predictions import Evidence, HorizonProbability, Prediction
from workbench.domain.reports import ReportRecord
from workbench.store import tables

from .base import Journal


class _Life(BaseModel):
    evidence: Evidence


class Odds(BaseModel):
    """How likely a failure is within so many hours, of a prediction."""

    as_of: datetime
    health_evidence: Evidence
    remaining_useful_life: _Life
    failure_probability: tuple[HorizonProbability, ...]

    @property
    def supported(self) -> bool:
        """Whether there is evidence behind it."""
        enough = self.health_evidence.enough or self.remaining_useful_life.evidence.enough
        return enough and bool(self.failure_probability)


class Predictions(Journal[Prediction]):
    """Every prediction ever made."""

    table, model, entity = tables.predictions, Prediction, "prediction"
    newest_first = ("as_of", "recorded_at")

    def latest(self, until: datetime | None = None) -> dict[str, Prediction]:
        """Return the newest prediction of every machine that has one, none as of later than ``until``."""
        where = [] if until is None else [self.table.c.as_of <= until]
        with self._database.reading() as session:
            return self._latest_by_machine(session, *where)

    def odds(self, prediction_ids: Iterable[str]) -> dict[str, Odds]:
        """Return how likely a failure is by each of these predictions."""
        return dict(self._shaped(self.table.c.prediction_id, prediction_ids, Odds))

    def history(self, machine_id: str, limit: int = 100) -> list[Prediction]:
        """Return the machine's predictions, newest first."""
        with self._database.reading() as session:
            return self._select(session, self.table.c.machine_id == machine_id, limit=limit)


class _Total(BaseModel):
    total: Minor
    production_loss: Minor


class _Best(BaseModel):
    at: UtcTime
    kind: str


class _When(BaseModel):
    best: _Best


class _Decision(BaseModel):
    rule: str = ""
    when: _When | None = None


class Stakes(BaseModel):
    """What a failure and the planned repair in its place cost, and when it is best done, of an analytics package."""

    failure_impact: _Total
    planned_impact: _Total
    decision: _Decision = _Decision()

    @property
    def stop_at(self) -> datetime | None:
        """When the work is best begun, where that is in a planned stop; a crossed critical limit waits for none."""
        when = self.decision.when
        if when is None or when.best.kind != "planned_stop" or self.decision.rule == "critical_limit":
            return None
        return when.best.at


class Packages(Journal[AnalyticsPackage]):
    """What predictions mean in money, downtime and action."""

    table, model, entity = tables.analytics_packages, AnalyticsPackage, "analytics_package"
    newest_first = ("as_of", "recorded_at")

    def for_prediction(self, prediction_id: str) -> AnalyticsPackage | None:
        """Return the newest package of a prediction, or None."""
        with self._database.reading() as session:
            found = self._select(session, self.table.c.prediction_id == prediction_id, limit=1)
        return found[0] if found else None

    def stakes(self, prediction_ids: Iterable[str]) -> dict[str, Stakes]:
        """Return what the newest package of each prediction says is at stake, by the prediction's id."""
        found = list(self._shaped(self.table.c.prediction_id, prediction_ids, Stakes))
        return dict(reversed(found))

    def latest(self, until: datetime | None = None) -> dict[str, AnalyticsPackage]:
        """Return the newest package of every machine that has one, none as of later than ``until``."""
        where = [] if until is None else [self.table.c.as_of <= until]
        with self._database.reading() as session:
            return self._latest_by_machine(session, *where)


class Reports(Journal[ReportRecord]):
    """Reports that were made."""

    table, model, entity = tables.reports, ReportRecord, "report"
    newest_first = ("created_at",)
