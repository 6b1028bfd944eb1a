"""The temporal TVAE as a user meets it: what it makes, that it repeats, stops, goes on and is kept."""

from __future__ import annotations

import subprocess
import sys

import numpy as np
import pandas as pd
import pytest

from workbench.domain.synthesis import SynthesisCondition
from workbench.errors import CorruptArtifact, InputError, Stopped
from workbench.tvae import fit_synthesizer, load_synthesizer

from .conftest import COLUMNS


def test_it_makes_the_units_and_rows_asked_for_typed_as_in_training(fitted, lives):
    made = fitted.sample(rows=700, units=12, seed=1)
    assert len(made) == 700
    assert made["life"].nunique() == 12
    assert list(made.columns) == list(COLUMNS.used)
    assert made.dtypes.drop("life").equals(lives[list(COLUMNS.used)].dtypes.drop("life"))
    assert len(fitted.sample(rows=333, seed=1)) == 333
    assert len(fitted.sample(rows=25, seed=1)) == 25
    assert fitted.sample(units=7, seed=1)["life"].nunique() == 7


def test_values_are_such_as_training_held(fitted, lives):
    made = fitted.sample(units=40, seed=2)
    assert set(made["steps"]) <= set(lives["steps"])
    assert set(made["rated"]) == {11.0}
    assert set(made["load"]) == {"heavy", "light"}
    assert made.groupby("life")["fault"].nunique().eq(1).all()
    assert not made.isna().any().any()
    share = (made["load"] == "heavy").mean()
    assert abs(share - (lives["load"] == "heavy").mean()) < 0.1


def test_every_life_runs_to_its_failure(fitted):
    made = fitted.sample(units=20, seed=3)
    for _, one in made.groupby("life"):
        assert one["left_h"].iloc[-1] == 0
        assert (one["left_h"].diff().dropna() == -1).all()
        assert (one["hour"].diff().dropna() == 1).all()
        assert one["hour"].iloc[0] == 1


def test_wear_shows_in_the_fault_that_has_it_and_only_there(fitted):
    made = fitted.sample(units=60, seed=4)
    end, early = made[made["left_h"] < 5], made[made["left_h"] > 40]
    rise = end.groupby("fault")["vibration"].mean() - early.groupby("fault")["vibration"].mean()
    assert rise["bearing"] > 2
    assert abs(rise["winding"]) < 0.8


def test_columns_keep_their_dependence_on_the_load(fitted, lives):
    made = fitted.sample(units=60, seed=5)

    def gap(table: pd.DataFrame) -> float:
        early = table[table["left_h"] > 30].groupby("load")["temperature"].mean()
        return early["heavy"] - early["light"]

    assert gap(made) == pytest.approx(gap(lives), abs=1.5)


def test_a_seed_repeats_and_another_does_not(fitted):
    first = fitted.sample(units=5, seed=6)
    pd.testing.assert_frame_equal(first, fitted.sample(units=5, seed=6))
    assert not first["vibration"].head(40).equals(fitted.sample(units=5, seed=7)["vibration"].head(40))


def test_a_condition_holds_in_every_row(fitted):
    asked = SynthesisCondition(remaining_life=(2, 9), conditions={"fault": "bearing"})
    made = fitted.sample(rows=100, seed=8, condition=asked)
    assert len(made) == 100
    assert made["left_h"].between(2, 9).all()
    assert set(made["fault"]) == {"bearing"}
    assert made["hour"].min() > 10, "the last hours of a life are not its first"
    assert fitted.sample(units=6, seed=8, condition=asked)["life"].nunique() == 6


def test_a_condition_that_training_did_not_hold_is_refused_with_all_its_faults(fitted):
    asked = SynthesisCondition(conditions={"fault": "rust", "load": "heavy"})
    with pytest.raises(InputError, match=r"'rust'.*bearing, winding.*'load' is no condition"):
        fitted.sample(units=2, seed=0, condition=asked)
    with pytest.raises(InputError, match="Hardly a unit"):
        fitted.sample(units=2, seed=0, condition=SynthesisCondition(remaining_life=(500, 600)))


@pytest.mark.parametrize(
    "demand", [{}, {"rows": 0}, {"units": -1}, {"rows": 5, "units": 4}], ids=["nothing", "none", "negative", "too few"]
)
def test_a_demand_that_cannot_be_met_is_refused(fitted, demand):
    with pytest.raises(InputError):
        fitted.sample(seed=0, **demand)


