"""Parts that the cycle sets aside belong to an order that exists, whatever happens between its steps."""

from __future__ import annotations

from datetime import timedelta

from workbench import cancel_order, run_cycle

FAN = "fan_nicotra_gebhardt_rdh_014"


def _held(ws) -> dict[tuple[str, str], int]:
    return {(r.order_id, r.part_id): r.quantity for r in ws.parts.reservations() if r.state == "reserved"}


def _promised(ws) -> dict[tuple[str, str], int]:
    return {
        (order.order_id, line.part_id): line.reserve
        for order in ws.orders.open()
        for line in order.parts
        if line.reserve
    }


def test_a_run_that_fails_after_setting_parts_aside_gives_them_back_and_the_next_one_has_them_again(plant):
    def fails(_fraction: float, message: str) -> None:
        if message.endswith(": assign"):
            raise ZeroDivisionError

    assert run_cycle(plant, [FAN], progress=fails).failed
    assert any(reservation.state == "released" for reservation in plant.parts.reservations())
    assert _held(plant) == {}, "no order exists that could use them or give them back"
    assert not run_cycle(plant, [FAN]).failed
    assert _held(plant) == _promised(plant) != {}


def test_an_order_opened_because_the_standing_one_was_closed_meanwhile_has_the_parts_that_it_names(plant):
    run_cycle(plant, [FAN], as_of=plant.as_of() - timedelta(hours=5))
    (standing,) = plant.orders.open(FAN)

    def calls_off(_fraction: float, message: str) -> None:
        if message.endswith(": assign"):
            cancel_order(plant, standing.number, "doubled")

    assert not run_cycle(plant, [FAN], progress=calls_off).failed
    (order,) = plant.orders.open(FAN)
    assert order.order_id != standing.order_id
    assert _held(plant) == _promised(plant) != {}
