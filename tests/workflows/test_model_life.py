"""The life of a model: trained by task and mode, activated, rolled back, in the shadow, compared, promoted, watched."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import timedelta

import pytest
from typer.testing import CliRunner

import workbench
from workbench.cli.main import app
from workbench.domain.base import stable_id
from workbench.domain.models import Figure, ShadowPrediction
from workbench.domain.predictions import Horizons, Task
from workbench.errors import CorruptArtifact, InputError, NotFound, Stopped, WorkbenchError
from workbench.ml.models import Bundle
from workbench.workflows.train import is_trained

GEARBOX = "gearbox_sew_mc_016"
MODEL = "model_version"


def champion(ws, task=Task.HEALTH):
    return next(version for version in ws.models.active() if version.task is task)


def registered(ws, name, *, task=Task.HEALTH, payload=None, **changes):
    """Another version of the same question, by default with the champion's own bytes."""
    like = champion(ws, task)
    version = like.model_copy(update={"version_id": name, "active": False, **changes})
    return ws.models.register(version, payload or ws.models.payload(like.version_id), ws.change("test"))


def blind(ws):
    """Bytes of a health model that always answers with the base rates."""
    bundle = Bundle.from_bytes(ws.models.payload(champion(ws).version_id))
    bundle.estimator.boosters_ = [None] * 3
    return replace(bundle).to_bytes()


def test_activation_and_roll_back_go_one_step_each_and_are_logged(plant):
    first = champion(plant).version_id
    registered(plant, "second")
    registered(plant, "third")
    workbench.activate_model(plant, "second")
    workbench.activate_model(plant, "third", reason="newer sensors")
    assert plant.log.entries(MODEL, "third")[0].reason == "newer sensors"
    assert workbench.rollback_model(plant, "health").version_id == "second"
    assert workbench.rollback_model(plant, "health", reason="false alarms").version_id == first
    assert champion(plant).version_id == first
    entry = plant.log.entries(MODEL, first)[0]
    assert (entry.action, entry.reason) == ("activated", "false alarms")
    with pytest.raises(InputError, match="no earlier version of health"):
        workbench.rollback_model(plant, "health")
    workbench.activate_model(plant, "third")
    assert workbench.rollback_model(plant, "health").version_id == first


def test_roll_back_to_a_damaged_file_leaves_the_present_one_in_use(plant):
    first = champion(plant)
    registered(plant, "second", payload=blind(plant))
    workbench.activate_model(plant, "second")
    (plant.path / "models" / f"{first.artifact_sha256}.skops").unlink()
    with pytest.raises(CorruptArtifact):
        workbench.rollback_model(plant, "health")
    assert champion(plant).version_id == "second"


def test_what_another_release_made_is_not_put_in_use(plant):
    registered(plant, "old", libraries={"predictive-maintenance-workbench": "0.0.1"})
    with pytest.raises(WorkbenchError, match=r"trained by workbench 0\.0\.1"):
        workbench.activate_model(plant, "old")
    assert champion(plant).version_id != "old"


def test_what_a_gate_refused_can_be_watched_but_not_used(plant):
    registered(plant, "refused", refused=("no skill",))
    with pytest.raises(InputError, match="refused: no skill"):
        workbench.activate_model(plant, "refused")
    assert workbench.shadow_model(plant, "refused").shadow
    with pytest.raises(InputError, match="refused: no skill"):
        workbench.promote_model(plant, "health")
    with pytest.raises(InputError, match=r"Use one of: health, rul, anomaly, diagnosis"):
        workbench.rollback_model(plant, "helth")


def test_a_challenger_is_logged_beside_the_champion_and_never_shown(plant):
    before = workbench.predict(plant, [GEARBOX])
    registered(plant, "blind", payload=blind(plant))
    registered(plant, "other")
    workbench.shadow_model(plant, "other")
    workbench.shadow_model(plant, "blind")
    assert [version.version_id for version in plant.models.challengers()] == ["blind"]
    assert workbench.predict(plant, [GEARBOX]) == before
    (said,) = plant.shadow_predictions.of_version("blind")
    shown = before[0]
    assert (said.champion_id, said.prediction_id) == (shown.model_versions["health"], shown.prediction_id)
    assert said.champion["critical"] == pytest.approx(shown.health_probabilities[3])
    assert said.challenger["critical"] != said.champion["critical"]
    assert len(plant.predictions.history(GEARBOX)) == 1
    workbench.predict(plant, [GEARBOX])
    assert len(plant.shadow_predictions.all()) == 1, "the same question is asked once"
    workbench.shadow_model(plant, "blind", end=True)
    workbench.predict(plant, [GEARBOX], as_of=plant.as_of() - timedelta(hours=1))
    assert len(plant.shadow_predictions.all()) == 1


