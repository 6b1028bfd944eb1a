"""What-if: the same chance for every alternative, so that equal ones differ by nothing and better ones gain."""

from __future__ import annotations

import pytest

from workbench.domain.prognosis import Alternative
from workbench.errors import InvalidDocument
from workbench.twin.synchronisation import synchronise
from workbench.twin.what_if import Prices, compare_alternatives, usual_alternatives

from . import motor
from .motor import AS_OF, MODEL, PROFILE, live


@pytest.fixture(name="young", scope="module")
def _young():
    return motor.young()


PRICES = Prices(12.0, {"bearing_wear": 1_000_000, "winding_insulation": 2_000_000}, {"bearing_wear": 300_000}, 1000)


@pytest.fixture(scope="module")
def now(young):
    calibration = motor.calibrated()
    worn = live(1, 6, truth=young.truth, state=young.state, damage=[("bearing_wear", 0.15)], start="2025-11-10")
    return synchronise(MODEL, worn.observed, samples=150, seed=0, calibration=calibration, lived=young.state)


def asked(young, now, alternatives=None, **more):
    given = {"prices": PRICES, "as_of": AS_OF, "horizon_h": 600.0, "seed": 0} | more
    return compare_alternatives(MODEL, PROFILE, now, young.observed, alternatives, **given)


@pytest.fixture(scope="module")
def compared(young, now):
    return asked(young, now)


def test_the_usual_alternatives(now, compared):
    assert [one.alternative.name for one in compared.results] == [
        "as_it_is",
        "less_load",
        "repair_now",
        "better_cooling",
    ]
    assert compared.result("repair_now").alternative.repair == ("bearing_wear",)
    assert usual_alternatives(MODEL, now)[1].signals == {"load": 0.8}


def test_less_load_gains_life_and_energy_and_costs_output(compared):
    as_is, less = compared.result("as_it_is"), compared.result("less_load")
    assert less.gained_life_h > 0
    assert less.gained_life_90[0] >= 0
    assert less.energy_kWh < 0.85 * as_is.energy_kWh
    assert less.lost_output_cost == round(0.2 * 600 * 1000)
    assert as_is.lost_output_cost == as_is.gained_life_h == as_is.saved == 0


def test_a_repair_gains_most_and_is_paid_once(compared):
    as_is, repaired = compared.result("as_it_is"), compared.result("repair_now")
    assert as_is.modes["bearing_wear"] > 0.8
    assert repaired.modes["bearing_wear"] < 0.1
    assert repaired.repair_cost == 300_000
    assert repaired.saved == as_is.total_cost - repaired.total_cost > 0
    assert repaired.gained_life_h == max(one.gained_life_h for one in compared.results)


def test_an_alternative_that_changes_nothing_differs_by_nothing(young, now):
    same = [Alternative(name=name, title="Nothing") for name in ("one", "two")]
    both = asked(young, now, [*same, Alternative(name="three", title="Once", signals={"load": 1.0})]).results
    for other in both[1:]:
        assert other.gained_life_h == 0.0
        assert other.gained_life_90 == (0.0, 0.0)
        assert other.total_cost == both[0].total_cost


def test_better_cooling_helps_what_heat_ages(young, now):
    """The winding ages more slowly: as a factor on a parameter, and as one on the cooling."""
    cooler = Alternative(name="fan", title="Bigger fan", signals={"cooling": 1.5})
    tougher = Alternative(name="rewound", title="Better insulation", parameters={"insulation.service_life_h": 3.0})
    plain = Alternative(name="plain", title="As it is")
    told = asked(young, now, [plain, cooler, tougher], horizon_h=3000.0)
    for better in told.results[1:]:
        assert better.modes["winding_insulation"] <= told.results[0].modes["winding_insulation"]
        assert better.gained_life_h >= 0


def test_everything_that_is_wrong_is_listed(young, now):
    wrong = [
        Alternative(name="aa", title="A", signals={"colour": 2.0, "load": 9.0}, repair=("rust",)),
        Alternative(name="aa", title="A", parameters={"bearing.nothing": 2.0, "motor.rated_efficiency": 3.0}),
    ]
    with pytest.raises(InvalidDocument) as raised:
        asked(young, now, wrong, horizon_h=0, prices=Prices(-1.0))
    text = str(raised.value)
    for told in (
        "horizon_h is 0", "given twice", "'colour'", "factor 9 on load", "'rust'", "'bearing.nothing'",
        "rated_efficiency would be", "price of energy is -1",
    ):  # fmt: skip
        assert told in text