def test_bytes_give_the_same_synthesizer_and_changed_ones_none(fitted):
    data = fitted.to_bytes()
    again = load_synthesizer(data)
    pd.testing.assert_frame_equal(again.sample(units=4, seed=1), fitted.sample(units=4, seed=1))
    assert again.losses == fitted.losses
    assert again.columns == COLUMNS
    changed = bytearray(data)
    changed[-7] ^= 1
    for bad in (bytes(changed), b"", b"WBML" + data[4:], data[:60]):
        with pytest.raises(CorruptArtifact):
            load_synthesizer(bad)


def test_a_stopped_run_goes_on_as_if_it_had_not_been(fitted, lives, settings):
    kept: list[bytes] = []
    told: list[str] = []

    def heard(_: float, message: str) -> None:
        told.append(message)

    with pytest.raises(Stopped, match="after epoch 31 of 60"):
        fit_synthesizer(
            lives,
            COLUMNS,
            settings,
            progress=heard,
            should_stop=lambda: len(told) >= 31,
            on_checkpoint=kept.append,
        )
    assert len(kept) == 2, "one at epoch 25 and one at the stop"
    assert "epoch 31 of 60, loss " in told[-1]
    resumed = fit_synthesizer(lives, COLUMNS, settings, resume=kept[-1])
    assert resumed.losses == fitted.losses
    pd.testing.assert_frame_equal(resumed.sample(units=3, seed=1), fitted.sample(units=3, seed=1))
    with pytest.raises(InputError, match="other settings"):
        fit_synthesizer(lives, COLUMNS, settings.model_copy(update={"seed": 4}), resume=kept[-1])
    with pytest.raises(InputError, match="other data"):
        fit_synthesizer(lives.iloc[:-3], COLUMNS, settings, resume=kept[-1])
    with pytest.raises(CorruptArtifact):
        load_synthesizer(kept[-1])
    with pytest.raises(CorruptArtifact):
        fit_synthesizer(lives, COLUMNS, settings, resume=fitted.to_bytes())


def test_training_ends_early_when_units_kept_aside_gain_nothing(lives, settings):
    made = fit_synthesizer(lives, COLUMNS, settings.model_copy(update={"epochs": 100, "patience": 1}))
    assert 50 < len(made.losses) < 100
    assert all(one.validation_loss is not None for one in made.losses)


def test_times_gaps_and_units_that_never_failed(deep):
    rng = np.random.default_rng(0)
    frame = pd.concat(
        pd.DataFrame(
            {
                "pump": number,
                "time": pd.date_range("2026-03-01", periods=30 + number, freq="h", tz="UTC").astype(
                    "datetime64[us, UTC]"
                ),
                "flow": np.sin(np.arange(30 + number) / 4) + rng.normal(0, 0.1, 30 + number),
            }
        )
        for number in range(6)
    )
    frame.iloc[3:9, 2] = np.nan
    columns = COLUMNS.model_copy(
        update={"unit": "pump", "order": "time", "remaining_life": None, "continuous": ("flow",)}
        | {"categorical": (), "conditions": ()}
    )
    shuffled = frame.sample(frac=1, random_state=0)
    from workbench.domain.synthesis import SynthesisSettings

    fitted = fit_synthesizer(shuffled, columns, SynthesisSettings(epochs=50, batch_size=100))
    made = fitted.sample(units=4, seed=0)
    assert made.dtypes.equals(frame.dtypes)
    assert made.groupby("pump")["time"].diff().dropna().eq(pd.Timedelta(hours=1)).all()
    assert made["flow"].between(frame["flow"].min(), frame["flow"].max()).all()
    with pytest.raises(InputError, match="no remaining life"):
        fitted.sample(units=1, seed=0, condition=SynthesisCondition(remaining_life=(0, 5)))


def test_importing_the_engine_takes_neither_torch_nor_sdv_along():
    code = (
        "import workbench.tvae, sys; print([m for m in ('torch', 'sdv', 'sdmetrics', 'sklearn') if m in sys.modules])"
    )
    assert subprocess.check_output([sys.executable, "-c", code], text=True).strip() == "[]"
