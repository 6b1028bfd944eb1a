"""Planning needs OR-Tools; a problem of two people and a few jobs that tests change."""

from __future__ import annotations

from typing import Any

import pytest
from tests.conftest import extra

from workbench.domain.planning import PlanJob, PlanPerson, PlanProblem, Window


@pytest.fixture(scope="session", autouse=True)
def optimize() -> None:
    """Every test here needs OR-Tools."""
    extra("optimize", "ortools")


def job(job_id: str, **changes: Any) -> PlanJob:
    """Return an hour's work on a machine of its own in town, on either of two days, urgent enough to be done."""
    given = {"machine_id": f"machine of {job_id}", "place": "town", "minutes": 60, "waiting_cost": (0, 100)}
    return PlanJob(job_id=job_id, **{**given, "defer_cost": 100_000, **changes})


def person(name: str, **changes: Any) -> PlanPerson:
    """Return somebody who works from 8 to 16 on two days, lives in town and knows pumps."""
    shifts = tuple(Window(day=day, start_min=480, end_min=960) for day in (0, 1))
    given = {"title": name.title(), "home": "town", "skills": ("pumps",), "shifts": shifts, "rate_per_h": 6000}
    return PlanPerson(person_id=name, **{**given, **changes})


def problem(jobs: list[PlanJob], people: list[PlanPerson], **changes: Any) -> PlanProblem:
    """Return a problem of two days between town and a village half an hour away."""
    minutes = {"town": {"town": 0, "village": 30}, "village": {"town": 30, "village": 0}}
    return PlanProblem(days=2, jobs=tuple(jobs), people=tuple(people), travel_min=minutes, **changes)
