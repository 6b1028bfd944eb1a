"""Synthetic data from seed to judgement: limits, the same twice, cancel and resume, and that nothing real is touched (S1-S5)."""

from __future__ import annotations

import json
import shutil
from datetime import UTC, datetime, timedelta

import pyarrow.parquet as pq
import pytest
from tests.conftest import extra
from typer.testing import CliRunner

import workbench
from workbench.catalog import load_catalogue
from workbench.cli import commands  # noqa: F401  (registers the commands)
from workbench.cli.main import app
from workbench.domain.synthetic_sets import SetKind, SynthesizerState
from workbench.errors import CorruptArtifact, InputError, Stopped
from workbench.store.synthetic_files import FOLDER
from workbench.twin import simulate_fleet
from workbench.workflows.demo import ingest_simulation
from workbench.workflows.model_cache import MostRecent
from workbench.workflows.onboard import add_catalogue, create_workspace, save_profile
from workbench.workflows.synthesis import generation
from workbench.workspace import Workspace

END = datetime(2026, 1, 1, tzinfo=UTC)
PUMP, MOTOR = "pump_grundfos_cr3_004", "motor_siemens_1la7_001"
QUICK = {"epochs": 50, "batch_size": 100}
SMALL = {"train": 1_000, "validation": 300, "test": 300}


@pytest.fixture(scope="module")
def empty_plant(tmp_path_factory):
    """Two machines with a week of readings, no synthetic data."""
    path = tmp_path_factory.mktemp("synthesis") / "plant"
    catalogue = load_catalogue()
    profiles = [profile for profile in catalogue.machines if profile.machine_id in (PUMP, MOTOR)]
    with create_workspace(path, settings={"name": "Plant", "as_of": END.isoformat(), "simulated": True}) as ws:
        add_catalogue(ws, only=(PUMP, MOTOR))
        fleet = simulate_fleet(profiles, start=END - timedelta(days=7), end=END, seed=0, sites=catalogue.sites)
        ingest_simulation(ws, fleet, reason="test fleet")
        workbench.seed_data(ws, PUMP, rows=1_000, failure_mode="bearing_wear")
    return path


@pytest.fixture(scope="module")
def made_plant(empty_plant, tmp_path_factory, deep):
    """The same with a trained synthesizer and a generated set."""
    path = tmp_path_factory.mktemp("synthesis") / "made"
    shutil.copytree(empty_plant, path)
    with Workspace.open(path) as ws:
        synthesizer = workbench.train_synthesizer(ws, PUMP, **QUICK)
        workbench.generate(ws, synthesizer.synthesizer_id, **SMALL)
    return path


@pytest.fixture
def plant(empty_plant, tmp_path):
    shutil.copytree(empty_plant, tmp_path / "W")
    with Workspace.open(tmp_path / "W") as ws:
        yield ws


@pytest.fixture
def made(made_plant, tmp_path):
    shutil.copytree(made_plant, tmp_path / "W")
    with Workspace.open(tmp_path / "W") as ws:
        yield ws


def generated(ws):
    (one,) = ws.synthetic_sets.of_kind(SetKind.GENERATED)
    return one


def test_seed_data_are_lives_to_the_failure_marked_as_simulated(plant):
    (made,) = plant.synthetic_sets.all()
    assert (made.kind, made.scope, made.rows, made.simulated) == (SetKind.SEED, PUMP, 1_000, True)
    file = made.files["seed"]
    assert file.size == (plant.path / file.path).stat().st_size
    assert file.made_s > 0
    assert json.loads(pq.read_schema(plant.path / file.path).metadata[b"workbench"])["simulated"] is True
    lives = workbench.read_synthetic(plant, made.set_id)
    assert len(lives) == 1_000
    assert (lives.groupby("unit")["remaining_life_h"].last() == 0).all()
    assert workbench.seed_data(plant, PUMP, rows=1_000, failure_mode="bearing_wear") == made
    assert workbench.seed_data(plant, PUMP, rows=1_000, failure_mode="bearing_wear", seed=1).set_id != made.set_id


def test_every_fault_of_a_request_for_seed_data_is_named_at_once(plant):
    with pytest.raises(InputError) as caught:
        workbench.seed_data(plant, PUMP, rows=999, failure_mode="rust", seed=-1)
    said = str(caught.value)
    assert "3 faults" in said
    assert "rows is 999; give 1,000 to 100,000" in said
    assert "'rust'" in said
    assert "bearing_wear, cavitation" in said
    with pytest.raises(InputError, match="rows is 100,001") as caught:
        workbench.seed_data(plant, "pump_grundfos_cr3_005", rows=100_001)
    assert "Did you mean" in str(caught.value)
    assert len(plant.synthetic_sets.all()) == 1


