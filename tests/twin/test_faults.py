"""Damage grows from 0 to 1 as the law says; lives end in failure or in a planned replacement, and begin anew."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from workbench.twin.environment import DOWN, IDLE, PLANNED_STOP, RUNNING
from workbench.twin.faults import FAILURE, OPEN, REPLACED, ModeLaw, damage, damage_of, live_through
from workbench.twin.streams import stream


def _law(**changes: object) -> ModeLaw:
    values = {
        "name": "wear",
        "growth": "exponential",
        "exponent": 4.0,
        "life_h": 900.0,
        "shape": 2.0,
        "pf_interval_h": (200.0, 400.0),
        "utilisation": 1.0,
        "repair_h": 8.0,
        "logistics_h": 4.0,
        "planned_logistics_h": 1.0,
    }
    return ModeLaw(**(values | changes))  # type: ignore[arg-type]


@settings(deadline=None)
@given(
    growth=st.sampled_from(["exponential", "power", "step"]),
    exponent=st.floats(0.2, 12.0),
    progress=st.lists(st.floats(0.0, 1.0), min_size=2, max_size=30),
)
def test_damage_starts_at_0_ends_at_1_and_never_heals(growth: str, exponent: float, progress: list[float]) -> None:
    grown = damage(np.array([0.0, *sorted(progress), 1.0]), growth, exponent)
    assert grown[0] == pytest.approx(0.0)
    assert grown[-1] == pytest.approx(1.0)
    assert (np.diff(grown) >= -1e-12).all()


def test_an_unknown_growth_law_is_refused_by_name() -> None:
    with pytest.raises(ValueError, match="linear"):
        damage(np.array([0.5]), "linear", 1.0)


def test_standing_hours_do_not_age_a_machine() -> None:
    laws = {"wear": _law(life_h=500.0, shape=8.0)}
    always = live_through(np.full(6000, RUNNING, dtype=np.int8), laws, stream(1, "a"))
    half = np.where(np.arange(6000) % 2 == 0, RUNNING, IDLE).astype(np.int8)
    rested = live_through(half, laws, stream(1, "a"))
    assert len(always.episodes) > 1.6 * len(rested.episodes)


def test_a_failure_stops_the_machine_for_logistics_and_repair_and_renews_the_component() -> None:
    laws = {"wear": _law()}
    history = live_through(np.full(8000, RUNNING, dtype=np.int8), laws, stream(3, "b"))
    latent = damage_of(history, laws, shown=False)["wear"]
    ended = [e for e in history.episodes if e.outcome == FAILURE and e.end_step < 7900]
    assert len(ended) > 4
    for episode in ended:
        repair = history.states[episode.end_step : episode.back_step]
        assert (repair == DOWN).all()
        assert repair.size == 12
        assert latent[episode.end_step - 1] > 0.9
        assert latent[episode.end_step] == 1.0
        assert latent[episode.back_step] < 0.05
        assert episode.end_step < episode.swap_step <= episode.back_step


def test_faults_found_in_time_end_in_a_planned_stop_without_failure() -> None:
    laws = {"wear": _law()}
    found = []
    for number in range(12):
        history = live_through(np.full(8000, RUNNING, dtype=np.int8), laws, stream(number, "c"))
        latent = damage_of(history, laws, shown=False)["wear"]
        for episode in history.episodes:
            if episode.outcome == REPLACED:
                found.append(episode)
                assert (history.states[episode.end_step : episode.back_step] == PLANNED_STOP).all()
                assert latent[episode.end_step - 1] < 0.6
    everything = 12 * 8000 / 900
    assert 0.04 * everything < len(found) < 0.3 * everything


def test_an_episode_under_way_at_the_end_is_open() -> None:
    history = live_through(np.full(2000, RUNNING, dtype=np.int8), {"wear": _law()}, stream(5, "d"))
    assert [e.outcome for e in history.episodes].count(OPEN) == 1
    assert history.episodes[-1].end_step is None
