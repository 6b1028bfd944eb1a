"""Times as nanoseconds, whatever they are stored in."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from workbench.ml.arrays import nanoseconds, sensor_matrix

HOURS = pd.date_range("2024-03-30", periods=40, freq="h")
STORED = {
    "naive": HOURS,
    "UTC": HOURS.tz_localize("UTC"),
    "another zone": HOURS.tz_localize("UTC").tz_convert("Europe/Berlin"),
    "microseconds": HOURS.tz_localize("UTC").as_unit("us"),
    "seconds": HOURS.as_unit("s"),
}


@pytest.mark.parametrize("stored", STORED)
def test_times_are_nanoseconds_in_utc(stored):
    np.testing.assert_array_equal(nanoseconds(pd.Series(STORED[stored])), HOURS.asi8)


def test_times_held_as_objects_are_read_too():
    np.testing.assert_array_equal(nanoseconds(pd.Series(list(STORED["UTC"]), dtype=object)), HOURS.asi8)
    assert nanoseconds(pd.Series([], dtype=object)).tolist() == []


def test_sensors_of_any_type_become_floats_and_lacking_ones_gaps():
    frame = pd.DataFrame({"a": [1.0, np.nan, 3.0], "b": pd.array([1, None, 3], dtype="Int64"), "c": [4, 5, 6]})
    expected = [[1.0, 1.0, 4.0, np.nan], [np.nan, np.nan, 5.0, np.nan], [3.0, 3.0, 6.0, np.nan]]
    np.testing.assert_array_equal(sensor_matrix(frame, ("a", "b", "c", "d")), expected)
    np.testing.assert_array_equal(sensor_matrix(frame, ("a", "b", "c", "d"), first=1), expected[1:])
