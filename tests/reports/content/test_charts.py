"""Charts are SVG that can be read aloud, live together in one page, and tell the truth about gaps and limits."""

from __future__ import annotations

import re
from datetime import timedelta

import pandas as pd
import pytest
from bs4 import BeautifulSoup

from workbench.domain.equipment import LifeUnit
from workbench.domain.predictions import Interval
from workbench.reports.content.charts import life_bar, life_charts, probability_chart
from workbench.reports.content.fleet import Condition
from workbench.reports.content.time_charts import sensor_chart


def draw(build, frame: pd.DataFrame, name: str = "one") -> str:
    fleet = build.labelled_fleet(4)
    declared = fleet.machines[0].profile.sensor("vibration")
    return sensor_chart(frame, declared, name=name, title="Vibration", baseline=1.6, as_of=fleet.as_of, days=30)


def test_every_chart_has_a_text_alternative_with_its_figures(build):
    fleet = build.labelled_fleet()
    markup = probability_chart(fleet.machines) + life_charts(fleet.machines) + draw(build, build.readings())
    charts = BeautifulSoup(markup, "html.parser").find_all("svg")
    assert len(charts) == 3
    for chart in charts:
        assert chart["role"] == "img"
        title, description = (chart.find(id=part).text for part in chart["aria-labelledby"].split())
        assert title
        assert len(description) > 20
    assert "Cooling pump 1 53" in charts[0].desc.text
    assert "critical limit at 4.5\u00a0mm/s" in charts[2].desc.text


def test_text_stays_text_and_takes_the_colours_of_the_page(build):
    markup = draw(build, build.readings())
    assert re.search(r"<text[^>]*>warning 2.8</text>", markup)
    assert "var(--ink, #0f172a)" in markup
    assert "#0102" not in markup
    assert "http" not in markup


def test_ids_are_unique_over_many_charts(build):
    markup = "".join(draw(build, build.readings(), name) for name in ("a", "b", "c"))
    ids = re.findall(r'\bid="([^"]+)"', markup)
    assert len(ids) == len(set(ids))
    assert set(re.findall(r'href="#([^"]+)"', markup)) <= set(ids)


def test_chart_of_dense_readings_stays_small(build):
    dense = draw(build, build.readings(step="min"))
    assert len(dense) < 60_000


def test_gap_breaks_the_line(build):
    frame = build.readings()
    whole = frame.assign(vibration=frame["vibration"].interpolate())
    holed = whole.drop(index=range(300, 400))

    def strokes(markup: str) -> int:
        line = max(re.findall(r'<path d="([^"]+)"', markup), key=len)
        return line.count("M ")

    assert strokes(draw(build, whole)) == 1
    assert strokes(draw(build, holed)) == 2


def test_no_chart_without_readings_in_the_window(build):
    frame = build.readings()
    old = frame.assign(time=frame["time"] - timedelta(days=400))
    assert draw(build, old) == ""
    assert draw(build, frame.assign(vibration=float("nan"))) == ""


def test_readings_after_as_of_are_not_drawn(build):
    frame = build.readings()
    future = pd.concat([frame, frame.tail(50).assign(time=lambda f: f["time"] + timedelta(days=5), vibration=999.0)])
    assert draw(build, future) == draw(build, frame)


@pytest.mark.parametrize("upper_open", [False, True])
def test_life_bar_says_the_interval(upper_open):
    interval = Interval(median=310, lower=180, upper=520, upper_open=upper_open)
    words = BeautifulSoup(life_bar("m", interval, LifeUnit.CYCLE, Condition.WARNING), "html.parser").desc.text
    assert words == ("more than 180 cycles" if upper_open else "310 cycles (180 to 520)")


def test_large_fleet_is_capped_and_says_so(build):
    markup = probability_chart(build.labelled_fleet(100).machines)
    assert "the 30 most urgent of 98 machines" in markup
