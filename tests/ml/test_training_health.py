"""How a health model is judged and gated: by orders' own rule, without its silent horizons, and beyond chance."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from workbench.domain.equipment import LifeUnit
from workbench.domain.models import Figure
from workbench.domain.observations import MachineData
from workbench.domain.predictions import HealthState, Horizons, Task
from workbench.errors import CorruptArtifact
from workbench.ml import predict_machine, train_fleet
from workbench.ml.evaluation import Judgement
from workbench.ml.explain import Meaning
from workbench.ml.explain.margins import margins
from workbench.ml.features import build
from workbench.ml.models import Bundle, Models
from workbench.ml.serialize import pack, unpack
from workbench.ml.spec import default_horizons
from workbench.ml.train import Plan
from workbench.ml.training_data import gather
from workbench.ml.training_health import HORIZON_NAMES, gate, train_health

NONE = np.zeros(3)
MODE = "bearing_wear"


def judged(**skills):
    """A judgement of these skills: value, and the ends of its interval."""
    named = skills.items()
    figures = (Figure(name=f"brier_skill_{name}", value=v, lower=low, upper=high) for name, (v, low, high) in named)
    return Judgement(100, tuple(figures), {})


def test_a_skill_that_may_be_chance_is_not_enough():
    lucky = judged(critical=(0.05, -0.1, 0.2), warning=(0.2, -0.01, 0.4))
    (reason,) = gate(lucky, (), NONE)
    assert reason.startswith("no skill over the base rate is shown on held-out machines: critical horizon 0.05, 95 %")
    assert reason.endswith("; warning horizon 0.20, 95 % interval -0.01 to 0.40")
    shown = judged(critical=(0.05, -0.1, 0.2), warning=(0.2, 0.01, 0.4))
    assert gate(shown, (), NONE) == ()
    assert gate(shown, (), np.array([0.0, 0.02, 0.0])), "the choice among settings made it look better by more"
    assert gate(shown, ("warning",), NONE), "a silent horizon has no skill of its own"
    assert gate(judged(degrading=(0.3, 0.2, 0.4)), (), NONE), "a month ahead alone is too far"


@pytest.fixture(scope="module")
def wearing(build_machine):
    """Six machines whose wear shows for 300 h before each of two failures."""
    lives = [[(330 + 9 * k, "imbalance"), (780 - 11 * k, "bearing_wear")] for k in range(6)]
    made = [build_machine.worn(f"pump_test_{k:03d}", k, hours=900, lives=lives[k]) for k in range(6)]
    return gather("fleet", made, default_horizons(made[0].profile.life_unit), most_rows=1500)


def figures_of(outcome):
    return {figure.name: figure.value for figure in outcome.judgement.figures}


def test_alarms_are_judged_where_orders_are_made(wearing):
    dear = train_health(replace(wearing, act_from={f"pump_test_{k:03d}": 0.004 for k in range(6)}), 0, 1.0)
    cheap = train_health(replace(wearing, act_from={f"pump_test_{k:03d}": 0.9 for k in range(5)}), 0, 1.0)
    assert figures_of(dear)["recall_warning"] > figures_of(cheap)["recall_warning"]
    assert figures_of(dear)["precision_warning"] < figures_of(cheap)["precision_warning"]
    names = list(dear.bundle.estimator.feature_names_)
    told = [outcome.bundle.estimator.predict(wearing.samples.X[names]) for outcome in (dear, cheap)]
    assert np.array_equal(*told), "what alarms cost changes nothing of what is said"
    assert dear.judgement.alarms.endswith("exceeds the cost of planned work, above 0.4 %.")
    assert "above 33 % to 90 % by machine. Costs are known of 5 of 6 machines" in cheap.judgement.alarms
    assert not any("threshold" in name for name in dear.metrics)


@pytest.fixture(scope="module")
def far_sighted(build_machine):
    """What training gives where a critical part takes two weeks, loaded as predictions load it."""
    fleet = [
        build_machine.worn(f"pump_test_{k:03d}", k, hours=1600, lives=[(500 + 25 * k, MODE), (1200 + 20 * k, MODE)])
        for k in range(8)
    ]
    told = train_fleet(
        fleet,
        as_of=build_machine.end(fleet[0]),
        plan=Plan(tasks=(Task.HEALTH,)),
        lead_time_h={"pump_test_003": 14 * 24.0},
    )
    assert [model.refused for model in told] == [()]
    return told[0], Models(tuple(Bundle.from_bytes(model.payload) for model in told))


def test_a_part_that_takes_weeks_does_not_blur_a_failure_that_is_near(far_sighted, build_machine):
    model, models = far_sighted
    assert model.horizons == Horizons(critical=336, warning=672, degrading=1344)
    worn = build_machine.worn("pump_test_020", 120, hours=1100, lives=[(1106, MODE)])
    before = worn.events["time"] <= worn.telemetry["time"].iloc[-1]
    failing = replace(worn, events=worn.events[before].reset_index(drop=True))
    fresh = build_machine.worn("pump_test_021", 121, hours=400, lives=())
    near, far = (predict_machine(one, models, as_of=build_machine.end(one)) for one in (failing, fresh))
    # Interpolated from within two weeks, these would be at most a fourteenth and a half.
    assert near.probability_within(24) > 0.5
    assert near.probability_within(168) > 0.8
    assert far.probability_within(24) < 0.05
    assert near.health_state is HealthState.CRITICAL
    assert sum(near.health_probabilities) == pytest.approx(1)
    # Operating hours, of which a day has twenty.
    told = [one.hours * 20 / 24 for one in near.failure_probability]
    assert told == pytest.approx([24, 168, 336, 672, 1344], rel=0.05)
    assert any("within 24 operating hours: skill" in limit for limit in model.evaluation.limits)
    assert any("within 336 operating hours" in reason or "672 operating hours" in reason for reason in near.reasons)


def test_each_answer_over_a_nearer_horizon_can_be_explained(far_sighted, build_machine, explaining):
    _, models = far_sighted
    machine = build_machine.worn("pump_test_020", 120, hours=500, lives=())
    bundle = models.pick(Task.HEALTH, machine.profile)
    rows = build(machine, bundle.spec).iloc[-2:]
    found = margins(bundle.estimator, rows, Meaning(bundle.horizons, LifeUnit.OPERATING_H))
    assert [one.output for one in found][:2] == [f"failure within {span} operating hours" for span in (24, 168)]


@pytest.fixture(scope="module")
def sudden(build_machine):
    """Machines that fail without any sign."""
    rng = np.random.default_rng(5)
    made = []
    for k in range(6):
        fresh = build_machine.worn(f"pump_test_{k:03d}", 50 + k, hours=900)
        hours = np.sort(rng.integers(100, 890, 2)).tolist()
        moments = [fresh.telemetry["time"].iloc[hour] for hour in hours]
        events = build_machine.events([(moment, "failure", "imbalance") for moment in moments])
        made.append(MachineData(fresh.profile, fresh.telemetry, events))
    return train_health(gather("fleet", made, default_horizons(made[0].profile.life_unit), most_rows=1500), 0, 1.0)


def test_where_readings_tell_nothing_the_rate_is_answered_judged_and_refused(sudden):
    assert sudden.refused
    assert sudden.refused[0].startswith("no skill over the base rate is shown on held-out machines")
    silent = [
        name for name, booster in zip(HORIZON_NAMES, sudden.bundle.estimator.boosters_, strict=True) if not booster
    ]
    assert silent
    for name in silent[:2]:
        told = [figure.name for figure in sudden.judgement.figures if figure.name.endswith(f"_{name}")]
        assert told == [f"brier_skill_{name}"], "of one number for all rows nothing else can be asked"
        assert sudden.metrics[f"brier_skill_{name}"] <= 0
    drawn = {curve.question for curve in sudden.judgement.calibration}
    assert not drawn & {f"failure within the {name} horizon" for name in silent}


def test_an_artefact_of_before_loads_and_one_without_its_features_says_what_to_do(sudden):
    state = unpack(sudden.bundle.to_bytes())
    older = pack(state | {"facts": {"threshold_warning": 0.3}})
    assert Bundle.from_bytes(older).estimator.rates_ == sudden.bundle.estimator.rates_
    del state["spec"]
    with pytest.raises(CorruptArtifact, match="Train the model again"):
        Bundle.from_bytes(pack(state))