def test_the_maintenance_cycle_asks_challengers_too(plant):
    registered(plant, "second")
    workbench.shadow_model(plant, "second")
    workbench.run_cycle(plant, [GEARBOX])
    (said,) = plant.shadow_predictions.of_version("second")
    assert said.champion == said.challenger


def test_a_broken_challenger_never_stops_the_champion(plant):
    registered(plant, "broken", payload=b"WBMLnonsense")
    workbench.shadow_model(plant, "broken")
    (prediction,) = workbench.predict(plant, [GEARBOX])
    assert prediction.health_state is not None
    (said,) = plant.shadow_predictions.all()
    assert "not a model of this workbench" in said.error
    bundle = Bundle.from_bytes(plant.models.payload(champion(plant).version_id))
    bundle.estimator.boosters_ = bundle.estimator.boosters_[:2]
    registered(plant, "half", payload=bundle.to_bytes())
    workbench.shadow_model(plant, "half")
    workbench.predict(plant, [GEARBOX])
    assert "ValueError" in plant.shadow_predictions.of_version("half")[0].error
    assert workbench.compare_models(plant, "health").answers == 0


def log_answers(ws, challenger, *, sure, days=(1000, 40)):
    """Both answers every other day over ``days`` before the end; the challenger knows the coming failures when ``sure``."""
    first, change = champion(ws).version_id, ws.change("test")
    events = ws.events.frame()
    failures = events[events["kind"] == "failure"]
    for machine_id in ws.machines.ids()[:6]:
        own = failures.loc[failures["machine_id"] == machine_id, "time"]
        span = ws.telemetry.span(machine_id)
        begin, end = (ws.as_of() - timedelta(days=number) for number in days)
        at = max(span[0] + timedelta(days=20), begin) if span else end
        while at < end:
            ahead = ((own - at).dt.total_seconds() / 3600)[own > at].min()
            chances = {
                name: 0.95 if ahead <= h else 0.05
                for name, h in (("critical", 24), ("warning", 168), ("degrading", 720))
            }
            plain = {"says": "HEALTHY", "critical": 0.3, "warning": 0.3, "degrading": 0.3}
            ws.shadow_predictions.add(
                ShadowPrediction(
                    shadow_id=stable_id(machine_id, at),
                    version_id=challenger,
                    champion_id=first,
                    task=Task.HEALTH,
                    machine_id=machine_id,
                    as_of=at,
                    prediction_id="p",
                    champion=plain,
                    challenger={"says": "WARNING", **chances} if sure else plain,
                ),
                change,
            )
            at += timedelta(days=2)


def test_a_wrong_scope_is_told_the_scopes_that_there_are(plant):
    scope = champion(plant).scope
    for verb in (workbench.rollback_model, workbench.compare_models, workbench.promote_model):
        with pytest.raises(WorkbenchError) as caught:
            verb(plant, "health", scope="type:crane")
        assert caught.value.remedy == f"health has versions of {scope}: give one of these as the scope."


def test_a_better_challenger_is_told_from_what_happened_and_promoted_with_the_reason(plant):
    with pytest.raises(NotFound, match="answers in the shadow"):
        workbench.compare_models(plant, "health")
    registered(plant, "second")
    plant.evaluations.add(
        plant.evaluations.get(champion(plant).version_id).model_copy(update={"version_id": "second"}), plant.change("t")
    )
    workbench.shadow_model(plant, "second")
    none = workbench.compare_models(plant, "health")
    assert (none.answers, none.enough) == (0, False)
    assert "not enough evidence: 0 of 30" in none.verdict
    log_answers(plant, "second", sure=True)
    found = workbench.compare_models(plant, "health")
    assert found.enough
    assert found.labelled > 100
    assert found.difference.upper < 0
    assert found.verdict.startswith("the challenger is better")
    assert found.agreement == 0.0
    promoted = workbench.promote_model(plant, "health")
    assert (promoted.version_id, promoted.active, promoted.shadow) == ("second", True, False)
    assert "the challenger is better" in plant.log.entries(MODEL, "second")[0].reason


