"""SDV's TVAE behind the same interface: its sequences, its seed, and what it cannot do, said in words."""

from __future__ import annotations

import pandas as pd
import pytest

from workbench.domain.synthesis import SynthesisCondition, SynthesisSettings, SynthesizerBackend
from workbench.errors import InputError, Stopped
from workbench.tvae import fit_synthesizer

from .conftest import COLUMNS

SETTINGS = SynthesisSettings(backend=SynthesizerBackend.SDV, epochs=50, batch_size=500, seed=1)


@pytest.mark.slow
def test_rows_come_sorted_by_the_life_left_and_a_seed_repeats_them(lives, synthesis):
    fitted = fit_synthesizer(lives, COLUMNS, SETTINGS)
    made = fitted.sample(rows=400, units=7, seed=2)
    assert list(made.columns) == list(COLUMNS.used)
    assert len(made) == 400
    assert made["life"].nunique() == 7
    assert made.groupby("life")["left_h"].apply(lambda left: left.is_monotonic_decreasing).all()
    assert set(made["fault"]) <= {"bearing", "winding"}
    assert len(fitted.losses) == 50
    again = fit_synthesizer(lives, COLUMNS, SETTINGS).sample(rows=400, units=7, seed=2)
    pd.testing.assert_frame_equal(made, again)
    with pytest.raises(InputError, match="is not kept"):
        fitted.to_bytes()
    with pytest.raises(InputError, match="without condition"):
        fitted.sample(units=1, seed=0, condition=SynthesisCondition(conditions={"fault": "bearing"}))


def test_it_neither_resumes_nor_begins_when_told_to_stop(lives):
    with pytest.raises(InputError, match="no checkpoints"):
        fit_synthesizer(lives, COLUMNS, SETTINGS, resume=b"")
    with pytest.raises(Stopped):
        fit_synthesizer(lives, COLUMNS, SETTINGS, should_stop=lambda: True)


def test_its_limits_are_those_of_our_own(lives):
    with pytest.raises(InputError, match="epochs is 1,001"):
        fit_synthesizer(lives, COLUMNS, SETTINGS.model_copy(update={"epochs": 1001}))
