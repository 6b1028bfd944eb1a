"""Alarm figures after ISA-18.2 of a small plant whose alarms are known."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from workbench.alerts import figures
from workbench.domain.alerts import AlertEpisode, AlertHistory, AlertRule
from workbench.domain.cases import Case

START = datetime(2026, 1, 1, tzinfo=UTC)
END = START + timedelta(days=14)
RULE = AlertRule.model_validate(
    {"sensor": "oil_C", "unit": "degC", "direction": "above", "severity": "WARNING", "limit": 75, "clears_at": 71}
    | {"needed": 3, "of": 5, "source": "default", "origin": "default"}
)


def episode(hour: float, lasts: float = 1.0) -> AlertEpisode:
    start = START + timedelta(hours=hour)
    told = {"ongoing": False, "ended_by": "cleared", "readings": 3, "peak": 80, "last": 76}
    return AlertEpisode(rule=RULE, since=start, start=start, end=start + timedelta(hours=lasts), **told)


def history(machine_id: str, *episodes: AlertEpisode, sampling_min: float = 60.0) -> AlertHistory:
    told = {"machine_id": machine_id, "start": START, "end": END, "rules": (RULE,), "judged": 300}
    return AlertHistory(**told, sampling_min=sampling_min, episodes=episodes)


def case(machine_id: str, hour: float, cause: str = "limit:oil_C", **more: object) -> Case:
    at = START + timedelta(hours=hour)
    told = {"case_id": f"{machine_id} {hour}", "machine_id": machine_id, "cause": cause, "severity": "WARNING"}
    return Case.model_validate(told | {"opened_at": at, "last_seen_at": at, "summary": "warm"} | more)


def test_rates_shares_and_offenders():
    histories = [
        history("pump_001", episode(1), episode(20), episode(50), episode(-30, 60)),
        history("pump_002", episode(5, 30)),
    ]
    cases = [
        case("pump_001", 1, acknowledged_at=START),
        case("pump_002", 5, resolved_at=START + timedelta(hours=9)),
        case("pump_002", 100),
        case("pump_002", 120, "sensor:oil_C"),
        case("pump_002", -5),
    ]
    found = figures(histories, cases, [("pump_002", START + timedelta(hours=110))], start=START, end=END, operators=2)
    assert (found.machines, found.alerts, found.cases, found.sensor_cases) == (2, 4, 4, 1)
    assert found.alerts_per_machine_week.value == pytest.approx(1.0)
    assert found.alerts_per_machine_week.lower < 1.0 < found.alerts_per_machine_week.upper
    assert found.cases_per_operator_hour.value == pytest.approx(4 / (2 * 14 * 24))
    # One acknowledged, one with work ordered while it was open.
    assert found.share_actioned.value == pytest.approx(0.5)
    assert found.share_stale.value == pytest.approx(0.25)
    assert found.share_chattering.value == pytest.approx(0.5)
    assert [(one.machine_id, one.episodes, one.share) for one in found.top_offenders] == [
        ("pump_001", 3, 0.75),
        ("pump_002", 1, 0.25),
    ]


def test_chattering_is_within_sixty_readings_of_the_machine():
    found = figures(
        [history("pump_001", episode(1), episode(20), episode(50), sampling_min=10)], [], [], start=START, end=END
    )
    assert found.share_chattering.value == 0


def test_a_machine_counts_from_its_first_reading_on():
    late = history("pump_002", episode(330)).model_copy(update={"start": START + timedelta(days=13)})
    found = figures([history("pump_001", episode(1)), late], [], [], start=START, end=END)
    assert found.alerts_per_machine_week.value == pytest.approx(2 / (15 / 7))


def test_a_plant_without_alarms_or_machines():
    quiet = figures([history("pump_001")], [], [], start=START, end=END)
    assert quiet.alerts_per_machine_week.value == 0
    assert quiet.alerts_per_machine_week.upper > 0
    assert (quiet.share_actioned.value, quiet.top_offenders) == (None, ())
    assert figures([], [], [], start=START, end=END).alerts_per_machine_week.value is None