def test_answers_of_machines_that_ran_on_count_as_soon_as_those_of_machines_that_failed(plant):
    registered(plant, "second")
    plant.evaluations.add(
        plant.evaluations.get(champion(plant).version_id).model_copy(update={"version_id": "second"}), plant.change("t")
    )
    workbench.shadow_model(plant, "second")
    # For thirty days no machine can have outlived the longest horizon.
    log_answers(plant, "second", sure=True, days=(25, 10))
    found = workbench.compare_models(plant, "health")
    assert [name for name, _, _ in found.figures] == ["Brier score, critical horizon", "Brier score, warning horizon"]
    events = plant.events.frame()
    late = (events["kind"] == "failure") & (events["time"] >= plant.as_of() - timedelta(days=25))
    failing = set(events.loc[late, "machine_id"])
    logged = {one.machine_id for one in plant.shadow_predictions.of_version("second")}
    assert found.machines == len(logged) > len(failing & logged)
    assert found.labelled == len(plant.shadow_predictions.of_version("second"))


def test_answers_over_other_horizons_are_not_weighed_against_each_other(plant):
    registered(plant, "second")
    farther = Horizons(critical=120, warning=240, degrading=720)
    known = plant.evaluations.get(champion(plant).version_id)
    plant.evaluations.add(known.model_copy(update={"version_id": "second", "horizons": farther}), plant.change("t"))
    workbench.shadow_model(plant, "second")
    log_answers(plant, "second", sure=True)
    found = workbench.compare_models(plant, "health")
    assert found.verdict.startswith("not comparable: they look ahead over different horizons")
    assert (found.figures, found.difference, found.enough) == ((), None, False)
    assert found.answers > 100


def test_lives_of_machines_that_failed_count_no_sooner_than_those_of_machines_that_ran_on(plant):
    like = champion(plant, Task.RUL)
    registered(plant, "second", task=Task.RUL)
    known = plant.evaluations.get(like.version_id).model_copy(update={"version_id": "second"})
    plant.evaluations.add(known, plant.change("t"))
    workbench.shadow_model(plant, "second")
    events = plant.events.frame()
    failures = events[(events["kind"] == "failure") & (events["time"] >= plant.as_of() - timedelta(days=20))]
    # A machine whose record ends in its failure would have told of no longer life either.
    ran_on = [row for row in failures.itertuples() if plant.telemetry.span(row.machine_id)[1] > row.time]
    assert ran_on
    said = {"says": "about", "median": 100.0, "lower": 50.0, "upper": 200.0}
    for row in ran_on:
        answer = ShadowPrediction(
            shadow_id=stable_id(row.machine_id, row.time),
            version_id="second",
            champion_id=like.version_id,
            task=Task.RUL,
            machine_id=row.machine_id,
            as_of=row.time.to_pydatetime() - timedelta(days=5),
            prediction_id="p",
            champion=said,
            challenger=said,
        )
        plant.shadow_predictions.add(answer, plant.change("t"))
    found = workbench.compare_models(plant, "rul")
    assert (found.answers, found.labelled) == (len(ran_on), 0), "of 720 hours the record holds less than 25 days"


def test_equal_answers_show_no_difference(plant):
    registered(plant, "second")
    plant.evaluations.add(
        plant.evaluations.get(champion(plant).version_id).model_copy(update={"version_id": "second"}), plant.change("t")
    )
    workbench.shadow_model(plant, "second")
    log_answers(plant, "second", sure=False)
    assert workbench.compare_models(plant, "health").verdict.startswith("no difference shown")


def rivals(ws, name, value, interval, **changes):
    """Put another version in use, with this held-out skill and its interval."""
    like = champion(ws, Task.RUL)
    registered(ws, name, task=Task.RUL, **changes)
    skill = Figure(name="skill", value=value, lower=interval[0], upper=interval[1])
    known = ws.evaluations.get(like.version_id).model_copy(update={"version_id": name, "figures": (skill,)})
    ws.evaluations.add(known, ws.change("test"))
    ws.models.activate(name, ws.change("test"))


