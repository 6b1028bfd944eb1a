"""What warnings would have cost on the Azure fleet: stops and failures are counted as the protocol says."""

import numpy as np
import pytest

from workbench.workflows.benchmarks.azure import Answers
from workbench.workflows.benchmarks.azure_data import Fleet
from workbench.workflows.benchmarks.decision_azure import available, measure, ordered, replay

HOURS = 100


@pytest.fixture
def fleet():
    """Two machines of 100 hours; the first fails at 50 and 90, the second never."""
    return Fleet(
        machines=(),
        files=(),
        components=("comp1",),
        machine=np.repeat(np.array(["a", "b"], dtype=object), HOURS),
        row=np.tile(np.arange(HOURS), 2),
        hour=np.tile(np.arange(float(HOURS)), 2),
        failing=np.zeros((2 * HOURS, 1), dtype=bool),
        failures_h={"a": [50.0, 90.0], "b": []},
    )


def wanted(*hours: int) -> np.ndarray:
    rows = np.zeros(2 * HOURS, dtype=bool)
    rows[list(hours)] = True
    return rows


def test_a_stop_remedies_what_would_fail_in_a_day(fleet):
    kept = replay(fleet, wanted(30, 31, 40, HOURS + 5))
    assert kept.stops.tolist() == [1, 1]
    assert kept.failures.tolist() == [1, 0]
    assert kept.cost(10).tolist() == [11, 1]
    # At the hour of the failure, or more than a day before it, it is of no use.
    assert replay(fleet, wanted(25, 90)).failures.tolist() == [2, 0]
    never = replay(fleet, wanted())
    assert never.cost(10).tolist() == [20, 0]


def test_a_stop_pays_where_the_expected_cost_of_failing_exceeds_it():
    score = np.array([0.05, 0.15, 0.6])
    told = Answers(score, np.array([True, True, True]), None, is_probability=True)
    assert ordered(told, 2).tolist() == [False, False, True]
    assert ordered(told, 10).tolist() == [False, True, True]
    alarms = Answers(score, np.array([True, False, False]), None, is_probability=False)
    assert ordered(alarms, 10).tolist() == [True, False, False]


def test_acting_on_the_products_warnings_costs_less_than_running_to_failure(datasets):
    assert available(datasets) == ["azure"]
    ours, peers, files = measure(datasets, (0,), (10,), quick=True, progress=lambda _fraction, _message: None)
    assert ours["r10.cost_per_machine_year"] < peers["r10.run_to_failure.cost_per_machine_year"]
    assert len(ours["r10.cost_per_machine_year_interval"]) == 2
    assert {"logistic_24h", "error_rule", "signal_threshold", "run_to_failure"} == {key.split(".")[1] for key in peers}
    assert files