def test_seed_data_without_a_physical_twin_say_where_they_come_from(plant):
    (physical,) = plant.synthetic_sets.all()
    assert physical.notes == ()
    pump = plant.machines.get(PUMP)
    bare = pump.model_copy(update={"twin": pump.twin.model_copy(update={"composition": None})})
    save_profile(plant, bare)
    made = workbench.seed_data(plant, PUMP, rows=1_000, failure_mode="bearing_wear")
    assert made.set_id != physical.set_id
    assert "simulator of hourly records" in made.notes[0]
    assert plant.synthetic_sets.get(made.set_id).notes == made.notes


def test_seed_data_that_are_stopped_leave_nothing(plant):
    before = plant.synthetic_sets.all()
    with pytest.raises(Stopped):
        workbench.seed_data(plant, PUMP, rows=1_000, seed=9, should_stop=lambda: True)
    assert plant.synthetic_sets.all() == before


def test_every_fault_of_a_request_for_a_synthesizer_is_named_at_once(plant):
    with pytest.raises(InputError) as caught:
        workbench.train_synthesizer(
            plant, ["motor_siemens_1la7_002", MOTOR], epochs=49, batch_size=2_001, backend="gan"
        )
    said = str(caught.value)
    for fault in ("5 faults", "no machine 'motor_siemens_1la7_002'", f"no seed data of '{MOTOR}'", "epochs is 49; give 50 to 1,000",
                  "batch_size is 2,001; give 100 to 2,000", "backend 'gan' is unknown; use one of: temporal, sdv"):  # fmt: skip
        assert fault in said
    assert plant.synthesizers.all() == []


def test_every_fault_of_a_request_for_sequences_is_named_at_once(made):
    (synthesizer,) = made.synthesizers.all()
    condition = {"conditions": {"failure_mode": "rust", "colour": "red"}, "remaining_life": (0, 100)}
    with pytest.raises(InputError) as caught:
        workbench.generate(made, synthesizer.synthesizer_id, train=2_000, validation=1_001, test=0, condition=condition)
    said = str(caught.value)
    for fault in ("4 faults", "validation is 1,001; give 1 to 1,000, half of train", "test is 0", "colour is no column of condition",
                  "failure_mode 'rust' was not in training; known: bearing_wear"):  # fmt: skip
        assert fault in said
    with pytest.raises(InputError, match="train is 10; give 1,000") as caught:
        workbench.generate(made, "unknown", train=10, condition={"remaining_life": (9, 3)})
    assert "no synthesizer 'unknown'" in str(caught.value)
    assert "remaining_life" in str(caught.value)
    assert len(made.synthetic_sets.of_kind(SetKind.GENERATED)) == 1


def test_a_trained_synthesizer_keeps_its_losses_and_is_not_trained_twice(made):
    (done,) = made.synthesizers.all()
    assert (done.state, done.fraction, done.scope) == (SynthesizerState.COMPLETED, 1.0, PUMP)
    assert [one.epoch for one in done.losses] == list(range(1, len(done.losses) + 1))
    assert done.losses[-1].loss < done.losses[0].loss
    assert done.training_s > 0
    told = []
    assert workbench.train_synthesizer(made, PUMP, progress=lambda *said: told.append(said), **QUICK) == done
    assert told == []
    assert not list((made.path / FOLDER / "checkpoints").glob("*"))


def test_a_training_that_is_stopped_goes_on_and_ends_as_if_it_never_had(made_plant, plant):
    messages = []

    def stop() -> bool:
        return len(messages) >= 30

    with pytest.raises(Stopped):
        workbench.train_synthesizer(
            plant, PUMP, progress=lambda _, said: messages.append(said), should_stop=stop, **QUICK
        )
    (stopped,) = workbench.synthesizers(plant)
    assert stopped.state is SynthesizerState.CANCELLED
    assert stopped.losses[-1].epoch == 30
    assert "left" in messages[5]
    with pytest.raises(InputError, match="is cancelled; only a completed one"):
        workbench.generate(plant, stopped.synthesizer_id)
    again = []
    done = workbench.train_synthesizer(plant, PUMP, progress=lambda _, said: again.append(said), **QUICK)
    assert "epoch 31" in again[0]
    with Workspace.open(made_plant) as whole:
        (uninterrupted,) = whole.synthesizers.all()
    assert done.losses == uninterrupted.losses
    assert done.artifact_sha256 == uninterrupted.artifact_sha256
    assert done.training_s > stopped.training_s