def test_a_training_of_one_task_keeps_a_champion_that_is_clearly_better(plant):
    at = champion(plant, Task.ANOMALY).as_of
    others = {version.version_id for version in plant.models.active() if version.task is not Task.RUL}
    rivals(plant, "paragon", 0.999, (0.998, 1.0))
    report = workbench.train(plant, "rul", as_of=at, seed=5)
    (version,) = report.versions
    assert not version.active
    assert "clearly worse on held-out machines than the active version: skill" in report.kept[0]
    assert champion(plant, Task.RUL).version_id == "paragon"
    assert {version.version_id for version in plant.models.active() if version.task is not Task.RUL} == others
    evaluation = plant.evaluations.get(version.version_id)
    figure = evaluation.figure("mae")
    assert figure.lower < figure.value < figure.upper
    assert figure.value == pytest.approx(version.metrics["mae"])
    assert evaluation.error_by_life
    assert evaluation.training_s > 0
    assert any("rows after it" in check for check in evaluation.checks)
    assert evaluation.folds == version.parameters["n_splits"]


def test_a_training_that_is_stopped_leaves_nothing(plant):
    before = plant.models.all()
    asked = iter([False, True])
    with pytest.raises(Stopped, match="Nothing of it is kept"):
        workbench.train(plant, as_of=champion(plant).as_of, seed=9, should_stop=asked.__next__)
    assert plant.models.all() == before


def test_alarms_are_judged_by_what_the_machines_cost(plant):
    said = plant.evaluations.get(champion(plant).version_id).alarms
    assert said.startswith(
        "An alarm is counted by the rule of orders, with the mean costs of each machine's failure modes"
    )
    assert "taken to cost three times" not in said, "the costs of every machine are known"


def trained_again(ws, version_id):
    """Say what a training that gives this version once more would report instead of using it."""
    from workbench.workflows.train import _why_kept

    active = next(v for v in ws.models.active() if v.task is ws.models.get(version_id).task)
    return _why_kept(ws, active, ws.models.get(version_id))


def test_a_champion_stays_only_by_more_than_luck_and_only_while_it_can_answer(plant):
    first = champion(plant, Task.RUL).version_id
    rivals(plant, "lucky", 0.999, (-0.9, 1.0))
    assert trained_again(plant, first) == "", "its own interval holds the other's figure"
    rivals(plant, "better", 0.999, (0.998, 1.0))
    assert "clearly worse" in trained_again(plant, first)
    file = plant.path / "models" / f"{plant.models.get('better').artifact_sha256}.skops"
    aside = file.rename(plant.path / "aside")
    assert trained_again(plant, first) == "", "its file is gone"
    aside.rename(file)
    rivals(plant, "foreign", 0.999, (0.998, 1.0), libraries={"predictive-maintenance-workbench": "0.0.1"})
    assert trained_again(plant, first) == "", "what another release made answers no more"


def test_what_was_rolled_back_does_not_come_back_by_itself(plant):
    registered(plant, "second")
    workbench.activate_model(plant, "second")
    workbench.rollback_model(plant, "health", reason="false alarms")
    assert "rolled back; to use it: workbench models activate second" in trained_again(plant, "second")


def test_a_training_may_only_cast_a_shadow(plant):
    first = champion(plant, Task.ANOMALY)
    (version,) = workbench.train(plant, Task.ANOMALY, as_of=first.as_of, seed=7, mode="shadow").versions
    assert (version.shadow, version.active) == (True, False)
    assert champion(plant, Task.ANOMALY) == first


@pytest.mark.slow
def test_a_training_may_only_register(plant):
    first = champion(plant, Task.ANOMALY)
    report = workbench.train(plant, "anomaly", as_of=first.as_of, seed=7, mode="register")
    assert report.kept == ("anomaly (fleet): registered only",)
    assert not report.versions[0].active
    assert not report.versions[0].shadow
    assert champion(plant, Task.ANOMALY) == first


