"""One reading after the other finds what the whole record shows, and fast."""

from __future__ import annotations

import time

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from workbench.alerts import Plan, Readings, Watched, Watcher, plan_for, present, watch
from workbench.domain.alerts import AlertEpisode, CustomRule
from workbench.errors import InputError

HOUR = 3_600_000_000_000
LEVELS = (2.0, 2.5, 3.0, 4.0, 4.4, 4.5, 5.0, 7.0, 7.1, 9.0, 60.0, 400.0, -3.0, np.nan)


def stream(readings: Readings, plan: Plan) -> Watched:
    """Feed a record to a watcher, reading by reading, repairs at their time."""
    watcher = Watcher(plan)
    ended: list = []
    waiting = [int(one) for one in readings.renewed]
    for stamp, row, running in zip(readings.time, readings.values, readings.running, strict=True):
        while waiting and waiting[0] < stamp:
            ended += watcher.renew(waiting.pop(0))
        ended += watcher.step(int(stamp), [float(one) for one in row], bool(running))
    for stamp in waiting:
        ended += watcher.renew(stamp)
    everything = [*ended, *watcher.active, *watcher.faults]
    episodes = [one for one in everything if isinstance(one, AlertEpisode)]
    faults = [one for one in everything if not isinstance(one, AlertEpisode)]
    return Watched(
        tuple(sorted(episodes, key=lambda one: (one.start, *one.rule.key))),
        tuple(sorted(faults, key=lambda one: (one.since, one.sensor, one.kind))),
        0,
    )


@st.composite
def records(draw: st.DrawFn) -> tuple[Readings, list[CustomRule]]:
    """Records of runs of levels with gaps, stops, repairs and lost times, under the profile's or odd rules of the plant."""
    rows: list[float] = []
    running: list[bool] = []
    for _ in range(draw(st.integers(1, 14))):
        length = draw(st.integers(1, 16))
        level, noise = draw(st.sampled_from(LEVELS)), draw(st.sampled_from((0.0, 0.01, 1.0)))
        rng = np.random.default_rng(draw(st.integers(0, 99)))
        rows += list(level + noise * rng.normal(size=length))
        running += [draw(st.booleans()) or draw(st.booleans())] * length
    n = len(rows)
    steps = np.ones(n, dtype=np.int64)
    for place in draw(st.lists(st.integers(0, n - 1), max_size=3)):
        steps[place] = draw(st.sampled_from((2, 30)))
    usual = np.random.default_rng(1)
    learned = draw(st.booleans())
    values = np.array([*(usual.normal(2.5, 0.3, 60) if learned else ()), *rows])
    lead = len(values) - n
    at = np.cumsum(np.concatenate([np.ones(lead, dtype=np.int64), steps])) * HOUR
    others = usual.normal(50, 2, (len(values), 2))
    others[draw(st.integers(0, n)) :, 0] = draw(st.sampled_from((50.0, 80.0, np.nan)))
    renewed = sorted(
        int(at[k]) + draw(st.sampled_from((0, 60)))
        for k in draw(st.lists(st.integers(0, n), max_size=2))
        if k < len(at)
    )
    rules = [
        CustomRule(
            name="own",
            sensor="bearing_temp_C",
            warning_high=52,
            critical_high=55,
            warning_low=47,
            warning_delay=draw(st.sampled_from(((1, 1), (1, 3), (2, 4)))),
            clear_after=draw(st.sampled_from((1, 3, 10))),
            settle_min=draw(st.sampled_from((0.0, 90.0))),
        )
    ]
    flags = np.concatenate([np.ones(lead, dtype=bool), np.array(running)])
    return Readings(at, np.column_stack([values, others]), flags, np.array(renewed, dtype=np.int64)), rules if draw(
        st.booleans()
    ) else []


@given(records())
@settings(max_examples=30, deadline=None)
def test_reading_by_reading_finds_what_the_whole_record_shows(build_profile, record):
    readings, custom = record
    plan = plan_for(build_profile(), readings, custom)
    whole, single = watch(readings, plan), stream(readings, plan)
    assert single.episodes == whole.episodes
    assert single.faults == whole.faults
    now = present(readings, plan)
    assert now.episodes == tuple(one for one in whole.episodes if one.ongoing)
    assert now.faults == tuple(one for one in whole.faults if one.ongoing)


def test_a_reading_takes_less_than_a_millisecond(build_profile, build_readings):
    rng = np.random.default_rng(0)
    readings = build_readings(rng.normal(4.4, 1.0, 1000))
    watcher = Watcher(plan_for(build_profile(), readings))
    rows = [[float(one) for one in row] for row in readings.values]
    began = time.process_time()
    for stamp, row in zip(readings.time, rows, strict=True):
        watcher.step(int(stamp), row, True)
    assert (time.process_time() - began) / len(rows) < 1e-3


def test_a_reading_that_comes_late_is_refused(build_profile, build_readings):
    readings = build_readings([2.0, 2.1])
    watcher = Watcher(plan_for(build_profile(), readings))
    watcher.step(HOUR, [2.0, 50.0, 30.0], True)
    for stamp in (HOUR, 0):
        with pytest.raises(InputError, match="in order of time"):
            watcher.step(stamp, [2.0, 50.0, 30.0], True)