def test_a_training_whose_job_was_ended_is_as_its_job(made):
    (done,) = made.synthesizers.all()
    job = workbench.submit(made, "train_synthesizer", {"learn_from": [PUMP], "epochs": 60})
    update = {"synthesizer_id": "other", "state": SynthesizerState.RUNNING, "job_id": job.job_id}
    made.synthesizers.begin(done.model_copy(update=update), made.change("begun by a worker that was killed"))
    states = {one.synthesizer_id: one.state for one in workbench.synthesizers(made)}
    assert states["other"] is SynthesizerState.PENDING
    workbench.cancel_job(made, job.job_id)
    states = {one.synthesizer_id: one.state for one in workbench.synthesizers(made)}
    assert states == {"other": SynthesizerState.CANCELLED, done.synthesizer_id: SynthesizerState.COMPLETED}


def test_a_checkpoint_that_cannot_be_read_is_left_and_said(plant, deep):
    with pytest.raises(Stopped):
        workbench.train_synthesizer(plant, PUMP, should_stop=lambda: True, **QUICK)
    (checkpoint,) = (plant.path / FOLDER / "checkpoints").iterdir()
    checkpoint.write_bytes(b"noise")
    done = workbench.train_synthesizer(plant, PUMP, **QUICK)
    assert done.state is SynthesizerState.COMPLETED
    assert "began anew" in done.notes[0]


def test_the_three_parts_have_their_rows_and_share_neither_seed_nor_life(made):
    one = generated(made)
    assert {part: file.rows for part, file in one.files.items()} == SMALL
    assert len({file.seed for file in one.files.values()}) == 3
    parts = {part: workbench.read_synthetic(made, one.set_id, part) for part in one.files}
    names = [set(frame["unit"]) for frame in parts.values()]
    assert len(set.union(*names)) == sum(map(len, names))
    # One sensor may read the same twice; all of them together may not.
    rows = [set(frame[list(one.columns.continuous)].itertuples(index=False)) for frame in parts.values()]
    assert len(set.union(*rows)) == sum(map(len, rows)) == sum(SMALL.values())
    assert list(parts["train"].columns) == list(one.columns.used)
    assert workbench.generate(made, one.synthesizer_id, **SMALL) == one


def test_sequences_by_condition_lie_within_it(made):
    condition = {"conditions": {"failure_mode": "bearing_wear"}, "remaining_life": (0, 150)}
    one = workbench.generate(made, generated(made).synthesizer_id, **SMALL, condition=condition)
    frame = workbench.read_synthetic(made, one.set_id, "test")
    assert len(frame) == 300
    assert frame["remaining_life_h"].between(0, 150).all()
    assert set(frame["failure_mode"]) == {"bearing_wear"}


def test_a_changed_file_of_a_set_is_refused_and_made_again(made):
    one = generated(made)
    (made.path / one.files["test"].path).write_bytes(b"other")
    with pytest.raises(CorruptArtifact, match="workbench synthetic generate"):
        workbench.read_synthetic(made, one.set_id, "test")
    again = workbench.generate(made, one.synthesizer_id, **SMALL)
    assert again.files["test"].sha256 == one.files["test"].sha256
    with pytest.raises(InputError, match="has no part 'seed'"):
        workbench.read_synthetic(made, one.set_id, "seed")


def test_nothing_real_changes(empty_plant, made):
    def real(ws):
        orders = [order.model_dump() for order in ws.orders.all()]
        return (
            ws.data_hash(),
            ws.telemetry.rows(),
            len(ws.events.frame(PUMP, END)),
            ws.parts.all(),
            orders,
            ws.models.all(),
        )

    with Workspace.open(empty_plant) as before:
        assert real(made) == real(before)


def test_a_set_is_judged_against_what_it_was_learned_from_and_fresh_lives(made):
    one = generated(made)
    quality = workbench.judge_synthetic(made, one.set_id)
    assert {
        "quality",
        "closer_to_train",
        "dcr_ratio",
        "autocorrelation_distance",
        "tstr_over_trtr",
        "augmentation",
    } <= {figure.name for figure in quality.figures}
    assert all(figure.verdict for figure in quality.figures)
    kept = made.synthetic_sets.get(one.set_id)
    assert kept.quality == quality
    assert kept.judged_at is not None
    assert workbench.synthesis_statistics(made).judged == 1
    (seed,) = made.synthetic_sets.of_kind(SetKind.SEED)
    with pytest.raises(InputError, match="is seed data"):
        workbench.judge_synthetic(made, seed.set_id)