def test_models_look_far_enough_ahead_to_order_a_critical_part(plant):
    before = champion(plant, Task.ANOMALY)
    seal = plant.parts.get("mechanical_seal")
    assert is_trained(plant, as_of=before.as_of)
    plant.parts.put(
        seal.model_copy(update={"critical": True, "lead_time_days": 5.0}), plant.change("not kept in stock")
    )
    assert not is_trained(plant, as_of=before.as_of), "what there is looks less far ahead"
    (version,) = workbench.train(plant, Task.ANOMALY, as_of=before.as_of).versions
    assert version.version_id != before.version_id
    evaluation = plant.evaluations.find(version.version_id)
    assert evaluation.horizons == Horizons(critical=120, warning=240, degrading=720)
    assert any("120, 240 and 720 operating hours" in limit for limit in evaluation.limits)
    for like in [one for one in plant.models.active() if one.task is not Task.ANOMALY]:
        registered(plant, f"{like.task} again", task=like.task)
        changes = {"version_id": f"{like.task} again", "horizons": evaluation.horizons}
        known = plant.evaluations.get(like.version_id).model_copy(update=changes)
        plant.evaluations.add(known, plant.change("trained anew"))
    assert is_trained(plant, as_of=before.as_of)


@pytest.mark.parametrize(
    ("given", "named"),
    [
        ({"task": "helth"}, "health, rul, anomaly, diagnosis"),
        ({"mode": "now"}, "activate, shadow, register"),
        ({"trials": 0}, "1 to 200"),
        ({"scope": "type:pump"}, "Scopes of this fleet: fleet"),
    ],
)
def test_what_cannot_be_trained_is_refused_by_name(plant, given, named):
    with pytest.raises(InputError, match=named):
        workbench.train(plant, **given)


def test_drift_is_recorded_for_every_active_model_and_names_what_moved(plant):
    reports = workbench.drift(plant)
    assert {report.version_id for report in reports} == {version.version_id for version in plant.models.active()}
    for report in reports:
        assert report.enough
        assert report.sensors
        assert plant.drift_reports.of_version(report.version_id) == [report]
    short = workbench.drift(plant, days=0.1)
    assert not short[0].enough
    assert "running readings needed" in short[0].note
    with pytest.raises(InputError, match="above 0"):
        workbench.drift(plant, days=0)


def test_the_commands_do_the_same(plant):
    from workbench.cli import commands  # noqa: F401 - registers the commands

    def run(*words):
        done = CliRunner().invoke(app, ["-w", str(plant.path), *words], catch_exceptions=False)
        assert done.exit_code == 0, done.output
        return done.stdout

    registered(plant, "second")
    first = champion(plant).version_id
    assert "second" in run("models", "list", "health")
    assert "answers in the shadow" in run("models", "shadow", "second")
    assert "not enough evidence" in run("models", "compare", "health")
    assert "second is active" in run("models", "promote", "health", "--reason", "asked for")
    assert f"{first} is active again" in run("models", "rollback", "health")
    assert json.loads(run("models", "activate", "second", "--json"))["version"]["active"]
    shown = run("models", "show", first)
    assert "95 % interval" in shown
    assert "limit of use" in shown
    assert "inputs" in run("drift")


def test_a_scheduled_drift_watch_tells_operations_when_readings_have_moved(plant, tmp_path):
    from workbench.workflows.jobs.verbs import perform

    def watch(as_of):
        task = {"workspace": str(plant.path), "job_id": "watch", "kind": "drift", "parameters": {"days": 10.0}}
        return perform(task | {"as_of": as_of.isoformat(), "submitted_by": "ann"}, lambda *_: None)

    end = plant.as_of()
    last = plant.machine_data(GEARBOX, end).telemetry.iloc[-240:]
    later = last.assign(time=last["time"] + timedelta(days=10))
    warmer = later.assign(**{name: later[name] + 12.0 for name in later if name.endswith("_temp_C")})
    warmer.to_csv(tmp_path / "warmer.csv", index=False)
    workbench.ingest(plant, tmp_path / "warmer.csv", machine_id=GEARBOX)
    result = watch(end + timedelta(days=10))
    assert result["models"] == len(plant.models.active())
    assert result["moved"]
    told = [notice for notice in plant.notices.all() if "moved away" in notice.subject]
    assert len(told) == 1
    assert "temperature (marked)" in told[0].body
    watch(end + timedelta(days=10))
    assert sum("moved away" in notice.subject for notice in plant.notices.all()) == 1
