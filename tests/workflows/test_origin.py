"""No gate for real machines is passed on simulated data: such models are marked, never activated, and never answer."""

from __future__ import annotations

from datetime import timedelta

import pytest

from workbench.domain.simulation import TWIN_SOURCE
from workbench.errors import InputError
from workbench.store.settings_file import change_setting
from workbench.workflows.models import activate_model
from workbench.workflows.score import active_versions, predict
from workbench.workflows.train import train
from workbench.workspace import Workspace

PUMP = "pump_grundfos_cr3_004"


@pytest.fixture
def real(plant) -> Workspace:
    """The plant after somebody says that its machines are real, although the twin made their record."""
    change_setting(plant.path, "simulated", False)
    return Workspace.open(plant.path)


def test_the_twin_signs_the_events_that_it_makes_and_models_learned_from_them_are_marked(plant):
    assert set(plant.events.frame()["source"]) == {TWIN_SOURCE}
    assert all(version.simulated for version in plant.models.all())
    assert active_versions(plant, PUMP)


def test_a_model_of_simulated_machines_does_not_answer_for_real_ones(real):
    with real:
        assert real.models.active()
        assert active_versions(real, PUMP) == []
        (prediction,) = predict(real, [PUMP])
        assert prediction.health_state is None
        assert not prediction.health_evidence.enough
        with pytest.raises(InputError, match="simulated machines"):
            activate_model(real, real.models.active()[0].version_id)


def test_training_on_simulated_machines_passes_no_gate_for_real_ones(real):
    with real:
        report = train(real, "anomaly", as_of=real.as_of() - timedelta(days=120))
        assert report.versions
        for version in report.versions:
            assert version.simulated
            assert not version.active
            assert any("simulated machines" in reason for reason in version.refused)
            with pytest.raises(InputError):
                activate_model(real, version.version_id)
        assert any("no gate for real machines" in line for line in report.refused)
