"""Synthetic data in the background: a training that is cancelled and tried again goes on from its checkpoint (S2)."""

from __future__ import annotations

import pytest
from tests.workflows.jobs.conftest import wait_for

import workbench
from workbench.domain.jobs import JobState
from workbench.domain.synthetic_sets import SynthesizerState
from workbench.errors import InputError
from workbench.store.synthetic_files import FOLDER
from workbench.workflows.jobs import cancel_job, retry_job, submit, watch_job

MACHINE = "gearbox_sew_mc_016"
LONG = {"learn_from": [MACHINE], "epochs": 150, "batch_size": 100, "patience": 1_000}


@pytest.mark.slow
def test_a_training_is_cancelled_and_goes_on_when_it_is_tried_again(plant, start_worker, deep):
    seeds = workbench.seed_data(plant, MACHINE, rows=1_000)
    start_worker(plant)
    job = submit(plant, "train_synthesizer", LONG)
    assert job.parameters["learn_from"] == [seeds.set_id]
    checkpoints = plant.path / FOLDER / "checkpoints"
    wait_for(lambda: list(checkpoints.glob("*-*")))
    wait_for(lambda: "loss" in plant.jobs.progress([job.job_id])[job.job_id].message)
    assert cancel_job(plant, job.job_id).state is JobState.CANCELLED
    (stopped,) = workbench.synthesizers(plant)
    # Its process was killed and could not say so itself.
    assert stopped.state is SynthesizerState.CANCELLED
    assert stopped.job_id == job.job_id
    assert "left" in plant.jobs.progress([job.job_id])[job.job_id].message
    retry_job(plant, job.job_id)
    told = [one.message for one in watch_job(plant, job.job_id)]
    again = [words for words in told[told.index("begun") :] if words.startswith("epoch")]
    assert int(again[0].split()[1]) > 25
    done = plant.jobs.get(job.job_id)
    assert (done.state, done.error) == (JobState.DONE, "")
    (trained,) = workbench.synthesizers(plant)
    assert trained.state is SynthesizerState.COMPLETED
    assert [one.epoch for one in trained.losses] == list(range(1, 151))
    assert done.result["synthesizer_id"] == trained.synthesizer_id
    rows = {"synthesizer_id": trained.synthesizer_id, "train": 1_000, "validation": 100, "test": 100}
    generated = submit(plant, "generate", rows)
    list(watch_job(plant, generated.job_id))
    made = plant.synthetic_sets.get(plant.jobs.get(generated.job_id).result["set_id"])
    judged = submit(plant, "judge_synthetic", {"set_id": made.set_id})
    list(watch_job(plant, judged.job_id))
    assert plant.synthetic_sets.get(made.set_id).quality.verdict == plant.jobs.get(judged.job_id).result["verdict"]


@pytest.mark.parametrize(
    ("kind", "parameters", "names"),
    [
        ("train_synthesizer", {"learn_from": [MACHINE], "epochs": 5}, r"(?s)no seed data.*epochs is 5"),
        ("train_synthesizer", {"learn_from": [], "size": 3}, "size"),
        ("generate", {"synthesizer_id": "x", "train": 5}, r"(?s)no synthesizer 'x'.*train is 5"),
        ("judge_synthetic", {"set_id": "x"}, "no synthetic set 'x'"),
    ],
)
def test_what_cannot_be_done_is_refused_before_anything_is_queued(plant, kind, parameters, names):
    with pytest.raises(InputError, match=names):
        submit(plant, kind, parameters)
    assert plant.jobs.all() == []
