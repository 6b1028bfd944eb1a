"""Who is told about an order."""

from workbench.dispatch import write_notices
from workbench.domain.predictions import Severity
from workbench.domain.work import Priority


def notices_of(order, profile, site, **options):
    return write_notices(order, profile, site=site, currency="EUR", at=order.created_at, **options)


def test_technician_and_manager_are_told(order_for, predict, profile, site):
    technician, manager = notices_of(order_for(predict(0.6)), profile, site)
    assert (technician.recipient, manager.recipient) == ("technician:tech_one", "manager:berlin")
    assert technician.subject == "WO-2026-0001 (high): Feed pump: bearing wear"
    assert "Start Mon 5 Jan 2026 09:00 CET" in technician.body
    assert "bearing puller" in technician.body
    assert "Assigned to Alex One: qualified for pumps (level 4)" in manager.body
    assert "Estimated cost 610.00 EUR." in manager.body
    assert technician.state == "queued"


def test_manager_is_asked_for_parts_and_for_somebody(order_for, predict, profile, site):
    (manager,) = notices_of(order_for(predict(0.6), available=0, technicians=[]), profile, site)
    assert "Not assigned: nobody in the records" in manager.body
    assert "Parts to order: 2 x Bearing kit. Where no purchase is on its way, propose one" in manager.body
    assert "workbench purchases propose bearing_kit" in manager.body


def test_writing_again_tells_nobody_twice(order_for, predict, profile, site):
    first = notices_of(order_for(predict(0.6)), profile, site)
    again = notices_of(order_for(predict(0.6)), profile, site)
    assert [notice.notice_id for notice in first] == [notice.notice_id for notice in again]
    assert len({notice.notice_id for notice in first}) == 2


def test_urgent_order_is_a_critical_notice(order_for, predict, profile, site, crossing):
    urgent = order_for(predict(0.6, limit_crossings=[crossing()], simulated=True))
    technician, _ = notices_of(urgent, profile, site)
    assert technician.severity is Severity.CRITICAL
    assert technician.subject.startswith("SIMULATED: ")


def test_more_urgency_is_news_once_for_each_priority(order_for, predict, profile, site):
    order = order_for(predict(0.6))
    first = notices_of(order, profile, site)
    worse = order.model_copy(update={"priority": Priority.URGENT})
    news = notices_of(worse, profile, site, more_urgent=True)
    assert [notice.subject for notice in news] == ["More urgent: WO-2026-0001 (urgent): Feed pump: bearing wear"] * 2
    assert len({notice.notice_id for notice in (*first, *news)}) == 4
    assert [n.notice_id for n in notices_of(worse, profile, site, more_urgent=True)] == [n.notice_id for n in news]


def test_nobody_yet_is_no_reason(order_for, predict, profile, site):
    order = order_for(predict(0.6)).model_copy(update={"technician_id": None, "technician_reason": ""})
    (manager,) = notices_of(order, profile, site)
    assert "Not assigned yet. Please assign somebody." in manager.body
