"""Every fault of a request for training is named, all at once, before anything is trained."""

from __future__ import annotations

import numpy as np
import pytest

from workbench.domain.synthesis import SequenceColumns, SynthesisSettings
from workbench.errors import InputError
from workbench.tvae import fit_synthesizer, input_faults

from .conftest import COLUMNS


def test_sound_input_has_no_fault(lives, settings):
    assert input_faults(lives, COLUMNS, settings) == []


def test_all_faults_are_listed_at_once(lives):
    bad = lives.drop(columns="rated").assign(
        vibration=np.nan,
        temperature="hot",
        load=[f"load {n}" for n in range(len(lives))],
        left_h=lives["left_h"].mask(lives["hour"] == 1),
    )
    bad = bad[bad["life"].isin(bad["life"].unique()[:2])]
    settings = SynthesisSettings(epochs=49, batch_size=2001, patience=0)
    with pytest.raises(InputError) as refused:
        fit_synthesizer(bad, COLUMNS, settings)
    told = str(refused.value)
    for part in (
        "epochs is 49; give 50 to 1,000",
        "batch_size is 2,001; give 100 to 2,000",
        "patience is 0",
        "'rated' is missing",
        "'vibration' holds no value at all",
        "'temperature' holds object",
        "'left_h' lacks 2 of its values",
        "2 units, 4 or more",
    ):
        assert part in told


def test_too_many_one_hot_columns_name_what_to_leave_out(lives, settings):
    wide = lives.assign(load=[f"load {n}" for n in range(len(lives))])
    (fault,) = input_faults(wide, COLUMNS, settings)
    assert "one-hot columns, at most 1,000" in fault
    assert "load (1," in fault


def test_units_too_short_and_columns_that_never_vary(lives, settings):
    (short,) = input_faults(lives[(lives["hour"] < 4) | (lives["life"] != "machine_007")], COLUMNS, settings)
    assert "1 of 30 units have fewer than 4 rows, e.g. 'machine_007'" in short
    dull = COLUMNS.model_copy(update={"continuous": ("rated",)})
    (still,) = input_faults(lives, dull, settings)
    assert "no continuous column varies" in still
    assert input_faults(lives.head(0), COLUMNS, settings) == ["the table has no rows"]


def test_columns_contradicting_each_other_are_refused():
    with pytest.raises(ValueError, match="named more than once"):
        SequenceColumns(unit="a", order="b", continuous=("b",))
    with pytest.raises(ValueError, match="not among the categorical"):
        SequenceColumns(unit="a", order="b", continuous=("c",), conditions=("d",))
