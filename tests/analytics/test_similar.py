"""Similar cases: which count as similar and why, in what order, and what all of them tell together."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from workbench.analytics import similar_cases
from workbench.analytics.words import words_in
from workbench.domain.history import NO_FAULT, OWN_SOURCE, PastWork, Spread

UNTIL = datetime(2026, 1, 5, 8, tzinfo=UTC)
TYPES = {"solar_pump_002": "solar_pump", "fan_001": "fan"}


def work(number: str, **fields) -> PastWork:
    known = {
        "work_id": number,
        "source": "cmms",
        "number": number,
        "text": "Repair",
        "ended_at": UNTIL - timedelta(days=100 + len(number)),
    }
    return PastWork.model_validate({**known, **fields})


def events(*rows):
    frame = pd.DataFrame(rows, columns=["machine_id", "time", "kind", "cause"])
    return frame.assign(time=pd.to_datetime(frame["time"], utc=True), source="test")


@pytest.fixture
def find(profile):
    def run(*orders, mode="bearing_wear", happened=(), **options):
        return similar_cases(
            profile,
            mode,
            until=UNTIL,
            events=events(*happened),
            work=orders,
            machine_types=TYPES,
            currency="EUR",
            **options,
        )

    return run


def numbers(found):
    return [case.number for case in found.cases]


def test_the_same_mode_on_the_same_machine_comes_first_then_the_type_then_others_then_words(find):
    found = find(
        work("words", text="bearing worn out and noisy"),
        work("fan", machine_id="fan_001", failure_mode="bearing_wear"),
        work("same", machine_id="solar_pump_001", failure_mode="bearing_wear"),
        work("type", machine_id="solar_pump_002", failure_mode="bearing_wear"),
        work("other", machine_id="solar_pump_001", failure_mode="seal_leak", text="bearing was fine, seal leaking"),
        text_hits=["words", "other"],
    )
    # Words alone on another kind of machine are shown for want of better only.
    assert numbers(found) == ["same", "type", "fan"]
    assert found.cases[0].why == ("same failure mode", "same machine")
    assert found.summary.cases == 3
    assert (found.summary.of_machine, found.summary.of_type) == (1, 1)
    assert (
        "1 more on other kinds of machines is similar by words or sensors only and counts in no figure."
        in found.summary.notes
    )


def test_figures_are_of_the_same_cause_and_only_without_one_of_like_words_on_like_machines(find):
    said = work("words", machine_id="solar_pump_002", text="bearing noisy", downtime_h=50)
    same = work("same", machine_id="fan_001", failure_mode="bearing_wear", downtime_h=4)
    told = find(said, same).summary
    assert (told.cases, told.downtime_h.values) == (1, (4,))
    assert "1 more, 1 of them on this kind of machine, is similar by words or sensors only" in told.in_words()
    told = find(said).summary
    assert (told.cases, told.downtime_h.values) == (1, (50,))
    assert "None of them names this cause" in told.in_words()


def test_a_code_counts_where_no_mode_is_named(find):
    found = find(
        work("iso", machine_id="solar_pump_001", failure_code="vib"),
        work("own", machine_id="solar_pump_001", failure_code="bearing_wear"),
        work("other", machine_id="solar_pump_001", failure_code="ELP"),
    )
    assert sorted(numbers(found)) == ["iso", "own"]
    assert "same failure code vib" in next(case for case in found.cases if case.number == "iso").why


def test_upkeep_work_of_the_future_and_orders_without_a_fault_are_no_cases(find):
    found = find(
        work("upkeep", failure_mode="bearing_wear", preventive=True),
        work("future", failure_mode="bearing_wear", ended_at=UNTIL + timedelta(hours=1)),
        work("alarm", machine_id="solar_pump_001", failure_code="bearing_wear", tags=("none", NO_FAULT)),
    )
    assert found.cases == ()
    assert found.summary.in_words() == (
        "No similar case is on record. 1 order for the same cause on this machine found no fault."
    )


def test_words_alone_are_shown_for_want_of_better(find):
    found = find(
        work("words", text="bearing worn out and noisy"),
        work("fan", machine_id="fan_001", failure_mode="bearing_wear"),
        work("other", machine_id="solar_pump_001", failure_mode="seal_leak", text="bearing was fine, seal leaking"),
    )
    assert numbers(found) == ["fan", "words"]
    assert "another kind of machine" in found.cases[0].why
    assert found.cases[1].why == ("text has bearing", "kind of machine not recorded")


def test_a_better_text_comes_before_a_worse_one(find):
    orders = [work(number, text="bearing noisy") for number in ("a", "b", "c")]
    assert numbers(find(*orders, text_hits=["c", "a", "b"])) == ["c", "a", "b"]


def test_sensors_that_deviated_alike_make_a_case_and_say_so(find):
    now = {"vibration_rms_mm_s": 5.0, "bearing_temp_C": 3.0}
    own = [
        work(name, source=OWN_SOURCE, machine_id="solar_pump_002", failure_mode=mode)
        for name, mode in (("alike", "bearing_wear"), ("unlike", "bearing_wear"), ("odd", "misaligned"))
    ]
    patterns = {
        "alike": {"vibration_rms_mm_s": 4.0, "bearing_temp_C": 2.0},
        "unlike": {"flow_m3_h": -6.0},
        "odd": {"vibration_rms_mm_s": 9.0, "bearing_temp_C": 6.0},
    }
    found = find(*own, pattern=now, patterns=patterns)
    assert numbers(found)[0] == "alike"
    assert sorted(numbers(found)) == ["alike", "odd", "unlike"]
    assert "sensors deviated alike before it (cosine 1.00)" in found.cases[0].why
    calm = {"vibration_rms_mm_s": 0.4, "bearing_temp_C": 0.3}
    assert "odd" not in numbers(find(*own, pattern=calm, patterns=patterns))
    assert "no closed order of this kind of machine has one" in find(*own, pattern=now).summary.in_words()


def test_an_order_that_repaired_a_recorded_failure_tells_of_both(find):
    failed = UNTIL - timedelta(days=200)
    found = find(
        work("repair", machine_id="solar_pump_002", failure_mode="bearing_wear", ended_at=failed + timedelta(days=2), cost=50_000, currency="EUR"),
        happened=(
            ("solar_pump_002", failed, "failure", "bearing_wear"),
            ("solar_pump_002", failed + timedelta(hours=14), "replacement", "bearing_wear"),
            ("fan_001", failed, "failure", "bearing_wear"),
        ),
    )  # fmt: skip
    assert [(case.machine_id, case.number) for case in found.cases] == [("solar_pump_002", "repair"), ("fan_001", "")]
    assert (found.cases[0].downtime_h, found.cases[0].cost) == (14.0, 50_000)
    assert "recorded failure" in found.cases[0].why
    assert found.summary.cases == 2


def test_figures_are_given_with_their_number_and_a_typical_one_only_from_five_cases_on(find):
    few = [work(f"w{n}", failure_mode="bearing_wear", downtime_h=n + 1, cost=0, currency="EUR") for n in range(4)]
    told = find(*few).summary
    assert told.downtime_h == Spread(count=4, values=(1, 2, 3, 4))
    # A cost of 0 means that nothing was booked.
    assert told.cost is None
    assert "Not recorded: labour and cost." in told.in_words()
    assert "not enough evidence for a typical figure" in told.in_words()
    many = [
        work(f"w{n}", failure_mode="bearing_wear", downtime_h=n + 1, cost=(n + 1) * 100_00, currency="EUR")
        for n in range(10)
    ]
    told = find(*many, limit=3).summary
    assert (told.cases, told.downtime_h.median, told.cost.median) == (10, 5.5, 550_00)
    assert "Cost of 10: median 550.00 EUR, 10 to 90 % range 190.00 EUR to 910.00 EUR." in told.in_words()
    assert "not enough evidence" not in told.in_words()


def test_costs_of_other_currencies_are_not_put_together(find):
    found = find(
        work("eur", failure_mode="bearing_wear", cost=100, currency="EUR"),
        work("usd", failure_mode="bearing_wear", cost=100, currency="USD"),
    )
    assert found.summary.cost == Spread(count=1, values=(100,))
    assert "1 cost in another currency left out." in found.summary.notes
    alone = find(work("unknown", failure_mode="bearing_wear", cost=43_100)).summary
    assert "431.00 (currency not recorded)" in alone.in_words()


def test_with_an_unknown_cause_repairs_of_this_machine_and_its_type_are_shown(find):
    found = find(
        work("own", machine_id="solar_pump_001", text="Seal changed"),
        work("type", machine_id="solar_pump_002"),
        work("fan", machine_id="fan_001"),
        mode="unknown",
    )
    assert numbers(found) == ["own", "type"]


def test_symptoms_in_words_find_orders_that_hold_them(find):
    orders = [work("hot", text="Drive end running hot and noisy"), work("cold", text="Paint")]
    assert numbers(find(*orders, mode="unknown")) == []
    found = find(*orders, mode="unknown", symptoms="noisy and too hot", text_hits=["hot"])
    assert numbers(found) == ["hot"]
    assert found.cases[0].why == ("text has noisy, hot", "kind of machine not recorded")
    assert numbers(find(*orders, symptoms="noisy hot")) == ["hot"]


def test_nothing_on_record_is_said(find):
    assert find().summary.in_words() == "No similar case is on record."


@pytest.mark.parametrize(
    ("text", "there"),
    [("Bearings noisy", ["bearing"]), ("beard", []), ("seal LEAKED, bearing", ["bearing", "leak"]), ("", [])],
)
def test_words_are_known_with_other_endings(text, there):
    assert words_in(["bearing", "leak"], text) == there


@given(st.lists(st.floats(0, 1e6), min_size=1, max_size=30))
def test_a_spread_lies_within_its_values(values):
    spread = Spread.of(values)
    assert spread.count == len(values)
    if spread.median is None:
        assert spread.values == tuple(sorted(values))
    else:
        assert min(values) <= spread.low <= spread.median <= spread.high <= max(values)
