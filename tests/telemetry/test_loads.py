"""The steel plant in its publisher's form and the hourly load of PJM: local times, day ends, changes of clocks."""

from __future__ import annotations

import pandas as pd
import pytest

from workbench.errors import NotFound, RefusedFile
from workbench.telemetry.readers.pjm import read_pjm
from workbench.telemetry.readers.steel import read_steel

HEADER = "date,Usage_kWh,Lagging_Current_Reactive.Power_kVarh,CO2(tCO2),NSM,WeekStatus,Day_of_week,Load_Type\n"


def published(stamps: list[str]) -> str:
    return HEADER + "".join(
        f"{stamp},{3.5 + n},2.95,0,900,Weekday,Monday,Light_Load\n" for n, stamp in enumerate(stamps)
    )


def test_the_last_row_of_each_day_is_put_on_its_day(tmp_path):
    stamps = ["01/01/2018 23:30", "01/01/2018 23:45", "01/01/2018 00:00", "02/01/2018 00:15"]
    (tmp_path / "Steel_industry_data.csv").write_text(published(stamps))
    readings, path = read_steel(tmp_path)
    assert path.name == "Steel_industry_data.csv"
    local = readings["time"].dt.tz_convert("Asia/Seoul")
    assert local.dt.strftime("%d %H:%M").tolist() == ["01 23:30", "01 23:45", "02 00:00", "02 00:15"]
    assert readings["Usage_kWh"].tolist() == [3.5, 4.5, 5.5, 6.5]
    assert "Lagging_Current_Reactive_Power_kVarh" in readings


def test_rows_out_of_order_and_strange_dates_are_refused(tmp_path):
    file = tmp_path / "Steel_industry_data.csv"
    file.write_text(published(["02/01/2018 00:15", "01/01/2018 00:15"]))
    with pytest.raises(RefusedFile, match="order of time"):
        read_steel(tmp_path)
    file.write_text(published(["2018-01-02T00:15", "2018-01-02T00:30"]))
    with pytest.raises(RefusedFile, match="dd/mm/yyyy"):
        read_steel(tmp_path)


def test_the_parquet_form_says_the_same(datasets):
    readings, _ = read_steel(datasets)
    assert len(readings) == 26_207
    assert (readings["time"].diff()[1:] == pd.Timedelta(minutes=15)).all()


def test_hours_of_pjm_are_unique_in_utc(datasets):
    readings, _ = read_pjm(datasets)["PJME"]
    times = readings["time"]
    assert len(readings) == 145_366
    assert times.is_unique
    assert times.is_monotonic_increasing
    # The hour that comes twice in autumn 2017 and the one that is left out in spring 2018.
    autumn = times[(times >= "2017-11-05T00:00Z") & (times < "2017-11-06T12:00Z")]
    spring = times[(times >= "2018-03-11T00:00Z") & (times < "2018-03-12T12:00Z")]
    assert (autumn.diff()[1:] == pd.Timedelta(hours=1)).all()
    assert (spring.diff()[1:] == pd.Timedelta(hours=1)).all()


def test_an_empty_folder_is_told(tmp_path):
    for read in (read_pjm, read_steel):
        with pytest.raises(NotFound):
            read(tmp_path)
