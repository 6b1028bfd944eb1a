"""Tables of labelled samples: AI4I, the hydraulic rig and the FEMTO bearings, and what is refused in them."""

from __future__ import annotations

import pandas as pd
import pytest

from workbench.errors import NotFound, RefusedFile
from workbench.telemetry.readers.samples import (
    AI4I_LABELS,
    read_ai4i,
    read_ai4i_holdout,
    read_femto,
    read_femto_holdout,
    read_hydraulic,
    read_hydraulic_holdout,
)


@pytest.fixture
def publisher(datasets, tmp_path):
    """Some products in the publisher's own form."""
    rows = pd.read_parquet(datasets / "ai4i2020.parquet").head(300)
    rows.to_csv(tmp_path / "ai4i2020.csv", index=False)
    return tmp_path


def test_the_publishers_csv_and_the_parquet_copy_say_the_same(datasets, publisher):
    csv, parquet = read_ai4i(publisher), read_ai4i(datasets)
    pd.testing.assert_frame_equal(csv.inputs, parquet.inputs.head(300))
    pd.testing.assert_frame_equal(csv.labels, parquet.labels.head(300))
    assert list(csv.order[:3]) == [1, 2, 3]
    assert csv.inputs["Type"].iloc[:3].tolist() == [1.0, 0.0, 0.0]


def test_a_byte_order_mark_does_no_harm(publisher):
    path = publisher / "ai4i2020.csv"
    path.write_bytes(b"\xef\xbb\xbf" + path.read_bytes())
    assert len(read_ai4i(publisher).inputs) == 300


def test_labels_are_never_among_the_inputs(datasets):
    for read in (read_ai4i, read_hydraulic, read_femto):
        table = read(datasets)
        assert not set(table.inputs.columns) & (set(table.labels.columns) | set(AI4I_LABELS) | {"cycle", "snapshot"})
        assert len(table.inputs) == len(table.labels) == len(table.unit) == len(table.order) == len(table.extra)


def test_bearings_are_in_order_and_end_at_failure(datasets):
    table = read_femto(datasets)
    assert table.unit.nunique() == 14
    for _, mine in table.labels["rul_s"].groupby(table.unit):
        assert mine.is_monotonic_decreasing
        assert mine.iloc[-1] == 0
    for _, order in table.order.groupby(table.unit):
        assert order.is_monotonic_increasing
    assert set(table.extra["condition"]) == {1, 2, 3}
    assert 0 < table.extra["in_test_set"].mean() < 1


def test_holdouts_are_read_where_they_are(datasets, tmp_path):
    assert read_hydraulic_holdout(tmp_path) is None
    assert read_femto_holdout(tmp_path) is None
    assert read_ai4i_holdout(tmp_path) is None
    for name, read in (("hydraulic_cycle_means", read_hydraulic_holdout), ("ai4i2020", read_ai4i_holdout)):
        pd.read_parquet(datasets / f"{name}.parquet").tail(20).to_parquet(tmp_path / f"{name}_holdout.parquet")
        assert len(read(tmp_path).inputs) == 20


def change(publisher, old, new):
    path = publisher / "ai4i2020.csv"
    path.write_text(path.read_text().replace(old, new, 1))


@pytest.mark.parametrize(
    ("old", "new", "told"),
    [
        ("Torque [Nm]", "Torque", "column 'Torque \\[Nm\\]' is missing"),
        ("1,M14860,M,", "1,M14860,X,", "Type is 'X', not one of L, M, H"),
        (",1551,", ",fast,", "row 1, column Rotational speed \\[rpm\\]: not a number"),
        ("1551,42.8,0,0,0", "1551,42.8,0,2,0", "row 1, column Machine failure: 2.0 is not one of 0, 1"),
    ],
)
def test_what_is_wrong_is_named_with_its_place(publisher, old, new, told):
    change(publisher, old, new)
    with pytest.raises(RefusedFile, match=told):
        read_ai4i(publisher)


def test_a_folder_without_the_set_is_told_what_was_looked_for(tmp_path):
    with pytest.raises(NotFound, match=r"ai4i2020.csv or ai4i2020.parquet"):
        read_ai4i(tmp_path)
    with pytest.raises(NotFound, match=r"femto_features.parquet"):
        read_femto(tmp_path)
