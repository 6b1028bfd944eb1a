"""The dispatch benchmark: its instances are what they claim to be, and its figures come from plans that break no rule."""

from __future__ import annotations

from itertools import product

import pytest
from tests.conftest import extra

from workbench.errors import InputError
from workbench.workflows.benchmarks import run_benchmark
from workbench.workflows.benchmarks.dispatch_instances import instance


def test_instances_are_seeded_and_filled_to_what_people_can_do():
    for seed in range(20):
        given = instance(26, 8, 2, seed=seed)
        assert given == instance(26, 8, 2, seed=seed)
        assert given.jobs != instance(26, 8, 2, seed=seed + 1).jobs
        shifts = sum(shift.end_min - shift.start_min for person in given.people for shift in person.shifts)
        work = sum(job.minutes * job.people for job in given.jobs)
        assert 0.5 < work / shifts < 1.05, "the ways make up the rest"
        places = {job.machine_id: job.place for job in given.jobs}
        assert all(places[job.machine_id] == job.place for job in given.jobs), "a machine stands still"
        travel = given.travel_min
        assert all(travel[a][c] <= travel[a][b] + travel[b][c] for a, b, c in product(travel, repeat=3))


def test_an_unknown_subset_is_named_with_those_there_are():
    with pytest.raises(InputError, match=r"27x8") as raised:
        run_benchmark("dispatch", data=None, only=["27x8"])
    assert "26x8, 500x60, 10000x60" in raised.value.remedy


def test_a_quick_run_proves_the_small_size_and_beats_planning_by_hand():
    extra("optimize", "ortools")
    result = run_benchmark("dispatch", data=None, quick=True, only=["26x8"])
    metrics = result["metrics"]
    assert result["simulated"] is True
    assert metrics["26x8.violations"] == 0
    assert metrics["26x8.gap"] == metrics["26x8.gap_worst"] == 0.0
    assert 0 <= metrics["26x8.excess_over_insertion"] <= metrics["26x8.excess_over_insertion_worst"] <= 1
    assert 0 <= metrics["26x8.excess_over_first_available"] < 1
    low, high = metrics["26x8.excess_over_insertion_interval"]
    assert low <= metrics["26x8.excess_over_insertion"] <= high
    assert metrics["excess_over_insertion"] == metrics["26x8.excess_over_insertion"], "of all sizes that were run"
    assert metrics["violations"] == 0
