"""Explanations of predictions and of models, as they were made."""

from __future__ import annotations

from workbench.domain.explanations import Explanation, GlobalExplanation
from workbench.domain.predictions import Task
from workbench.store import tables

from .base import Journal


class Explanations(Journal[Explanation]):
    """Why predictions say what they say."""

    table, model, entity = tables.explanations, Explanation, "explanation"
    newest_first = ("as_of", "recorded_at")

    def of_prediction(self, prediction_id: str, task: Task | None = None) -> list[Explanation]:
        """Return what explains a prediction (of one task, where given), in the order of tasks and then of ranks."""
        with self._database.reading() as session:
            found = self._select(session, self.table.c.prediction_id == prediction_id)
        order = list(Task)
        wanted = [one for one in found if task is None or one.task is task]
        return sorted(wanted, key=lambda one: (order.index(one.task), one.rank))


class ModelExplanations(Journal[GlobalExplanation]):
    """What models rest on over a fleet."""

    table, model, entity = tables.model_explanations, GlobalExplanation, "model_explanation"
    newest_first = ("as_of", "recorded_at")

    def of_model(self, version_id: str) -> list[GlobalExplanation]:
        """Return what explains a model version, one for each of its outputs, from the newest time it was explained."""
        with self._database.reading() as session:
            found = self._select(session, self.table.c.version_id == version_id)
        newest: dict[str, GlobalExplanation] = {}
        for one in found:
            newest.setdefault(one.output, one)
        return sorted(newest.values(), key=lambda one: one.rank)
