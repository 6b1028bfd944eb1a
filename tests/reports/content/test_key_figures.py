"""What a manager sees first: key figures with their intervals, and how critical a machine is and why."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from bs4 import BeautifulSoup

from workbench.domain.criticality import FailureModeEffect, Fmeca, Strategy
from workbench.domain.kpis import Kpi, PlantKpis
from workbench.reports import content

NOW = datetime(2026, 1, 1, tzinfo=UTC)


def words(fragment: content.Fragment) -> str:
    return " ".join(BeautifulSoup(str(fragment), "html.parser").get_text(" ").replace("\u00a0", " ").split())


def test_cards_tell_interval_or_why_a_figure_is_not_available():
    known = {"unit": "h", "source": "states"}
    mtbf = Kpi(name="mtbf_h", title="MTBF", value=1234.5, interval=(800, 2100), n=9, n_of="failures", **known)
    mttr = Kpi(name="mttr_h", title="MTTR", value=None, n=0, n_of="close-outs", lacks="no close-out", **known)
    energy = Kpi(name="energy_kWh", title="Energy", value=1.0, unit="kWh", n=1, n_of="machines", source="power")
    kpis = PlantKpis(
        start=NOW - timedelta(days=180), end=NOW, currency="EUR", figures=(energy, mttr, mtbf), machines=()
    )
    said = words(content.kpi_cards(kpis))
    assert said.startswith("Key figures of 180 days to ")
    assert "1,234 h MTBF 95 %: 800 to 2,100 h not available MTTR no close-out" in said
    assert "Energy" not in said
    assert not content.kpi_cards(kpis.model_copy(update={"figures": (energy,)})).html


def test_machine_report_says_its_class_what_that_means_and_each_failure_mode(make):
    mode = FailureModeEffect(
        mode="bearing_wear",
        title="Bearing <wear>",
        iso14224_code="VIB",
        mechanism="2.4",
        severity=7,
        severity_basis="cost",
        occurrence=5,
        occurrence_basis="records",
        detection=3,
        detection_basis="sensors",
        failures_per_year=0.61,
        failures_per_year_95=(0.1, 2.2),
        failures_seen=3,
        cost_per_failure=1_000_000,
        planned_cost=200_000,
        cost_per_year=610_000,
        cost_per_year_95=(100_000, 2_200_000),
        strategy=Strategy.CONDITION_BASED,
        reason="it shows 240 h before",
        hazards=("burst",),
    )
    machine = make.dossier()
    fmeca = Fmeca(
        machine_id=machine.machine_id,
        title="Pump",
        as_of=NOW,
        currency="EUR",
        operating_h_per_year=8000,
        operating_basis="ran",
        modes=(mode,),
    )
    said = words(content.machine_criticality(machine, fmeca))
    letter = machine.profile.criticality
    assert said.startswith(f"Criticality {letter} : in the order of work it goes ")
    assert "1 failure mode, together about 6,100 EUR a year" in said
    assert (
        "Bearing <wear> May harm: burst 7 × 5 × 3 = 105 0.61 (0.1 to 2.2) 6,100 EUR (1,000 EUR to 22,000 EUR)" in said
    )
    assert "Condition based It shows 240 h before." in said
    bare = words(content.machine_criticality(machine, fmeca.model_copy(update={"modes": ()})))
    assert "names no failure modes" in bare