def test_statistics_tell_what_was_made_and_what_is_in_memory(made, monkeypatch):
    monkeypatch.setattr(generation, "cache", MostRecent(5))
    told = workbench.synthesis_statistics(made)
    assert told.synthesizers == {"completed": 1}
    assert told.sets == {"seed": 1, "generated": 1}
    assert told.rows == {"seed": 1_000, "generated": 1_600}
    assert told.size == sum(one.size for one in made.synthetic_sets.all())
    assert (told.judged, told.mean_quality, told.most_in_memory) == (0, None, 5)


def test_at_most_five_synthesizers_stay_in_memory():
    cache, read = MostRecent(5), []
    for number in (1, 2, 3, 4, 5, 1, 6, 1, 2):
        cache.get(number, lambda number=number: read.append(number))
    assert read == [1, 2, 3, 4, 5, 6, 2]
    assert len(cache) == 5


def test_several_machines_are_learned_together_by_what_they_share(plant, deep):
    from workbench.workflows.synthesis.learning import learning_data, seed_sets

    workbench.seed_data(plant, MOTOR, rows=1_000)
    sets, faults = seed_sets(plant, [PUMP, MOTOR])
    assert faults == []
    frame, columns = learning_data(plant, sets)
    assert len(frame) == 2_000
    assert "machine_type" in columns.conditions
    assert "bearing_temp_C" in columns.continuous
    assert "flow_m3_h" not in columns.continuous
    assert set(frame["machine_type"]) == {"pump", "motor"}


@pytest.mark.slow
def test_a_synthesizer_of_sdv_is_not_kept_but_fitted_again(plant, monkeypatch):
    extra("synthesis", "sdv")
    done = workbench.train_synthesizer(plant, PUMP, backend="sdv", **QUICK)
    assert (done.state, done.artifact_sha256) == (SynthesizerState.COMPLETED, None)
    assert "sdv" in done.libraries
    first = workbench.generate(plant, done.synthesizer_id, **SMALL)
    # As in another process, which has nothing in memory.
    monkeypatch.setattr(generation, "cache", MostRecent(5))
    (plant.path / first.files["train"].path).unlink()
    again = workbench.generate(plant, done.synthesizer_id, **SMALL)
    assert again.files["train"].sha256 == first.files["train"].sha256


@pytest.fixture
def command(made):
    def run(*words: str):
        done = CliRunner().invoke(app, ["-w", str(made.path), "synthetic", *words])
        if isinstance(done.exception, InputError):
            raise done.exception
        assert done.exit_code == 0, done.output
        return done.stdout

    return run


def test_the_commands_say_what_they_made_and_what_comes_next(command, made):
    one = generated(made)
    assert f"Next: workbench -w {made.path} synthetic train" in command(
        "seed", PUMP, "--rows", "1000", "--mode", "bearing_wear"
    )
    assert one.synthesizer_id in command("train", PUMP, "--epochs", "50", "--batch-size", "100")
    words = ("generate", one.synthesizer_id, "--train", "1000", "--validation", "300", "--test", "300")
    assert one.set_id in command(*words)
    conditioned = json.loads(command(*words, "--mode", "bearing_wear", "--last-hours", "100", "--json"))["set"]
    assert conditioned["condition"] == {"remaining_life": [0.0, 100.0], "conditions": {"failure_mode": "bearing_wear"}}
    listed = command("list")
    assert one.set_id in listed
    assert "not judged yet" in listed
    told = json.loads(command("list", "--json"))
    assert told["statistics"]["sets"] == {"seed": 1, "generated": 2}
    with pytest.raises(InputError, match="rows is 10"):
        command("seed", PUMP, "--rows", "10")
    with pytest.raises(InputError, match="COLUMN=VALUE"):
        command("generate", one.synthesizer_id, "--where", "failure_mode")


def test_a_training_in_the_background_is_pending_until_a_worker_takes_it(command, made):
    said = command("train", PUMP, "--epochs", "60", "--background", "--json")
    job = json.loads(said[said.index("{") :])["job"]
    assert job["parameters"]["learn_from"] == [made.synthetic_sets.of_kind(SetKind.SEED)[0].set_id]
    assert "pending" in command("list")
    with pytest.raises(InputError, match="epochs is 5;"):
        command("train", PUMP, "--epochs", "5", "--background")
