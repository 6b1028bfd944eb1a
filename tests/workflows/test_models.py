"""Training, the registry and scoring together: versions, gates, cache, damaged files."""

from __future__ import annotations

from datetime import timedelta

import pytest

from workbench.domain.predictions import Task
from workbench.errors import CorruptArtifact, NotEnoughData, WorkbenchError
from workbench.workflows.model_cache import ModelCache
from workbench.workflows.onboard import create_workspace
from workbench.workflows.score import active_versions, predict_one
from workbench.workflows.train import is_trained, train


def test_trained_models_state_their_data_split_and_figures(plant):
    active = plant.models.active()
    assert Task.HEALTH in {version.task for version in active}
    for version in active:
        assert version.data_hash == plant.data_hash(as_of=version.as_of)
        assert version.split == "units"
        assert version.units > 0
        assert version.metrics
        assert version.simulated
        assert not version.refused
        assert len(version.artifact_sha256) == 64
        assert "scikit-learn" in version.libraries


def test_prediction_names_the_versions_it_came_from(plant):
    machine_id = "gearbox_sew_mc_016"
    prediction = predict_one(plant, machine_id)
    assert prediction.model_versions == {v.task.value: v.version_id for v in active_versions(plant, machine_id)}
    assert prediction.data_hash == plant.data_hash(machine_id)
    assert sum(prediction.health_probabilities) == pytest.approx(1.0)
    assert sum(mode.probability for mode in prediction.diagnosis.modes) == pytest.approx(1.0)
    assert "unknown" in [mode.mode for mode in prediction.diagnosis.modes]
    assert prediction.reasons


def test_new_events_make_the_models_outdated(plant):
    trained = plant.models.active()[0].as_of
    assert is_trained(plant, as_of=trained)
    assert not is_trained(plant)
    first = plant.events.frame().iloc[0]
    from workbench.domain.observations import AssetEvent

    event = AssetEvent(machine_id=first.machine_id, time=first.time, kind="inspection", cause="found", source="test")
    plant.events.add([event], plant.change("test"))
    assert not is_trained(plant, as_of=trained)


def test_model_that_knows_later_data_is_not_used_for_an_earlier_instant(plant):
    trained = plant.models.active()[0].as_of
    assert active_versions(plant, "gearbox_sew_mc_016", trained)
    assert active_versions(plant, "gearbox_sew_mc_016", trained - timedelta(seconds=1)) == []
    earlier = predict_one(plant, "gearbox_sew_mc_016", as_of=trained - timedelta(days=1))
    assert earlier.model_versions == {}
    assert earlier.health_state is None


def test_damaged_model_file_is_refused_not_used(plant):
    for file in (plant.path / "models").glob("*"):
        if file.suffix != ".md":
            content = bytearray(file.read_bytes())
            content[len(content) // 2] ^= 1
            file.write_bytes(bytes(content))
    version = plant.models.active()[0]
    with pytest.raises(CorruptArtifact):
        plant.models.payload(version.version_id)


def test_model_of_another_release_asks_for_training(plant, monkeypatch):
    from workbench.workflows import score

    changed = [v.model_copy(update={"libraries": {score.DISTRIBUTION: "0.0.1"}}) for v in plant.models.active()]
    monkeypatch.setattr(type(plant.models), "active", lambda self: changed)
    with pytest.raises(WorkbenchError, match="workbench train"):
        predict_one(plant, "gearbox_sew_mc_016")


def test_cache_keeps_the_five_last_used_and_reads_each_file_once(plant):
    version = plant.models.active()[0]
    payload = plant.models.payload(version.version_id)
    reads = []
    cache = ModelCache(5)

    def use(number: int) -> None:
        other = version.model_copy(update={"artifact_sha256": str(number)})
        cache.bundle(other, lambda: reads.append(number) or payload)

    for number in (1, 2, 3, 4, 5, 1, 6, 1, 2):
        use(number)
    assert reads == [1, 2, 3, 4, 5, 6, 2]
    assert len(cache) == 5


def test_training_without_telemetry_says_what_to_do(tmp_path):
    with create_workspace(tmp_path / "W", machines=True) as ws, pytest.raises(NotEnoughData, match="Ingest telemetry"):
        train(ws)


def test_shown_state_rises_at_once_and_falls_only_after_three_readings(plant):
    machine_id = "gearbox_sew_mc_016"
    trained = plant.models.active()[0].as_of
    change = plant.change("test")
    times = [trained + timedelta(hours=hour) for hour in range(5)]
    template = predict_one(plant, machine_id, as_of=times[0])
    for number, (time, state) in enumerate(zip(times[:2], (3, 3), strict=True)):
        known = {"prediction_id": str(number), "as_of": time, "data_until": time, "observed_state": state}
        plant.predictions.add(template.model_copy(update={**known, "health_state": state}), change)
    shown = []
    for time in times[2:]:
        prediction = predict_one(plant, machine_id, as_of=time)
        assert prediction.observed_state < 3
        plant.predictions.add(prediction, change)
        shown.append(int(prediction.health_state))
    assert shown[:2] == [3, 3]
    assert shown[2] < 3


def test_closed_order_lets_the_state_fall_at_once(plant):
    from workbench.domain.work import OrderState
    from workbench.workflows.cycle import run_cycle

    machine_id = "gearbox_sew_mc_016"
    trained = plant.models.active()[0].as_of
    run_cycle(plant, [machine_id], as_of=trained)
    [order] = plant.orders.open(machine_id)
    worse = plant.predictions.latest()[machine_id].model_copy(update={"observed_state": 3, "prediction_id": "worse"})
    plant.predictions.add(worse, plant.change("test"))
    held = predict_one(plant, machine_id, as_of=trained + timedelta(hours=2))
    plant.orders.update(order.model_copy(update={"state": OrderState.DONE}), plant.change("repaired"))
    freed = predict_one(plant, machine_id, as_of=trained + timedelta(hours=2))
    assert held.health_state == 3
    assert freed.health_state == freed.observed_state < 3
